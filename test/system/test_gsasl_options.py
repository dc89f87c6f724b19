"""Every option of the gsasl authenticator, one by one, and the variables that they and server_condition see."""
import base64
import hashlib
import hmac
import re

import pytest

from authentication import INCORRECT, LATER, OK, failed, talk
from gatepost import b64
from peers import deliver
from scram import last_message

SALT = base64.b64encode(b"a salt of ours").decode()
KINDS = {"SCRAM-SHA-1": "sha1", "SCRAM-SHA-256": "sha256"}
kinds = pytest.mark.parametrize("mechanism", KINDS)


def start(daemon, mechanism, *options, name="x"):
    """A daemon with one authenticator."""
    daemon.start("acl_smtp_rcpt = rcpt\n", f"""
begin acl
rcpt:
  accept authenticated = *
         logwrite = peer <$authenticated_id>
  deny
begin authenticators
{name}:
  driver = gsasl
  public_name = {mechanism}
""" + "".join(f"  {option}\n" for option in options))
    return daemon


def who(server, client):
    """What server_set_id made of the client that has just authenticated."""
    talk(client, "MAIL FROM:<a@b.test>", "RCPT TO:<x@y.test>")
    server.place.wait_for_log(" peer <")
    return re.search(" peer <(.*)>\n", server.place.log("main"))[1]


def challenge_of(reply):
    """The octets of a 334 reply."""
    return base64.b64decode(reply.removeprefix("334 "))


def scram(client, mechanism, password=b"secret", first=b"n,,n=alice,r=own"):
    """Authenticates by SCRAM: the challenge, the server's proof, and the reply at the end."""
    challenge = challenge_of(client.command(f"AUTH {mechanism} {b64(first)}"))
    reply = client.command(b64(last_message(KINDS[mechanism], password, first, challenge)))
    if not reply.startswith("334"):
        return challenge, None, reply
    return challenge, challenge_of(reply), client.command("")


# --- As a server

IDS = "server_set_id = <$auth1> <$auth2> <$auth3> <$auth4>"


@pytest.mark.parametrize("mechanism,first,ids", [
    ("PLAIN", "\0alice\0secret", "<alice> <alice> <secret> <>"),
    ("PLAIN", "bob\0alice\0secret", "<alice> <bob> <secret> <>"),
    ("ANONYMOUS", "me@x.test", "<me@x.test> <> <> <>"),
    ("EXTERNAL", "alice", "<alice> <> <> <>"),
    ("EXTERNAL", "", "<> <> <> <>"),
])
def test_variables(daemon, mechanism, first, ids):
    """Authentication id, authorization id, and what else the mechanism has."""
    client = start(daemon, mechanism, "server_condition = yes", IDS).client()
    assert client.command(f"AUTH {mechanism} {b64(first) or '='}") == OK
    assert who(daemon, client) == ids


def test_variables_of_login(daemon):
    client = start(daemon, "LOGIN", "server_condition = yes", IDS).client()
    assert talk(client, "AUTH LOGIN", b64("alice"), b64("secret"))[-1] == OK
    assert who(daemon, client) == "<alice> <> <secret> <>"


@kinds
def test_variables_of_scram(daemon, mechanism):
    client = start(daemon, mechanism, "server_password = secret", IDS).client()
    assert scram(client, mechanism, first=b"n,a=bob,n=alice,r=own")[2] == OK
    assert who(daemon, client) == "<alice> <bob> <> <>"


def digest(challenge, name=b"alice", secret=b"secret", uri=b"smtp/mail.test", authzid=None):
    """RFC 2831: the client's answer."""
    def md5(*parts):
        return hashlib.md5(b":".join(parts)).hexdigest().encode()

    fields = dict(re.findall(rb'(nonce|realm)="([^"]*)"', challenge))
    realm = fields.get(b"realm", b"")
    parts = (hashlib.md5(b":".join((name, realm, secret))).digest(), fields[b"nonce"], b"own",
             *((authzid,) if authzid else ()))
    proof = md5(md5(*parts), fields[b"nonce"], b"00000001", b"own", b"auth", md5(b"AUTHENTICATE", uri))
    return b64(b'username="%b",realm="%b",nonce="%b",cnonce="own",nc=00000001,qop=auth,digest-uri="%b",response=%b,'
               b'charset=utf-8' % (name, realm, fields[b"nonce"], uri, proof)
               + (b',authzid="%b"' % authzid if authzid else b""))


def test_server_realm(daemon):
    """It is in the challenge, and server_password sees it."""
    client = start(daemon, "DIGEST-MD5", "server_realm = ${lc:REALM.TEST}", IDS,
                   "server_password = ${if eq{$auth1@$auth3}{alice@realm.test}{secret}}").client()
    challenge = challenge_of(client.command("AUTH DIGEST-MD5"))
    assert b'realm="realm.test"' in challenge
    assert client.command(digest(challenge, authzid=b"bob")).startswith("334 ")
    assert client.command("") == OK
    assert who(daemon, client) == "<alice> <bob> <realm.test> <>"


