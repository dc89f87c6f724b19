"""The gsasl authenticator with real clients."""
import pytest

from authentication import CANCELLED, INCORRECT, LATER, OK, failed, talk
from gatepost import RIGHT, WRONG, b64
from peers import WATCHED, assert_refused, assert_served, msmtp, output, run, swaks

SECTIONS = WATCHED + """\
plain:
  driver = gsasl
  public_name = PLAIN
  server_condition = ${if and{{eq{$auth1}{alice}}{eq{$auth3}{secret}}}}
  server_set_id = $auth1
login:
  driver = gsasl
  public_name = LOGIN
  server_condition = ${if and{{eq{$auth1}{alice}}{eq{$auth3}{secret}}}}
  server_set_id = $auth1
anonymous:
  driver = gsasl
  public_name = ANONYMOUS
  server_condition = ${if match{$auth1}{@}}
  server_set_id = anonymous $auth1
external:
  driver = gsasl
  public_name = EXTERNAL
  server_condition = ${if eq{$auth1}{}}
  server_set_id = $sender_host_address
"""
SECRET = """
NAME:
  driver = gsasl
  public_name = MECHANISM
  server_password = ${if eq{$auth1}{alice}{secret}}
  server_scram_iter = 4096
  server_set_id = $auth1
"""
SECRET_MECHANISMS = ["CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"]

both = pytest.mark.parametrize("password", ["secret", "wrong"])


def name_of(mechanism):
    """What an authenticator for it is called here."""
    return mechanism.lower().replace("-", "_")


@pytest.fixture(name="server")
def fixture_server(daemon):
    """A daemon with every mechanism."""
    daemon.start("acl_smtp_rcpt = rcpt\n", SECTIONS + "".join(
        SECRET.replace("NAME", name_of(mechanism)).replace("MECHANISM", mechanism) for mechanism in SECRET_MECHANISMS))
    return daemon


def assert_outcome(server, mechanism, password):
    """The log tells that alice came in, or why not."""
    if password == "secret":
        assert_served(server, name_of(mechanism))
    else:
        assert_refused(server, name_of(mechanism))


@both
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5"])
def test_swaks(server, mechanism, password):
    result = swaks(server, "--auth", mechanism, "--quit-after", "RCPT", password=password)
    assert result.returncode == (0 if password == "secret" else 28), output(result)
    assert_outcome(server, mechanism, password)


@both
@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1", "SCRAM-SHA-256"])
def test_msmtp(server, mechanism, password):
    result = msmtp(server, mechanism.lower(), password=password)
    assert (result.returncode == 77) == (password == "wrong"), output(result)
    assert_outcome(server, mechanism, password)


@both
def test_gsasl(server, password):
    """The library's own client."""
    result = run("gsasl", "--smtp", "--connect", f"127.0.0.1:{server.port}", "--no-starttls", "--mechanism", "SCRAM-SHA-256",
                 "--authentication-id", "alice", "--authorization-id", "", "--password", password, "--quiet")
    text = output(result)
    assert ("235 Authentication succeeded" in text or result.returncode == 0) == (password == "secret"), text


def test_simple_mechanisms(server):
    client = server.client()
    assert talk(client, f"AUTH PLAIN {WRONG}", "AUTH PLAIN", WRONG, "AUTH PLAIN", "*", f"AUTH LOGIN {b64('alice')}",
                b64("wrong"), "AUTH EXTERNAL", b64("joe"), f"AUTH ANONYMOUS {b64('nobody')}",
                f"AUTH LOGIN {b64('alice')}", b64("secret")) == [
        INCORRECT, "334 ", INCORRECT, "334 ", CANCELLED, "334 UGFzc3dvcmQ=", INCORRECT, "334 ", INCORRECT, INCORRECT,
        "334 UGFzc3dvcmQ=", OK]
    assert talk(server.client(), f"AUTH ANONYMOUS {b64('me@x.test')}") == [OK]
    assert talk(server.client(), "AUTH EXTERNAL =") == [OK]


def test_unknown_user(server):
    """Nobody gets in as somebody who is not there, not with an empty password either."""
    result = msmtp(server, "scram-sha-1", password="")
    assert result.returncode != 0
    assert talk(server.client(), f"AUTH PLAIN {b64(chr(0) + 'bob' + chr(0))}", f"AUTH PLAIN {RIGHT}") == [INCORRECT, OK]


def test_condition_decides_too(daemon):
    daemon.start("", "begin authenticators\n" + SECRET.replace("NAME", "x").replace("MECHANISM", "CRAM-MD5") +
                 "  server_condition = no\n")
    result = swaks(daemon, "--auth", "CRAM-MD5", "--quit-after", "RCPT")
    assert result.returncode == 28, output(result)


def test_forced_failure_is_temporary(daemon):
    daemon.start("", "begin authenticators\nx:\n driver = gsasl\n public_name = CRAM-MD5\n"
                     " server_password = ${if eq{a}{b}{c}fail}\n")
    client = daemon.client()
    assert client.command("AUTH CRAM-MD5").startswith("334 ")
    assert client.command(b64("alice 0123456789abcdef0123456789abcdef")) == LATER
    daemon.place.wait_for_log(failed(daemon, "x", LATER, ': "if" failed and "fail" requested'))


def test_plus_without_tls(daemon):
    """There is nothing to bind to."""
    daemon.start("", "begin authenticators\n" + SECRET.replace("NAME", "x").replace("MECHANISM", "SCRAM-SHA-1-PLUS") +
                 "  server_channelbinding\n")
    first = b64("p=tls-exporter,,n=alice,r=fyko+d2lbbFgONRv9qkxdawL")
    assert daemon.client().command(f"AUTH SCRAM-SHA-1-PLUS {first}") == INCORRECT


@pytest.mark.parametrize("setting,why", [
    ("public_name = X-NONE\n server_condition = yes", "GNU SASL does not serve mechanism X-NONE"),
    ("public_name = PLAIN\n server_password = x", "server_condition must be set for PLAIN"),
    ("public_name = SCRAM-SHA-1\n server_condition = yes", "server_password, or server_key and server_skey, must be set"),
    ("public_name = X-NONE\n client_username = x", "GNU SASL is no client of mechanism X-NONE"),
])
def test_configuration_errors(place, setting, why):
    place.configure("", f"begin authenticators\nx:\n driver = gsasl\n {setting}\n")
    result = place.run("-bV", code=1)
    assert why in result.stderr and "in line" in result.stderr


def test_passwords_are_nowhere(server):
    result = server.place.run("-d+all", "-bh", "192.0.2.1", stdin="".join(line + "\r\n" for line in (
        "EHLO x", f"AUTH PLAIN {b64(chr(0) + 'alice' + chr(0) + 'hunter22')}", "AUTH LOGIN", b64("alice"),
        b64("hunter22"))))
    assert "535" in result.stdout
    assert "hunter22" not in result.stderr and b64("hunter22") not in result.stderr
