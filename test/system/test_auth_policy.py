"""What decides about AUTH and what is told of it: conditions, ACLs, AUTH= on MAIL, events, variables."""
import re

import pytest

from authentication import (
    ALICE, ALREADY, CANCELLED, INCORRECT, LATER, NOT_OFFERED, OK, SECRET, authenticator, failed, talk)
from gatepost import PLAIN, RIGHT, WRONG, b64


# --- server_condition and server_set_id


CONDITIONS = [
    ("yes", OK, None), ("YES", OK, None), ("true", OK, None), ("True", OK, None), ("1", OK, None),
    ("no", INCORRECT, ""), ("No", INCORRECT, ""), ("false", INCORRECT, ""), ("0", INCORRECT, ""),
    ("", INCORRECT, ""),
    ("maybe", f"{LATER}: maybe", ": maybe"),
    ("2", f"{LATER}: 2", ": 2"),
    ("yesyes", f"{LATER}: yesyes", ": yesyes"),
    ("00", f"{LATER}: 00", ": 00"),
    ("${if foo}", LATER, ': unknown condition "foo"'),
    ("${if eq{1}{2}{yes}fail}", INCORRECT, ""),
    ("${lookup{x}lsearch{/nonexistent/file}}", LATER,
     ": failed to open /nonexistent/file for linear search: No such file or directory"),
]


@pytest.mark.parametrize("condition, reply, detail", CONDITIONS)
def test_server_condition(daemon, condition, reply, detail):
    daemon.start(sections=authenticator(condition=condition, set_id="$auth1"))
    client = daemon.client()
    assert talk(client, f"AUTH X {ALICE}") == [reply]
    if detail is None:
        assert talk(client, "AUTH X") == [ALREADY]
        assert "authenticator failed" not in daemon.place.log("main")
    else:
        code = reply if reply == INCORRECT else LATER
        for log in ("main", "reject"):
            assert failed(daemon, "x", code, f" (set_id=alice){detail}") in daemon.place.log(log)


def test_one_deferral_does_not_speak_for_the_next(service):
    error = "${if eq{$auth1}{error}{${lookup{x}lsearch{/nonexistent/file}}}}"
    service.start(sections=authenticator(condition="${if eq{$auth1}{text}{come back}{" + error + "}}"))
    client = service.client()
    assert talk(client, "AUTH X " + b64("text"), "AUTH X " + b64("error"), "AUTH X " + b64("none")) == \
        [f"{LATER}: come back", LATER, INCORRECT]


@pytest.mark.parametrize("prompts, detail", [
    ("${if foo}", 'unknown condition "foo"'),
    ("${if eq{1}{2}{x}fail}", '"if" failed and "fail" requested'),
])
def test_failing_prompts(daemon, prompts, detail):
    daemon.start(sections=authenticator(condition="yes", prompts=prompts))
    client = daemon.client()
    assert client.command("AUTH X").startswith(LATER)
    assert client.command(f"AUTH X {ALICE}").startswith(LATER)
    assert daemon.place.log("reject").count(failed(daemon, "x", LATER, f": {detail}")) == 2


@pytest.mark.parametrize("set_id, shown", [
    ("$auth1", " (set_id=alice)"),
    ("the user $auth1", " (set_id=the user alice)"),
    ("", ""),
    ("${if foo}", ""),
    ("${if eq{1}{2}{x}fail}", ""),
])
def test_set_id_of_a_failure(daemon, set_id, shown):
    daemon.start(sections=authenticator(condition="no", set_id=set_id))
    client = daemon.client()
    assert talk(client, f"AUTH X {ALICE}") == [INCORRECT]
    assert failed(daemon, "x", INCORRECT, shown) in daemon.place.log("main")


def test_no_success_without_the_identity_that_was_asked_for(service):
    service.start(sections=authenticator(condition="yes", set_id="${if foo}"))
    client = service.client()
    assert talk(client, f"AUTH X {ALICE}") == [LATER]
    assert talk(client, f"AUTH X {ALICE}") == [LATER], "the client is not authenticated"


