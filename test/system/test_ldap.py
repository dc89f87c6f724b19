"""LDAP lookups and ldapauth with a real slapd: what comes back, how it is reached, what is in the way."""
import contextlib
import re
import socket
import threading
from types import SimpleNamespace

import pytest

from authentication import INCORRECT, LATER, OK, failed, talk
from gatepost import DEADLINE, b64, free_port
from ldap_server import PROGRAM, LdapServer
from open_directory import open_to_all

pytestmark = pytest.mark.skipif(not PROGRAM, reason="slapd is not installed")


NONE = SimpleNamespace(port=0, tls_port=0, socket="")  # for expressions that name the server themselves


@pytest.fixture(name="ldap", scope="module")
def fixture_ldap(tmp_path_factory):
    path = open_to_all(tmp_path_factory.mktemp("ldap"))
    server = LdapServer(path / "server")
    yield server
    server.stop()


def expand(place, ldap, *expressions):
    """What -be makes of each; LDAP is the server's host and port, TLS the same for ldaps."""
    filled = [text.replace("LDAP", f"127.0.0.1:{ldap.port}").replace("TLS", f"127.0.0.1:{ldap.tls_port}")
              .replace("SOCKET", str(ldap.socket).replace("/", "%2F")) for text in expressions]
    output = place.run("-be", *filled).stdout
    return output.replace(f"127.0.0.1:{ldap.port}", "LDAP").splitlines()


def one(place, ldap, expression):
    """The same for one expression, whose result may have several lines."""
    return "\n".join(expand(place, ldap, expression))


FRED = "?sub?(uid=fred)"


@pytest.mark.parametrize("query, result", [
    # The manual's examples, 9.19.
    ("ldap{ldap://LDAP/o=base?attr1" + FRED, "value1.1,value1,,2"),
    ("ldap{ldap://LDAP/o=base?attr2" + FRED, "value two"),
    ("ldap{ldap://LDAP/o=base?attr" + FRED, "value1.1,value1,,2,value two"),
    ("ldap{ldap://LDAP/o=base?attr1,attr2" + FRED, 'attr1="value1.1,value1,,2" attr2="value two"'),
    ("ldap{ldap://LDAP/o=base?" + FRED,
     'objectClass="thing" uid="fred" cn="Fred" attr1="value1.1,value1,,2" attr2="value two"'),
    ("ldap{ldap://LDAP/o=base?attr1?sub?(uid=odd)", 'quote " backslash \\ newline\nend'),
    ("ldap{ldap://LDAP/o=base?attr2?sub?(uid=odd)", "a,, b,,,,"),
    ("ldap{ldap://LDAP/o=base?attr1,attr2?sub?(uid=odd)",
     'attr1="quote \\" backslash \\\\ newline\\nend" attr2="a,, b,,,,"'),
    ("ldapm{ldap://LDAP/ou=many,o=base?attr1?sub?(|(uid=m1)(uid=m2))", "one1\none2"),
    ("ldapm{ldap://LDAP/ou=many,o=base?attr1,attr2?sub?(|(uid=m1)(uid=m2))",
     'attr1="one1" attr2="two1"\nattr1="one2" attr2="two2"'),
    ("ldapdn{ldap://LDAP/o=base?attr1" + FRED, "uid=fred,o=base"),
    ("ldap{ldap://LDAP/o=base?o", "base"),
    # Nothing to return.
    ("ldap{ldap://LDAP/o=base?attr1?sub?(uid=bare)", "none"),
    ("ldap{ldap://LDAP/o=base?attr1?sub?(uid=nosuch)", "none"),
    ("ldap{ldap://LDAP/ou=nosuch,o=base?attr1", "none"),
    ("ldapdn{ldap://LDAP/o=base??sub?(uid=nosuch)", "none"),
    ("ldap{ldap://LDAP/ou=secret,o=base?attr1?sub?(uid=hidden)", "none"),
    # Parameters.
    ('ldap{user="cn=manager,o=base" pass=manager ldap://LDAP/ou=secret,o=base?attr1?sub?(uid=hidden)', "treasure"),
    ("ldapm{size=3 ldap://LDAP/ou=many,o=base?attr1?sub?(attr1=*)", "one1\none2\none3"),
    ("ldapm{ldap://LDAP/ou=many,o=base?attr1?sub?(attr1=*)", "one1\none2\none3\none4\none5"),  # the server's limit
    ("ldap{dereference=always referrals=nofollow time=5 nettime=3 ldap://LDAP/o=base?o", "base"),
    ("ldap{servers=127.0.0.1::1:LDAP ldap:///o=base?o", "base"),
    ("ldapi{x", None),
    ("ldap{ldapi://SOCKET/o=base?o", "base"),
    ("ldap{ldap://SOCKET/o=base?o", "base"),
    ("ldap{ldap://LDAP/o=base?attr2?sub?(uid=${quote_ldap:a b, (c)*\\\\})", "strange"),
    ("ldap{ldap://LDAP/uid=${quote_ldap_dn:a b, (c)*\\\\},o=base?attr2", "strange"),
])
def test_lookups(place, ldap, query, result):
    query = query.replace(":LDAP ldap:///", f":127.0.0.1::{ldap.port} ldap:///")
    given = one(place, ldap, f"${{lookup {query}}}{{$value}}{{none}}}}")
    assert given == result or (result is None and "unknown lookup type" in given)


