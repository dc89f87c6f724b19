"""Mail servers of other makes that Gatepost hands messages on to: Postfix, the packaged Exim, OpenSMTPD. Each takes
mail for bob@dest.test into a maildir, and asks for the password of alice where it can."""
import os
import pathlib
import pwd
import shutil
import subprocess

from gatepost import TOP, free_port, wait_until
from mounts import bound

PEERS = TOP / "build" / "peers"
EXIM = "/usr/sbin/exim4"
RECIPIENT = "bob@dest.test"


class NextHop:
    """A server with a port for SMTP, with STARTTLS where it can, and one for TLS on connect; None: it cannot."""

    user = "alice"
    tls = True

    def __init__(self, path, certificate):
        self.path = pathlib.Path(path)
        self.certificate = certificate
        self.port, self.tls_port = free_port(), free_port()
        self.process = None
        for name in ("mail", "spool", "run", "data", "etc"):
            (self.path / name).mkdir()
        self.path.chmod(0o755)
        self.start()

    def spawn(self, *command, **options):
        with (self.path / "output").open("w") as output:
            self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=subprocess.STDOUT, **options)

    def own(self, *names, user):
        for name in names:
            shutil.chown(self.path / name, user)

    def mails(self):
        """The messages in the mailbox, as text."""
        return [path.read_text(encoding="latin-1") for path in sorted(self.path.glob("mail/bob/new/*"))]

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


class Postfix(NextHop):
    """Authenticates with Cyrus SASL, by a password file of its own."""

    user = "alice@postfix.test"
    mechanisms = "PLAIN"
    owner = "games"  # not the user of anything else that runs here

    def start(self):
        root = PEERS / "postfix"
        services = root / "usr/lib/postfix/sbin"
        (self.path / "etc/main.cf").write_text(f"""
compatibility_level = 3.6
queue_directory = {self.path}/spool
data_directory = {self.path}/data
command_directory = {root}/usr/sbin
daemon_directory = {services}
shlib_directory = {root}/usr/lib/postfix
import_environment = MAIL_CONFIG LD_LIBRARY_PATH
mail_owner = {self.owner}
setgid_group = operator
default_privs = nobody
maillog_file = {self.path}/maillog
maillog_file_prefixes = {self.path}
myhostname = postfix.test
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
virtual_mailbox_domains = dest.test
virtual_mailbox_base = {self.path}/mail
virtual_mailbox_maps = inline:{{{RECIPIENT}=bob/}}
virtual_minimum_uid = 1
virtual_uid_maps = static:{pwd.getpwnam("mail").pw_uid}
virtual_gid_maps = static:{pwd.getpwnam("mail").pw_gid}
smtpd_sasl_auth_enable = yes
smtpd_sasl_local_domain = postfix.test
smtpd_tls_security_level = may
smtpd_tls_chain_files = {self.certificate.with_suffix(".key")}, {self.certificate}
smtpd_relay_restrictions = permit_sasl_authenticated, reject
{self.more_settings()}
""")
        (self.path / "etc/master.cf").write_text(f"""
127.0.0.1:{self.port} inet n - n - - smtpd
127.0.0.1:{self.tls_port} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
virtual unix - n n - - virtual
error unix - - n - - error
retry unix - - n - - error
postlog unix-dgram n - n - 1 postlogd
{self.more_services()}
""")
        (self.path / "etc/sasl").mkdir()
        (self.path / "etc/sasl/smtpd.conf").write_text(
            f"pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {self.path}/sasldb\nmech_list: {self.mechanisms}\n")
        subprocess.run(["saslpasswd2", "-p", "-c", "-f", str(self.path / "sasldb"), "-u", "postfix.test", "alice"],
                       input=b"secret", check=True)
        (self.path / "sasldb").chmod(0o644)
        (self.path / "spool/pid").mkdir()
        for name in ("active bounce corrupt defer deferred flush hold incoming saved trace private public "
                     "maildrop").split():
            (self.path / "spool" / name).mkdir(mode=0o700)
            self.own(f"spool/{name}", user=self.owner)
        for name in ("public", "maildrop"):
            shutil.chown(self.path / "spool" / name, group="operator")
            (self.path / "spool" / name).chmod(0o730)
        self.own("data", user=self.owner)
        self.own("mail", user="mail")
        libraries = f"{root}/usr/lib/postfix:" + ":".join(str(path) for path in PEERS.glob("libnsl2/usr/lib/*-linux-gnu"))
        # A port that is open before Postfix serves it takes connections all the same.
        self.spawn(services / "master", "-c", self.path / "etc", "-d",
                   env={"PATH": os.environ["PATH"], "MAIL_CONFIG": str(self.path / "etc"), "LD_LIBRARY_PATH": libraries})

    def more_settings(self):
        """More lines of main.cf."""
        return ""

    def more_services(self):
        """More lines of master.cf."""
        return ""

    def log(self):
        """What it has logged so far."""
        log = self.path / "maillog"
        return log.read_text() if log.exists() else ""


