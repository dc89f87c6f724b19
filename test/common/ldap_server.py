"""A real OpenLDAP server for tests: on loopback ports, for ldap and ldaps, and a socket, in its own directory."""
import shutil
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

from ports import free_port

PROGRAM = shutil.which("slapd", path="/usr/sbin:/usr/bin")
SLAPADD = shutil.which("slapadd", path="/usr/sbin:/usr/bin")
SECONDS = 15

CONFIG = """
include /etc/ldap/schema/core.schema
attributetype ( 1.1.1 NAME 'attr' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.1.2 NAME 'attr1' SUP attr )
attributetype ( 1.1.3 NAME 'attr2' SUP attr )
objectclass ( 1.1.4 NAME 'thing' SUP top STRUCTURAL MUST uid MAY ( attr $ attr1 $ attr2 $ userPassword $ cn ) )
attributetype ( 1.1.5 NAME 'mailname' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.1.6 NAME 'mailid' SUP attr )
objectclass ( 1.1.7 NAME 'mailaccount' SUP top STRUCTURAL MUST ( mailname $ mailid ) )
pidfile PLACE/pid
modulepath /usr/lib/ldap
moduleload back_mdb
sizelimit 5
TLSCertificateFile PLACE/cert.pem
TLSCertificateKeyFile PLACE/key.pem
TLSVerifyClient VERIFY
TLSCACertificateFile PLACE/cert.pem
database mdb
suffix "o=base"
directory PLACE/db
rootdn "cn=manager,o=base"
rootpw manager
access to dn.subtree="ou=secret,o=base" by users read by anonymous none
access to attrs=userPassword by anonymous auth by * none
access to * by * read
"""

# Names that need both kinds of quoting, values with commas, quotes, backslashes and newlines.
ENTRIES = r"""
dn: o=base
objectClass: organization
o: base

dn: uid=fred,o=base
objectClass: thing
uid: fred
cn: Fred
attr1: value1.1
attr1: value1,2
attr2: value two
userPassword: fred's secret

dn: uid=odd,o=base
objectClass: thing
uid: odd
attr1:: cXVvdGUgIiBiYWNrc2xhc2ggXCBuZXdsaW5lCmVuZA==
attr2: a, b,,

dn: uid=a b\, (c)*\\,o=base
objectClass: thing
uid: a b, (c)*\
attr2: strange
userPassword: strange pass\word "

dn: uid=bare,o=base
objectClass: thing
uid: bare

dn: ou=secret,o=base
objectClass: organizationalUnit
ou: secret

dn: uid=hidden,ou=secret,o=base
objectClass: thing
uid: hidden
attr1: treasure

dn: ou=many,o=base
objectClass: organizationalUnit
ou: many
""" + "".join(f"""
dn: uid=m{i},ou=many,o=base
objectClass: thing
uid: m{i}
attr1: one{i}
attr2: two{i}
""" for i in range(1, 9))


class LdapServer:
    """Runs until stop(). In the directory "authorities" its certificate lies under the name that is its hash."""

    def __init__(self, path, entries=ENTRIES, verify_client="try"):
        self.path = Path(path)
        for name in ("db", "authorities"):
            (self.path / name).mkdir(parents=True)
        self.path.chmod(0o755)
        self.port, self.tls_port = free_port(), free_port()
        self.socket = self.path / "socket"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                        "-keyout", self.path / "key.pem", "-out", self.path / "cert.pem"], check=True,
                       capture_output=True)
        (self.path / "key.pem").chmod(0o644)
        shutil.copy(self.path / "cert.pem", self.path / "authorities")
        subprocess.run(["openssl", "rehash", self.path / "authorities"], check=True, capture_output=True)
        config = self.path / "slapd.conf"
        config.write_text(CONFIG.replace("PLACE", str(self.path)).replace("VERIFY", verify_client))
        (self.path / "entries").write_text(entries)
        subprocess.run([SLAPADD, "-f", config, "-l", self.path / "entries"], check=True, capture_output=True)
        self.process = None
        self.start()

    def start(self):
        """Starts it, also once more after stop()."""
        urls = (f"ldap://127.0.0.1:{self.port}/ ldaps://127.0.0.1:{self.tls_port}/ "
                f"ldapi://{quote(str(self.socket), '')}/")
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen([PROGRAM, "-f", self.path / "slapd.conf", "-h", urls, "-d", "0"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        end = time.monotonic() + SECONDS
        while not self.answers():
            assert time.monotonic() < end and self.process.poll() is None, "slapd does not start"
            time.sleep(0.01)
        self.socket.chmod(0o777)

    def answers(self):
        """Whether it is ready."""
        with socket.socket() as probe:
            return self.socket.exists() and probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        """Ends the server."""
        self.process.terminate()
        self.process.wait(SECONDS)
