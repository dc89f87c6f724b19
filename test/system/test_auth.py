"""AUTH over real sessions, of the daemon and of -bs: the exchange, when it may be, what is offered."""
import pytest

from authentication import (
    ALICE, ALREADY, ASK, ASK_NAME, ASK_PASSWORD, CANCELLED, INCORRECT, NOT_BASE64, NOT_OFFERED, OK,
    SECRET, SHOW_USER, failed, offered, talk)
from gatepost import PLAIN, RIGHT, WRONG, b64


# --- The exchange


def test_every_way_of_being_right(service):
    service.start()
    for lines, replies in [
        ([f"AUTH PLAIN {RIGHT}"], [OK]),
        (["AUTH PLAIN", RIGHT], [ASK, OK]),
        ([f"auth plain {RIGHT}"], [OK]),
        ([f"AUTH  Plain  {RIGHT}  "], [OK]),
        ([f"AUTH PLAIN\t{RIGHT}"], [OK]),
        (["AUTH PLAIN", f" {RIGHT}\t"], [ASK, OK]),
        (["AUTH PLAIN " + b64("somebody\0alice\0secret")], [OK]),
        (["AUTH PLAIN " + b64("\0alice\0secret\0and more")], [OK]),
        (["AUTH LOGIN", ALICE, SECRET], [ASK_NAME, ASK_PASSWORD, OK]),
        (["auth login", ALICE, SECRET], [ASK_NAME, ASK_PASSWORD, OK]),
        ([f"AUTH LOGIN {ALICE}", SECRET], [ASK_PASSWORD, OK]),
        (["AUTH LOGIN", b64("alice\0secret")], [ASK_NAME, OK]),
        (["AUTH LOGIN " + b64("alice\0secret")], [OK]),
    ]:
        client = service.client()
        assert (lines, talk(client, *lines)) == (lines, replies)
        assert client.command("QUIT") == "221 mail.test closing connection"
        assert client.at_end()
    assert "authenticator failed" not in service.place.log("main")


def test_every_way_of_being_wrong(service):
    service.start()
    client = service.client()
    for lines, replies in [
        ([f"AUTH PLAIN {WRONG}"], [INCORRECT]),
        (["AUTH PLAIN", WRONG], [ASK, INCORRECT]),
        (["AUTH PLAIN ="], [INCORRECT]),
        (["AUTH PLAIN", ""], [ASK, INCORRECT]),
        (["AUTH PLAIN " + b64("alice\0secret")], [INCORRECT]),
        (["AUTH PLAIN " + b64("\0\0alice\0secret")], [INCORRECT]),
        (["AUTH PLAIN " + b64("\0alice")], [INCORRECT]),
        (["AUTH PLAIN " + b64("\0alice\0secret ")], [INCORRECT]),
        (["AUTH PLAIN " + b64("\0Alice\0secret")], [INCORRECT]),
        (["AUTH PLAIN " + b64("\0alice\0SECRET")], [INCORRECT]),
        (["AUTH PLAIN " + b64("\0bob\0secret")], [INCORRECT]),
        (["AUTH LOGIN", ALICE, b64("wrong")], [ASK_NAME, ASK_PASSWORD, INCORRECT]),
        (["AUTH LOGIN", ALICE, ""], [ASK_NAME, ASK_PASSWORD, INCORRECT]),
        (["AUTH LOGIN", "", ""], [ASK_NAME, ASK_PASSWORD, INCORRECT]),
        (["AUTH LOGIN =", SECRET], [ASK_PASSWORD, INCORRECT]),
        ([f"AUTH LOGIN {SECRET}", ALICE], [ASK_PASSWORD, INCORRECT]),
        (["AUTH LOGIN", b64("alice\0wrong")], [ASK_NAME, INCORRECT]),
    ]:
        assert (lines, talk(client, *lines)) == (lines, replies)
    assert talk(client, f"AUTH PLAIN {RIGHT}") == [OK]
    log = service.place.log("main")
    assert failed(service, "plain", INCORRECT, " (set_id=alice)") in log
    assert failed(service, "login", INCORRECT, " (set_id=alice)") in log
    assert failed(service, "login", INCORRECT) in log, "no set_id is shown where it is empty"
    assert log.count("authenticator failed") == 17
    assert service.place.log("reject").count("authenticator failed") == 17


