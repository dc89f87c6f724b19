"""CRAM-MD5, NTLM and EXTERNAL as a client, of the packaged Exim and of Gatepost itself: callouts authenticate, too."""
import subprocess

import pytest

from authentication import INCORRECT
from gatepost import DEADLINE, PROGRAM, Client, free_port, wait_until

EXIM = "/usr/sbin/exim4"

SERVER = """
spool_directory = PLACE/server
log_file_path = PLACE/server/%slog
primary_hostname = server.test
keep_environment =
tls_advertise_hosts =
acl_smtp_mail = mail
begin acl
mail:
  accept logwrite = came <$authenticated_id> by <$sender_host_authenticated>
         authenticated = *
  deny   message = nobody
begin authenticators
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${if eq{$auth1}{alice}{secret}fail}
  server_set_id = $auth1
spa:
  driver = spa
  public_name = NTLM
  server_password = ${if eq{$auth1}{alice}{secret}fail}
  server_set_id = $auth1
external:
  driver = external
  public_name = EXTERNAL
  server_condition = ${if eq{$auth1}{alice:secret}}
  server_set_id = ${sg{$auth1}{:.*}{}}
"""

CLIENT = """
begin acl
rcpt:
  accept verify = recipient/callout=10s
  deny
begin routers
there:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = smtp
begin transports
smtp:
  driver = smtp
  port = PORT
  hosts_require_auth = *
begin retry
* * F,1h,1h
begin authenticators
"""

AUTHENTICATORS = {
    "cram": "cram:\n  driver = cram_md5\n  public_name = CRAM-MD5\n  client_name = alice\n  client_secret = PASSWORD\n",
    "spa": "spa:\n  driver = spa\n  public_name = NTLM\n  client_username = alice\n  client_password = PASSWORD\n"
           "  client_domain = DOMAIN\n",
    "external": "external:\n  driver = external\n  public_name = EXTERNAL\n  client_send = alice:PASSWORD\n",
}


@pytest.fixture(name="server", params=["exim", "gatepost"])
def fixture_server(request, place):
    """A server that lets alice in in three ways; its port and its log."""
    program = EXIM if request.param == "exim" else PROGRAM
    directory = place.path / "server"
    directory.mkdir()
    directory.chmod(0o777)
    config = place.path / "server.conf"
    config.write_text(SERVER.replace("PLACE", str(place.path)))
    config.chmod(0o644)
    port = free_port()
    # pylint: disable-next=consider-using-with
    process = subprocess.Popen([program, "-C", config, "-bdf", "-oX", f"127.0.0.1.{port}", "-oP", place.path / "pid"],
                               stdin=subprocess.DEVNULL, start_new_session=True)
    wait_until(lambda: place.listening(port), "the server")
    yield port, directory / "mainlog"
    process.terminate()
    process.wait(DEADLINE)


@pytest.mark.parametrize("mechanism", ["cram", "spa", "external"])
@pytest.mark.parametrize("password", ["secret", "wrong"])
def test_client(place, server, mechanism, password):
    port, log = server
    sections = CLIENT.replace("PORT", str(port)) + AUTHENTICATORS[mechanism].replace("PASSWORD", password)
    place.configure("acl_smtp_rcpt = rcpt\nexim_user = mail\n", sections)
    client = Client(place.daemon())
    client.command("EHLO client.test")
    client.command("MAIL FROM:<a@b.test>")
    client.command("RCPT TO:<x@y.test>")
    client.close()
    if password == "secret":
        wait_until(lambda: f" came <alice> by <{mechanism}>\n" in log.read_text(), "alice")
        assert "authenticator failed" not in log.read_text() + place.log("main")
    else:
        wait_until(lambda: f"{mechanism} authenticator failed" in log.read_text(), "a failure")
        place.wait_for_log(f"{mechanism} authenticator failed H=127.0.0.1 [127.0.0.1] {INCORRECT}")