SHOW = ("id=<$authenticated_id> fail=<$authenticated_fail_id> by=<$sender_host_authenticated> "
        "failed=<$authentication_failed> protocol=<$received_protocol> vars=<$auth1$auth2$auth3$1$2$3>")


def test_variables_before_and_after(daemon):
    daemon.start("acl_smtp_mail = show\n", f"begin acl\nshow:\n  accept logwrite = {SHOW}\n" + PLAIN)
    client = daemon.client()
    expected = []
    for lines, seen in [
        ([], "id=<> fail=<> by=<> failed=<0> protocol=<esmtp>"),
        (["AUTH LOGIN", ALICE, b64("wrong")], "id=<> fail=<alice> by=<> failed=<1> protocol=<esmtp>"),
        (["AUTH PLAIN", "*"], "id=<> fail=<> by=<> failed=<1> protocol=<esmtp>"),
        (["AUTH NONE"], "id=<> fail=<> by=<> failed=<1> protocol=<esmtp>"),
        (["AUTH LOGIN", ALICE, SECRET], "id=<alice> fail=<> by=<login> failed=<0> protocol=<esmtpa>"),
        (["HELO client.test"], "id=<alice> fail=<> by=<login> failed=<0> protocol=<smtp>"),
    ]:
        talk(client, *lines)
        assert talk(client, "MAIL FROM:<a@b.test>", "RSET") == ["250 OK", "250 Reset OK"]
        expected.append(f" {seen} vars=<>\n")
    log = daemon.place.log("main")
    for line in expected:
        assert line in log


def test_protocol_of_a_local_caller(place):
    place.configure("acl_smtp_mail = show\n", f"begin acl\nshow:\n  accept logwrite = {SHOW}\n" + PLAIN)
    mail = "MAIL FROM:<a@b.test>"
    place.session("EHLO client.test", mail, "RSET", f"AUTH PLAIN {RIGHT}", mail, "QUIT", options=("-bs",))
    assert re.findall("by=<(.*?)>.*protocol=<(.*?)>", place.log("main")) == \
        [("", "local-esmtp"), ("plain", "local-esmtpa")]


def test_results_for_the_next_host(daemon):
    daemon.start("acl_smtp_mail = show\n",
                 "begin acl\nshow:\n  accept logwrite = ${authresults{mail.test}}\n" + PLAIN)
    client = daemon.client()
    talk(client, f"AUTH PLAIN {RIGHT}", "MAIL FROM:<a@b.test>")
    daemon.place.wait_for_log("Authentication-Results: mail.test;\\n\tauth=pass (PLAIN) smtp.auth=alice")


# --- Policy


AUTH_ACL = """
begin acl
auth:
  deny   condition = ${if eq{$smtp_command_argument}{DENY}}
  deny   condition = ${if eq{$smtp_command_argument}{WHY}}
         message = not $smtp_command
         log_message = policy
  deny   condition = ${if eq{$smtp_command_argument}{CODE}}
         message = 538 5.7.11 encryption needed
  defer  condition = ${if eq{$smtp_command_argument}{DEFER}}
         message = later
  drop   condition = ${if eq{$smtp_command_argument}{DROP}}
         message = go away
  warn   set acl_c_tries = ${eval:0$acl_c_tries+1}
  deny   condition = ${if >{$acl_c_tries}{3}}
         message = try no more
  accept
"""


def test_acl_for_auth(service):
    service.start("acl_smtp_auth = auth\n", AUTH_ACL + PLAIN)
    client = service.client()
    assert talk(client, f"AUTH DENY {RIGHT}", f"AUTH WHY {RIGHT}", "AUTH CODE", f"AUTH DEFER {RIGHT}") == \
        ["503 Administrative prohibition", "503 not AUTH WHY", "538 5.7.11 encryption needed", "451 later"]
    assert talk(client, *[f"AUTH PLAIN {WRONG}"] * 3) == [INCORRECT] * 3
    assert talk(client, f"AUTH PLAIN {RIGHT}") == ["503 try no more"]
    assert talk(client, "AUTH DROP") == ["503 go away"]
    assert client.at_end()
    log = service.place.log("reject")
    who = service.who()
    assert f" {who} rejected AUTH DENY\n" in log
    assert f" {who} rejected AUTH WHY: policy\n" in log
    assert f" {who} temporarily rejected AUTH DEFER: later\n" in log
    assert f" {who} rejected AUTH PLAIN: try no more\n" in log
    assert RIGHT not in log + service.place.log("main")