NO_BASE64 = [
    "!", "A", "AA", "AAA", "AAAAA", "AA=", "A===", "AA===", "AAA==", "AAAA=", "AAAA====", "==", "===", "====",
    "=AAA", "AA=A", "A=AA", "AAAA AAAA", "AAAA\tAAAA", "AA-_", "A_-A", "AAAA*", "*AAAA", "**", "\xff\xfe\xfd\xfc",
    "AAA\x01", "AAA\x7f", "AAA\x0b", "AAA,", "YR==", "YWF=", RIGHT + "=", RIGHT + "A", RIGHT[:-1], RIGHT[:-2],
    RIGHT + RIGHT, RIGHT[:-1] + "A", "AGFsaWNlAHNlY3JldB==", RIGHT[:8] + " " + RIGHT[8:],
    RIGHT[:8] + "\r" + RIGHT[8:], "'" + RIGHT + "'", "<" + RIGHT + ">", RIGHT[:-2] + "%3D%3D",
]


def test_what_is_not_base64(service):
    service.start()
    client = service.client()
    for text in NO_BASE64:
        assert (text, talk(client, f"AUTH PLAIN {text}")) == (text, [NOT_BASE64])
        assert (text, talk(client, "AUTH PLAIN", text)) == (text, [ASK, NOT_BASE64])
        assert (text, talk(client, f"AUTH LOGIN {ALICE}", text)) == (text, [ASK_PASSWORD, NOT_BASE64])
    assert talk(client, "NOOP", f"AUTH PLAIN {RIGHT}") == ["250 OK", OK]
    log = service.place.log("main")
    assert log.count(failed(service, "plain", NOT_BASE64)) == 2 * len(NO_BASE64)
    assert log.count(failed(service, "login", NOT_BASE64)) == len(NO_BASE64)
    assert "QUFB" not in log and RIGHT[:8] not in log


def test_equals_sign_is_an_empty_response_only_with_the_command(service):
    service.start(sections=PLAIN.replace("{secret}}}}", "{}}}}"))  # the password is empty
    client = service.client()
    assert talk(client, "AUTH LOGIN", ALICE, "=") == [ASK_NAME, ASK_PASSWORD, NOT_BASE64]
    assert talk(client, "AUTH LOGIN =", "") == [ASK_PASSWORD, INCORRECT]
    assert talk(client, f"AUTH LOGIN {ALICE}", "") == [ASK_PASSWORD, OK]


def test_cancelling(service):
    service.start()
    client = service.client()
    assert talk(client, "AUTH PLAIN", "*") == [ASK, CANCELLED]
    assert talk(client, "AUTH LOGIN", "*") == [ASK_NAME, CANCELLED]
    assert talk(client, "AUTH LOGIN", ALICE, "*") == [ASK_NAME, ASK_PASSWORD, CANCELLED]
    assert talk(client, "AUTH PLAIN *") == [NOT_BASE64], "RFC 4954 knows * only as an answer"
    assert talk(client, "AUTH PLAIN", "* *") == [ASK, NOT_BASE64]
    assert talk(client, f"AUTH PLAIN {RIGHT}") == [OK]
    assert failed(service, "login", CANCELLED) in service.place.log("reject")


def test_commands_are_data_during_an_exchange(service):
    service.start()
    client = service.client()
    assert talk(client, "AUTH LOGIN", "QUIT") == [ASK_NAME, ASK_PASSWORD], "QUIT is base64 of three octets"
    assert talk(client, "RSET") == [INCORRECT]
    assert talk(client, "AUTH LOGIN", "MAIL FROM:<a@b.test>") == [ASK_NAME, NOT_BASE64]
    assert talk(client, "RCPT TO:<x@y.test>") == ["503 sender not yet given"]


def test_more_prompts_than_variables(service):
    sections = """
begin authenticators
many:
  driver = plaintext
  public_name = MANY
  server_prompts = <; one ; two ; three: ; four;;five ; six ; seven
  server_condition = ${if eq{$auth1,$auth2,$auth3,$4,$5,$6}{a,b,c,d,e,f}}
  server_set_id = $6
"""
    service.start(sections=sections)
    client = service.client()
    answers = [b64(letter) for letter in "abcdef"]
    prompts = ["334 " + b64(text) for text in ("one", "two", "three:", "four;five", "six", "seven")]
    assert talk(client, "AUTH MANY", *answers) == [*prompts, OK]
    client = service.client()
    assert talk(client, "AUTH MANY " + b64("a\0b\0c\0d"), b64("e\0f")) == [prompts[4], OK]
    client = service.client()
    assert talk(client, "AUTH MANY " + b64("a\0b\0c\0d\0f\0e")) == [INCORRECT]