@pytest.mark.parametrize("query, error", [
    ("ldap{ldap://LDAP/ou=many,o=base?attr1?sub?(|(uid=m1)(uid=m2))",
     "LDAP search: more than one entry (2) was returned (filter not specific enough?)"),
    ("ldapdn{ldap://LDAP/ou=many,o=base??sub?(|(uid=m1)(uid=m2)(uid=m3))",
     "LDAP search: more than one entry (3) was returned (filter not specific enough?)"),
    ("ldap{ldap://LDAP/o=base?attr1?sub?(uid=hid", "ldap_search failed: -7, Bad search filter"),
    ("ldap{ldap://LDAP/o=base?attr1?foo", 'ldap_url_parse: (error 8) parsing "ldap://LDAP/o=base?attr1?foo"'),
    ('ldap{user="cn=manager,o=base" pass=wrong ldap://LDAP/o=base?o',
     "failed to bind the LDAP connection to server LDAP - LDAP error 49: Invalid credentials"),
    ("ldap{user=x pass=y ldap://LDAP/o=base?o",
     "failed to bind the LDAP connection to server LDAP - LDAP error 34: Invalid DN syntax"),
    ("ldap{ldap://127.0.0.1:1/o=base?o",
     "failed to bind the LDAP connection to server 127.0.0.1:1 - ldap_bind() returned -1"),
    ("ldap{ldapi://127.0.0.1/o=base?o", 'ldapi requires an absolute path ("127.0.0.1" given)'),
    ("ldap{ldapi://%2Fnosuch/o=base?o",
     "failed to bind the LDAP connection to server /nosuch - ldap_bind() returned -1"),
    ("ldap{nonsense", "malformed parameter setting precedes LDAP URL"),
    ("ldap{servers=127.0.0.1::x ldap:///o=base?o", 'LDAP server "127.0.0.1:x" has no port that is one'),
])
def test_errors(place, ldap, query, error):
    assert one(place, ldap, f"${{lookup {query}}}{{$value}}{{none}}}}").endswith(f"gave DEFER: {error}")


def test_the_name_of_the_entry(place, ldap):
    assert expand(place, ldap, "<$ldap_dn>", "${lookup ldap{ldap://LDAP/o=base?attr2?sub?(uid=fred)}}$ldap_dn",
                  "${lookup ldap{ldap://LDAP/o=base?attr2?sub?(uid=nosuch)}}$ldap_dn",
                  "${lookup ldapm{ldap://LDAP/ou=many,o=base?attr1?sub?(|(uid=m1)(uid=m2))}{$ldap_dn}}") == \
        ["<>", "value twouid=fred,o=base", "uid=fred,o=base", "uid=m2,ou=many,o=base"]


