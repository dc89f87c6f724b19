"""The cyrus_sasl authenticator, with accounts in sasldb and with saslauthd."""
import base64
import hashlib
import hmac
import ssl
import subprocess

import pytest

from authentication import CANCELLED, INCORRECT, LATER, OK, failed, talk
from certificates import Authority
from gatepost import RIGHT, WRONG, b64
from mounts import bound, need_mounts
from peers import RECIPIENT, SENDER, assert_refused, assert_served, msmtp, output, swaks
from test_gsasl_options import nul_in_names
from test_pam import need_matrix
from test_password_daemons import fixture_directory, fixture_saslauthd  # noqa: F401 pylint: disable=unused-import

pytestmark = need_mounts

UNEXPECTED = "553 Initial data not expected"
MECHANISMS = ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"]
AUTHENTICATOR = """
NAME:
  driver = cyrus_sasl
  public_name = MECHANISM
  server_set_id = $auth1
"""
SECTIONS = """
begin acl
rcpt:
  accept authenticated = *
         logwrite = peer <$authenticated_id> by <$sender_host_authenticated> as <$authenticated_sender> \\
                    to <$local_part>
  deny   message = authenticate first
begin authenticators
"""

both = pytest.mark.parametrize("password", ["secret", "wrong"])


def name_of(mechanism):
    """What an authenticator for it is called here."""
    return mechanism.lower().replace("-", "_")


def authenticators(mechanisms, extra=""):
    """A section with an authenticator for each mechanism."""
    return SECTIONS + "".join(AUTHENTICATOR.replace("NAME", name_of(mechanism)).replace("MECHANISM", mechanism) + extra
                              for mechanism in mechanisms)


def add_user(place, realm, password):
    """Puts alice into the database."""
    subprocess.run(["saslpasswd2", "-p", "-c", "-f", place.path / "sasldb", "-u", realm, "alice"], check=True,
                   input=password.encode())
    (place.path / "sasldb").chmod(0o644)


def configure_library(place, text="pwcheck_method: auxprop\nauxprop_plugin: sasldb\n"):
    """Has the library of the place's programs configured so; the file's name."""
    directory = place.path / "sasl2"
    directory.mkdir()
    directory.chmod(0o755)
    config = directory / "exim.conf"
    config.write_text(f"{text}sasldb_path: {place.path}/sasldb\n")
    config.chmod(0o644)
    place.prefix = bound({"/usr/lib/sasl2": directory})
    return config


@pytest.fixture(name="sasldb")
def fixture_sasldb(place):
    """Alice is in the database that the library is configured to use, and nobody else."""
    add_user(place, "mail.test", "secret")
    return configure_library(place)


@pytest.fixture(name="server")
def fixture_server(daemon, sasldb):  # pylint: disable=unused-argument
    """A daemon whose library knows alice."""
    daemon.start("acl_smtp_rcpt = rcpt\n", authenticators(MECHANISMS))
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


def test_by_hand(server):
    client = server.client()
    assert talk(client, f"AUTH PLAIN {WRONG}", "AUTH PLAIN", WRONG, "AUTH PLAIN", "*", "AUTH LOGIN", b64("alice"),
                b64("wrong"), f"AUTH LOGIN {b64('alice')}", b64("secret")) == [
        INCORRECT, "334 ", INCORRECT, "334 ", CANCELLED, "334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", INCORRECT,
        "334 UGFzc3dvcmQ6", OK]
    log = server.place.log("main")
    assert log.count("535 Incorrect authentication data (set_id=alice)\n") == 3
    assert "plain authenticator (PLAIN): Cyrus SASL permanent failure: authentication failure" in \
        server.place.log("reject")
    assert "permanent failure" not in log


def test_unknown_user(server):
    assert server.client().command(f"AUTH PLAIN {b64(chr(0) + 'mallory' + chr(0) + 'secret')}") == INCORRECT
    server.place.wait_for_log(failed(server, "plain", INCORRECT, " (set_id=mallory)"))


def test_a_fresh_handle_for_each_attempt(server):
    """What a failed or broken attempt leaves behind does not help, or hinder, the next (CVE-2011-1720)."""
    client = server.client()
    challenge = base64.b64decode(client.command("AUTH CRAM-MD5").removeprefix("334 "))
    right = b64(f"alice {hmac.new(b'secret', challenge, hashlib.md5).hexdigest()}")
    assert client.command("*") == CANCELLED
    assert client.command("AUTH DIGEST-MD5").startswith("334 ")
    assert client.command(right).startswith("5")
    assert client.command("AUTH CRAM-MD5").startswith("334 ")
    assert client.command(right) == INCORRECT  # the challenge was another one
    assert client.command(f"AUTH PLAIN {RIGHT}") == OK