def test_acl_for_auth_is_not_asked_in_vain(service):
    service.start("acl_smtp_auth = auth\n", "begin acl\nauth:\n  deny message = asked\n" + PLAIN)
    client = service.client(hello=None)
    assert talk(client, "AUTH PLAIN") == [NOT_OFFERED]
    client.command("EHLO client.test")
    assert talk(client, "AUTH PLAIN", "MAIL FROM:<a@b.test>", "AUTH PLAIN") == \
        ["503 asked", "250 OK", "503 not permitted in mail transaction"]


def test_authenticated_condition(service):
    service.start("acl_smtp_rcpt = rcpt\n", """
begin acl
rcpt:
  deny   !authenticated = *
         message = authenticate first
  deny   authenticated = other : *gin
         message = not with $sender_host_authenticated
  accept authenticated = plain
""" + PLAIN)
    mail, rcpt = "MAIL FROM:<a@b.test>", "RCPT TO:<x@y.test>"
    client = service.client()
    assert talk(client, mail, rcpt, "RSET") == ["250 OK", "550 authenticate first", "250 Reset OK"]
    assert talk(client, f"AUTH PLAIN {WRONG}", mail, rcpt, "RSET")[2] == "550 authenticate first"
    assert talk(client, f"AUTH PLAIN {RIGHT}", mail, rcpt) == [OK, "250 OK", "250 Accepted"]
    client = service.client()
    login = "AUTH LOGIN " + b64("alice\0secret")
    assert talk(client, login, mail, rcpt) == [OK, "250 OK", "550 not with login"]
    log = service.place.log("reject")
    assert re.search(r"F=<a@b\.test> A=login:alice rejected RCPT <x@y\.test>: not with login\n", log)
    assert re.search(r"F=<a@b\.test> rejected RCPT <x@y\.test>: authenticate first\n", log)


def test_the_user_is_named_in_log_lines(daemon):
    daemon.start("acl_smtp_rcpt = deny\nlog_selector = +smtp_no_mail\n")
    client = daemon.client()
    talk(client, f"AUTH PLAIN {RIGHT}", "QUIT")
    daemon.place.wait_for_log("no MAIL in SMTP connection from (client.test) [127.0.0.1] D=")
    assert " A=plain:alice C=EHLO,AUTH,QUIT\n" in daemon.place.log("main")
    client = daemon.client()
    talk(client, "AUTH LOGIN " + b64("alice\0secret"), "MAIL FROM:<a@b.test>",
         "RCPT TO:<x@y.test>")
    assert "F=<a@b.test> A=login:alice rejected RCPT <x@y.test>\n" in daemon.place.log("main")


# --- AUTH= on MAIL


MAILAUTH = """
begin acl
mail:
  accept message = <$authenticated_sender>
mailauth:
  deny   condition = ${if eq{$authenticated_sender}{deny@x.test}}
  defer  condition = ${if eq{$authenticated_sender}{defer@x.test}}
         message = later
  drop   condition = ${if eq{$authenticated_sender}{drop@x.test}}
  accept
"""
CHECKED = PLAIN.replace("server_set_id = $auth2", """server_set_id = $auth2
  server_mail_auth_condition = ${if eq{$authenticated_sender}{bad}{${lookup{x}lsearch{/nonexistent/file}}}\\
                                    {${if !eq{$authenticated_sender}{no@x.test}}}}""")


def mail_from(client, value):
    """The reply to MAIL with that AUTH= value; what there was of a transaction is forgotten."""
    return talk(client, f"MAIL FROM:<a@b.test> AUTH={value}", "RSET")[0]


