"""The authenticator examples of Debian's packages with their real backends."""
import base64
import hashlib
import hmac
import socketserver
import struct
import threading

import pytest

import debian_config
from dovecot_server import DovecotServer
from gatepost import LocalClient, b64
from mounts import bound, need_mounts
from test_cyrus_sasl import add_user
from test_debian import PLAIN_RIGHT, PLAIN_WRONG, log_in, stanza

pytestmark = pytest.mark.skipif(not debian_config.SOURCE.exists(), reason="exim4-config is not there")

OK, INCORRECT = "235 Authentication succeeded", "535 Incorrect authentication data"
REALM = {"<short main hostname>": "mail.test"}


def plain(place, config):
    """The replies to the right password and to a wrong one."""
    return [log_in(place, config, f"AUTH PLAIN {answer}") for answer in (PLAIN_RIGHT, PLAIN_WRONG)]


def login(place, config):
    """The same with LOGIN."""
    return [log_in(place, config, "AUTH LOGIN", b64("alice"), b64(password)) for password in ("secret", "wrong")]


def cram_md5(place, config, password):
    """The reply to the digest of a challenge."""
    place.config = config
    client = LocalClient(place.command("-bs", "-oMa", "192.0.2.1"))
    client.command("EHLO client.example")
    challenge = base64.b64decode(client.command("AUTH CRAM-MD5").removeprefix("334 "))
    digest = hmac.new(password.encode(), challenge, hashlib.md5).hexdigest()
    reply = client.command(b64(f"alice {digest}"))
    client.command("QUIT")
    client.close()
    return reply


def test_cram_md5(place):
    (place.path / "passwd").write_text("alice:x:secret\n")
    config = stanza(place, "cram_md5_server")
    assert [cram_md5(place, config, password) for password in ("secret", "wrong")] == [OK, INCORRECT]


def test_dovecot(place):
    dovecot = DovecotServer(place.path / "dovecot")
    try:
        config = stanza(place, "dovecot_plain_server",
                        **{"/var/spool/exim4/dovecot.auth-client": dovecot.socket})
        assert plain(place, config) == [OK, INCORRECT]
    finally:
        dovecot.stop()


class Saslauthd(socketserver.StreamRequestHandler):
    """saslauthd's side of its protocol, for alice: the example names no service, so that the real one would ask the
    system's own accounts."""

    def handle(self):
        records = [self.rfile.read(struct.unpack(">H", self.rfile.read(2))[0]) for _ in range(4)]
        answer = b"OK" if records == [b"alice", b"secret", b"", b""] else b"NO"
        self.wfile.write(struct.pack(">H", len(answer)) + answer)


@need_mounts
def test_saslauthd(place):
    directory = place.path / "saslauthd"
    directory.mkdir()
    place.prefix = bound({"/run/saslauthd": directory})
    with socketserver.UnixStreamServer(str(directory / "mux"), Saslauthd) as server:
        (directory / "mux").chmod(0o666)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            assert plain(place, stanza(place, "plain_saslauthd_server")) == [OK, INCORRECT]
            assert login(place, stanza(place, "login_saslauthd_server")) == [OK, INCORRECT]
        finally:
            server.shutdown()
            thread.join()


@need_mounts
def test_cyrus_sasl(place):
    directory = place.path / "sasl2"
    directory.mkdir()
    (directory / "exim.conf").write_text(
        f"pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {place.path}/sasldb\n")
    add_user(place, "mail.test", "secret")
    place.prefix = bound({"/usr/lib/sasl2": directory})
    assert plain(place, stanza(place, "plain_sasl_server", **REALM)) == [OK, INCORRECT]
    assert login(place, stanza(place, "login_sasl_server", **REALM)) == [OK, INCORRECT]
    config = stanza(place, "cram_md5_sasl_server", **REALM)
    assert [cram_md5(place, config, password) for password in ("secret", "wrong")] == [OK, INCORRECT]
    for name, mechanism in (("digest_md5_sasl_server", "DIGEST-MD5"), ("ntlm_sasl_server", "NTLM")):
        assert log_in(place, stanza(place, name, **REALM), f"AUTH {mechanism}", "*") == "501 Authentication cancelled"