def test_a_mechanism_without_prompts(service):
    service.start(sections="begin authenticators\nbare:\n  driver = plaintext\n  server_condition = $auth1\n")
    client = service.client()
    assert offered(client.hello) == ["BARE"], "the public name is the authenticator's, unless it is set"
    assert talk(client, "AUTH BARE", "AUTH BARE =", "AUTH BARE " + b64("no")) == [INCORRECT] * 3
    assert talk(client, "AUTH BARE " + b64("true")) == [OK]


def test_octets_of_all_values_come_through(service):
    everything = bytes(range(1, 256))
    sections = f"""
begin authenticators
sum:
  driver = plaintext
  public_name = SUM
  server_condition = ${{if eq{{${{base64:$auth1}}}}{{{b64(everything)}}}}}
"""
    service.start(sections=sections)
    client = service.client()
    assert talk(client, "AUTH SUM " + b64(everything[:-1])) == [INCORRECT]
    assert talk(client, "AUTH SUM " + b64(everything)) == [OK]


# --- What was said before, and what may be said after


def test_no_second_authentication(service):
    service.start("log_selector = +smtp_protocol_error +smtp_syntax_error\n")
    client = service.client()
    assert talk(client, f"AUTH PLAIN {RIGHT}") == [OK]
    assert talk(client, f"AUTH PLAIN {RIGHT}", "AUTH LOGIN", "AUTH NONE", "AUTH") == [ALREADY] * 4
    assert talk(client, RIGHT) == ["500 unrecognized command"], "the refused AUTH does not swallow its data"
    assert talk(client, "MAIL FROM:<a@b.test>", f"AUTH PLAIN {RIGHT}") == ["250 OK", ALREADY]
    log = service.place.log("main")
    assert 'SMTP protocol error in "AUTH PLAIN" ' in log and log.count(" already authenticated\n") == 5
    assert 'SMTP syntax error in "****" ' in log and RIGHT not in log


def test_authentication_outlives_resets_and_greetings(service):
    service.start("acl_smtp_mail = show\n", SHOW_USER + PLAIN)
    client = service.client()
    mail = "MAIL FROM:<a@b.test>"
    assert talk(client, mail) == ["550 nobody"]
    assert talk(client, f"AUTH PLAIN {RIGHT}", mail) == [OK, "250 for alice"]
    assert talk(client, "RSET", mail) == ["250 Reset OK", "250 for alice"]
    again = client.command("EHLO again.test")
    assert again.startswith("250-mail.test Hello ") and offered(again) == []
    assert talk(client, f"AUTH PLAIN {RIGHT}") == [NOT_OFFERED]
    assert talk(client, mail) == ["250 for alice"]
    assert client.command("HELO again.test").startswith("250 mail.test Hello ")
    assert talk(client, mail) == ["250 for alice"]


def test_a_failure_leaves_nothing_behind(service):
    service.start("acl_smtp_mail = show\n", SHOW_USER + PLAIN)
    client = service.client()
    for lines in ([f"AUTH PLAIN {WRONG}"], ["AUTH LOGIN", ALICE, "*"], ["AUTH LOGIN", ALICE, b64("wrong")],
                  ["AUTH PLAIN", "!"]):
        talk(client, *lines)
        assert talk(client, "MAIL FROM:<a@b.test>") == ["550 nobody"]


def test_not_within_a_transaction(service):
    service.start("acl_smtp_rcpt = accept\nlog_selector = +smtp_protocol_error\n")
    client = service.client()
    refusal = "503 not permitted in mail transaction"
    assert talk(client, "MAIL FROM:<a@b.test>", f"AUTH PLAIN {RIGHT}") == ["250 OK", refusal]
    assert talk(client, "RCPT TO:<x@y.test>", "AUTH LOGIN") == ["250 Accepted", refusal]
    assert talk(client, "RSET", f"AUTH PLAIN {WRONG}") == ["250 Reset OK", INCORRECT]
    assert talk(client, "MAIL FROM:<bad@>", f"AUTH PLAIN {RIGHT}") == \
        ["501 <bad@>: domain missing or malformed", OK]
    assert RIGHT not in service.place.log("main")