def test_auth_parameter(service):
    service.start("acl_smtp_mail = mail\n", MAILAUTH + CHECKED)
    client = service.client()
    assert mail_from(client, "s@x.test") == "250 <>"
    assert f" ignoring AUTH=s@x.test from {service.who()} (client not authenticated)\n" \
        in service.place.log("main")
    assert mail_from(client, "<>") == "250 <>"
    assert talk(client, f"AUTH PLAIN {RIGHT}") == [OK]
    assert mail_from(client, "s@x.test") == "250 <s@x.test>"
    assert mail_from(client, "a+3Db+2b@x.test") == "250 <a=b+@x.test>"
    assert mail_from(client, "<>") == "250 <>"
    assert mail_from(client, "no@x.test") == "250 <>"
    assert f' ignoring AUTH=no@x.test from {service.who()} (server_mail_auth_condition failed: ' \
        'authenticated ID="alice")\n' in service.place.log("main")
    assert mail_from(client, "bad") == "250 <>"
    assert "for plain authenticator: failed to open /nonexistent/file for linear search" \
        in service.place.log("panic")
    for value in ("x+zz", "+", "a+3", "a+g0", "+0A", "a+00b", "a+7Fb"):
        assert (value, mail_from(client, value)) == (value, "501 invalid data for AUTH")
    assert talk(client, "MAIL FROM:<a@b.test> SIZE=10 AUTH=s@x.test BODY=8BITMIME") == ["250 <s@x.test>"]


def test_auth_parameter_and_its_acl(service):
    service.start("acl_smtp_mail = mail\nacl_smtp_mailauth = mailauth\n", MAILAUTH + CHECKED)
    client = service.client()
    assert mail_from(client, "s@x.test") == "250 <s@x.test>", "the ACL decides alone"
    assert mail_from(client, "deny@x.test") == "250 <>"
    assert f" ignoring AUTH=deny@x.test from {service.who()} (rejected by ACL)\n" in service.place.log("main")
    assert mail_from(client, "defer@x.test") == "451 later"
    assert mail_from(client, "drop@x.test") == "451 Temporary local problem - please try later"
    assert mail_from(client, "no@x.test") == "250 <no@x.test>", "no authenticator, no condition"
    assert talk(client, f"AUTH PLAIN {RIGHT}") == [OK]
    assert mail_from(client, "s@x.test") == "250 <s@x.test>"
    assert mail_from(client, "deny@x.test") == "250 <>"
    assert mail_from(client, "no@x.test") == "250 <>"


def test_auth_parameter_without_ehlo(service):
    service.start()
    client = service.client("HELO client.test")
    reply = client.command("MAIL FROM:<a@b.test> AUTH=<>")
    assert reply.startswith("501 <a@b.test> AUTH=<>: malformed address")


# --- Events


def test_failure_event_without_a_text(service):
    service.start("event_action = ${if eq{$event_name}{auth:fail}{${acl{event}}}}\n", """
begin acl
event:
  accept logwrite = event <$event_data> by <$sender_host_authenticated> for <$authenticated_fail_id>
""" + PLAIN)
    client = service.client()
    talk(client, f"AUTH PLAIN {WRONG}", "AUTH LOGIN", "*", f"AUTH PLAIN {RIGHT}")
    log = service.place.log("main")
    assert f" event <{INCORRECT}> by <plain> for <alice>\n" in log
    assert f" event <{CANCELLED}> by <login> for <>\n" in log
    assert log.count(" event <") == 2, "success is no event"
    assert failed(service, "plain", INCORRECT, " (set_id=alice)") in log


def test_failure_event_with_a_text(service):
    service.start("event_action = "
                  "${if eq{$event_name}{auth:fail}{seen: $event_data for $authenticated_fail_id}}\n")
    client = service.client()
    assert talk(client, f"AUTH PLAIN {WRONG}") == [INCORRECT], "the client is told as ever"
    for log in ("main", "reject"):
        assert f" seen: {INCORRECT} for alice\n" in service.place.log(log)
        assert "authenticator failed" not in service.place.log(log)


def test_failing_event(service):
    service.start("event_action = ${if eq{$event_name}{auth:fail}{${if foo}}}\n")
    client = service.client()
    assert talk(client, f"AUTH PLAIN {WRONG}", f"AUTH PLAIN {RIGHT}") == [INCORRECT, OK]
    assert 'failed to expand event_action auth:fail: unknown condition "foo"' in service.place.log("panic")
    assert failed(service, "plain", INCORRECT, " (set_id=alice)") in service.place.log("main")