@pytest.mark.parametrize("mechanism,data", [
    ("PLAIN", "x"), ("PLAIN", "\0\0\0\0\0\0"), ("PLAIN", "\0alice\0secret\0more"), ("CRAM-MD5", "alice"),
    ("SCRAM-SHA-1", "n,,n=alice"), ("SCRAM-SHA-1", "y,,n=alice,r="), ("SCRAM-SHA-256", "p=x,,n=a,r=b"),
    ("DIGEST-MD5", "username=\"alice\""), ("DIGEST-MD5", "\""), ("LOGIN", "a\0b")])
def test_nonsense(server, intact, mechanism, data):  # pylint: disable=unused-argument
    client = server.client()
    reply = client.command(f"AUTH {mechanism}")
    while reply.startswith("334"):
        reply = client.command(b64(data))
    assert reply in (INCORRECT, UNEXPECTED)
    assert client.command(f"AUTH PLAIN {RIGHT}") == OK


def test_initial_response_where_the_server_speaks_first(server):
    assert server.client().command(f"AUTH CRAM-MD5 {b64('alice x')}") == UNEXPECTED


def test_options(daemon, sasldb):  # pylint: disable=unused-argument
    """Another name for a mechanism, and another host, where alice has another password."""
    add_user(daemon.place, "other.test", "elsewhere")
    daemon.start("", authenticators(["X-OWN"], "  server_mech = plain\n  server_hostname = other${if eq{a}{a}{.test}}\n"))
    there = b64("\0alice\0elsewhere")
    assert talk(daemon.client(), f"AUTH X-OWN {RIGHT}", f"AUTH X-OWN {there}") == [INCORRECT, OK]


def test_realm(daemon, sasldb):  # pylint: disable=unused-argument
    daemon.start("", authenticators(["DIGEST-MD5"], "  server_realm = realm.test\n"))
    challenge = base64.b64decode(daemon.client().command("AUTH DIGEST-MD5").removeprefix("334 "))
    assert b'realm="realm.test"' in challenge


def test_condition_decides_too(daemon, sasldb):  # pylint: disable=unused-argument
    daemon.start("", authenticators(["PLAIN"], "  server_condition = ${if eq{$auth1}{bob}}\n"))
    assert daemon.client().command(f"AUTH PLAIN {RIGHT}") == INCORRECT


def test_forced_failure(daemon, sasldb):  # pylint: disable=unused-argument
    daemon.start("", authenticators(["PLAIN"], "  server_realm = ${if eq{a}{b}{x}fail}\n"))
    assert daemon.client().command(f"AUTH PLAIN {RIGHT}") == INCORRECT


def test_unknown_mechanism(place, sasldb):  # pylint: disable=unused-argument
    place.configure("", authenticators(["X-NONE"]))
    result = place.run("-bV", code=1)
    assert 'Cyrus SASL does not offer mechanism "X-NONE"' in result.stderr and "in line" in result.stderr


def test_passwords_are_nowhere(place, sasldb):  # pylint: disable=unused-argument
    """Not even with all debugging."""
    place.configure("", authenticators(MECHANISMS))
    result = place.run("-d+all", "-bh", "192.0.2.1", stdin="".join(line + "\r\n" for line in (
        "EHLO x", f"AUTH PLAIN {b64(chr(0) + 'alice' + chr(0) + 'hunter22')}", "AUTH LOGIN", b64("alice"),
        b64("hunter22"))))
    assert "535" in result.stdout
    assert "hunter22" not in result.stderr and b64("hunter22") not in result.stderr


# --- The library's own configuration


def test_mechanisms_that_the_library_may_not_use(place, sasldb):
    """What its mech_list leaves out is an error of our configuration."""
    sasldb.write_text(sasldb.read_text() + "mech_list: CRAM-MD5\n")
    place.configure("", authenticators(["PLAIN"]))
    result = place.run("-bV", code=1)
    assert 'Cyrus SASL does not offer mechanism "PLAIN" (but CRAM-MD5)' in result.stderr


