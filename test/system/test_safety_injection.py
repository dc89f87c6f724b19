"""What clients say stays what they said: it is no code, no file, no second reply, no line of a log."""
import re

import pytest

from authentication import ALICE, ASK_NAME, ASK_PASSWORD, INCORRECT, LATER, OK, SECRET, authenticator, talk
from gatepost import PLAIN, RIGHT, WRONG, b64

# What fail2ban's filter for Exim looks for; the name of a client must not make it see another address.
FAIL2BAN = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+ authenticator failed for (?:H=)?(?:[\w.-]+ )?(?:\(\S+\) )?"
    r"\[(?P<address>[^]]*)\](?::\d+)?(?: I=\[\S+\](?::\d+)?)?(?: U=\S+)?: "
    r"535 Incorrect authentication data(?: \(set_id=.*\))?$")

# A line that a client would like to see in the log.
FAKE = "2026-01-01 00:00:00 plain authenticator failed for [192.0.2.66]: 535 Incorrect authentication data"

pytestmark = pytest.mark.usefixtures("intact")


# --- Names and passwords that are made to be more than that


def hostile_names(canary):
    """Names that would do something if anything were to read them again; none is a user."""
    return [
        f"${{run{{/bin/touch {canary}}}}}", f"${{run,preexpand{{/bin/touch {canary}}}}}",
        f"x\n${{run{{/bin/touch {canary}}}}}", f"$(touch {canary})", f"`touch {canary}`", f"'; touch {canary}; '",
        f"| touch {canary}", "${readfile{/etc/passwd}}", "${lookup{root}lsearch{/etc/passwd}}", "${perl{x}}",
        "${dlfunc{/x}{y}}", "${extract{1}{:}{alice:}}", "${lc:ALICE}", "$auth3", "${auth3}", "$auth2", "$1", "$3",
        "$primary_hostname", "\\N$auth3\\N", "\\$", "\\", "\\\\", "\\x61lice", "alice\\", "alice}", "{alice",
        "alice}}{yes}{", "}{yes}}", "alice}{secret}}}{yes}{no", "' or '1'='1", "\" or 1=1 --", "alice' --",
        "alice';drop table users;--", "*)(uid=*", "*)(uid=*))(|(uid=*", "alice)(objectclass=*", "alice,dc=test",
        "*", "a*", "@", "*@*", "^.*$", "^\\N.*\\N", "!alice", "+users", "alice:", "alice: secret", "alice#", "#", ":",
        ";", "<;alice", "alice ", " alice", "\talice", "alice\t", "alice\n", "\nalice", "alice\r\n", "alice\rx",
        "alice\r\n250 OK", "\x01\x02\x7f", "%s%n%s%n%x", "../../etc/passwd", "/etc/passwd", "al\xefce",
        "\xff\xfe\xfd", "\xe2\x80\xae", "\x1b[31mred\x07", "x" * 255, "x" * 256, "x" * 1024, "x" * 8192,
        "${" * 1000, "${if " * 500, "\\" * 3000, "$" * 4000,
        "x) [192.0.2.66]: 535 Incorrect authentication data (set_id=y",
        f"x)\n{FAKE}",
    ]


USERS = """
begin acl
show:
  deny   message = not from <$authenticated_fail_id>
         log_message = failed as <$authenticated_fail_id>
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if eq{$auth3}{${lookup{$auth2}lsearch{FILE}{$value}fail}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${lookup{$auth1}lsearch{FILE}{${if eq{$value}{$auth2}}}{no}}
  server_set_id = $auth1
"""


def with_users(place):
    """A users file and the sections that look names up in it; and a file that nobody may make."""
    file = place.path / "users"
    file.write_text("alice: secret\n\"root\": x\n")
    file.chmod(0o644)
    place.path.chmod(0o777)
    return USERS.replace("FILE", str(file)), place.path / "canary"


