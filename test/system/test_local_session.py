"""Sessions on standard input and output, -bs and -bh: who the caller is, how they end, what they leave."""
import os
import pwd
import random
import re
import shutil
import socket
import subprocess
import tempfile
import time

import pytest

from authentication import ASK, ASK_NAME, INCORRECT, NOT_BASE64, OK, PATIENT
from gatepost import DEADLINE, PLAIN, RIGHT, WRONG, LocalClient, b64

LOGIN = pwd.getpwuid(os.getuid()).pw_name
TRUSTED = pytest.mark.skipif(os.getuid() != 0, reason="root is trusted, who else may be is for the configuration")

SHOW = """
begin acl
show:
  accept logwrite = host=<$sender_host_address> port=<$sender_host_port> name=<$sender_host_name> \\
                    ident=<$sender_ident> own=<$received_ip_address> by=<$sender_host_authenticated> \\
                    id=<$authenticated_id> protocol=<$received_protocol> full=<$sender_fullhost>
"""
SHOWN = "acl_smtp_mail = show\n"
DIALOGUE = "EHLO client.test\r\nMAIL FROM:<a@b.test>\r\nQUIT\r\n"
CLOSING = "221 mail.test closing connection"


def facts(text):
    """What the ACL has said of the caller, as a dictionary of what is known."""
    line = re.search(r"host=<.*", text)[0]
    return {name: value for name, value in re.findall(r"(\w+)=<(.*?)>", line) if value not in ("", "0")}


# --- Who calls: -bs


@pytest.mark.parametrize("arguments, hello, expected", [
    ([], f"{LOGIN} at client.test", {"ident": LOGIN, "protocol": "local-esmtp"}),
    (["-oMa", "10.1.1.1"], f"{LOGIN} at client.test [10.1.1.1]",
     {"host": "10.1.1.1", "ident": LOGIN, "protocol": "esmtp", "full": "(client.test) [10.1.1.1]"}),
    (["-oMa", "10.1.1.1.99"], f"{LOGIN} at client.test [10.1.1.1]",
     {"host": "10.1.1.1", "port": "99", "ident": LOGIN, "protocol": "esmtp", "full": "(client.test) [10.1.1.1]"}),
    (["-oMa", "[10.1.1.1]:99", "-oMt", "joe"], "joe at client.test [10.1.1.1]",
     {"host": "10.1.1.1", "port": "99", "ident": "joe", "protocol": "esmtp", "full": "(client.test) [10.1.1.1]"}),
    (["-oMa", "2001:db8::1.25"], f"{LOGIN} at client.test [2001:db8::1]",
     {"host": "2001:db8::1", "port": "25", "ident": LOGIN, "protocol": "esmtp",
      "full": "(client.test) [2001:db8::1]"}),
    (["-oMa", "10.1.1.1", "-oMs", "host.test", "-oMi", "10.2.2.2.587"], f"{LOGIN} at host.test [10.1.1.1]",
     {"host": "10.1.1.1", "name": "host.test", "ident": LOGIN, "own": "10.2.2.2", "protocol": "esmtp",
      "full": "host.test (client.test) [10.1.1.1]"}),
    (["-oMs", "host.test"], f"{LOGIN} at host.test",
     {"name": "host.test", "ident": LOGIN, "protocol": "local-esmtp"}),
    (["-oMa", "10.1.1.1", "-oMaa", "plain", "-oMai", "joe"], f"{LOGIN} at client.test [10.1.1.1]",
     {"host": "10.1.1.1", "ident": LOGIN, "by": "plain", "id": "joe", "protocol": "esmtpa",
      "full": "(client.test) [10.1.1.1]"}),
    (["-oMai", "joe"], f"{LOGIN} at client.test", {"ident": LOGIN, "id": "joe", "protocol": "local-esmtp"}),
    (["-oMr", "special"], f"{LOGIN} at client.test", {"ident": LOGIN, "protocol": "local-esmtp"}),
])
@TRUSTED
def test_caller(place, arguments, hello, expected):
    place.configure(SHOWN, SHOW)
    result = place.run(*arguments, "-bs", stdin=DIALOGUE)
    assert f"\r\n250-mail.test Hello {hello}\r\n" in result.stdout
    assert facts(place.log("main")) == expected
    assert result.stderr == ""


