"""The dovecot authenticator: with Dovecot's own service, and with services that misbehave."""
import base64
import hashlib
import hmac
import re
import ssl
import subprocess

import pytest

from authentication import CANCELLED, INCORRECT, LATER, OK, failed, talk
from certificates import Authority
from dovecot_server import HANDSHAKE, DovecotServer, FakeService
from gatepost import RIGHT, WRONG, b64, free_port
from open_directory import open_to_all
from peers import assert_refused, assert_served, msmtp, output, swaks
from test_gsasl_options import nul_in_names

AUTHENTICATOR = """
NAME:
  driver = dovecot
  public_name = MECHANISM
  server_socket = SOCKET
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


def authenticators(socket, mechanisms, extra=""):
    """A section with an authenticator for each mechanism."""
    return SECTIONS + "".join(
        AUTHENTICATOR.replace("NAME", mechanism.lower().replace("-", "_")).replace("MECHANISM", mechanism)
        .replace("SOCKET", str(socket)) + extra for mechanism in mechanisms)


# --- The real service


@pytest.fixture(name="dovecot", scope="module")
def fixture_dovecot(tmp_path_factory):
    """Dovecot, for all tests of this file."""
    path = open_to_all(tmp_path_factory.mktemp("dovecot"))
    server = DovecotServer(path / "server")
    yield server
    server.stop()


MECHANISMS = ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"]


@pytest.fixture(name="server")
def fixture_server(daemon, dovecot):
    """A daemon that has Dovecot judge."""
    daemon.start("acl_smtp_rcpt = rcpt\n", authenticators(dovecot.socket, MECHANISMS))
    return daemon


def assert_outcome(server, name, password):
    """The log tells that alice came in, or why not."""
    if password == "secret":
        assert_served(server, name)
    else:
        assert_refused(server, name)


@both
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5"])
def test_swaks(server, mechanism, password):
    result = swaks(server, "--auth", mechanism, "--quit-after", "RCPT", password=password)
    assert result.returncode == (0 if password == "secret" else 28), output(result)
    assert_outcome(server, mechanism.lower().replace("-", "_"), password)


@both
@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1", "SCRAM-SHA-256"])
def test_msmtp(server, mechanism, password):
    result = msmtp(server, mechanism.lower(), password=password)
    assert (result.returncode == 77) == (password == "wrong"), output(result)
    assert_outcome(server, mechanism.lower().replace("-", "_"), password)


def test_listeners(daemon, dovecot):
    """The service on a port, and every way to say the same thing."""
    daemon.start("", authenticators(f"inet:127.0.0.1:{dovecot.port}", MECHANISMS))
    client = daemon.client()
    assert talk(client, f"AUTH PLAIN {WRONG}", "AUTH PLAIN", WRONG, "AUTH PLAIN", "*",
                f"AUTH PLAIN {b64('x')}", f"AUTH PLAIN {RIGHT}") == [
        INCORRECT, "334 ", INCORRECT, "334 ", CANCELLED, INCORRECT, OK]
    assert daemon.place.log("main").count("(set_id=alice)") == 2


def test_digest_continues(server):
    """CRAM-MD5 by hand: the challenge is the service's."""
    client = server.client()
    challenge = client.command("AUTH CRAM-MD5").removeprefix("334 ")
    digest = hmac.new(b"secret", base64.b64decode(challenge), hashlib.md5).hexdigest()
    assert client.command(b64(f"alice {digest}")) == OK


def test_user_may_not_log_in(server):
    """The right password of somebody whom Dovecot's configuration keeps out."""
    client = server.client()
    assert client.command(f"AUTH PLAIN {b64(chr(0) + 'bob' + chr(0) + 'secret')}") == INCORRECT
    server.place.wait_for_log(failed(server, "plain", INCORRECT, " (set_id=bob)"))