def test_after_a_message(daemon):
    daemon.start("acl_smtp_rcpt = accept\n")
    client = daemon.client()
    assert talk(client, "MAIL FROM:<a@b.test>", "RCPT TO:<x@y.test>") == ["250 OK", "250 Accepted"]
    reply = client.command("DATA")
    if reply.startswith("354 "):
        reply = client.command("Subject: x\r\n\r\nx\r\n.")
    assert reply.startswith(("250 ", "451 "))
    assert talk(client, f"AUTH PLAIN {RIGHT}") == [OK], "the transaction has ended with its message"


def test_failing_with_one_mechanism_then_another(service):
    service.start()
    client = service.client()
    assert talk(client, f"AUTH PLAIN {WRONG}", "AUTH LOGIN", ALICE, "*") == \
        [INCORRECT, ASK_NAME, ASK_PASSWORD, CANCELLED]
    assert talk(client, "AUTH NONE") == ["504 NONE authentication mechanism not supported"]
    assert talk(client, "AUTH LOGIN", ALICE, SECRET) == [ASK_NAME, ASK_PASSWORD, OK]


# --- What is offered


def test_only_what_is_offered_to_this_client(service):
    sections = PLAIN + """
no:
  driver = plaintext
  public_name = NO
  server_condition = yes
  server_advertise_condition = ${if eq{$sender_helo_name}{friend.test}}
client:
  driver = plaintext
  public_name = CLIENT
  client_send = x
"""
    service.start(sections=sections)
    client = service.client()
    assert offered(client.hello) == ["PLAIN LOGIN"]
    assert talk(client, f"AUTH NO {RIGHT}", "AUTH CLIENT") == \
        ["504 NO authentication mechanism not supported", "504 CLIENT authentication mechanism not supported"]
    assert offered(client.command("EHLO friend.test")) == ["PLAIN LOGIN NO"]
    assert offered(client.command("EHLO client.test")) == ["PLAIN LOGIN"]
    assert talk(client, f"AUTH NO {RIGHT}") == ["504 NO authentication mechanism not supported"]
    assert offered(client.command("EHLO friend.test")) == ["PLAIN LOGIN NO"]
    assert talk(client, "AUTH NO") == [OK]


def restricted(condition):
    """PLAIN and LOGIN, advertised on a condition."""
    return PLAIN.replace("server_set_id = ", f"server_advertise_condition = {condition}\n  server_set_id = ")


@pytest.mark.parametrize("options, sections", [
    ("", ""),
    ("auth_advertise_hosts =\n", PLAIN),
    ("auth_advertise_hosts = 192.0.2.1 : ! *\n", PLAIN),
    ("", restricted("${if def:tls_in_cipher}")),
    ("", restricted("${if eq{a}{b}{yes}fail}")),
])
def test_nothing_is_offered(daemon, options, sections):
    daemon.start(options, sections)
    client = daemon.client()
    assert offered(client.hello) == []
    assert talk(client, f"AUTH PLAIN {RIGHT}", "AUTH LOGIN", "AUTH NONE", "AUTH") == [NOT_OFFERED] * 4
    assert daemon.place.log("panic") == ""


def test_before_ehlo_and_after_helo(service):
    service.start()
    client = service.client(hello=None)
    assert talk(client, f"AUTH PLAIN {RIGHT}") == [NOT_OFFERED]
    assert client.command("HELO client.test").startswith("250 mail.test Hello ")
    assert talk(client, f"AUTH PLAIN {RIGHT}") == [NOT_OFFERED]
    assert offered(client.command("EHLO client.test")) == ["PLAIN LOGIN"]
    assert client.command("HELO client.test").startswith("250 mail.test Hello ")
    assert talk(client, f"AUTH PLAIN {RIGHT}") == [NOT_OFFERED], "HELO takes back what EHLO had offered"
    client.command("EHLO client.test")
    assert talk(client, f"AUTH PLAIN {RIGHT}") == [OK]


def test_a_failing_offer_is_logged_and_not_made(service):
    service.start(sections=PLAIN.replace("server_set_id = $auth2", "server_advertise_condition = ${if foo}"))
    client = service.client()
    assert offered(client.hello) == ["LOGIN"]
    for log in ("main", "panic"):
        assert 'failed to expand condition "${if foo}" for plain authenticator: unknown condition "foo"' \
            in service.place.log(log)
    assert talk(client, f"AUTH PLAIN {RIGHT}") == ["504 PLAIN authentication mechanism not supported"]


