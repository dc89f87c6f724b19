"""CRAM-MD5 with real clients, and its challenges."""
import base64
import hmac
import re
import smtplib

import pytest

from authentication import INCORRECT, OK, failed, talk
from gatepost import DEADLINE, b64
from peers import (
    RECIPIENT, SENDER, TAKEN, WATCHED, assert_refused, assert_served, curl, exim, gsasl, msmtp, output, swaks)

SECTIONS = WATCHED + """\
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${lookup{$auth1}lsearch{FILE}{$value}fail}
  server_set_id = $auth1
"""

both = pytest.mark.parametrize("password", ["secret", "wrong"])


@pytest.fixture(name="server")
def fixture_server(daemon):
    """A daemon with one user whose sessions are told of in the log."""
    users = daemon.place.path / "users"
    users.write_text("alice: secret\n")
    users.chmod(0o644)
    daemon.start("acl_smtp_rcpt = rcpt\n", SECTIONS.replace("FILE", str(users)))
    return daemon


def assert_outcome(server, password):
    """The log tells that alice came in, or why not."""
    if password == "secret":
        assert_served(server, "cram")
    else:
        assert_refused(server, "cram")


def challenge(client):
    """The challenge that comes for AUTH CRAM-MD5."""
    return base64.b64decode(client.command("AUTH CRAM-MD5").removeprefix("334 "))


@both
def test_swaks(server, password):
    result = swaks(server, "--auth", "CRAM-MD5", "--quit-after", "RCPT", password=password)
    assert result.returncode == (0 if password == "secret" else 28), output(result)
    assert_outcome(server, password)


@both
def test_curl(server, password):
    result = curl(server, "--login-options", "AUTH=CRAM-MD5", "--sasl-ir", password=password)
    assert result.returncode == (0 if password == "secret" else 67), output(result)
    if password == "wrong":
        assert_refused(server, "cram")


@both
def test_msmtp(server, password):
    result = msmtp(server, "cram-md5", password=password)
    if password == "secret":
        assert any(f"\n<-- {code}" in output(result).rpartition("<-- 354 ")[2] for code in TAKEN), output(result)
    else:
        assert result.returncode == 77
    assert_outcome(server, password)


@both
def test_smtplib(server, password):
    with smtplib.SMTP("127.0.0.1", server.port, "client.test", timeout=DEADLINE) as smtp:
        if password == "wrong":
            with pytest.raises(smtplib.SMTPAuthenticationError):
                smtp.login("alice", password)
        else:
            assert smtp.login("alice", password) == (235, b"Authentication succeeded")
            assert smtp.mail(SENDER)[0] == 250 and smtp.rcpt(RECIPIENT)[0] == 250
    assert_outcome(server, password)


@both
def test_gsasl(server, password):
    result = gsasl(server, "CRAM-MD5", password)
    assert (OK in output(result)) == (password == "secret"), output(result)
    assert (INCORRECT in output(result)) == (password == "wrong")


@both
def test_exim(server, password):
    exim(server, "cram:\n  driver = cram_md5\n  public_name = CRAM-MD5\n  client_name = alice\n"
                 "  client_secret = PASSWORD\n", password)
    if password == "secret":
        server.place.wait_for_log(f" peer <alice> by <cram> as <{SENDER}> to <x>\n")
    else:
        assert_refused(server, "cram")


def test_challenges_are_message_ids_that_come_once(server):
    client = server.client()
    seen = set()
    for _ in range(20):
        found = re.fullmatch(rb"<([0-9]{40})\.[0-9]+@mail\.test>", challenge(client))
        assert found and found[1] not in seen
        seen.add(found[1])
        assert client.command("*").startswith("501 ")


def test_an_answer_is_good_for_its_challenge_only(server):
    client = server.client()
    first = challenge(client)
    assert client.command("*").startswith("501 ")
    challenge(client)
    answer = b64("alice " + hmac.new(b"secret", first, "md5").hexdigest())
    assert client.command(answer) == INCORRECT
    assert talk(client, "AUTH CRAM-MD5 " + answer) == ["553 Initial data not expected"]
    server.place.wait_for_log(failed(server, "cram", "553 Initial data not expected"))


def test_no_secret_and_no_digest_in_debugging_output(place):
    place.configure(sections=SECTIONS.replace("${lookup{$auth1}lsearch{FILE}{$value}fail}", "hunter2"))
    digest = "0123456789abcdef" * 2
    result = place.run("-d+all", "-bh", "192.0.2.1",
                       stdin="EHLO client.test\r\nAUTH CRAM-MD5\r\n" + b64(f"alice {digest}") + "\r\nQUIT\r\n")
    assert INCORRECT in result.stdout
    for secret in ("hunter2", digest, b64(f"alice {digest}")):
        assert secret not in result.stdout + result.stderr.replace("server_secret = hunter2", "")