def test_condition_decides_too(daemon, dovecot):
    daemon.start("", authenticators(dovecot.socket, ["PLAIN"], "  server_condition = ${if eq{$auth1}{bob}}\n"))
    assert daemon.client().command(f"AUTH PLAIN {RIGHT}") == INCORRECT


@pytest.mark.parametrize("name", ["${run{/bin/true}}", "' or 1=1 --", "*)(uid=*", "a\tuser=alice", "a\nOK\t1\tuser=alice"])
def test_names_are_nothing_but_names(server, name):
    assert server.client().command(f"AUTH PLAIN {b64(f'{chr(0)}{name}{chr(0)}secret')}") == INCORRECT


def test_nul(server):
    """Names that are alice's up to a NUL are not hers."""
    assert set(nul_in_names(server.client()).values()) == {INCORRECT}


def test_not_offered(daemon, dovecot):
    daemon.start("", authenticators(dovecot.socket, ["NTLM"]))
    assert daemon.client().command("AUTH NTLM") == LATER
    daemon.place.wait_for_log(failed(daemon, "ntlm", LATER, ': Dovecot did not advertise mechanism "NTLM" to us'))


def test_wrong_socket(daemon, tmp_path):
    daemon.start("", authenticators(tmp_path / "none", ["PLAIN"]))
    assert daemon.client().command(f"AUTH PLAIN {RIGHT}") == LATER
    daemon.place.wait_for_log(failed(daemon, "plain", LATER, f": unable to connect to UNIX socket ({tmp_path}/none): "
                                                             "No such file or directory"))


# --- Services that misbehave


@pytest.fixture(name="fake")
def fixture_fake(daemon, tmp_path):
    """Makes a fake service and a daemon that uses it."""
    services = []

    def make(*answers, options="", **settings):
        services.append(FakeService(tmp_path / "fake", answers, **settings))
        daemon.start(options, authenticators(tmp_path / "fake", ["PLAIN", "LOGIN"]))
        return services[-1]

    yield make
    for service in services:
        service.stop()


def test_request(daemon, fake):
    """What the service is told, and in which order."""
    service = fake(b"OK\t1\tuser=alice\n")
    assert daemon.client().command(f"AUTH PLAIN {RIGHT}") == OK
    version, pid, request = service.lines
    assert version == "VERSION\t1\t1"
    assert re.fullmatch(r"CPID\t\d+", pid)
    assert re.fullmatch("AUTH\t1\tPLAIN\tservice=smtp\tsecured\trip=127.0.0.1\trport=\\d+\tlip=127.0.0.1\t"
                        f"lport={daemon.port}\tnologin\tresp={re.escape(RIGHT)}", request), request


def test_secured(daemon, fake):
    """A connection in clear from elsewhere is not secured."""
    service = fake(b"OK\t1\tuser=alice\n")
    assert OK in daemon.place.session("EHLO x", f"AUTH PLAIN {RIGHT}")
    assert service.lines[2].startswith("AUTH\t1\tPLAIN\tservice=smtp\trip=192.0.2.1\tnologin\t")


@pytest.mark.parametrize("version,secured", [(b"1\t1", "secured"), (b"1\t2", "secured=tls"), (b"1\t4", "secured=tls"),
                                             (b"1", "secured"), (b"1\tx", "secured")])
