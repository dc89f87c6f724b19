"""SCRAM bound to the TLS connection it runs on (gsasl's -PLUS mechanisms), with GNU SASL's own client and with
Gatepost's; with a man in the middle, who decrypts and encrypts again; with a client that was kept from seeing -PLUS."""
import base64
import socket
import ssl
import threading

import pytest

from authentication import INCORRECT, OK, talk
from certificates import Authority
from gatepost import DEADLINE, Client, b64
from open_directory import open_to_all
from peers import deliver, output, run
from scram import last_message

MECHANISMS = ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"]
VERSIONS = {"1.3": "NORMAL", "1.2": "NORMAL:-VERS-TLS1.3"}
versions = pytest.mark.parametrize("version", VERSIONS)
mechanisms = pytest.mark.parametrize("mechanism", MECHANISMS)
both = pytest.mark.parametrize("password", ["secret", "wrong"])

STANZA = """
NAME:
  driver = gsasl
  public_name = MECHANISM
  server_password = ${if eq{$auth1}{alice}{secret}}
  server_set_id = $auth1
"""


def name_of(mechanism):
    """What an authenticator for it is called here."""
    return mechanism.lower().replace("-", "_")


def stanza(mechanism, *options):
    """An authenticator."""
    return STANZA.replace("NAME", name_of(mechanism)).replace("MECHANISM", mechanism) + \
        "".join(f"  {option}\n" for option in options)


@pytest.fixture(name="pki", scope="module")
def fixture_pki(tmp_path_factory):
    """A directory with an authority, a certificate of the server's and one of the man's in the middle."""
    path = open_to_all(tmp_path_factory.mktemp("pki"))
    authority = Authority(path)
    for name in ("server", "middle"):
        authority.issue(name, "/CN=localhost", "subjectAltName=DNS:localhost").with_suffix(".key").chmod(0o644)
    return path


def start(daemon, pki, sections, options=""):
    """A daemon that does TLS."""
    daemon.start(f"tls_advertise_hosts = *\ntls_certificate = {pki}/server.pem\ntls_privatekey = {pki}/server.key\n"
                 "acl_smtp_rcpt = accept\nqueue_only\n" + options, "begin authenticators\n" + sections)
    return daemon


@pytest.fixture(name="server")
def fixture_server(daemon, pki):
    """A daemon with both mechanisms."""
    return start(daemon, pki, "".join(stanza(mechanism, "server_channelbinding") for mechanism in MECHANISMS))


def gsasl(port, pki, mechanism, *, version="1.3", password="secret", options=()):
    """GNU SASL's own client; its output."""
    return output(run("gsasl", "--smtp", "--connect", f"localhost:{port}", "--mechanism", mechanism,
                      "--authentication-id", "alice", "--authorization-id", "", "--password", password,
                      "--x509-ca-file", pki / "ca.pem", "--priority", VERSIONS[version], *options))


class Middle:
    """Between client and server: both sides speak TLS with it, each by itself. Until stop()."""

    def __init__(self, port, pki):
        self.server = port
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pki / "middle.pem", pki / "middle.key")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.overheard = []
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        """One connection after the other: in clear up to STARTTLS, then in TLS."""
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with Client(self.server) as server:
                client.settimeout(DEADLINE)
                try:
                    self.relay(client, server, f"{server.banner}\r\n")
                    client = self.context.wrap_socket(client, server_side=True)
                    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                    server.socket = context.wrap_socket(server.socket)
                    server.file = server.socket.makefile("rb")
                    self.relay(client, server, "")
                except OSError:
                    pass
                client.close()

    def relay(self, client, server, greeting):
        """Lines, until the client starts TLS or leaves."""
        client.sendall(greeting.encode())
        with client.makefile("rb") as lines:
            for line in lines:
                self.overheard.append(line.decode().strip())
                reply = server.command(self.overheard[-1])
                client.sendall(reply.replace("\n", "\r\n").encode() + b"\r\n")
                if self.overheard[-1] == "STARTTLS":
                    return

    def stop(self):
        """Ends."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(DEADLINE)


@pytest.fixture(name="middle")
def fixture_middle(server, pki):
    """Somebody between the client and the server."""
    middle = Middle(server.port, pki)
    yield middle
    middle.stop()


# --- GNU SASL's client


@versions
@mechanisms
@both
def test_gsasl(server, pki, version, mechanism, password):
    """It binds by tls-exporter with TLS 1.3, by tls-unique with 1.2; and has to know the password all the same."""
    text = gsasl(server.port, pki, mechanism, version=version, password=password)
    assert b64(f"p={'tls-exporter' if version == '1.3' else 'tls-unique'}")[:16] in text
    if password == "secret":
        assert OK in text and "server trusted" in text, text
    else:
        assert INCORRECT in text, text
        server.place.wait_for_log(f" {name_of(mechanism)} authenticator failed for ")


@mechanisms
def test_gsasl_without_a_binding(server, pki, mechanism):
    """A client that has none does not get by with the rest."""
    text = gsasl(server.port, pki, mechanism, options=["--no-cb"])
    assert OK not in text, text


@versions
@mechanisms
def test_gsasl_with_a_man_in_the_middle(server, middle, pki, version, mechanism):
    """The client trusts his certificate, as it would one from a careless authority; the server does not take the
    binding, which is of another connection."""
    text = gsasl(middle.port, pki, mechanism, version=version)
    assert INCORRECT in text and OK not in text, text
    assert any(line.startswith("AUTH ") for line in middle.overheard)
    server.place.wait_for_log(f" {name_of(mechanism)} authenticator failed for ")


def test_without_binding_a_man_in_the_middle_hears_everything(daemon, pki):
    """What the tests above would look like were nothing bound."""
    server = start(daemon, pki, stanza("SCRAM-SHA-256"))
    middle = Middle(server.port, pki)
    assert OK in gsasl(middle.port, pki, "SCRAM-SHA-256", options=["--no-cb"])
    middle.stop()


# --- Gatepost's client

CLIENT = """client:
  driver = gsasl
  public_name = MECHANISM
  client_username = alice
  client_password = PASSWORD
  client_channelbinding
