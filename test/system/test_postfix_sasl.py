"""The authenticators of libraries beside Postfix: as clients of its server, with Cyrus SASL and with Dovecot behind it,
and as servers of its client."""
import pytest

from certificates import Authority
from dovecot_server import DovecotServer
from gatepost import Client, Place, wait_until
from mounts import need_mounts
from next_hops import RECIPIENT, Postfix, PostfixRelay, start
from open_directory import open_to_all
from peers import deliver
from test_cyrus_sasl import add_user, configure_library

pytestmark = need_mounts

MECHANISMS = ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"]
both = pytest.mark.parametrize("password", ["secret", "wrong"])

# What drivers have to be told; USER and PASSWORD stand for themselves.
CLIENTS = {
    "plaintext": "client_send = ^USER^PASSWORD",
    "cram_md5": "client_name = USER\n  client_secret = PASSWORD",
    "cyrus_sasl": "client_username = USER\n  client_password = PASSWORD",
    "gsasl": "client_username = USER\n  client_password = PASSWORD",
}
USES = [("plaintext", "PLAIN"), ("cram_md5", "CRAM-MD5"),
        *((driver, mechanism) for driver in ("cyrus_sasl", "gsasl") for mechanism in MECHANISMS)]


# --- As clients


class PostfixWithCyrus(Postfix):
    """With a database of the library's."""

    mechanisms = " ".join(MECHANISMS)


class PostfixWithDovecot(Postfix):
    """With Dovecot, which has to run already."""

    user = "alice"
    dovecot = None  # set by the fixture

    def more_settings(self):
        return f"smtpd_sasl_type = dovecot\nsmtpd_sasl_path = {self.dovecot.socket}\n"


@pytest.fixture(name="directory", scope="module")
def fixture_directory(tmp_path_factory):
    return open_to_all(tmp_path_factory.mktemp("postfix"))


@pytest.fixture(name="dovecot", scope="module")
def fixture_dovecot(directory):
    server = DovecotServer(directory / "dovecot")
    yield server
    server.stop()


@pytest.fixture(name="hop", scope="module", params=[PostfixWithCyrus, PostfixWithDovecot], ids=["cyrus", "dovecot"])
def fixture_hop(request, directory, dovecot):
    """A Postfix that lets alice in."""
    certificate = Authority(directory, request.param.__name__).issue(f"{request.param.__name__}-hop", "/CN=postfix.test")
    PostfixWithDovecot.dovecot = dovecot
    path = directory / request.param.__name__
    path.mkdir()
    hop = start(request.param, path, certificate, Place.listening)
    yield hop
    hop.stop()


@both
@pytest.mark.parametrize("driver,mechanism", USES, ids=["-".join(use) for use in USES])
def test_client(place, hop, driver, mechanism, password):
    options = CLIENTS[driver].replace("USER", hop.user).replace("PASSWORD", password)
    log = deliver(place.path, hop.port, f"client:\n  driver = {driver}\n  public_name = {mechanism}\n  {options}\n",
                  recipient=RECIPIENT, transport="  hosts_avoid_tls = *\n")
    if password == "secret":
        assert f" => {RECIPIENT} " in log and " A=client " in log, log
        wait_until(hop.mails, "the message is in the mailbox")
    else:
        assert "client authenticator failed H=127.0.0.1 [127.0.0.1] 535 " in log and f" == {RECIPIENT} " in log, log


# --- As servers


SECTIONS = """
begin acl
rcpt:
  accept authenticated = *
         logwrite = peer <$authenticated_id> by <$sender_host_authenticated> to <$domain>
  deny   message = authenticate first
begin routers
all:
  driver = redirect
  data = :blackhole:
begin authenticators
"""


def authenticator(driver, mechanism, dovecot):
    """A stanza."""
    options = ""
    if driver == "dovecot":
        options = f"  server_socket = {dovecot.socket}\n"
    elif driver == "gsasl" and mechanism in ("PLAIN", "LOGIN"):
        options = "  server_condition = ${if eq{$auth1:$auth3}{alice:secret}}\n"
    elif driver == "gsasl":
        options = "  server_password = ${if eq{$auth1}{alice}{secret}}\n"
    return f"{mechanism.lower().replace('-', '_')}:\n  driver = {driver}\n  public_name = {mechanism}\n" \
        f"  server_set_id = $auth1\n{options}"


@pytest.mark.parametrize("driver", ["cyrus_sasl", "dovecot", "gsasl"])
def test_server(daemon, directory, dovecot, tmp_path, driver):
    """All mechanisms, each with the right password and a wrong one."""
    add_user(daemon.place, "mail.test", "secret")
    configure_library(daemon.place)
    daemon.start("acl_smtp_rcpt = rcpt\n", SECTIONS + "".join(
        authenticator(driver, mechanism, dovecot) for mechanism in MECHANISMS))
    certificate = Authority(tmp_path).issue("hop", "/CN=postfix.test")
    (tmp_path / "postfix").mkdir()
    domains = {f"{mechanism.lower()}.{kind}.test": (mechanism.lower(), password)
               for mechanism in MECHANISMS for kind, password in (("right", "secret"), ("wrong", "wrong"))}
    postfix = start(lambda path, pem: PostfixRelay(path, pem, daemon.port, domains), tmp_path / "postfix", certificate,
                    Place.listening)
    try:
        with Client(postfix.port) as client:
            for line in ("EHLO x.test", "MAIL FROM:<alice@b.test>", *(f"RCPT TO:<x@{domain}>" for domain in domains),
                         "DATA", "Subject: x\r\n\r\nx\r\n."):
                assert client.command(line)[0] in "23", line
        for mechanism in MECHANISMS:
            name = mechanism.lower().replace("-", "_")
            daemon.place.wait_for_log(f" peer <alice> by <{name}> to <{mechanism.lower()}.right.test>\n")
            wait_until(lambda name=name: f" {name} authenticator failed for " in daemon.place.log("main"), f"{name} fails")
        assert ".wrong.test>" not in daemon.place.log("main")
    finally:
        postfix.stop()