@pytest.mark.parametrize("certificate", [True, False])
def test_what_is_told_of_tls(daemon, fake, tmp_path, version, secured, certificate):
    """That it is TLS, to services that know the difference; whose certificate the client has, where it is verified."""
    authority = Authority(tmp_path)
    for name in ("server", "alice"):
        authority.issue(name, f"/CN={name}").with_suffix(".key").chmod(0o644)
    service = fake(b"OK\t1\tuser=alice\n", handshake=HANDSHAKE.replace(b"1\t2", version),
                   options=f"tls_advertise_hosts = *\ntls_certificate = {tmp_path}/server.pem\n"
                           f"tls_privatekey = {tmp_path}/server.key\ntls_verify_certificates = {tmp_path}/ca.pem\n"
                           "tls_try_verify_hosts = *\n")
    client = daemon.client()
    client.command("STARTTLS")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(tmp_path / "alice.pem", tmp_path / "alice.key")
    client.socket = context.wrap_socket(client.socket)
    client.file = client.socket.makefile("rb")
    assert talk(client, "EHLO client.test", f"AUTH PLAIN {RIGHT}")[1] == OK
    whose = "\tvalid-client-cert\tcert_username=alice" if certificate else ""
    assert service.lines[2].startswith(f"AUTH\t1\tPLAIN\tservice=smtp\t{secured}{whose}\trip=127.0.0.1\t"), service.lines


def test_empty_and_no_response(daemon, fake):
    service = fake(b"CONT\t1\t\n", b"OK\t1\tuser=alice\n")
    client = daemon.client()
    assert talk(client, "AUTH PLAIN", RIGHT) == ["334 ", OK]
    assert service.lines[2].endswith("\tnologin")
    assert service.lines[3] == f"CONT\t1\t{RIGHT}"
    assert talk(daemon.client(), "AUTH PLAIN =", "=") == ["334 ", "501 Invalid base64 data"]
    assert service.lines[6].endswith("\tnologin\tresp=")


def test_octet_by_octet(daemon, fake):
    fake(b"CONT\t1\tVXNlcm5hbWU6\n", b"CONT\t1\tUGFzc3dvcmQ6\n", b"OK\t1\tuser=alice\n", pieces=True)
    assert talk(daemon.client(), "AUTH LOGIN", b64("alice"), b64("secret")) == [
        "334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", OK]


def test_gone_in_the_middle(daemon, fake):
    """The service ends between two steps, and is there again for the next attempt."""
    fake(b"CONT\t1\tVXNlcm5hbWU6\n")
    for _ in range(2):
        assert talk(daemon.client(), "AUTH LOGIN", b64("alice")) == ["334 VXNlcm5hbWU6", LATER]
    daemon.place.wait_for_log(failed(daemon, "login", LATER, ": authentication socket read error or premature eof"))


def test_nobody_listens(daemon):
    port = free_port()
    daemon.start("", authenticators(f"inet:127.0.0.1:{port}", ["PLAIN"]))
    assert daemon.client().command(f"AUTH PLAIN {RIGHT}") == LATER
    daemon.place.wait_for_log("Connection refused")


@pytest.mark.parametrize("answer", [
    b"FAIL\t1\n", b"FAIL\t1\tuser=alice\n", b"FAIL\t1\tuser=alice\tauthz\n", b"FAIL\t1\tuser_disabled\n",
    b"FAIL\t1\tcode=pass_expired\tuser=alice\n", b"FAIL\t1\tcode=somethingnew\treason=no\\x01t\n"])
def test_failures(daemon, fake, answer):
    fake(answer)
    assert daemon.client().command(f"AUTH PLAIN {RIGHT}") == INCORRECT
    daemon.place.wait_for_log(failed(daemon, "plain", INCORRECT, " (set_id=alice)" if b"user=" in answer else ""))


