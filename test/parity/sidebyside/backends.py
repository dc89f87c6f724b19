"""What judges passwords for both programs of a scenario: Dovecot's service, a database of the Cyrus library's, an LDAP
server, saslauthd. Each is made when the first scenario asks for it, and kept for all."""

import shutil
import subprocess
import tempfile
from pathlib import Path
from threading import Lock

from dovecot_server import DovecotServer
from ldap_server import LdapServer
from saslauthd_server import SaslauthdServer

MADE = {}       # by the kind of backend: its directory; what stands for what of it in a scenario, longer texts first
SERVERS = []
LOCK = Lock()   # both programs start at the same time


def dovecot(place):
    """Has alice, whose password is secret, and bob, who may not log in. The directory of its sockets."""
    SERVERS.append(DovecotServer(place / "server"))
    return {"@DOVECOT@": str(SERVERS[-1].socket.parent)}


def sasldb(place):
    """Has alice, whose password is secret, at mail.test, and elsewhere in the realm other.test."""
    for realm, password in (("mail.test", b"secret"), ("other.test", b"elsewhere")):
        subprocess.run(["saslpasswd2", "-p", "-c", "-f", place / "sasldb", "-u", realm, "alice"], input=password, check=True)
    (place / "sasldb").chmod(0o644)
    return {"@SASLDB@": str(place / "sasldb")}


def ldap(place):
    """Has the entries of test/common/ldap_server.py. Its socket as URLs have it, its directory, its ports."""
    server = LdapServer(place / "server")
    SERVERS.append(server)
    return {"@LDAPI@": str(server.socket).replace("/", "%2F"), "@LDAPDIR@": str(server.path),
            "@LDAPS@": f"127.0.0.1:{server.tls_port}", "@LDAP@": f"127.0.0.1:{server.port}", "@LDAPPORT@": str(server.port)}


def saslauthd(place):
    """Lets in two users for the service exim. The directory of its socket."""
    SERVERS.append(SaslauthdServer(place / "server", "alice:secret:exim", "p w:two words:exim"))
    return {"@SASLAUTHD@": str(SERVERS[-1].sockets)}


KINDS = {"@DOVECOT": dovecot, "@SASLDB": sasldb, "@LDAP": ldap, "@SASLAUTHD": saslauthd}


def fill_in(text):
    """Text with the paths and addresses of the backends that it names."""
    for kind, make in KINDS.items():
        if kind not in text:
            continue
        with LOCK:
            if kind not in MADE:
                place = Path(tempfile.mkdtemp(prefix="backend"))
                place.chmod(0o755)
                MADE[kind] = place, make(place)
        for word, value in MADE[kind][1].items():
            text = text.replace(word, value)
    return text


def normalise(text):
    """The opposite."""
    for _, words in MADE.values():
        for word, value in words.items():
            text = text.replace(value, word)
    return text


def stop():
    while SERVERS:
        SERVERS.pop().stop()
    while MADE:
        shutil.rmtree(MADE.popitem()[1][0], ignore_errors=True)