def test_a_control_lets_in_what_was_not_offered(daemon):
    daemon.start("auth_advertise_hosts =\nacl_smtp_connect = connect\n",
                 "begin acl\nconnect:\n  accept control = allow_auth_unadvertised\n" + PLAIN)
    client = daemon.client(hello=None)
    assert talk(client, f"AUTH PLAIN {WRONG}", f"AUTH PLAIN {RIGHT}") == [INCORRECT, OK]


@pytest.mark.parametrize("command, reply", [
    ("AUTH", "504  authentication mechanism not supported"),
    ("AUTH FOO", "504 FOO authentication mechanism not supported"),
    ("AUTH foo Zm9v", "504 foo authentication mechanism not supported"),
    ("AUTH PLAINX", "504 PLAINX authentication mechanism not supported"),
    ("AUTH PLAI", "504 PLAI authentication mechanism not supported"),
    ("AUTH PLAIN:", "501 invalid character in authentication mechanism name"),
    ('AUTH "PLAIN"', "501 invalid character in authentication mechanism name"),
    ("AUTHPLAIN", "500 unrecognized command"),
    ("AUTH\tPLAIN", "500 unrecognized command"),
])
def test_no_such_mechanism(place, command, reply):
    assert f"\r\n{reply}\r\n" in place.session("EHLO client.test", command)


# --- Limits, ends


def test_failures_are_counted_as_commands_that_bring_no_mail(daemon):
    daemon.start()
    daemon.place.stop()
    daemon.place.configure("smtp_accept_max_nonmail = 3\n")
    daemon.port = daemon.place.daemon()
    client = daemon.client()
    assert talk(client, *[f"AUTH PLAIN {WRONG}"] * 4) == [INCORRECT] * 4, "the first is free"
    assert talk(client, f"AUTH PLAIN {RIGHT}") == ["554 Too many nonmail commands"]
    assert client.at_end()
    daemon.place.wait_for_log('SMTP call from (client.test) [127.0.0.1] dropped: too many nonmail commands '
                              '(last was "AUTH")\n', "reject")


def test_client_goes_during_an_exchange(service):
    service.start("acl_smtp_notquit = bye\n",
                  "begin acl\nbye:\n  accept logwrite = $smtp_notquit_reason\n" + PLAIN)
    client = service.client()
    assert talk(client, "AUTH LOGIN", ALICE) == [ASK_NAME, ASK_PASSWORD]
    client.socket.shutdown(1)
    assert client.reply() == "421 mail.test lost input connection"
    assert client.at_end()
    service.place.wait_for_log(" connection-lost\n")


def test_unfinished_data_is_no_answer(service):
    service.start()
    client = service.client()
    assert talk(client, "AUTH PLAIN") == [ASK]
    client.send(RIGHT)
    client.socket.shutdown(1)
    assert client.reply() == "421 mail.test lost input connection"
    assert client.at_end()


def test_client_is_silent_during_an_exchange(service):
    service.start("smtp_receive_timeout = 1s\n")
    client = service.client()
    assert talk(client, "AUTH LOGIN", ALICE) == [ASK_NAME, ASK_PASSWORD]
    client.send(SECRET)
    assert client.reply() == "421 mail.test: SMTP command timeout - closing connection"
    assert client.at_end()
    service.place.wait_for_log("SMTP command timeout on connection from ")


def test_exchanges_in_parallel_are_apart(daemon):
    daemon.start("acl_smtp_mail = show\n",
                 SHOW_USER + PLAIN.replace("{eq{$auth1}{alice}}", "{match{$auth1}{^user}}"))
    clients = [daemon.client() for _ in range(8)]
    for client in clients:
        assert talk(client, "AUTH LOGIN") == [ASK_NAME]
    for number, client in enumerate(clients):
        assert talk(client, b64(f"user{number}")) == [ASK_PASSWORD]
    for number, client in reversed(list(enumerate(clients))):
        assert talk(client, SECRET if number % 2 else b64("wrong")) == [OK if number % 2 else INCORRECT]
    for number, client in enumerate(clients):
        reply = f"250 for user{number}" if number % 2 else "550 nobody"
        assert talk(client, "MAIL FROM:<a@b.test>") == [reply]