@pytest.mark.parametrize("answer,why", [
    (b"FAIL\t1\tuser=alice\ttemp\n", "Dovecot's authentication service failed temporarily"),
    (b"FAIL\t1\tcode=temp_fail\treason=the\x01tdatabase\n", "the\tdatabase"),
    (b"OK\t1\n", "authentication socket protocol error: success without a user"),
    (b"OK\t1\tuser=\n", "authentication socket protocol error: success without a user"),
    (b"OK\t2\tuser=alice\n", "authentication socket protocol error: answer to another request"),
    (b"OK\n", "authentication socket protocol error: answer to another request"),
    (b"\n", "authentication socket protocol error: answer to another request"),
    (b"WHAT\t1\tuser=alice\n", "authentication socket protocol error: unexpected answer"),
    (b"CONT\t1\t!!!\n", "authentication socket protocol error: invalid base64 data"),
    (b"OK\t1\tuser=alice", "authentication socket read error or premature eof"),
    (b"OK\t1\tuser=" + b"a" * 20000 + b"\n", "authentication socket protocol error: line too long"),
])
def test_no_answer(daemon, fake, answer, why):
    fake(answer)
    assert daemon.client().command(f"AUTH PLAIN {RIGHT}") == LATER
    daemon.place.wait_for_log("435 Unable to authenticate at present")
    assert why.replace("\t", "\\t") in daemon.place.log("main").replace("\\011", "\\t").replace("\t", "\\t")


@pytest.mark.parametrize("handshake,why", [
    (b"VERSION\t2\t0\nMECH\tPLAIN\nDONE\n", "version mismatch"),
    (b"VERSION\nMECH\tPLAIN\nDONE\n", "version mismatch"),
    (b"MECH\tPLAIN\nDONE\n", "no VERSION"),
    (b"VERSION\t1\t2\nSPID\t1\nDONE\n", "authentication socket type mismatch (connected to auth-master instead of auth-client)"),
    (b"VERSION\t1\t2\nMECH\tPLAIN\n" + b"X\n" * 1000, "no DONE"),
    (b"VERSION\t1\t2\n" + b"M" * 20000 + b"\n", "line too long"),
    (b"VERS", "435 Unable to authenticate at present: authentication socket "),  # ... read error, or write error
    (b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID", "435 Unable to authenticate at present: authentication socket "),
    (b"VERSION\t1\t2\nMECH\nDONE\n", 'did not advertise mechanism "PLAIN"'),
])
def test_bad_handshakes(daemon, fake, handshake, why):
    fake(handshake=handshake)
    assert daemon.client().command(f"AUTH PLAIN {RIGHT}") == LATER
    daemon.place.wait_for_log(why)


def test_names_are_unescaped(daemon, fake):
    """A control octet in a name does not reach the log as it is."""
    fake(b"FAIL\t1\tuser=a\x01n\x01tb\x011c\n")
    assert daemon.client().command(f"AUTH PLAIN {RIGHT}") == INCORRECT
    daemon.place.wait_for_log("(set_id=a\\n")


def test_tls(daemon, tmp_path):
    """A service that wants TLS on its port."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", "/CN=dovecot.test", "-keyout", tmp_path / "key", "-out", tmp_path / "certificate"],
                   check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
    service = FakeService(None, [b"OK\t1\tuser=alice\n"], tls=context)
    port = service.listener.getsockname()[1]
    try:
        daemon.start("", authenticators(f"inet:127.0.0.1:{port}", ["PLAIN"], "  server_tls\n"))
        client = daemon.client()
        assert client.command(f"AUTH PLAIN {RIGHT}") == OK
    finally:
        service.stop()


def test_tls_where_there_is_none(daemon, dovecot):
    """Nothing goes out in clear instead."""
    daemon.start("", authenticators(f"inet:127.0.0.1:{dovecot.port}", ["PLAIN"], "  server_tls\n"))
    assert daemon.client().command(f"AUTH PLAIN {RIGHT}") == LATER
    daemon.place.wait_for_log("435 Unable to authenticate at present: TLS session: ")


# --- Configuration


@pytest.mark.parametrize("setting,why", [
    ("server_socket = relative", "server_socket must be an absolute file name or inet:host:port"),
    ("server_socket = /a\n  server_tls", "server_tls is for a server_socket that is inet:host:port"),
])
def test_configuration_errors(place, setting, why):
    place.configure("", f"begin authenticators\nx:\n  driver = dovecot\n  {setting}\n")
    result = place.run("-bV", code=1)
    assert why in result.stderr and "line" in result.stderr
