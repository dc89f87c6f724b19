"""The heimdal_gssapi authenticator with a KDC, and with clients of MIT's library."""
import base64
import shutil
import subprocess
import time

import pytest

from authentication import CANCELLED, INCORRECT, LATER, OK, talk
from fake_smtp import FakeServer
from gatepost import DEADLINE, b64
from kerberos import REALM, Realm
from open_directory import open_to_all
from peers import RECIPIENT, SENDER, deliver, output

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


def start(daemon, realm, options, config=None):
    """A daemon in the realm."""
    daemon.start(f"keep_environment =\nadd_environment = KRB5_CONFIG={config or realm.config}\nacl_smtp_rcpt = rcpt\n",
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


def gsasl(server, realm):
    """GNU SASL's own client, with MIT's library; its output."""
    return output(subprocess.run(["gsasl", "--smtp", "--connect", f"localhost:{server.port}", "--no-starttls", "--mechanism",
                                  "GSSAPI", "--service", "smtp", "--hostname", "localhost", "--authorization-id", "alice"],
                                 env=realm.environment, input=b"", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 timeout=DEADLINE, check=False))


def test_gsasl(server, realm):
    assert realm.kinit()
    text = gsasl(server, realm)
    assert "235 Authentication succeeded" in text, text


@pytest.mark.parametrize("options,reply", [
    ("server_hostname = localhost", "235 Authentication succeeded"),
    ("server_hostname = elsewhere.test", "535 "),
    ("server_hostname = localhost\n  server_service = imap", "535 "),
])
def test_gsasl_as_the_driver(daemon, realm, options, reply):
    """GNU SASL's mechanism GSSAPI, with MIT's library, in place of heimdal_gssapi: what server_hostname and
    server_service are for."""
    daemon.start(f"keep_environment =\nadd_environment = KRB5_CONFIG={realm.config} : KRB5_KTNAME=FILE::{realm.keytab}\n"
                 "acl_smtp_rcpt = rcpt\n", AUTHENTICATOR.replace("heimdal_gssapi", "gsasl").replace(
                     "  server_hostname = localhost\n", f"  {options}\n  server_condition = yes\n"))
    assert realm.kinit()
    result = client(daemon, realm)
    assert reply in output(result), output(result)
    if reply.startswith("235"):
        daemon.place.wait_for_log(f" peer <alice@{REALM} as ")


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


# --- Every step by hand


@pytest.fixture(name="here")
def fixture_here(realm, monkeypatch):
    """This process is in the realm, with a ticket for alice."""
    assert realm.kinit()
    for name in ("KRB5_CONFIG", "KRB5CCNAME"):
        monkeypatch.setenv(name, realm.environment[name])
    return realm


def establish(peer, context):
    """Up to the server's offer of layers; the offer as it came, wrapped."""
    assert peer.command("AUTH GSSAPI") == "334 "
    answer = peer.command(b64(context.step()))
    context.step(base64.b64decode(answer.removeprefix("334 ")))
    assert context.complete
    return base64.b64decode(peer.command("").removeprefix("334 "))


def choose(server, realm, choice):
    """Authenticates with that in the last message; the reply."""
    peer, context = server.client(), realm.initiator()
    assert context.unwrap(establish(peer, context)).message == b"\1\0\0\0"
    return peer.command(b64(context.wrap(choice, False).message))


@pytest.mark.parametrize("choice", [b"\1\0\0\0", b"\1\0\0\0bob", b"\1\xff\xff\xff", b"\1\0\0\0" + b"b" * 5000])
def test_choice(server, here, choice):
    assert choose(server, here, choice) == OK


def test_names(server, here):
    """Who the client is, and who it would like to act as."""
    peer, context = server.client(), here.initiator()
    establish(peer, context)
    assert peer.command(b64(context.wrap(b"\1\0\0\0somebody else", False).message)) == OK
    talk(peer, "MAIL FROM:<a@b.test>", "RCPT TO:<x@y.test>")
    server.place.wait_for_log(f" peer <alice@{REALM} as somebody else>\n")


@pytest.mark.parametrize("choice", [
    b"", b"\1", b"\1\0", b"\1\0\0", b"\0\0\0\0", b"\2\0\0\0", b"\3\0\0\0", b"\4\0\x10\0", b"\5\0\0\0alice", b"\x81\0\0\0",
    b"\1\0\0\0bo\0b", b"\1\0\0\0\0"])
def test_bad_choice(server, here, intact, choice):  # pylint: disable=unused-argument
    """Too short (CVE-2022-2469 is about that), a layer that was not offered, a NUL in the name."""
    assert choose(server, here, choice) == INCORRECT
    assert " peer <" not in server.place.log("main")


@pytest.mark.parametrize("cut", [0, 1, 2, 3, 4, 15, 16, 20, -1])
def test_cut_tokens(server, here, intact, cut):  # pylint: disable=unused-argument
    """A wrap token of which only the beginning arrives."""
    peer, context = server.client(), here.initiator()
    establish(peer, context)
    token = context.wrap(b"\1\0\0\0", False).message
    assert peer.command(b64(token[:cut])) == INCORRECT


@pytest.mark.parametrize("octet", [0, 2, 4, 8, 16, 20, -1])
def test_changed_tokens(server, here, octet):
    """Nothing of the last message may be other than what the client wrote."""
    peer, context = server.client(), here.initiator()
    establish(peer, context)
    token = bytearray(context.wrap(b"\1\0\0\0bob", False).message)
    token[octet] ^= 1
    assert peer.command(b64(bytes(token))) == INCORRECT


def test_replay(server, here):
    """Who has overheard an exchange cannot repeat it."""
    peer, context = server.client(), here.initiator()
    assert peer.command("AUTH GSSAPI") == "334 "
    first = b64(context.step())
    context.step(base64.b64decode(peer.command(first).removeprefix("334 ")))
    peer.command("")
    last = b64(context.wrap(b"\1\0\0\0", False).message)
    assert peer.command(last) == OK
    reply = "334 "
    peer = server.client()
    for line in ("AUTH GSSAPI", first, "", last):
        if reply.startswith("334"):
            reply = peer.command(line)
    assert reply == INCORRECT


def test_initial_response(server, here):
    context = here.initiator()
    assert server.client().command(f"AUTH GSSAPI {b64(context.step())}").startswith("334 ")


def test_aborted_exchanges_do_not_hinder(server, here):
    """Each attempt has a context of its own, wherever the one before ended."""
    peer = server.client()
    for steps in range(3):
        context = here.initiator()
        if steps == 2:
            establish(peer, context)
        else:
            assert peer.command("AUTH GSSAPI") == "334 "
            if steps:
                assert peer.command(b64(context.step())).startswith("334 ")
        assert peer.command("*") == CANCELLED
    context = here.initiator()
    establish(peer, context)
    assert peer.command(b64(context.wrap(b"\1\0\0\0", False).message)) == OK


def test_wrong_key(daemon, here):
    """The keytab names the service, but its key is another."""
    start(daemon, here, f"  server_keytab = {here.wrong_keytab()}\n")
    peer = daemon.client()
    assert talk(peer, "AUTH GSSAPI", b64(here.initiator().step())) == ["334 ", INCORRECT]
    daemon.place.wait_for_log(" gss authenticator failed for ")


def test_foreign_realm(server, realm, tmp_path, monkeypatch):
    """Another realm, whose service has the same name, vouches for another alice."""
    foreign = Realm(tmp_path / "foreign", "FOREIGN.TEST")
    for name in ("KRB5_CONFIG", "KRB5CCNAME"):
        monkeypatch.setenv(name, foreign.environment[name])
    try:
        assert foreign.kinit()
        assert talk(server.client(), "AUTH GSSAPI", b64(foreign.initiator().step())) == ["334 ", INCORRECT]
    finally:
        foreign.stop()
    assert realm.kinit()


def test_expired_ticket(daemon, here, tmp_path, monkeypatch):
    """A client that shows a ticket that was good when it began."""
    strict = tmp_path / "krb5.conf"
    strict.write_text(here.config.read_text().replace("[libdefaults]", "[libdefaults]\nclockskew = 1"))
    strict.chmod(0o644)
    start(daemon, here, f"  server_keytab = {here.keytab}\n", config=strict)
    assert here.kinit("secret", "--lifetime=2s", cache=tmp_path / "short")
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{tmp_path}/short")
    context = here.initiator()
    token = b64(context.step())
    time.sleep(4)
    assert talk(daemon.client(), "AUTH GSSAPI", token) == ["334 ", INCORRECT]


def test_no_kdc(server, here):
    """Only a client has to reach the KDC."""
    context = here.initiator()
    token = b64(context.step())
    with here.without_kdc():
        assert server.client().command(f"AUTH GSSAPI {token}").startswith("334 ")


# --- As a client


CLIENT = """gss:
  driver = heimdal_gssapi
  public_name = GSSAPI
  client_hostname = localhost
"""
ROBOT = CLIENT + "  client_principal = robot\n  client_keytab = KEYTAB\n"


def send(place, realm, port, authenticator, environment=""):
    """Lets Gatepost deliver a message to the port; the log."""
    return deliver(place.path, port, authenticator.replace("KEYTAB", str(realm.client_keytab)),
                   options=f"add_environment = KRB5_CONFIG={realm.config}{environment}\n")


@pytest.mark.parametrize("options,names", [("", "robot as robot"), ("  client_authz = somebody\n", "robot as somebody")])
def test_client_with_keytab(server, realm, options, names):
    log = send(server.place, realm, server.port, ROBOT + options)
    first, second = names.split(" as ")
    second = f"{second}@{REALM}" if second == first else second
    server.place.wait_for_log(f" peer <{first}@{REALM} as {second}>\n")
    assert " A=gss" in log, log


def test_client_with_cache(server, here, tmp_path):
    cache = tmp_path / "cache"
    assert here.kinit(cache=cache)
    shutil.chown(cache, "mail")  # whom deliveries run as: the library takes nobody else's
    log = send(server.place, here, server.port, CLIENT, f" : KRB5CCNAME=FILE::{cache}")
    assert " A=gss" in log, log
    server.place.wait_for_log(f" peer <alice@{REALM} as alice@{REALM}>\n")


@pytest.mark.parametrize("authenticator,why", [
    (CLIENT, "gss authenticator: gss_init_sec_context: "),
    (CLIENT + "  client_principal = alice\n", "gss authenticator: no credential: "),
    (ROBOT.replace("= robot", "= nobody"), "gss authenticator: no ticket: "),
    (ROBOT.replace("KEYTAB", "/nonexistent"), "gss authenticator: no ticket: "),
    (ROBOT.replace("localhost", "elsewhere.test"), "gss authenticator: gss_init_sec_context: "),
    (ROBOT + "  client_service = imap\n", "gss authenticator: gss_init_sec_context: "),
])
def test_client_without_ticket(server, realm, tmp_path, authenticator, why):
    """No cache, nobody in it, not in the keytab, no keytab; a service that the KDC does not know."""
    log = send(server.place, realm, server.port, authenticator, f" : KRB5CCNAME=FILE::{tmp_path}/none")
    assert why in log and " == x@y.test " in log, log
    assert " peer <" not in server.place.log("main")


def test_client_with_expired_ticket(server, here, tmp_path):
    cache = tmp_path / "cache"
    assert here.kinit("secret", "--lifetime=1s", cache=cache)
    shutil.chown(cache, "mail")
    time.sleep(2)
    log = send(server.place, here, server.port, CLIENT, f" : KRB5CCNAME=FILE::{cache}")
    assert "gss authenticator: gss_init_sec_context: " in log and " == x@y.test " in log, log


def test_client_without_kdc(server, realm):
    with realm.without_kdc():
        log = send(server.place, realm, server.port, ROBOT)
    assert "gss authenticator: no ticket: " in log and " == x@y.test " in log, log


class FakeService(FakeServer):
    """A server that has the service's key, and says what a test wants it to when a context is established."""

    def __init__(self, realm, offer):
        self.acceptor, self.established, self.offer = realm.acceptor(), False, offer
        super().__init__(features=("AUTH GSSAPI",))

    def answer_for(self, line):
        if line.upper() in ("EHLO CLIENT.TEST", "QUIT") or line == "*" or line.startswith(("MAIL", "RCPT", "DATA", "HELO")):
            return "501 cancelled" if line == "*" else None
        if not self.established:
            token = base64.b64decode(line.removeprefix("AUTH GSSAPI"))
            self.established = len(token) > 0  # it is too long for the AUTH command, mostly
            return "334 " + b64(self.acceptor.step(token) if token else "")
        offer, self.offer = self.offer, "235 welcome"
        return offer if isinstance(offer, str) else "334 " + b64(self.acceptor.wrap(offer, False).message)


@pytest.mark.parametrize("offer,why", [
    ("235 welcome", "the server ended the exchange before its part was proved"),
    (b"\2\0\0\0", "the server insists on a security layer"),
    (b"\4\0\0\0", "the server insists on a security layer"),
    (b"", "the server insists on a security layer"),
    (b"\1", "the server insists on a security layer"),
    (b"\1\0\0", "the server insists on a security layer"),
    (b"\1\0\0\0\0", "the server insists on a security layer"),
    ("334 ", "gss_unwrap: "), ("334 AAAA", "gss_unwrap: "), ("334 BQQE", "gss_unwrap: "),
    ("334 " + b64("x" * 2000), "gss_unwrap: "),
    ("334 " + b64("x" * 5000), "Malformed SMTP reply in response to ****: 334 eHh4"),
    ("334 !", 'Invalid base64 string in server response "334 !"'),
], ids=("success", "integrity", "confidentiality", "nothing", "short", "shorter by one", "longer by one", "no token",
        "zeros", "a token's beginning", "letters", "longer than a reply", "no base64"))
def test_hostile_service(place, here, offer, why):
    """Short tokens, layers that the client has not, success without the last step."""
    service = FakeService(here, offer)
    log = send(place, here, service.port, ROBOT)
    service.close()
    assert why in log and " == x@y.test " in log, log
    assert not any(line.startswith("DATA>") for line in service.connections[0])


@pytest.mark.parametrize("offer", [b"\1\0\0\0", b"\7\0\x10\0"])
def test_honest_service(place, here, offer):
    """The same, as it should be."""
    service = FakeService(here, offer)
    log = send(place, here, service.port, ROBOT)
    service.close()
    assert " A=gss" in log and "Completed" in log, log
