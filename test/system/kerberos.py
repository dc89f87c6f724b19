"""A Kerberos realm for the tests: Heimdal's KDC on a free loopback port, principals, keytabs, tickets."""
import os
import shutil
import subprocess

from gatepost import DEADLINE, free_port, wait_until

KDC = "/usr/lib/heimdal-servers/kdc"
KADMIN, KINIT = shutil.which("kadmin.heimdal"), shutil.which("kinit.heimdal")
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

    def __init__(self, path):
        self.path, self.port = path, free_port()
        path.mkdir()
        path.chmod(0o755)
        self.config = path / "krb5.conf"
        self.config.write_text(CONFIG.replace("REALM", REALM).replace("PORT", str(self.port)).replace("PLACE", str(path)))
        self.environment = {**os.environ, "KRB5_CONFIG": str(self.config), "KRB5CCNAME": f"FILE:{path}/ticket"}
        self.admin("init", "--realm-max-ticket-life=1d", "--realm-max-renewable-life=1d", REALM)
        self.admin("add", "--use-defaults", "--password=secret", "alice")
        self.admin("add", "--use-defaults", "--random-key", "smtp/localhost")
        self.admin("add", "--use-defaults", "--random-key", "robot")
        self.keytab, self.client_keytab = path / "service.keytab", path / "client.keytab"
        self.admin("ext_keytab", "-k", str(self.keytab), "smtp/localhost")
        self.admin("ext_keytab", "-k", str(self.client_keytab), "robot")
        for keytab in (self.keytab, self.client_keytab):
            keytab.chmod(0o644)
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen([KDC, f"--config-file={self.config}", "--addresses=127.0.0.1",
                                         f"--ports={self.port}"], env=self.environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self.answers, "the KDC")

    def admin(self, *arguments):
        """Changes the realm's database."""
        subprocess.run([KADMIN, "-l", "-c", str(self.config), "-r", REALM, *arguments], env=self.environment, check=True,
                       capture_output=True, timeout=DEADLINE)

    def kinit(self, password="secret"):
        """Gets a ticket for alice; whether that went well."""
        file = self.path / "password"
        file.write_text(password + "\n")
        return subprocess.run([KINIT, f"--password-file={file}", f"alice@{REALM}"], env=self.environment, check=False,
                              capture_output=True, timeout=DEADLINE).returncode == 0

    def answers(self):
        """Whether the KDC gives tickets."""
        assert self.process.poll() is None, "the KDC has ended"
        return self.kinit()

    def stop(self):
        """Ends the KDC."""
        self.process.terminate()
        self.process.wait(DEADLINE)
