"""A Kerberos realm for the tests: Heimdal's KDC on a free loopback port, principals, keytabs, tickets; and both ends of
GSSAPI by MIT's library, to say what no honest program would."""
import os
import shutil
import subprocess
from contextlib import contextmanager

import gssapi

from gatepost import DEADLINE, free_port, wait_until

KDC = "/usr/lib/heimdal-servers/kdc"
KADMIN, KINIT, KTUTIL = (shutil.which(f"{name}.heimdal") for name in ("kadmin", "kinit", "ktutil"))
REALM = "GATEPOST.TEST"

CONFIG = """
[libdefaults]
default_realm = REALM
dns_lookup_realm = false
dns_lookup_kdc = false
dns_canonicalize_hostname = false
rdns = false
udp_preference_limit = 1
[realms]
REALM = {
  kdc = 127.0.0.1:PORT
}
[domain_realm]
localhost = REALM
mail.test = REALM
[kdc]
database = {
  dbname = PLACE/db
  realm = REALM
  log_file = PLACE/db.log
  mkey_file = PLACE/mkey
}
[logging]
default = FILE:PLACE/log
"""


class Realm:
    """Runs until stop(): alice with a password and a keytab, a service smtp at localhost with a keytab."""

    def __init__(self, path, name=REALM):
        self.path, self.name, self.port = path, name, free_port()
        path.mkdir()
        path.chmod(0o755)
        self.config = path / "krb5.conf"
        self.config.write_text(CONFIG.replace("REALM", name).replace("PORT", str(self.port)).replace("PLACE", str(path)))
        self.environment = {**os.environ, "KRB5_CONFIG": str(self.config), "KRB5CCNAME": f"FILE:{path}/ticket"}
        self.admin("init", "--realm-max-ticket-life=1d", "--realm-max-renewable-life=1d", name)
        self.admin("add", "--use-defaults", "--password=secret", "alice")
        self.admin("add", "--use-defaults", "--random-key", "smtp/localhost")
        self.admin("add", "--use-defaults", "--random-key", "robot")
        self.keytab, self.client_keytab = path / "service.keytab", path / "client.keytab"
        self.admin("ext_keytab", "-k", str(self.keytab), "smtp/localhost")
        self.admin("ext_keytab", "-k", str(self.client_keytab), "robot")
        for keytab in (self.keytab, self.client_keytab):
            keytab.chmod(0o644)
        self.process = None
        self.start()

    def start(self):
        """Starts the KDC."""
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen([KDC, f"--config-file={self.config}", "--addresses=127.0.0.1",
                                         f"--ports={self.port}"], env=self.environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self.answers, "the KDC")

    def admin(self, *arguments):
        """Changes the realm's database."""
        subprocess.run([KADMIN, "-l", "-c", str(self.config), "-r", self.name, *arguments], env=self.environment, check=True,
                       capture_output=True, timeout=DEADLINE)

    def kinit(self, password="secret", *options, cache=None):
        """Gets a ticket for alice; whether that went well."""
        file = self.path / "password"
        file.write_text(password + "\n")
        environment = {**self.environment, "KRB5CCNAME": f"FILE:{cache}"} if cache else self.environment
        return subprocess.run([KINIT, *options, f"--password-file={file}", f"alice@{self.name}"], env=environment,
                              check=False, capture_output=True, timeout=DEADLINE).returncode == 0

    def wrong_keytab(self):
        """One with a key for the service that is not the service's."""
        path = self.path / "wrong.keytab"
        subprocess.run([KTUTIL, "-k", str(path), "add", "-p", f"smtp/localhost@{self.name}", "-V", "1", "-e",
                        "aes256-cts-hmac-sha1-96", "-w", "guess"], env=self.environment, check=True, capture_output=True,
                       timeout=DEADLINE)
        path.chmod(0o644)
        return path

    def answers(self):
        """Whether the KDC gives tickets."""
        assert self.process.poll() is None, "the KDC has ended"
        return self.kinit()

    def initiator(self, service="smtp@localhost"):
        """The client's end of a context, with the ticket of the cache that the environment of the tests names."""
        name = gssapi.Name(service, gssapi.NameType.hostbased_service)
        flags = gssapi.RequirementFlag.mutual_authentication | gssapi.RequirementFlag.out_of_sequence_detection | \
            gssapi.RequirementFlag.integrity
        return gssapi.SecurityContext(name=name, usage="initiate", flags=flags, mech=gssapi.MechType.kerberos)

    def acceptor(self):
        """The service's end of a context."""
        credentials = gssapi.Credentials(usage="accept", store={"keytab": f"FILE:{self.keytab}"})
        return gssapi.SecurityContext(creds=credentials, usage="accept")

    def stop(self):
        """Ends the KDC."""
        self.process.terminate()
        self.process.wait(DEADLINE)

    @contextmanager
    def without_kdc(self):
        """While the KDC cannot be reached."""
        self.stop()
        try:
            yield
        finally:
            self.start()