def test_server_mech(daemon):
    client = start(daemon, "X-OWN", "server_mech = PLAIN", "server_condition = ${if eq{$auth3}{secret}}").client()
    assert talk(client, f"AUTH X-OWN {b64(chr(0) + 'a' + chr(0) + 'wrong')}", f"AUTH X-OWN {b64(chr(0) + 'a' + chr(0) + 'secret')}") \
        == [INCORRECT, OK]


@kinds
def test_server_scram_salt_and_iter(daemon, mechanism):
    client = start(daemon, mechanism, "server_password = secret", f"server_scram_salt = ${{if eq{{$auth1}}{{alice}}{{{SALT}}}}}",
                   "server_scram_iter = ${if eq{$auth1}{alice}{5000}{4999}}").client()
    challenge, _, reply = scram(client, mechanism)
    assert reply == OK and challenge.endswith(f",s={SALT},i=5000".encode())


@kinds
@pytest.mark.parametrize("value", ["4095", "0", "-1", "many", "", "99999999999"])
def test_bad_server_scram_iter(daemon, mechanism, value):
    """Less than what the standard asks for, or no number: as if it were not set."""
    client = start(daemon, mechanism, "server_password = secret", f"server_scram_iter = {value}").client()
    challenge, _, reply = scram(client, mechanism)
    assert reply == OK and challenge.endswith(b",i=4096")


@kinds
def test_server_scram_salt_unset(daemon, mechanism):
    """Then it is another one each time."""
    client = start(daemon, mechanism, "server_password = secret").client()
    salts = {re.search(rb"s=([^,]+)", scram(client, mechanism, b"wrong")[0])[1] for _ in range(3)}
    assert len(salts) == 3


def keys(kind, password=b"secret", iterations=4096):
    """ServerKey and StoredKey, in base64."""
    salted = hashlib.pbkdf2_hmac(kind, password, base64.b64decode(SALT), iterations)
    return b64(hmac.digest(salted, b"Server Key", kind)), \
        b64(hashlib.new(kind, hmac.digest(salted, b"Client Key", kind)).digest())


@kinds
def test_server_key_and_skey(daemon, mechanism):
    """No password anywhere; and the server proves itself with them."""
    server_key, stored_key = keys(KINDS[mechanism])
    client = start(daemon, mechanism, f"server_key = ${{if eq{{$auth1}}{{alice}}{{{server_key}}}}}",
                   f"server_skey = ${{if eq{{$auth1}}{{alice}}{{{stored_key}}}}}", f"server_scram_salt = {SALT}",
                   "server_set_id = $auth1").client()
    assert scram(client, mechanism, b"wrong")[2] == INCORRECT
    assert scram(client, mechanism, first=b"n,,n=mallory,r=own")[2] == INCORRECT
    challenge, proof, reply = scram(client, mechanism)
    kind, first = KINDS[mechanism], b"n=alice,r=own"
    signed = b",".join((first, challenge, b"c=biws,r=" + re.match(rb"r=([^,]*)", challenge)[1]))
    assert reply == OK and proof == b"v=" + b64(hmac.digest(base64.b64decode(server_key), signed, kind)).encode()


@kinds
def test_keys_of_another_length(daemon, mechanism):
    """They do not count; the password does."""
    client = start(daemon, mechanism, "server_key = QUJD", "server_skey = QUJD", "server_password = secret").client()
    assert [scram(client, mechanism, password)[2] for password in (b"wrong", b"secret")] == [INCORRECT, OK]


@kinds
def test_unknown_users_are_not_told_apart(daemon, mechanism):
    """Somebody unknown has a salt too, always the same, and everybody's number of iterations."""
    client = start(daemon, mechanism, "server_password = ${if eq{$auth1}{alice}{secret}}",
                   f"server_scram_salt = ${{if eq{{$auth1}}{{alice}}{{{b64(b'sixteen octets..')}}}}}").client()
    seen = {}
    for name in ("alice", "mallory", "bob") * 2:
        challenge, _, reply = scram(client, mechanism, b"wrong", f"n,,n={name},r=own".encode())
        assert reply == INCORRECT
        salt, iterations = re.search(rb",s=([^,]*),i=(.*)$", challenge).groups()
        assert len(base64.b64decode(salt)) == 16 and iterations == b"4096"
        assert seen.setdefault(name, salt) == salt
    assert len(set(seen.values())) == 3


@pytest.mark.parametrize("option", ["server_password", "server_scram_salt", "server_scram_iter"])
def test_forced_failure_puts_off(daemon, option):
    options = {"server_password": "secret", option: "${if eq{a}{b}{c}fail}"}
    client = start(daemon, "SCRAM-SHA-1", *(f"{name} = {value}" for name, value in options.items())).client()
    reply = client.command(f"AUTH SCRAM-SHA-1 {b64('n,,n=alice,r=own')}")
    if reply.startswith("334 "):
        reply = client.command(b64(last_message("sha1", b"secret", b"n,,n=alice,r=own", challenge_of(reply))))
    assert reply == LATER
    daemon.place.wait_for_log(failed(daemon, "x", LATER, ': "if" failed and "fail" requested'))


