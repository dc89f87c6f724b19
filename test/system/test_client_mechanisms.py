"""Messages that go from the packaged Exim to Gatepost, the other way, and from Gatepost to Gatepost, by CRAM-MD5, NTLM,
EXTERNAL and certificates: whether they arrive, and what the logs of both sides tell."""
import re
import subprocess

import pytest

from authentication import INCORRECT
from certificates import Authority
from gatepost import DEADLINE, PROGRAM, free_port, wait_until
from peers import MESSAGE, RECIPIENT, SENDER, output, run

EXIM = "/usr/sbin/exim4"

BOTH = """
spool_directory = PLACE
log_file_path = PLACE/%slog
primary_hostname = NAME.test
exim_user = Debian-exim
keep_environment =
disable_ipv6
smtputf8_advertise_hosts =
"""

SERVER = BOTH + """
queue_only
tls_advertise_hosts = *
tls_certificate = PKI/server.pem
tls_privatekey = PKI/server.key
tls_verify_certificates = PKI/ca.pem
tls_try_verify_hosts = *
acl_smtp_rcpt = rcpt
begin acl
rcpt:
  accept authenticated = *
  deny   message = nobody
begin authenticators
AUTHENTICATOR
"""

CLIENT = BOTH + """
tls_advertise_hosts =
begin routers
there:
  driver = manualroute
  route_list = * 127.0.0.1 byname
  self = send
  transport = smtp
begin transports
smtp:
  driver = smtp
  port = PORT
OPTIONS
begin retry
* * F,1h,1h
begin authenticators
AUTHENTICATOR
"""

PLAINLY = "  hosts_avoid_tls = *\n  hosts_require_auth = *"
WITH_CERTIFICATE = ("  hosts_require_tls = *\n  hosts_TRYING_auth = *\n  tls_verify_certificates = PKI/ca.pem\n"
                    "  tls_certificate = PKI/PASSWORD.pem\n  tls_privatekey = PKI/PASSWORD.key")

# Of each mechanism: the server's authenticator, the client's, and options of its transport. With certificates, the
# "password" says whose is sent.
MECHANISMS = {
    "cram": ("""
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${if eq{$auth1}{alice}{secret}fail}
  server_set_id = $auth1
""", """
  driver = cram_md5
  public_name = CRAM-MD5
  client_name = alice
  client_secret = PASSWORD
  client_set_id = alice
""", PLAINLY),
    "spa": ("""
  driver = spa
  public_name = NTLM
  server_password = ${if eq{$auth1}{alice}{secret}fail}
  server_set_id = $auth1
""", """
  driver = spa
  public_name = NTLM
  client_username = alice
  client_password = PASSWORD
  client_domain = DOMAIN
  client_set_id = alice
""", PLAINLY),
    # As in the manual, 40.2.
    "msn": ("""
  driver = spa
  public_name = MSN
  server_password = ${if eq{$auth1}{msn/msn_username}{${if eq{PASSWORD}{secret}{msn_plaintext_password}}}fail}
  server_set_id = alice
""", """
  driver = spa
  public_name = MSN
  client_username = msn/msn_username
  client_password = msn_plaintext_password
  client_domain = DOMAIN_OR_UNSET
  client_set_id = alice
""", PLAINLY),
    "external": ("""
  driver = external
  public_name = EXTERNAL
  server_condition = ${if eq{$auth1}{alice:secret}}
  server_set_id = ${sg{$auth1}{:.*}{}}
""", """
  driver = external
  public_name = EXTERNAL
  client_send = alice:PASSWORD
  client_set_id = alice
""", PLAINLY),
    # As in the manual, 41.2 and 41.3.
    "ext_ccert": (r"""
  driver =            external
  public_name =       EXTERNAL
  server_advertise_condition = $tls_in_certificate_verified
  server_param2 =     ${certextract {subj_altname,mail,>:} \
                                    {$tls_in_peercert}}
  server_condition =  ${if forany {$auth2} \
                            {eq {$item}{$auth1}}}
  server_set_id =     ${local_part:$auth1}
""", """
  driver = external
  public_name = EXTERNAL
  client_condition = ${if !eq{$tls_out_cipher}{}}
  client_send = alice@mail.test
  client_set_id = alice
""", WITH_CERTIFICATE.replace("TRYING", "require")),
    # No mechanism of SMTP: the client only has a certificate.
    "tls": (r"""
  driver = tls
  server_param1 = ${certextract {subj_altname,mail,>:}{$tls_in_peercert}}
  server_condition = ${if and{{eq{$tls_in_certificate_verified}{1}}{eq{$auth1}{alice@mail.test}}}}
  server_set_id = ${local_part:$auth1}
""", "", WITH_CERTIFICATE.replace("TRYING", "try")),
}