@pytest.mark.parametrize("option", ["-oMa", "-oMi"])
@pytest.mark.parametrize("address", ["", "foo", "10.1.1", "10.1.1.1.", "10.1.1.1.x", "10.1.1.1.70000", "10.1.1.256",
                                     "[10.1.1.1", "[10.1.1.1]99", "[10.1.1.1]:", "2001:db8::g", "1:2:3:4:5:6:7:8:9"])
@TRUSTED
def test_what_is_no_address(place, option, address):
    result = place.run(option, address, "-bs", stdin=DIALOGUE, code=1)
    assert result.stderr == f'exim abandoned: "{address}" is not an IP address\n'
    assert result.stdout == ""


@TRUSTED
def test_callers_whose_name_cannot_be_made(place):
    place.configure("unknown_login = ${if eq{}{}{$nosuch}}\n")
    result = subprocess.run(["setpriv", "--reuid", "54321", "--clear-groups", *place.command("-be", "$caller_uid")],
                            capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert result.returncode == 1 and result.stdout == ""
    assert result.stderr.endswith('Failed to get user name for uid 54321: unknown_login: unknown variable name "nosuch"\n')


@TRUSTED
def test_untrusted_callers_say_nothing_about_themselves(place):
    place.configure(SHOWN, SHOW)
    nobody = pwd.getpwnam("nobody")
    result = subprocess.run(place.command("-oMa", "10.1.1.1", "-oMaa", "plain", "-oMai", "joe", "-oMt", "joe", "-bs"),
                            input=DIALOGUE, text=True, capture_output=True, timeout=DEADLINE, check=False,
                            user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[])
    assert "250-mail.test Hello nobody at client.test\n" in result.stdout
    assert facts(place.log("main")) == {"ident": "nobody", "id": "nobody", "protocol": "local-esmtp"}


@TRUSTED
def test_trusted_users_may(place):
    place.configure(SHOWN + "trusted_users = nobody\n", SHOW)
    nobody = pwd.getpwnam("nobody")
    result = subprocess.run(place.command("-oMa", "10.1.1.1", "-oMt", "joe", "-bs"), input=DIALOGUE, text=True,
                            capture_output=True, timeout=DEADLINE, check=False, user=nobody.pw_uid,
                            group=nobody.pw_gid, extra_groups=[])
    assert "250-mail.test Hello joe at client.test [10.1.1.1]\n" in result.stdout
    assert facts(place.log("main"))["host"] == "10.1.1.1"


@TRUSTED
def test_a_session_that_begins_authenticated(place):
    place.configure("acl_smtp_rcpt = rcpt\n", "begin acl\nrcpt:\n  accept authenticated = *\n" + PLAIN)
    stdin = "EHLO client.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<x@y.test>\r\nRSET\r\nAUTH PLAIN =\r\nQUIT\r\n"
    result = place.run("-oMa", "10.1.1.1", "-oMaa", "plain", "-oMai", "joe", "-bs", stdin=stdin)
    assert "\r\n250 Accepted\r\n" in result.stdout
    assert "\r\n250-AUTH" not in result.stdout
    assert "\r\n503 AUTH command used when not advertised\r\n" in result.stdout


def test_connected_by_inetd(place):
    """With a connection as standard input the peer is who is at its other end, and its lines end in CR LF."""
    place.configure(SHOWN, SHOW + PLAIN)
    with socket.create_server(("127.0.0.1", 0)) as server, \
            socket.create_connection(server.getsockname(), timeout=DEADLINE) as ours:
        theirs, _ = server.accept()
        with theirs, tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(place.command("-bs"), stdin=theirs, stdout=theirs, stderr=errors)
        with ours.makefile("rwb", buffering=0) as file:
            assert file.readline().startswith(b"220 mail.test ESMTP")
            ours.sendall(b"EHLO client.test\r\n")
            lines = [file.readline()]
            while lines[-1][3:4] == b"-":
                lines.append(file.readline())
            assert lines[0] == b"250-mail.test Hello client.test [127.0.0.1]\r\n"
            ours.sendall(f"AUTH PLAIN\r\n{RIGHT}\nNOOP\r\nAUTH PLAIN {RIGHT}\r\n"
                         "MAIL FROM:<a@b.test>\r\nQUIT\r\n".encode())
            rest = file.read().decode().split("\r\n")
            assert rest == [ASK, NOT_BASE64, OK, "250 OK", CLOSING, ""]
        assert process.wait(DEADLINE) == 0
    seen = facts(place.log("main"))
    assert seen["host"] == seen["own"] == "127.0.0.1" and seen["protocol"] == "esmtpa" and "ident" not in seen


# --- How a session ends


@pytest.mark.parametrize("stdin, code, last", [
    ("QUIT\r\n", 0, CLOSING),
    ("EHLO x.test\nQUIT\n", 0, CLOSING),
    ("QUIT\r\nNOOP\r\n", 0, CLOSING),
    ("", 1, "421 mail.test lost input connection"),
    ("EHLO x.test\r\n", 1, "421 mail.test lost input connection"),
    ("EHLO x.test\r\nQUIT", 1, "421 mail.test lost input connection"),
    ("EHLO x.test\r\nAUTH PLAIN\r\n", 1, "421 mail.test lost input connection"),
    ("EHLO x.test\r\nAUTH LOGIN\r\nYWxpY2U=\r\n", 1, "421 mail.test lost input connection"),
    ("EHLO x.test\r\nMAIL FROM:<>\r\n", 1, "421 mail.test lost input connection"),
    ("RCPT\r\n" * 5, 0, "500 Too many unrecognized commands"),
])
@pytest.mark.parametrize("mode", [("-bs",), ("-bh", "10.1.1.1")])
def test_ends(place, mode, stdin, code, last):
    result = place.run(*mode, stdin=stdin, code=code if mode[0] == "-bs" else 0)
    assert result.stdout.endswith(f"{last}\r\n")


@pytest.mark.parametrize("before", [
    [], ["EHLO client.test", "AUTH PLAIN"], ["EHLO client.test", "MAIL FROM:<a@b.test>"]])
def test_silence(place, before):
    place.configure("smtp_receive_timeout = 1s\n")
    client = LocalClient(place.command("-bs"))
    begun = time.monotonic()
    with client:
        for line in before:
            client.command(line)
        assert client.reply() == "421 mail.test: SMTP command timeout - closing connection"
        assert client.at_end()
        assert client.code() == 1
    assert 0.5 < time.monotonic() - begun < 5
    place.wait_for_log(f"SMTP command timeout on connection from {LOGIN}")


@pytest.mark.parametrize("arguments", [("-os", "1s"), ("-os1s",)])
def test_timeout_of_the_command_line(place, arguments):
    place.configure("smtp_receive_timeout = 5m\n")
    with LocalClient(place.command("-bs", *arguments)) as client:
        assert client.reply() == "421 mail.test: SMTP command timeout - closing connection"
        assert client.at_end()


def test_timeout_of_the_command_line_for_a_message(place):
    place.configure("receive_timeout = 5m\n")
    process = subprocess.Popen(place.command("-or", "1s", "a@b.test"), stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdin.write("Subject: x\n")
    process.stdin.flush()
    assert process.wait(DEADLINE) != 0
    assert "timed out" in process.stderr.read()
    process.stdin.close()
    assert "timed out while reading local message" in place.log("main")


def test_no_timeout(place):
    """smtp_receive_timeout = 0s sets no limit: what is there is read, and the end is the end."""
    place.configure("smtp_receive_timeout = 0s\n")
    assert place.run("-bs", stdin=f"EHLO x.test\r\nAUTH PLAIN\r\n{RIGHT}\r\nQUIT\r\n").stdout.endswith(
        f"{ASK}\r\n{OK}\r\n{CLOSING}\r\n")


@pytest.mark.parametrize("mode", [("-bs",), ("-bh", "10.1.1.1")])
def test_standard_output_that_nobody_reads(place, mode):
    """A caller that has gone, or a device that is full: no loop, no crash, an end."""
    process = subprocess.Popen(place.command(*mode), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    process.stdout.close()
    try:
        process.stdin.write(b"EHLO x.test\r\n" + f"AUTH PLAIN {WRONG}\r\n".encode() * 1000)
        process.stdin.close()
    except BrokenPipeError:
        pass
    assert process.wait(DEADLINE) in (0, 1)
    with open("/dev/full", "wb") as full:
        result = subprocess.run(place.command(*mode), input=b"EHLO x.test\r\nQUIT\r\n", stdout=full,
                                stderr=subprocess.DEVNULL, timeout=DEADLINE, check=False)
    assert result.returncode in (0, 1)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("mode", ["-bs", "-bh 10.1.1.1"])
def test_descriptors_that_are_closed(place, mode, closed):
    """What is opened must not take the place of standard input, output or error."""
    command = " ".join(place.command(mode))
    result = subprocess.run(f"printf 'EHLO x.test\\r\\nAUTH PLAIN {WRONG}\\r\\nQUIT\\r\\n' | {command} {closed}",
                            shell=True, capture_output=True, timeout=DEADLINE, check=False)
    assert result.returncode in (0, 1)
    for line in (place.log("main") + place.log("reject")).split("\n")[:-1]:
        assert re.match(r"\d{4}-\d\d-\d\d ", line), "replies are not written to logs"
    assert b"set_id" not in result.stdout


@pytest.mark.parametrize("mode", [("-bs",), ("-bh", "10.1.1.1")])
@pytest.mark.parametrize("seed", range(8))
def test_binary_junk(place, mode, seed):
    place.configure("log_selector = +all\n")
    noise = random.Random(seed)
    junk = noise.randbytes(noise.choice((10, 1000, 50_000))) if seed else bytes(range(256)) * 16
    result = place.run(*mode, stdin=junk.decode("latin-1") + "\r\nQUIT\r\n", code=None)
    assert result.returncode in (0, 1)
    replies = result.stdout[result.stdout.index("220 "):]
    assert all(re.match(r"\d\d\d[ -]", line) for line in replies.split("\r\n")[:-1])
    for line in (place.log("main") + place.log("reject")).split("\n"):
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", line)


@pytest.mark.parametrize("mode", [("-bs",), ("-bh", "10.1.1.1")])
def test_all_at_once_is_no_loss_of_step(place, mode):
    """On standard input everything may come at once: a file, or a pipe."""
    place.configure("acl_smtp_rcpt = accept\n")
    lines = ["HELO x.test", "MAIL FROM:<a@b.test>", "RCPT TO:<x@y.test>", "RSET", "NOOP", "EHLO x.test", "NOOP", "QUIT"]
    result = place.run(*mode, stdin="".join(line + "\r\n" for line in lines))
    assert result.stdout.endswith(f"\r\n250 HELP\r\n250 OK\r\n{CLOSING}\r\n") and "554" not in result.stdout


def test_exchange_by_hand_with_line_feeds_only(place):
    lines = ["EHLO x.test", "AUTH LOGIN", b64("alice"), b64("wrong"), "AUTH LOGIN", b64("alice"), b64("secret"),
             "QUIT"]
    result = place.run("-bs", stdin="".join(line + "\n" for line in lines))
    assert result.stdout.split("\r\n")[-5:-1] == [ASK_NAME, "334 UGFzc3dvcmQ6", OK, CLOSING]


def test_names_of_the_program(place, tmp_path):
    """A link named sendmail or exim runs the same program."""
    for name in ("sendmail", "exim"):
        (tmp_path / name).symlink_to(shutil.which(place.command()[0]))
        result = subprocess.run([tmp_path / name, "-C", place.config, "-bs"], input=DIALOGUE, text=True,
                                capture_output=True, timeout=DEADLINE, check=False)
        assert result.returncode == 0 and result.stdout.endswith(f"{CLOSING}\n")


def test_debugging_goes_to_standard_error(place):
    plain = place.run("-bs", stdin=DIALOGUE).stdout
    result = place.run("-d+all", "-bs", stdin=DIALOGUE)
    drop_time = re.compile(r"220 .*")
    assert drop_time.sub("", result.stdout) == drop_time.sub("", plain)
    assert "SMTP<< EHLO client.test" in result.stderr


# --- -bh: nothing is real


def everything_below(path):
    return {str(entry.relative_to(path)) for entry in path.rglob("*")}


MESSAGE = ["EHLO client.test", f"AUTH PLAIN {WRONG}", f"AUTH PLAIN {RIGHT}", "MAIL FROM:<a@b.test>",
           "RCPT TO:<x@y.test>", "DATA", "Subject: test", "", "text", "..", ".", "MAIL FROM:<a@b.test>",
           "RCPT TO:<no@y.test>", "QUIT"]


def test_a_test_session_leaves_nothing(place):
    place.configure("acl_smtp_rcpt = rcpt\n", """
begin acl
rcpt:
  deny   local_parts = no
         message = not that one
  accept logwrite = id <$authenticated_id>
""" + PLAIN)
    before = everything_below(place.path)
    result = place.run("-bh", "10.1.1.1", stdin="".join(line + "\r\n" for line in MESSAGE))
    assert everything_below(place.path) == before
    replies = result.stdout.replace("\r", "")
    assert f"\n{INCORRECT}\n{OK}\n250 OK\n250 Accepted\n354 " in replies
    assert re.search(r"\n250 OK id=\S+\n\n\*\*\*\* SMTP testing: that is not a real message id!\n\n250 OK\n", replies)
    assert replies.endswith(f"\n550 not that one\n{CLOSING}\n")
    logged = re.findall(r"^LOG: (.*)$", result.stderr, re.M)
    assert "plain authenticator failed for H=(client.test) [10.1.1.1]: " + INCORRECT + " (set_id=alice)" in logged
    assert "id <alice>" in logged
    assert any(" <= a@b.test H=(client.test) [10.1.1.1] P=esmtpa A=plain:alice S=" in line for line in logged)
    assert "H=(client.test) [10.1.1.1] F=<a@b.test> A=plain:alice rejected RCPT <no@y.test>: not that one" in logged


@pytest.mark.parametrize("address, shown", [
    ("10.1.1.1", "10.1.1.1"),
    ("10.1.1.1.99", "10.1.1.1"),
    ("[10.1.1.1]:99", "10.1.1.1"),
    ("::1", "0000:0000:0000:0000:0000:0000:0000:0001"),
    ("[2001:DB8::1]:25", "2001:0db8:0000:0000:0000:0000:0000:0001"),
])
def test_the_announcement_of_a_test(place, address, shown):
    result = place.run("-bh", address, stdin="EHLO x.test\r\nQUIT\r\n")
    announcement, _, replies = result.stdout.partition("\n\n220 mail.test ESMTP")
    assert announcement == f"\n**** SMTP testing session as if from host {shown}\n" \
        "**** but without any ident (RFC 1413) callback.\n**** This is not for real!"
    assert f"\r\n250-mail.test Hello x.test [{shown}]\r\n" in replies


@pytest.mark.parametrize("arguments, host", [
    (["-bh", "10.1.1.1", "-oMa", "10.2.2.2"], "10.2.2.2"),
    (["-oMa", "10.2.2.2", "-bh", "10.1.1.1"], "10.1.1.1"),
])
def test_the_last_address_counts(place, arguments, host):
    assert f" Hello client.test [{host}]\r\n" in place.run(*arguments, stdin=DIALOGUE).stdout


def test_caller_of_a_test(place):
    place.configure(SHOWN, SHOW)
    result = place.run("-oMs", "host.test", "-oMt", "joe", "-oMi", "10.2.2.2.587", "-oMaa", "plain", "-oMai", "jane",
                       "-bh", "10.1.1.1.99", stdin=DIALOGUE)
    assert "250-mail.test Hello joe at host.test [10.1.1.1]\r\n" in result.stdout
    log = "\n".join(re.findall(r"^LOG: (.*)$", result.stderr, re.M))
    assert facts(log) == {
        "host": "10.1.1.1", "port": "99", "name": "host.test", "ident": "joe", "own": "10.2.2.2", "by": "plain",
        "id": "jane", "protocol": "esmtpa", "full": "host.test (client.test) [10.1.1.1]"}


def test_delays_are_not_waited_for_in_a_test(place):
    place.configure("acl_smtp_mail = slow\n", "begin acl\nslow:\n  accept delay = 5m\n")
    begun = time.monotonic()
    assert "\r\n250 OK\r\n" in place.run("-bh", "10.1.1.1", stdin=DIALOGUE).stdout
    assert time.monotonic() - begun < 10


def test_limits_hold_in_both(place):
    place.configure("smtp_accept_max_nonmail = 3\n")
    for mode, code in ((("-bs",), 1), (("-bh", "10.1.1.1"), 0)):
        result = place.run(*mode, stdin="EHLO x.test\r\n" + "NOOP\r\n" * 5, code=code)
        assert result.stdout.endswith("\r\n554 Too many nonmail commands\r\n")
    place.configure("smtp_max_synprot_errors = 2\n")
    for mode, code in ((("-bs",), 1), (("-bh", "10.1.1.1"), 0)):
        result = place.run(*mode, stdin="EHLO x.test\r\n" + "DATA x\r\n" * 5, code=code)
        assert "Too many syntax or protocol errors\r\n" in result.stdout
        assert result.stdout.count("501") == 4, "the third of them is the last, in two lines"


def test_patience_can_be_had(place):
    place.configure(PATIENT)
    result = place.run("-bs", stdin="EHLO x.test\r\n" + f"AUTH PLAIN {WRONG}\r\nFOO\r\n" * 100 + "QUIT\r\n")
    assert result.stdout.count(INCORRECT) == 100