def test_broken_realm_puts_off(daemon):
    client = start(daemon, "DIGEST-MD5", "server_password = secret", "server_realm = ${bad}").client()
    assert client.command("AUTH DIGEST-MD5") == LATER


# --- NUL


NUL_SECTIONS = "begin authenticators\n" + "".join(f"""
{mechanism.lower().replace("-", "_")}:
  driver = gsasl
  public_name = {mechanism}
  server_condition = ${{if eq{{$auth1}}{{alice}}}}
  server_password = ${{if eq{{$auth1}}{{alice}}{{secret}}}}
""" for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "EXTERNAL", "ANONYMOUS"))


def nul_in_names(client):
    """What comes of names that are alice's up to a NUL, by mechanism; the rest of each message is right."""
    challenge = challenge_of(client.command("AUTH CRAM-MD5"))
    proof = hmac.new(b"secret", challenge, "md5").hexdigest().encode()
    first = b"n,,n=alice\0x,r=own"
    return {
        "CRAM-MD5": client.command(b64(b"alice\0x " + proof)),
        "LOGIN": [*talk(client, "AUTH LOGIN", b64("alice\0x")), "535"][1],
        "PLAIN": client.command(f"AUTH PLAIN {b64(chr(0).join(('', 'alice', 'x', 'secret')))}"),
        "SCRAM-SHA-1": client.command(f"AUTH SCRAM-SHA-1 {b64(first)}"),
    }


def test_nul(daemon):
    """To the library names are strings: alice with a NUL behind her would be alice."""
    daemon.start("", NUL_SECTIONS)
    client = daemon.client()
    assert set(nul_in_names(client).values()) == {INCORRECT}
    assert talk(client, f"AUTH EXTERNAL {b64('alice' + chr(0) + 'x')}", f"AUTH ANONYMOUS {b64('alice' + chr(0))}") == [INCORRECT] * 2
    assert scram(client, "SCRAM-SHA-1")[2] == OK


# --- As a client


def send(server, mechanism, *options):
    """Lets Gatepost hand on a message; its log."""
    return deliver(server.place.path, server.port, f"client:\n  driver = gsasl\n  public_name = {mechanism}\n" +
                   "".join(f"  {option}\n" for option in options))


NAME, PASSWORD = "client_username = ${lc:ALICE}", "client_password = ${lc:SECRET}"


@pytest.mark.parametrize("mechanism,options,ids", [
    ("PLAIN", (NAME, PASSWORD), "<alice> <alice> <secret> <>"),
    ("PLAIN", (NAME, PASSWORD, "client_authz = bob"), "<alice> <bob> <secret> <>"),
    ("PLAIN", (NAME, PASSWORD, "client_authz ="), "<alice> <alice> <secret> <>"),
    ("LOGIN", (NAME, PASSWORD), "<alice> <> <secret> <>"),
    ("ANONYMOUS", ("client_username = me@x.test",), "<me@x.test> <> <> <>"),
    ("EXTERNAL", (NAME, "client_authz = alice"), "<alice> <> <> <>"),
    ("EXTERNAL", (NAME,), "<> <> <> <>"),
])
def test_client(daemon, mechanism, options, ids):
    start(daemon, mechanism, "server_condition = yes", IDS)
    log = send(daemon, mechanism, *options)
    daemon.place.wait_for_log(f" peer <{ids}>\n")
    assert "authenticator failed" not in log


@pytest.mark.parametrize("mechanism", ["CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"])
@pytest.mark.parametrize("password", ["secret", "wrong"])
def test_client_with_password(daemon, mechanism, password):
    start(daemon, mechanism, "server_password = ${if eq{$auth1}{alice}{secret}}", "server_set_id = $auth1 for $auth2")
    authz = "" if mechanism == "CRAM-MD5" else "bob"
    log = send(daemon, mechanism, NAME, f"client_password = {password}", *([f"client_authz = {authz}"] if authz else []))
    if password == "secret":
        daemon.place.wait_for_log(f" peer <alice for {authz}>\n")
    else:
        assert f"client authenticator failed H=127.0.0.1 [127.0.0.1] {INCORRECT}" in log
        assert " peer <" not in daemon.place.log("main")


@kinds
@pytest.mark.parametrize("good", [True, False])
def test_client_spassword(daemon, mechanism, good):
    """A salted password that is remembered by name, iterations and salt takes the place of the password; one of
    another length does not, and the password counts. Either way client_set_id sees what can be remembered."""
    salted = hashlib.pbkdf2_hmac(KINDS[mechanism], b"secret", base64.b64decode(SALT), 4096).hex()
    start(daemon, mechanism, "server_password = secret", f"server_scram_salt = {SALT}", "server_set_id = $auth1")
    log = send(daemon, mechanism, NAME, f"client_password = {'wrong' if good else 'secret'}",
               f"client_spassword = ${{if eq{{$auth1/$auth2/$auth3}}{{alice/4096/{SALT}}}{{{salted if good else salted[2:]}}}}}",
               "client_set_id = $auth1/$auth2/$auth3/$auth4")
    daemon.place.wait_for_log(" peer <alice>\n")
    assert f" A=client:alice/4096/{SALT}/{salted} " in log, log
