"""The heimdal_gssapi authenticator with a KDC, and with clients of MIT's library."""
import subprocess

import pytest

from authentication import CANCELLED, INCORRECT, LATER, talk
from gatepost import DEADLINE, b64
from kerberos import REALM, Realm
from open_directory import open_to_all
from peers import RECIPIENT, SENDER, output

AUTHENTICATOR = """
begin acl
rcpt:
  accept authenticated = *
         logwrite = peer <$authenticated_id>
  deny   message = authenticate first
begin authenticators
gss:
  driver = heimdal_gssapi
  public_name = GSSAPI
  server_hostname = localhost
  server_set_id = $auth1 as $auth2
"""


@pytest.fixture(name="realm", scope="module")
def fixture_realm(tmp_path_factory):
    """A realm, for all tests of this file."""
    path = open_to_all(tmp_path_factory.mktemp("kerberos"))
    realm = Realm(path / "realm")
    yield realm
    realm.stop()


@pytest.fixture(name="server")
def fixture_server(daemon, realm):
    """A daemon with the realm's key for smtp at localhost."""
    start(daemon, realm, f"  server_keytab = {realm.keytab}\n")
    return daemon


def start(daemon, realm, options):
    """A daemon in the realm."""
    daemon.start(f"keep_environment =\nadd_environment = KRB5_CONFIG={realm.config}\nacl_smtp_rcpt = rcpt\n",
                 AUTHENTICATOR + options)


def client(server, realm):
    """Runs curl with the realm's ticket, if there is one."""
    return subprocess.run(["curl", "--silent", "--verbose", "--ipv4", "--max-time", str(DEADLINE), "--user",
                           f"alice@{REALM}:", "--login-options", "AUTH=GSSAPI", "--mail-from", SENDER, "--mail-rcpt",
                           RECIPIENT, "--upload-file", "-", f"smtp://localhost:{server.port}/client.test"],
                          env=realm.environment, input=b"Subject: x\n\nx\n", stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=DEADLINE, check=False)


def test_curl(server, realm):
    assert realm.kinit()
    result = client(server, realm)
    assert "235 Authentication succeeded" in output(result), output(result)
    server.place.wait_for_log(f" peer <alice@{REALM} as alice@{REALM}>\n")


def test_msmtp(server, realm):
    assert realm.kinit()
    result = subprocess.run(["msmtp", "--host=localhost", f"--port={server.port}", "--tls=off", "--domain=client.test",
                             "--debug", "--auth=gssapi", "--user=bob", f"--from={SENDER}", RECIPIENT], input=b"x\n",
                            env=realm.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=DEADLINE,
                            check=False)
    assert "235 Authentication succeeded" in output(result), output(result)
    # Who the client wants to act as is not verified; who it is, is.
    server.place.wait_for_log(f" peer <alice@{REALM} as ")


def test_without_a_ticket(server, realm, tmp_path):
    realm = type("Empty", (), {"environment": {**realm.environment, "KRB5CCNAME": f"FILE:{tmp_path}/none"}})
    assert client(server, realm).returncode != 0
    assert " peer <" not in server.place.log("main")


# What the library would take as well, and GSSAPI is not (RFC 4752, section 3.1): SPNEGO, with Kerberos to choose
# from, and NTLM.
SPNEGO = "`\x1b\x06\x06\x2b\x06\x01\x05\x05\x02\xa0\x110\x0f\xa0\x0d0\x0b\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"
NTLM = "NTLMSSP\0\1\0\0\0\7\2\0\0" + "\0" * 16


@pytest.mark.parametrize("token", ["", "x", "\0\0\0\0", "`\x82\xff\xff", "`\x06\x06\x04\x2b\x06\x01\x05", "a" * 3000,
                                   SPNEGO, NTLM])
def test_nonsense(server, intact, token):  # pylint: disable=unused-argument
    peer = server.client()
    assert peer.command("AUTH GSSAPI") == "334 "
    assert peer.command(b64(token.encode("latin-1")) or "=") in (INCORRECT, "501 Invalid base64 data")
    assert talk(peer, "AUTH GSSAPI", "*") == ["334 ", CANCELLED]


def test_no_keytab(daemon, realm, tmp_path):
    start(daemon, realm, f"  server_keytab = {tmp_path}/none\n")
    assert daemon.client().command("AUTH GSSAPI") == LATER
    daemon.place.wait_for_log(": the keytab cannot be used: ")


def test_another_service(daemon, realm):
    """A keytab that has no key for the service."""
    start(daemon, realm, f"  server_keytab = {realm.keytab}\n  server_service = imap\n")
    assert daemon.client().command("AUTH GSSAPI") == LATER


def test_condition_decides_too(daemon, realm):
    start(daemon, realm, f"  server_keytab = {realm.keytab}\n  server_condition = ${{if match{{$auth1}}{{^bob@}}}}\n")
    assert realm.kinit()
    assert INCORRECT in output(client(daemon, realm))


def test_configuration_error(place):
    place.configure("", "begin authenticators\nx:\n driver = heimdal_gssapi\n client_keytab = /x\n")
    assert "client_keytab needs client_principal" in place.run("-bV", code=1).stderr