@pytest.mark.parametrize("password", ["secret", "wrong", "", "${lookup{alice}lsearch{/x}}"])
def test_hostile_names_are_only_names(daemon, password):
    sections, canary = with_users(daemon.place)
    daemon.start("acl_smtp_mail = show\n", sections)
    client = daemon.client()
    names = hostile_names(canary)
    for name in names:
        octets = name.encode("latin-1")
        assert (name, talk(client, "AUTH PLAIN " + b64(b"\0%s\0%s" % (octets, password.encode())))) == \
            (name, [INCORRECT])
        assert (name, talk(client, "AUTH LOGIN", b64(octets), b64(password))) == \
            (name, [ASK_NAME, ASK_PASSWORD, INCORRECT])
        for line in talk(client, "MAIL FROM:<a@b.test>")[0].split("\n"):
            assert line.startswith(("550-", "550 "))
            assert "\r" not in line
    assert talk(client, "AUTH PLAIN " + b64("\0alice\0secret")) == [OK]
    assert not canary.exists()
    assert daemon.place.log("panic") == ""
    lines = [line for line in daemon.place.log("main").split("\n") if "authenticator failed" in line]
    assert len(lines) == 2 * len(names), "one line for each failure, and none of a client's making"
    for line in lines:
        match = FAIL2BAN.match(line)
        assert match and match["address"] == "127.0.0.1"


def test_hostile_passwords_are_only_passwords(daemon):
    sections, canary = with_users(daemon.place)
    daemon.start("", sections)
    client = daemon.client()
    for password in hostile_names(canary):
        octets = password.encode("latin-1")
        assert talk(client, "AUTH PLAIN " + b64(b"\0alice\0" + octets)) == [INCORRECT]
        assert talk(client, f"AUTH LOGIN {ALICE}", b64(octets)) == [ASK_PASSWORD, INCORRECT]
    assert not canary.exists()
    assert "wrong" not in daemon.place.log("main") and "readfile" not in daemon.place.log("main")


@pytest.mark.parametrize("condition", [
    "${expand:$auth2}",
    "${lookup{alice}lsearch{$auth2}{yes}}",
    "${readfile{$auth2}}",
    "${run{$auth2}{yes}}",
])
def test_what_a_client_sent_is_no_file_and_no_code(daemon, condition):
    _, canary = with_users(daemon.place)
    daemon.start("", authenticator(condition=condition, set_id="$auth2"))
    client = daemon.client()
    users = daemon.place.path / "users"
    for name in (f"${{run{{/bin/touch {canary}}}}}", f"/bin/touch {canary}", str(users), "yes"):
        assert client.command("AUTH X " + b64(f"\0{name}\0")) in (LATER, INCORRECT)
    assert not canary.exists()
    assert "ainted" in daemon.place.log("main")


def test_replies_cannot_be_split(service):
    service.start(sections=authenticator(condition="no user $auth1"))
    client = service.client()
    for name in (f"x\r\n{OK}", "x\n235 y", "x\ry", "x\r\n", "\n\n\n", "x" * 3000, "\x00\x01"):
        reply = client.command("AUTH X " + b64(name))
        assert all(line.startswith(("435 ", "435-")) for line in reply.split("\n"))
        assert "\r" not in reply
        assert talk(client, "NOOP") == ["250 OK"]


# --- AUTH= on MAIL, and other parameters


def test_no_control_octet_passes_through_the_auth_parameter(daemon):
    daemon.start("acl_smtp_mail = show\n",
                 "begin acl\nshow:\n  accept logwrite = as <$authenticated_sender>\n" + PLAIN)
    client = daemon.client()
    assert talk(client, f"AUTH PLAIN {RIGHT}") == [OK]
    for octet in [*range(0x20), 0x7f]:
        assert talk(client, f"MAIL FROM:<x@y.test> AUTH=a+{octet:02X}b@z.test") == ["501 invalid data for AUTH"]
        if octet not in (0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20):
            reply = client.command(f"MAIL FROM:<x@y.test> AUTH=a{chr(octet)}b@z.test")
            assert reply.startswith("501 ")
    assert talk(client, "MAIL FROM:<x@y.test> AUTH=e+3Dmc2+40z.test") == ["250 OK"]
    assert " as <" in daemon.place.log("main")
    assert daemon.place.log("main").count(" as <") == 1