def test_default_servers(place, ldap):
    place.configure(f"ldap_default_servers = 127.0.0.1::1 : 127.0.0.1::{ldap.port}")
    assert one(place, ldap, "${lookup ldap{ldap:///o=base?o}}") == "base"
    place.configure(f"ldap_default_servers = {ldap.path}/nosuch : {ldap.socket}")
    assert one(place, ldap, "${lookup ldap{ldap:///o=base?o}}") == "base"
    place.configure("ldap_default_servers = <; 127.0.0.1:1 ; 127.0.0.1:2")
    assert one(place, ldap, "${lookup ldap{ldap:///o=base?o}}").endswith("server 127.0.0.1:2 - ldap_bind() returned -1")


@pytest.mark.parametrize("options, query, result", [
    ("ldap_ca_cert_file = CERT", "ldaps://TLS", "base"),
    ("ldap_ca_cert_file = CERT\nldap_require_cert = hard", "ldaps://TLS", "base"),
    ("ldap_require_cert = hard\nldap_ca_cert_file = /etc/passwd", "ldaps://TLS", None),
    ("ldap_require_cert = never", "ldaps://TLS", "base"),
    ("ldap_ca_cert_file = CERT\nldap_start_tls", "ldap://127.0.0.1:PORT", "base"),
    ("ldap_require_cert = hard\nldap_ca_cert_file = /etc/passwd\nldap_start_tls", "ldap://127.0.0.1:PORT", None),
    ("ldap_ca_cert_file = CERT\nldap_cert_file = CERT\nldap_cert_key = KEY", "ldaps://TLS", "base"),
    ("ldap_ca_cert_file = CERT\nldap_cipher_suite = NORMAL", "ldaps://TLS", "base"),
    ("ldap_ca_cert_file = CERT\nldap_cipher_suite = NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+ARCFOUR-128", "ldaps://TLS", None),
    ("ldap_ca_cert_file = CERT\nldap_cipher_suite = NONSENSE", "ldaps://TLS", None),
    ("ldap_require_cert = demand\nldap_ca_cert_dir = DIRECTORY", "ldaps://TLS", "base"),
    ("ldap_require_cert = demand\nldap_ca_cert_dir = /etc", "ldaps://TLS", None),
    ("ldap_require_cert = demand\nldap_ca_cert_file = /etc/passwd", "ldaps://TLS", None),
    ("ldap_require_cert = allow\nldap_ca_cert_file = /etc/passwd", "ldaps://TLS", "base"),
    ("ldap_require_cert = allow", "ldaps://TLS", "base"),
    ("ldap_require_cert = try", "ldaps://TLS", None),
    ("ldap_require_cert = TRY\nldap_ca_cert_file = CERT", "ldaps://TLS", "base"),
    ("ldap_start_tls\nldap_require_cert = never", "ldap://127.0.0.1:PORT", "base"),
    ("ldap_start_tls", "ldapi://SOCKET", "base"),  # there is nobody in between
    ("ldap_version = 3", "ldap://LDAP", "base"),
    ("ldap_version = 2", "ldap://LDAP", None),
    ("ldap_require_cert = perhaps", "ldap://LDAP", None),
])
def test_tls(place, ldap, options, query, result):
    place.configure(options.replace("CERT", f"{ldap.path}/cert.pem").replace("KEY", f"{ldap.path}/key.pem")
                    .replace("DIRECTORY", f"{ldap.path}/authorities"))
    query = query.replace("PORT", str(ldap.port))
    given = one(place, ldap, f"${{lookup ldap{{{query}/o=base?o}}}}")
    assert given == result if result else "gave DEFER: " in given


def test_client_certificate(place, tmp_path):
    """Of a server that demands one."""
    server = LdapServer(tmp_path / "demanding", verify_client="demand")
    try:
        options = f"ldap_ca_cert_file = {server.path}/cert.pem\n"
        own = f"ldap_cert_file = {server.path}/cert.pem\nldap_cert_key = {server.path}/key.pem\n"
        for url in ("ldaps://TLS", "ldap://LDAP"):
            more = "" if "TLS" in url else "ldap_start_tls\n"
            place.configure(options + more)
            assert "gave DEFER: " in one(place, server, f"${{lookup ldap{{{url}/o=base?o}}}}")
            place.configure(options + more + own)
            assert one(place, server, f"${{lookup ldap{{{url}/o=base?o}}}}") == "base"
    finally:
        server.stop()


# --- A server that says what is needed to see how it is asked