@pytest.fixture(name="pki", scope="module")
def fixture_pki(tmp_path_factory):
    """Certificates of the server, of alice ("secret") and of somebody else ("wrong")."""
    directory = tmp_path_factory.mktemp("pki")
    for parent in (directory, *directory.parents[:2]):
        parent.chmod(0o755)
    authority = Authority(directory)
    authority.issue("server", "/CN=server.test", "subjectAltName=IP:127.0.0.1")
    authority.issue("secret", "/CN=alice", "subjectAltName=email:alice@mail.test")
    authority.issue("wrong", "/CN=mallory", "subjectAltName=email:mallory@mail.test")
    for key in directory.glob("*.key"):
        key.chmod(0o644)
    return directory


class Side:
    """A program with a directory, where its configuration and its logs are."""

    def __init__(self, path, program, text):
        self.path, self.program = path / ("client" if "transport" in text else "server"), program
        self.path.mkdir()
        self.path.chmod(0o777)
        self.config = path / f"{self.path.name}.conf"
        self.config.write_text(text.replace("PLACE", str(self.path)).replace("NAME", self.path.name))
        self.config.chmod(0o644)

    def log(self):
        log = self.path / "mainlog"
        return log.read_text() if log.exists() else ""

    def line(self, mark):
        """The first line of the log with this in it, less its time."""
        wait_until(lambda: mark in self.log(), f"{mark!r} in {self.log()}")
        return next(line for line in self.log().splitlines() if mark in line)[20:]


@pytest.fixture(name="serve")
def fixture_serve(place):
    """Starts servers; makes (port, Side)."""
    processes = []

    def serve(program, text):
        side = Side(place.path, program, text)
        port = free_port()
        processes.append(subprocess.Popen([program, "-C", side.config, "-bdf", "-oX", f"127.0.0.1.{port}",
                                           "-oP", place.path / "pid"], stdin=subprocess.DEVNULL, start_new_session=True))
        wait_until(lambda: place.listening(port), "the server")
        return port, side
    yield serve
    for process in processes:
        process.terminate()
        process.wait(DEADLINE)


@pytest.mark.parametrize("password", ["secret", "wrong"])
@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("client, server", [(EXIM, PROGRAM), (PROGRAM, EXIM), (PROGRAM, PROGRAM)],
                         ids=["exim-gatepost", "gatepost-exim", "gatepost-gatepost"])
def test_delivery(place, pki, serve, client, server, mechanism, password):
    stanza, own, options = MECHANISMS[mechanism]
    port, there = serve(server, SERVER.replace("AUTHENTICATOR", f"{mechanism}:{stanza}").replace("PKI", str(pki))
                        .replace("PASSWORD", password))
    here = Side(place.path, client, CLIENT.replace("AUTHENTICATOR", own and f"{mechanism}:{own}")
                .replace("OPTIONS", options).replace("PORT", str(port)).replace("PKI", str(pki))
                .replace("PASSWORD", password))
    result = run(client, "-C", here.config, "-odf", "-f", SENDER, RECIPIENT, stdin=MESSAGE)
    assert result.returncode == 0, output(result)
    smtp_auth = mechanism != "tls"
    secure = r" X=TLS1\.3:\S+ CV=yes" if "PKI" in options else ""
    if password == "secret":
        user = f" A={mechanism}:alice" if smtp_auth else ""
        assert re.match(rf'\S+ => {RECIPIENT} R=there T=smtp H=127\.0\.0\.1 \[127\.0\.0\.1\]{secure}{user} '
                        r'(K )?C="250[- ].*OK id=\S+"$', here.line(" => "))
        assert re.match(rf"\S+ <= {SENDER} H=(?:localhost )?\(client\.test\) \[127\.0\.0\.1\] P=esmtps?a{secure}"
                        rf" A={mechanism}:alice (K )?S=\d+", there.line(" <= "))
        assert "authenticator failed" not in there.log() + here.log()
    elif smtp_auth:
        failure = here.line(f" {mechanism} authenticator failed H=127.0.0.1 [127.0.0.1] ")
        assert failure.endswith(f" {INCORRECT}")
        assert " defer (-42): authentication required but authentication attempt(s) failed" in here.line(" == ")
        assert re.search(rf"{mechanism} authenticator failed for (?:H=)?(?:localhost )?\(client\.test\) "
                         rf"\[127\.0\.0\.1\]: {INCORRECT} \(set_id=alice\)$",
                         there.line(f"{mechanism} authenticator failed"))
        assert " <= " not in there.log()
    else:
        assert "550 nobody" in here.line(" ** ")
        assert " <= " not in there.log()
