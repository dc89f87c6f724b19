"""Thousands of attempts that come to nothing leave nothing behind in a worker, whatever library they went through."""
import pytest

from authentication import CANCELLED
from dovecot_server import DovecotServer
from gatepost import b64, children
from kerberos import Realm
from mounts import need_mounts
from open_directory import open_to_all
from test_cyrus_sasl import add_user, configure_library
from test_safety_clients import keeps_freed_memory, resident

pytestmark = [need_mounts, pytest.mark.skipif(keeps_freed_memory(), reason="AddressSanitizer keeps freed memory")]

EXCHANGES, WARMING_UP, BATCH = 10000, 1000, 50
GROWTH = 128  # KiB, of which a leak of 14 octets each time would be more

SCRAM = b64("n,,n=alice,r=fyko+d2lbbFgONRv9qkxdawL")
# What each attempt says behind AUTH, line by line; the last line is what ends it.
ATTEMPTS = {
    "PLAIN": [["PLAIN", "*"], ["PLAIN", "!"], [f"PLAIN {b64('x')}"]],
    "CRAM-MD5": [["CRAM-MD5", "*"], ["CRAM-MD5", b64("x")]],
    "DIGEST-MD5": [["DIGEST-MD5", "*"], ["DIGEST-MD5", b64("x")]],
    "SCRAM-SHA-1": [["SCRAM-SHA-1", "*"], [f"SCRAM-SHA-1 {SCRAM}", "*"], [f"SCRAM-SHA-1 {b64('x')}"]],
    "GSSAPI": [["GSSAPI", "*"], ["GSSAPI", b64("`\x06\x06\x04")], ["GSSAPI", ""]],
}


def stanza(driver, mechanism, options):
    """An authenticator."""
    return f"{mechanism.lower().replace('-', '_')}:\n  driver = {driver}\n  public_name = {mechanism}\n{options}\n"


def assert_flat(daemon, mechanisms, cancelled_only=False):
    """The worker that serves us does not grow."""
    client = daemon.client()
    attempts = [attempt for mechanism in mechanisms for attempt in ATTEMPTS[mechanism]
                if attempt[-1] == "*" or not cancelled_only]
    lines = [line for number in range(BATCH) for line in
             (f"AUTH {attempts[number % len(attempts)][0]}", *attempts[number % len(attempts)][1:])]

    def make(exchanges):
        for _ in range(exchanges // BATCH):
            client.send("".join(line + "\r\n" for line in lines))
            replies = [client.reply() for _ in lines]
            assert CANCELLED in replies and not any(reply.startswith("235") for reply in replies)

    workers = children(daemon.place.processes[-1].pid)
    make(WARMING_UP)
    before = max(map(resident, workers))
    make(EXCHANGES)
    assert max(map(resident, workers)) - before < GROWTH


OPTIONS = "daemon_spare_workers = 1\n"


def test_cyrus_sasl(daemon):
    add_user(daemon.place, "mail.test", "secret")
    configure_library(daemon.place)
    mechanisms = ["PLAIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1"]
    daemon.start(OPTIONS, "begin authenticators\n" + "".join(stanza("cyrus_sasl", name, "") for name in mechanisms))
    assert_flat(daemon, mechanisms)


def test_gsasl(daemon):
    mechanisms = ["PLAIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1"]
    daemon.start(OPTIONS, "begin authenticators\n" + "".join(
        stanza("gsasl", name, "  server_condition = no\n  server_password = secret\n") for name in mechanisms))
    assert_flat(daemon, mechanisms)


def test_heimdal_gssapi(daemon, tmp_path):
    realm = Realm(open_to_all(tmp_path) / "realm")
    realm.stop()
    daemon.start(f"{OPTIONS}keep_environment =\nadd_environment = KRB5_CONFIG={realm.config}\n", "begin authenticators\n" + stanza(
        "heimdal_gssapi", "GSSAPI", f"  server_hostname = localhost\n  server_keytab = {realm.keytab}\n"))
    assert_flat(daemon, ["GSSAPI"])


def test_dovecot(daemon, tmp_path):
    """Cancelled attempts only: Dovecot itself takes its time over those that fail."""
    dovecot = DovecotServer(open_to_all(tmp_path) / "dovecot")
    mechanisms = ["PLAIN", "CRAM-MD5"]
    try:
        daemon.start(OPTIONS, "begin authenticators\n" + "".join(
            stanza("dovecot", name, f"  server_socket = {dovecot.socket}\n") for name in mechanisms))
        assert_flat(daemon, mechanisms, cancelled_only=True)
    finally:
        dovecot.stop()