class PostfixRelay(Postfix):
    """Hands mail on to the server at a port, and has a mechanism and a password of alice for each domain."""

    def __init__(self, path, certificate, port, domains):
        """domains: {name: (mechanism, password)}"""
        self.destination, self.domains = f"[127.0.0.1]:{port}", domains
        super().__init__(path, certificate)

    def more_settings(self):
        routes = ", ".join(f"{domain}={domain}:{self.destination}" for domain in self.domains)
        return (f"transport_maps = inline:{{{routes}}}\nmynetworks = 127.0.0.1\nsmtp_sasl_auth_enable = yes\n"
                "smtp_sasl_security_options =\nsmtpd_relay_restrictions = permit_mynetworks, reject\n"
                "smtp_tls_security_level = none\n")

    def more_services(self):
        return "".join(
            f"{domain} unix - - n - - smtp -o smtp_sasl_mechanism_filter={mechanism}\n"
            f"  -o smtp_sasl_password_maps=inline:{{{self.destination}=alice:{password}}}\n"
            for domain, (mechanism, password) in self.domains.items())


class Exim(NextHop):
    """The packaged Exim, whose password is in its configuration."""

    def start(self):
        (self.path / "etc/exim.conf").write_text(f"""
primary_hostname = exim.test
spool_directory = {self.path}/spool
log_file_path = {self.path}/data/%slog
exim_user = Debian-exim
exim_group = Debian-exim
keep_environment =
daemon_smtp_ports = {self.port} : {self.tls_port}
tls_on_connect_ports = {self.tls_port}
local_interfaces = 127.0.0.1
tls_advertise_hosts = *
tls_certificate = {self.certificate}
tls_privatekey = {self.path}/etc/key
acl_smtp_rcpt = check
begin acl
check:
  accept authenticated = *
  deny
begin routers
here:
  driver = accept
  domains = dest.test
  transport = box
begin transports
box:
  driver = appendfile
  directory = {self.path}/mail/bob
  maildir_format
  user = Debian-exim
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{alice}}}}{{eq{{$auth3}}{{secret}}}}}}}}
  server_set_id = $auth2
""")
        shutil.copy(self.certificate.with_suffix(".key"), self.path / "etc/key")
        self.own("etc/key", "spool", "data", "mail", user="Debian-exim")
        self.spawn(EXIM, "-C", self.path / "etc/exim.conf", "-bdf")


class OpenSmtpd(NextHop):
    """Without TLS, which Debian's cannot do as a server, and so without AUTH. Its users and paths are compiled in."""

    tls = False

    def start(self):
        root = PEERS / "opensmtpd"
        for name in ("passwd", "group"):
            text = pathlib.Path("/etc", name).read_text()
            for number, user in enumerate(("opensmtpd", "opensmtpq"), 64001):
                text += f"{user}:x:{number}:" + (f"{number}::/:/bin/false\n" if name == "passwd" else "\n")
            (self.path / "etc" / name).write_text(text)
        (self.path / "etc/smtpd.conf").write_text(f"listen on 127.0.0.1 port {self.port} hostname opensmtpd.test\n"
                                                  + self.settings())
        (self.path / "etc/smtpd.conf").chmod(0o644)
        (self.path / "spool").chmod(0o711)
        self.own("mail", user="mail")
        view = {"/etc/passwd": self.path / "etc/passwd", "/etc/group": self.path / "etc/group",
                "/var/lib/opensmtpd/empty": self.path / "data", "/var/spool/smtpd": self.path / "spool",
                "/run": self.path / "run", "/usr/libexec/opensmtpd": root / "usr/libexec/opensmtpd"}
        self.spawn(*bound(view), root / "usr/sbin/smtpd", "-d", "-f", self.path / "etc/smtpd.conf")

    def settings(self):
        """What becomes of the mail."""
        return f"""
table users {{ "{RECIPIENT}" = "mail" }}
action "box" maildir "{self.path}/mail/bob" virtual <users>
match from any for domain "dest.test" action "box"
"""

    def log(self):
        """What it has said so far."""
        return (self.path / "output").read_text()


class OpenSmtpdRelay(OpenSmtpd):
    """Hands mail on to the server at a port, with TLS; greets with the domain's name and has a password of alice for it."""

    def __init__(self, path, certificate, port, domains):
        """domains: {name: password}"""
        self.destination, self.domains = f"127.0.0.1:{port}", domains
        super().__init__(path, certificate)

    def settings(self):
        secrets = ", ".join(f'"{domain}" = "alice:{password}"' for domain, password in self.domains.items())
        return f"table secrets {{ {secrets} }}\n" + "".join(
            f'action "{domain}" relay host "smtp+tls://{domain}@{self.destination}" auth <secrets> helo "{domain}" tls no-verify\n'
            f'match from any for domain "{domain}" action "{domain}"\n' for domain in self.domains)


def start(kind, path, certificate, listening):
    """A server of the kind that takes connections."""
    hop = kind(path, certificate)
    try:
        wait_until(lambda: listening(hop.port) or hop.process.poll() is not None, f"{kind.__name__} listens")
        assert hop.process.poll() is None, (hop.path / "output").read_text()
    except BaseException:
        hop.stop()
        raise
    return hop