SUCCESS = b"\x0a\x01\x00\x04\x00\x04\x00"  # the result code, and no texts
BIND, BOUND, UNBIND, SEARCH, ENTRY, DONE, EXTENDED = 0x60, 0x61, 0x42, 0x63, 0x64, 0x65, 0x77


def message(number, kind, content):
    """An LDAP message (RFC 4511): short lengths only."""
    operation = bytes([kind, len(content)]) + content
    return b"\x30" + bytes([3 + len(operation)]) + b"\x02\x01" + bytes([number]) + operation


class Fake:
    """Finds one entry without attributes, whatever is looked for; notes who comes, and what for. silent: says nothing."""

    def __init__(self, silent=False):
        self.seen = []
        self.silent = silent
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.threads = [threading.Thread(target=self.accept)]
        self.threads[0].start()

    def accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.seen.append("connection")
            self.threads.append(threading.Thread(target=self.serve, args=(connection,)))
            self.threads[-1].start()

    def serve(self, connection):
        with connection, contextlib.suppress(ConnectionError):
            while head := connection.recv(2):
                if self.silent or head[0] != 0x30:
                    continue
                body = connection.recv(head[1], socket.MSG_WAITALL)
                number, kind = body[2], body[3]
                if kind == BIND:
                    self.seen.append(f"bind {body[10:10 + body[9]].decode()}")
                    connection.sendall(message(number, BOUND, SUCCESS))
                elif kind == SEARCH:
                    self.seen.append(body[5:])
                    entry = b"\x04\x01x\x30\x0a\x30\x08\x04\x01o\x31\x03\x04\x01y"
                    connection.sendall(message(number, ENTRY, entry) + message(number, DONE, SUCCESS))
                else:
                    return

    def stop(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for thread in self.threads:
            thread.join(DEADLINE)


@pytest.fixture(name="fake")
def fixture_fake():
    server = Fake()
    yield server
    server.stop()


@pytest.mark.parametrize("parameters, scope, dereference, size, time", [
    ("", 0, 0, 0, 0),
    ("size=7 ", 0, 0, 7, 0),
    ("time=9 ", 0, 0, 0, 9),
    ("dereference=never ", 0, 0, 0, 0),
    ("dereference=searching ", 0, 1, 0, 0),
    ("dereference=finding ", 1, 2, 0, 0),
    ("nettime=5 dereference=always size=3 time=4 ", 2, 3, 3, 4),
])
def test_what_the_server_is_asked(place, fake, parameters, scope, dereference, size, time):
    name = ("base", "one", "sub")[scope]
    assert one(place, NONE, f"${{lookup ldap{{{parameters}ldap://127.0.0.1:{fake.port}/o=b?o?{name}}}}}") == "y"
    asked = fake.seen[-1]
    assert asked.startswith(b"\x04\x03o=b\x0a\x01" + bytes([scope]) + b"\x0a\x01" + bytes([dereference]) +
                            b"\x02\x01" + bytes([size]) + b"\x02\x01" + bytes([time]))


def test_connections_are_kept(place, fake):
    """One for each server, which changes its user when another is needed. No password is checked by one that is kept."""
    url = f"ldap://127.0.0.1:{fake.port}/"
    place.run("-be", *(f"${{lookup ldap{{{text}}}}}" for text in (
        f"{url}o=a?o", f"{url}o=b?o", f"user=u pass=p {url}o=c?o", f"user=u pass=p {url}o=d?o", f"{url}o=a?o")),
        *[f"${{if ldapauth{{user=u pass=p {url}}}}}"] * 2)
    assert [what if isinstance(what, str) else what[2:5].decode() for what in fake.seen] == [
        "connection", "bind ", "o=a", "o=b", "bind u", "o=c", "o=d"] + ["connection", "bind u"] * 2


@pytest.mark.parametrize("options, scheme", [("", "ldap"), ("", "ldaps"), ("ldap_start_tls\n", "ldap")])
def test_a_silent_server(place, options, scheme):
    server = Fake(silent=True)
    try:
        place.configure(options)
        given = one(place, NONE, f"${{lookup ldap{{nettime=1 {scheme}://127.0.0.1:{server.port}/o=base?o}}}}")
        assert "gave DEFER: " in given and server.seen == ["connection"]
    finally:
        server.stop()


# --- ldapauth

LOGIN = """
begin authenticators
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${if and{{ !eq{}{$auth1} }{ ldapauth{\\
      user="uid=${quote_ldap_dn:$auth1},o=base" pass=${quote:$auth2} ldap://SERVER/} }}}
  server_set_id = uid=$auth1,o=base
"""


@pytest.mark.parametrize("argument, result", [
    ('user="uid=fred,o=base" pass="fred\'s secret" ldap://LDAP/', "y"),
    ('user="uid=fred,o=base" pass="fred\'s" ldap://LDAP/', "n"),
    ('user="uid=nobody,o=base" pass="fred\'s secret" ldap://LDAP/', "n"),
    ('user="uid=fred,o=base" pass="" ldap://LDAP/', "n"),
    ('user="uid=fred,o=base" pass="" ldap://127.0.0.1:1/', "n"),
    ('user="" pass="x" ldap://LDAP/', "n"),
    ('user="uid=${quote_ldap_dn:a b, (c)*\\\\},o=base" pass=${quote:strange pass\\\\word "} ldap://LDAP/', "y"),
    ('user="not a dn" pass="x" ldap://LDAP/',
     "Failed: failed to bind the LDAP connection to server LDAP - LDAP error 34: Invalid DN syntax"),
    ("user=x ldap://LDAP/", "Failed: ldapauth lookups must specify the username and password"),
    ("pass=x ldap://LDAP/", "Failed: ldapauth lookups must specify the username and password"),
    ("user=x pass=y ldap://127.0.0.1:1/",
     "Failed: failed to bind the LDAP connection to server 127.0.0.1:1 - ldap_bind() returned -1"),
    ("", "Failed: malformed parameter setting precedes LDAP URL"),
])
def test_ldapauth(place, ldap, argument, result):
    assert one(place, ldap, f"${{if ldapauth{{{argument}}}{{y}}{{n}}}}") == result


def login(client, user, password):
    """The reply in the end."""
    return talk(client, "AUTH LOGIN", b64(user), b64(password))[-1]


def test_a_login(daemon, ldap):
    daemon.start(sections=LOGIN.replace("SERVER", f"127.0.0.1:{ldap.port}"))
    client = daemon.client()
    for user, password in [("fred", "wrong"), ("fred", ""), ("nobody", "x"), ("", ""), ("*)(uid=*", "x"),
                           ("fred,o=base", "fred's secret"), ("fred", "fred's secret ldap://127.0.0.1:1/"),
                           ('fred" pass=x ldap://x', "fred's secret")]:
        assert login(client, user, password) == INCORRECT, (user, password)
    assert failed(daemon, "login", INCORRECT, " (set_id=uid=fred,o=base)") in daemon.place.log("main")
    assert login(client, "fred", "fred's secret") == OK
    assert login(daemon.client(), "a b, (c)*\\", 'strange pass\\word "') == OK
    assert "secret" not in daemon.place.log("main").replace("fred's secret ldap", "")


def test_no_server(daemon):
    daemon.start(sections=LOGIN.replace("SERVER", f"127.0.0.1:{free_port()}"))
    assert login(daemon.client(), "fred", "x") == LATER
    assert re.search(r": 435 Unable to authenticate at present \(set_id=uid=fred,o=base\): failed to bind the LDAP "
                     r"connection to server 127.0.0.1:\d+ - ldap_bind\(\) returned -1 ", daemon.place.log("main"))


def test_a_connection_that_has_gone_is_made_again(daemon, ldap):
    """Connections are kept during a session."""
    daemon.start("acl_smtp_mail = show\n",
                 "begin acl\nshow:\n  deny message = <${lookup ldap{ldap://SERVER/o=base?attr1?sub?(uid=${quote_ldap:"
                 "$sender_address_local_part})}}>\n".replace("SERVER", f"127.0.0.1:{ldap.port}"))
    client = daemon.client()
    assert client.command("MAIL FROM:<fred@x.test>") == "550 <value1.1,value1,,2>"
    ldap.stop()
    ldap.start()
    assert client.command("MAIL FROM:<m3@x.test>") == "550 <one3>"