@pytest.mark.parametrize("authenticated", [False, True])
def test_parameters_that_are_none(service, authenticated):
    service.start()
    client = service.client()
    if authenticated:
        assert talk(client, f"AUTH PLAIN {RIGHT}") == [OK]
    for tail in (" =", "=", " ==", " \"", " \"=", " \"\"", " '", " AUTH =<>", " = AUTH", " =AUTH", " SIZE =1",
                 " ;", " <", " >", " ,", " \\", " a", " =" * 100, "\"" * 101, " AUTH\"=x", " AUTH=x y", " \xff=\xff",
                 " AUTH=" + "+" * 50, " AUTH=" + "x" * 5000 + "+"):
        reply = client.command("MAIL FROM:<>" + tail)
        assert (tail, reply[:4]) == (tail, "501 ")
    for tail in ("", " ", "   ", "\t", " \t ", " AUTH=<>   "):
        assert (tail, talk(client, f"MAIL FROM:<>{tail}", "RSET")) == (tail, ["250 OK", "250 Reset OK"])


# --- Log lines


def test_control_characters_make_no_log_line(daemon):
    daemon.start("log_selector = +all\nhelo_accept_junk_hosts = *\n")
    client = daemon.client(hello=None)
    for octet in [*range(1, 0x20), 0x7f, 0x80, 0x9b, 0xff]:
        if octet == 0x0a:
            continue
        text = f"a{chr(octet)}{FAKE}"
        client.command(f"HELO {text}")
        client.command(f"EHLO {text}")
        client.command(f"AUTH {text}")
        client.command(f"AUTH PLAIN {text}")
        client.command("AUTH PLAIN")
        client.command(text)
        client.command(f"MAIL FROM:<{text}>")
        client.command(f"VRFY {text}")
        client.command(text)
        client.command(f"AUTH PLAIN {WRONG}")
    client.command("AUTH " + FAKE)
    client.command("QUIT")
    for name in ("main", "reject"):
        for line in daemon.place.log(name).split("\n"):
            assert not line.startswith("2026-01-01")
            assert not FAIL2BAN.match(line) or FAIL2BAN.match(line)["address"] != "192.0.2.66"


def test_passwords_are_in_no_log(daemon):
    """Whatever goes wrong with the order of commands, what may be a password is not written down."""
    daemon.start("log_selector = +all\n")
    client = daemon.client(hello=None)
    talk(client, f"AUTH PLAIN {RIGHT}", RIGHT)  # before EHLO, and the client goes on regardless
    client.command("EHLO client.test")
    talk(client, f"AUTH NONE {RIGHT}", RIGHT)
    talk(client, f"AUTH PLAIN {RIGHT}x", f"AUTH PLAIN {RIGHT} {RIGHT}", f"AUTH {RIGHT}", f"AUTH {RIGHT} PLAIN")
    talk(client, f"AUTH PLAIN {RIGHT}\0")
    talk(client, "MAIL FROM:<a@b.test>", f"AUTH PLAIN {RIGHT}", RIGHT, "RSET")
    talk(client, "AUTH LOGIN", ALICE, SECRET, f"AUTH PLAIN {RIGHT}", RIGHT, "AUTH LOGIN", ALICE, SECRET)
    client.send(f"AUTH PLAIN {RIGHT}\r\nDATA\r\nAUTH PLAIN {RIGHT}\r\n")
    while not client.at_end() and client.reply():
        pass
    log = daemon.place.log("main") + daemon.place.log("reject") + daemon.place.log("panic")
    assert "SMTP protocol error" in log
    assert RIGHT[:12] not in log and SECRET not in log and "secret" not in log
