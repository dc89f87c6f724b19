"""The drivers of libraries as servers of curl and of GNU SASL's own client: every mechanism that those have, with the
right password and with a wrong one; and cyrus_sasl as a client of gsasl, with every option."""
import pytest

from authentication import INCORRECT, OK
from dovecot_server import DovecotServer
from mounts import need_mounts
from open_directory import open_to_all
from peers import curl, deliver, gsasl, output
from test_cyrus_sasl import add_user, configure_library
from test_gsasl_options import IDS, start
from test_postfix_sasl import SECTIONS, authenticator

pytestmark = need_mounts

SIMPLE = ["PLAIN", "LOGIN", "CRAM-MD5"]
CLIENTS = {
    "curl": (lambda server, mechanism, password: curl(server, "--login-options", f"AUTH={mechanism}", password=password),
             [*SIMPLE, "DIGEST-MD5"]),
    "gsasl": (gsasl, [*SIMPLE, "SCRAM-SHA-1", "SCRAM-SHA-256"]),
}


@pytest.fixture(name="dovecot", scope="module")
def fixture_dovecot(tmp_path_factory):
    server = DovecotServer(open_to_all(tmp_path_factory.mktemp("dovecot")) / "server")
    yield server
    server.stop()


@pytest.mark.parametrize("driver", ["cyrus_sasl", "dovecot", "gsasl"])
@pytest.mark.parametrize("client", CLIENTS)
def test_server(daemon, dovecot, driver, client):
    run, mechanisms = CLIENTS[client]
    if (client, driver) == ("curl", "dovecot"):
        mechanisms = SIMPLE  # in a DIGEST-MD5 challenge curl does not take the empty realm that Dovecot has
    add_user(daemon.place, "mail.test", "secret")
    configure_library(daemon.place)
    daemon.start("", SECTIONS + "".join(authenticator(driver, mechanism, dovecot) for mechanism in mechanisms))
    for mechanism in mechanisms:
        good, bad = (output(run(daemon, mechanism, password)) for password in ("secret", "wrong"))
        assert OK in good and INCORRECT not in good, good
        assert INCORRECT in bad and OK not in bad, bad


NAME, PASSWORD = "client_username = ${lc:ALICE}", "client_password = ${lc:SECRET}"


@pytest.mark.parametrize("mechanism,options,ids", [
    ("PLAIN", (), "<alice> <alice> <secret> <>"),
    ("PLAIN", ("client_authz = ${lc:BOB}",), "<alice> <bob> <secret> <>"),
    ("X-OWN", ("client_mech = PLAIN",), "<alice> <alice> <secret> <>"),
    ("DIGEST-MD5", (), "<alice> <> <realm.test> <>"),
    ("DIGEST-MD5", ("client_realm = elsewhere.test", "client_authz = bob"), "<alice> <bob> <realm.test> <>"),
])
def test_cyrus_sasl_as_a_client(daemon, mechanism, options, ids):
    """A realm is for servers that have several; the unit test has one."""
    own = ["server_realm = realm.test", "server_password = secret"] if mechanism == "DIGEST-MD5" else \
        ["server_mech = PLAIN", "server_condition = yes"]
    start(daemon, mechanism, *own, IDS)
    log = deliver(daemon.place.path, daemon.port, f"client:\n  driver = cyrus_sasl\n  public_name = {mechanism}\n" +
                  "".join(f"  {option}\n" for option in (NAME, PASSWORD, *options)))
    daemon.place.wait_for_log(f" peer <{ids}>\n")
    assert "authenticator failed" not in log
