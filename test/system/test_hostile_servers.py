"""The clients of cyrus_sasl and gsasl with servers that say what no honest one would: nothing is believed, nothing
breaks, no message goes out. test_heimdal_gssapi.py has such servers for GSSAPI."""
import base64
import hashlib
import hmac
import re

import pytest

from fake_smtp import DROP, FakeServer
from gatepost import b64
from peers import deliver

pytestmark = pytest.mark.usefixtures("intact")

drivers = pytest.mark.parametrize("driver", ["cyrus_sasl", "gsasl"])
LONG = b64("x" * 3000)


class Server(FakeServer):
    """Offers one mechanism and answers AUTH, and each line that follows, by what a script says: a generator that is
    sent the client's words, decoded, and yields what to say to them, octets in a 334 or whole replies."""

    def __init__(self, mechanism, script):
        self.script, self.at_work, self.cancelled = script, None, False
        super().__init__(features=(f"AUTH {mechanism}",))

    def answer_for(self, line):
        if line.startswith("AUTH "):
            self.at_work = self.script()
            next(self.at_work)
            words = line.split(" ", 2)[2:]
            return self.say(base64.b64decode(words[0]) if words else None)
        if line == "*":
            self.cancelled, self.at_work = True, None
            return "501 cancelled"
        if self.at_work and line not in ("QUIT", "RSET"):
            return self.say(base64.b64decode(line))
        return None

    def say(self, words):
        """The script's next words."""
        answer = self.at_work.send(words)
        if isinstance(answer, bytes):
            return f"334 {b64(answer)}"
        self.at_work = None if answer is DROP or answer.startswith("2") else self.at_work
        return answer


def send(place, driver, mechanism, script):
    """Lets Gatepost hand a message to such a server; whether it went out, and the log."""
    server = Server(mechanism, script)
    log = deliver(place.path, server.port, f"client:\n  driver = {driver}\n  public_name = {mechanism}\n"
                  "  client_username = alice\n  client_password = secret\n")
    server.close()
    sent = any(line.startswith("DATA>") for connection in server.connections for line in connection)
    assert sent == (" => x@y.test " in log) and sent == (" A=client" in log), log
    assert sent or " == x@y.test " in log, log
    assert not (sent and server.cancelled)
    return sent, log


def always(answer):
    """A script that knows one answer only."""
    def script():
        while True:
            yield answer
    return script


@drivers
@pytest.mark.parametrize("mechanism", ["LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-256"])
@pytest.mark.parametrize("answer", ["334 !!!!", "334", f"334 {LONG}", b"\0" * 20, DROP],
                         ids=["no-base64", "nothing", "long", "nul", "drop"])
def test_nonsense(place, driver, mechanism, answer):
    """Again and again, until the client has had enough."""
    sent, _ = send(place, driver, mechanism, always(answer))
    assert not sent


@drivers
@pytest.mark.parametrize("mechanism", ["LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"])
def test_success_at_once(place, driver, mechanism):
    """The server is content before the exchange has begun."""
    sent, log = send(place, driver, mechanism, always("235 welcome"))
    assert not sent and "the server ended the exchange before its part was proved" in log, log


# --- SCRAM


def scram(challenge, proof):
    """A server of SCRAM-SHA-256. challenge: makes the first message of the client's nonce; proof: makes what follows
    of what an honest server would say."""
    def script():
        first = yield
        first = first if first is not None else (yield b"")
        bare = first.split(b",", 2)[2]
        nonce = re.search(rb"r=([^,]*)", bare)[1]
        last = yield (said := challenge(nonce))
        salted = hashlib.pbkdf2_hmac("sha256", b"secret", b"salt", 4096)
        signed = b",".join((bare, said, last.rsplit(b",p=", 1)[0]))
        signature = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), signed, "sha256")
        yield proof(b"v=" + base64.b64encode(signature))
        while True:
            yield "235 welcome"
    return script


def honest_challenge(nonce):
    return b"r=" + nonce + b"more,s=" + base64.b64encode(b"salt") + b",i=4096"


def same(proof):
    return proof


@drivers
def test_scram(place, driver):
    """An honest server, for comparison."""
    sent, log = send(place, driver, "SCRAM-SHA-256", scram(honest_challenge, same))
    assert sent, log