@need_matrix
@both
@pytest.mark.usefixtures("saslauthd")
def test_saslauthd(daemon, password):
    """The library asks saslauthd, which is told the service: its PAM has one of that name."""
    configure_library(daemon.place, f"pwcheck_method: saslauthd\nsaslauthd_path: {daemon.place.path}/sockets/mux\n")
    daemon.start("", authenticators(["PLAIN", "LOGIN"], "  server_service = exim\n"))
    client = daemon.client()
    reply = OK if password == "secret" else INCORRECT
    assert client.command(f"AUTH PLAIN {b64(chr(0) + 'alice' + chr(0) + password)}") == reply
    client = daemon.client()
    assert talk(client, "AUTH LOGIN", b64("alice"), b64(password))[-1] == reply
    if password == "wrong":
        assert daemon.place.log("main").count("535 Incorrect authentication data (set_id=alice)\n") == 2


@need_matrix
@pytest.mark.usefixtures("saslauthd")
def test_saslauthd_is_told_the_service(daemon):
    """There is no PAM service of the default's name, so that nobody gets in."""
    configure_library(daemon.place, f"pwcheck_method: saslauthd\nsaslauthd_path: {daemon.place.path}/sockets/mux\n")
    daemon.start("", authenticators(["PLAIN"]))
    assert daemon.client().command(f"AUTH PLAIN {RIGHT}") == INCORRECT


def test_realms(daemon, sasldb):  # pylint: disable=unused-argument
    """Two accounts of one name: who says which is meant gets that one, who does not the realm of this host."""
    add_user(daemon.place, "other.test", "elsewhere")
    daemon.start("", authenticators(MECHANISMS))
    client = daemon.client()
    assert [client.command(f"AUTH PLAIN {b64(chr(0) + name + chr(0) + password)}") for name, password in (
        ("alice", "elsewhere"), ("alice@mail.test", "elsewhere"), ("alice@other.test", "secret"),
        ("alice@none.test", "secret"))] == [INCORRECT] * 4
    assert client.command(f"AUTH PLAIN {b64(chr(0) + 'alice@other.test' + chr(0) + 'elsewhere')}") == OK
    client = daemon.client()
    challenge = base64.b64decode(client.command("AUTH CRAM-MD5").removeprefix("334 "))
    proof = hmac.new(b"elsewhere", challenge, hashlib.md5).hexdigest()
    assert client.command(b64(f"alice@other.test {proof}")) == OK


def test_no_encryption_of_its_own(server):
    """DIGEST-MD5 could encrypt the session; it is not offered, and not taken."""
    client = server.client()
    challenge = base64.b64decode(client.command("AUTH DIGEST-MD5").removeprefix("334 "))
    assert b'qop="auth",' in challenge and b"cipher=" not in challenge
    nonce = challenge.split(b'nonce="')[1].split(b'"')[0]
    assert client.command(b64(b'username="alice",realm="mail.test",nonce="%b",cnonce="own",nc=00000001,qop=auth-conf,'
                              b'cipher=rc4,digest-uri="smtp/mail.test",response=%b' % (nonce, b"0" * 32)))[0] == "5"


def test_certificate(daemon, sasldb, tmp_path):  # pylint: disable=unused-argument
    """EXTERNAL: the library is told whose certificate TLS has verified, and nothing else counts: where it knows
    of none it has no such mechanism."""
    authority = Authority(tmp_path)
    for name in ("server", "alice"):
        authority.issue(name, f"/CN={name}").with_suffix(".key").chmod(0o644)
    daemon.start(f"tls_advertise_hosts = *\ntls_certificate = {tmp_path}/server.pem\ntls_privatekey = {tmp_path}/server.key\n"
                 f"tls_verify_certificates = {tmp_path}/ca.pem\ntls_try_verify_hosts = *\nacl_smtp_rcpt = rcpt\n",
                 authenticators(["EXTERNAL"]))
    for certificate, reply in (("alice", OK), (None, LATER)):
        client = daemon.client()
        assert client.command(f"AUTH EXTERNAL {b64('alice')}") == LATER
        client.command("STARTTLS")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if certificate:
            context.load_cert_chain(tmp_path / f"{certificate}.pem", tmp_path / f"{certificate}.key")
        client.socket = context.wrap_socket(client.socket)
        client.file = client.socket.makefile("rb")
        assert talk(client, "EHLO client.test", "AUTH EXTERNAL =")[1] == reply
        if certificate:
            talk(client, f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{RECIPIENT}>")
            assert_served(daemon, "external")


def test_nul(server):
    """To the library names are strings: alice with a NUL behind her would be alice."""
    assert set(nul_in_names(server.client()).values()) == {INCORRECT, UNEXPECTED}  # that is PLAIN with a field too many