"""


def send(server, port, mechanism, password="secret"):
    """Lets Gatepost hand a message to the port; its log."""
    return deliver(server.place.path, port, CLIENT.replace("MECHANISM", mechanism).replace("PASSWORD", password),
                   transport="  hosts_require_tls = *\n  tls_try_verify_hosts = !*\n  tls_verify_hosts =\n")


@pytest.mark.parametrize("options,version", [("", "TLS1.3"), ("openssl_options = +no_tlsv1_3\n", "TLS1.2")])
@mechanisms
@both
def test_client(daemon, pki, options, version, mechanism, password):
    server = start(daemon, pki, stanza(mechanism, "server_channelbinding"), options)
    log = send(server, server.port, mechanism, password)
    assert (f" X={version}:" in log and " A=client " in log) == (password == "secret"), log
    if password == "wrong":
        server.place.wait_for_log(f" {name_of(mechanism)} authenticator failed for ")


@mechanisms
def test_client_with_a_man_in_the_middle(server, middle, mechanism):
    log = send(server, middle.port, mechanism)
    assert " A=client " not in log and f"client authenticator failed H=127.0.0.1 [127.0.0.1] {INCORRECT}" in log, log
    server.place.wait_for_log(f" {name_of(mechanism)} authenticator failed for ")


def test_client_without_tls(daemon, pki):
    """Nothing to bind to: the server's own list of mechanisms is not enough."""
    server = start(daemon, pki, stanza("SCRAM-SHA-256-PLUS", "server_channelbinding"))
    log = deliver(server.place.path, server.port, CLIENT.replace("MECHANISM", "SCRAM-SHA-256-PLUS").replace("PASSWORD", "secret"),
                  transport="  hosts_avoid_tls = *\n")
    assert " A=client " not in log and " == " in log, log


# --- Clients that lie


def connect(server, version=ssl.TLSVersion.TLSv1_2):
    """A client within TLS."""
    client = Client(server.port)
    talk(client, "EHLO client.test", "STARTTLS")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode, context.maximum_version = False, ssl.CERT_NONE, version
    client.socket = context.wrap_socket(client.socket)
    client.file = client.socket.makefile("rb")
    client.command("EHLO client.test")
    return client


def log_in(client, mechanism, flags, binding):
    """The reply at the end of an exchange with these flags and this binding."""
    first = flags + b"n=alice,r=own"
    reply = client.command(f"AUTH {mechanism} {b64(first)}")
    kind = "sha256" if "256" in mechanism else "sha1"
    while reply.startswith("334 "):
        challenge = base64.b64decode(reply.removeprefix("334 "))
        proved = challenge.startswith(b"v=")
        reply = client.command("" if proved else b64(last_message(kind, b"secret", first, challenge, binding)))
    return reply


@mechanisms
def test_bindings_of_other_connections(server, mechanism):
    """Of the binding every octet counts, and its kind; that of another connection will not do."""
    client, other = connect(server), connect(server).socket.get_channel_binding("tls-unique")
    own = client.socket.get_channel_binding("tls-unique")
    changed = bytes([own[0] ^ 1]) + own[1:]
    for flags, binding in ((b"p=tls-unique,,", other), (b"p=tls-unique,,", changed), (b"p=tls-unique,,", own[:-1]),
                           (b"p=tls-unique,,", b""), (b"p=tls-exporter,,", own), (b"p=tls-server-end-point,,", own),
                           (b"n,,", own), (b"n,,", b""), (b"y,,", b"")):
        assert log_in(client, mechanism, flags, binding) == INCORRECT, (flags, binding)
    assert log_in(client, mechanism, b"p=tls-unique,,", own) == OK


@mechanisms
def test_made_up_bindings_with_tls_1_3(server, mechanism):
    """With all else right; and there is no tls-unique (RFC 9266, section 4.2)."""
    client = connect(server, ssl.TLSVersion.TLSv1_3)
    for flags, binding in ((b"p=tls-exporter,,", bytes(32)), (b"p=tls-exporter,,", b""), (b"p=tls-unique,,", bytes(12)),
                           (b"p=tls-unique,,", b""), (b"n,,", b"")):
        assert log_in(client, mechanism, flags, binding) == INCORRECT, (flags, binding)


@pytest.mark.parametrize("kind", ["SCRAM-SHA-1", "SCRAM-SHA-256"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_downgrade(daemon, pki, kind, version):
    """A client that says that it could bind, but saw no -PLUS, while there was one: somebody took it out
    (RFC 5802, section 6). One that cannot bind may come in."""
    start(daemon, pki, stanza(kind) + stanza(kind + "-PLUS", "server_channelbinding"))
    client = connect(daemon, version)
    assert log_in(client, kind, b"y,,", b"") == INCORRECT
    assert log_in(client, kind, b"n,,", b"") == OK


def test_no_downgrade(daemon, pki):
    """Where there is no -PLUS, nobody took it out."""
    start(daemon, pki, stanza("SCRAM-SHA-1") + stanza("SCRAM-SHA-256-PLUS", "server_channelbinding"))
    assert log_in(connect(daemon), "SCRAM-SHA-1", b"y,,", b"") == OK