@drivers
@pytest.mark.parametrize("proof", [
    lambda proof: "235 welcome",
    lambda proof: proof[:-2] + (b"B=" if proof[-2:] != b"B=" else b"C="),
    lambda proof: b"v=", lambda proof: b"", lambda proof: proof[:-4], lambda proof: b"e=other-error", lambda proof: b"v=" + b"A" * 4000,
    lambda proof: proof[2:],
], ids=["none", "changed", "empty", "silent", "short", "error", "long", "unmarked"])
def test_scram_without_proof(place, driver, proof):
    """A server that does not know the password cannot make the last message."""
    sent, log = send(place, driver, "SCRAM-SHA-256", scram(honest_challenge, proof))
    assert not sent, log


@drivers
@pytest.mark.parametrize("old,new", [
    (b"r=", b"r=x"), (b",i=4096", b",i=1000001"), (b",i=4096", b",i=2147483647"),
    (b",i=4096", b",i=99999999999999999999"), (b",i=4096", b",i=0"), (b",i=4096", b",i=-4096"), (b",i=4096", b",i=abc"),
    (b",i=4096", b""), (b"c2FsdA==", b""), (b"c2FsdA==", b"!"), (b",s=", b",x="), (b"r=", b"m=must,r="),
    (b"more", b"\0more"),
], ids=["other-nonce", "many", "very-many", "too-many", "no-iterations", "negative", "no-number", "uncounted",
        "no-salt", "bad-salt", "salt-missing", "extension", "nul"])
def test_scram_with_bad_challenge(place, driver, old, new):
    """Nobody is kept busy, and no proof is given, for a challenge that is none."""
    sent, log = send(place, driver, "SCRAM-SHA-256", scram(lambda nonce: honest_challenge(nonce).replace(old, new), same))
    assert not sent and " 235 " not in log, log


# --- DIGEST-MD5


CHALLENGE = b'realm="r.test",nonce="abcdef",qop="auth",charset=utf-8,algorithm=md5-sess'


def digest(challenge, proof):
    """A server of DIGEST-MD5; proof: makes the last message of that of an honest server."""
    def script():
        yield
        answer = yield challenge
        fields = {name: value.strip(b'"') for name, value in re.findall(rb'([\w-]+)=("[^"]*"|[^,]*)', answer)}

        def md5(*parts):
            return hashlib.md5(b":".join(parts)).hexdigest().encode()

        secret = hashlib.md5(b":".join((b"alice", fields.get(b"realm", b""), b"secret"))).digest()
        first = md5(secret, fields[b"nonce"], fields[b"cnonce"])
        yield proof(b"rspauth=" + md5(first, fields[b"nonce"], fields[b"nc"], fields[b"cnonce"], b"auth",
                                      md5(b"", fields[b"digest-uri"])))
        while True:
            yield "235 welcome"
    return script


@drivers
def test_digest(place, driver):
    """An honest server, for comparison."""
    sent, log = send(place, driver, "DIGEST-MD5", digest(CHALLENGE, same))
    assert sent, log


@drivers
@pytest.mark.parametrize("proof", [
    lambda proof: "235 welcome", lambda proof: b"rspauth=" + b"0" * 32, lambda proof: b"", lambda proof: proof[:-1],
    lambda proof: b"rspauth=", lambda proof: proof[8:],
], ids=["none", "wrong", "silent", "short", "empty", "unmarked"])
def test_digest_without_proof(place, driver, proof):
    sent, log = send(place, driver, "DIGEST-MD5", digest(CHALLENGE, proof))
    assert not sent, log


@drivers
@pytest.mark.parametrize("old,new", [
    (b'nonce="abcdef"', b"x=y"), (b'qop="auth"', b'qop="auth-conf"'), (b"md5-sess", b"md4"),
    (b"algorithm=md5-sess", b"x=y"), (b'"abcdef"', b'"abcdef'),
], ids=["no-nonce", "encryption", "algorithm", "no-algorithm", "unterminated"])
def test_digest_with_bad_challenge(place, driver, old, new):
    sent, log = send(place, driver, "DIGEST-MD5", digest(CHALLENGE.replace(old, new), same))
    assert not sent, log
