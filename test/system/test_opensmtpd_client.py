"""OpenSMTPD's client hands mail on to Gatepost: with TLS, by PLAIN and by LOGIN, with the right password and with a wrong
one."""
import smtplib

import pytest

from authentication import INCORRECT
from certificates import Authority
from gatepost import DEADLINE, Place, wait_until
from mounts import possible
from next_hops import OpenSmtpdRelay, start

SENDER = "alice@from.test"

# The client takes the first mechanism that it knows; it greets with the domain that it has mail for.
SERVER = """
acl_smtp_rcpt = rcpt
exim_user = mail
queue_only
tls_advertise_hosts = *
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
  server_advertise_condition = ${if def:tls_in_cipher {${if match{$sender_helo_name}{plain}}}}
  server_prompts = :
  server_condition = ${if and{{eq{$auth2}{alice}}{eq{$auth3}{secret}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_advertise_condition = ${if def:tls_in_cipher {${if match{$sender_helo_name}{login}}}}
  server_prompts = Username:: : Password::
  server_condition = ${if and{{eq{$auth1}{alice}}{eq{$auth2}{secret}}}}
  server_set_id = $auth1
"""


@pytest.fixture(name="gatepost", scope="module")
def fixture_gatepost(tmp_path_factory):
    path = tmp_path_factory.mktemp("gatepost")
    for parent in (path, *path.parents[:2]):
        parent.chmod(0o755)
    certificate = Authority(path).issue("mail", "/CN=mail.test")
    place = Place(path, SERVER + f"tls_certificate = {certificate}\ntls_privatekey = {certificate.with_suffix('.key')}\n",
                  SECTIONS)
    place.port = place.daemon()
    yield place
    place.stop()


@pytest.fixture(name="relay")
def fixture_relay(gatepost, tmp_path):
    """Starts one that has mail for a domain: after a refusal it does not call the same host again for a while."""
    if not possible():
        pytest.skip("OpenSMTPD has to see files of its own: that takes root and mount namespaces")
    started = []

    def begin(domain, password):
        started.append(start(lambda path, certificate: OpenSmtpdRelay(path, certificate, gatepost.port, {domain: password}),
                             tmp_path, None, Place.listening))
        return started[0]

    yield begin
    for hop in started:
        hop.stop()


@pytest.mark.parametrize("password", ["secret", "wrong"])
@pytest.mark.parametrize("mechanism", ["plain", "login"])
def test_relaying(gatepost, relay, mechanism, password):
    domain = f"{mechanism}.{password}.test"
    recipient = f"bob@{domain}"
    opensmtpd = relay(domain, password)
    with smtplib.SMTP("127.0.0.1", opensmtpd.port, "client.test", timeout=DEADLINE) as client:
        client.sendmail(SENDER, recipient, f"Subject: {mechanism}\r\n\r\nHello\r\n")
    peer = f"H=({domain}) [127.0.0.1]"
    if password == "secret":
        wait_until(lambda: f"to=<{recipient}> rcpt=" in opensmtpd.log(), "OpenSMTPD tells what has become of the mail")
        assert 'result="Ok" stat="250 OK id=' in opensmtpd.log()
        gatepost.wait_for_log(f" <= {SENDER} {peer} P=esmtpsa ")
        assert f" A={mechanism}:alice " in gatepost.log("main")
    else:
        wait_until(lambda: f"AUTH rejected: {INCORRECT}" in opensmtpd.log(), "OpenSMTPD tells that it may not log in")
        gatepost.wait_for_log(f" {mechanism} authenticator failed for {peer}: {INCORRECT} (set_id=alice)")
        assert f" <= {SENDER} {peer}" not in gatepost.log("main")
