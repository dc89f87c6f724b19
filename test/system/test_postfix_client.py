"""Postfix's client, which authenticates through Cyrus's library, hands mail on to Gatepost: every mechanism that both
have, with the right password and with a wrong one."""
import smtplib

import pytest

from authentication import INCORRECT
from certificates import Authority
from gatepost import DEADLINE, Place, wait_until
from next_hops import PostfixRelay, start

SENDER = "alice@from.test"

SERVER = """
acl_smtp_rcpt = rcpt
exim_user = mail
queue_only
"""
SECTIONS = """
begin acl
rcpt:
  accept authenticated = *
  deny   message = authenticate first
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{eq{$auth2}{alice}}{eq{$auth3}{secret}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${if and{{eq{$auth1}{alice}}{eq{$auth2}{secret}}}}
  server_set_id = $auth1
cram_md5:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${if eq{$auth1}{alice}{secret}fail}
  server_set_id = $auth1
digest_md5:
  driver = gsasl
  public_name = DIGEST-MD5
  server_password = ${if eq{$auth1}{alice}{secret}fail}
  server_set_id = $auth1
scram_sha_256:
  driver = gsasl
  public_name = SCRAM-SHA-256
  server_password = ${if eq{$auth1}{alice}{secret}fail}
  server_scram_iter = 4096
  server_set_id = $auth1
ntlm:
  driver = spa
  public_name = NTLM
  server_password = ${if eq{$auth1}{alice}{secret}fail}
  server_set_id = $auth1
"""
MECHANISMS = ["plain", "login", "cram-md5", "digest-md5", "scram-sha-256", "ntlm"]
DOMAINS = {f"{mechanism}.{password}.test": (mechanism, password)
           for mechanism in MECHANISMS for password in ("secret", "wrong")}


@pytest.fixture(name="gatepost", scope="module")
def fixture_gatepost(tmp_path_factory):
    path = tmp_path_factory.mktemp("gatepost")
    for parent in (path, *path.parents[:2]):
        parent.chmod(0o755)
    place = Place(path, SERVER, SECTIONS)
    place.port = place.daemon()
    yield place
    place.stop()


@pytest.fixture(name="postfix", scope="module")
def fixture_postfix(gatepost, tmp_path_factory):
    path = tmp_path_factory.mktemp("postfix")
    certificate = Authority(path).issue("postfix", "/CN=postfix.test")
    relay = start(lambda *arguments: PostfixRelay(*arguments, gatepost.port, DOMAINS), path, certificate,
                  Place.listening)
    yield relay
    relay.stop()


@pytest.mark.parametrize("password", ["secret", "wrong"])
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_relaying(gatepost, postfix, mechanism, password):
    recipient = f"bob@{mechanism}.{password}.test"
    with smtplib.SMTP("127.0.0.1", postfix.port, "client.test", timeout=DEADLINE) as client:
        client.sendmail(SENDER, recipient, f"Subject: {mechanism}\r\n\r\nHello\r\n")
    wait_until(lambda: f" to=<{recipient}>, " in postfix.log(), f"Postfix tells of {recipient}")
    said = next(line for line in postfix.log().splitlines() if f" to=<{recipient}>, " in line)
    name = mechanism.replace("-", "_")
    failure = f" {name} authenticator failed for H=(postfix.test) [127.0.0.1]: {INCORRECT}"
    if password == "secret":
        assert "status=sent (250 OK id=" in said
        gatepost.wait_for_log(f" <= {SENDER} H=(postfix.test) [127.0.0.1] P=esmtpa A={name}:alice S=")
    else:
        assert f"status=deferred (SASL authentication failed; server 127.0.0.1[127.0.0.1] said: {INCORRECT})" in said
        gatepost.wait_for_log(failure)
