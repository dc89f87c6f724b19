"""Real SMTP clients, and what the tests with them share: how they are run, what the server's log says then."""
import subprocess

from authentication import INCORRECT, failed
from gatepost import DEADLINE, PROGRAM

SENDER, RECIPIENT = "alice@b.test", "x@y.test"
MESSAGE = f"From: {SENDER}\nTo: {RECIPIENT}\nSubject: x\n\nx\n"
# Sections of a configuration up to the authenticators, with an ACL (acl_smtp_rcpt = rcpt) that logs who came in.
WATCHED = """
begin acl
rcpt:
  accept authenticated = *
         logwrite = peer <$authenticated_id> by <$sender_host_authenticated> as <$authenticated_sender> \\
                    to <$local_part>
  deny   message = authenticate first
begin authenticators
"""
# What becomes of a message is not for these tests to say.
TAKEN = ("250 ", "451 ")


def run(*command, stdin=""):
    """Runs a client; the result has its output, both kinds, as text in stdout."""
    return subprocess.run([str(word) for word in command], input=stdin.encode(), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=DEADLINE, check=False)


def output(result):
    return result.stdout.decode("latin-1").replace("\r\n", "\n")


def assert_served(server, mechanism, user="alice"):
    """The log tells of the recipient that the client named when it had authenticated."""
    server.place.wait_for_log(f" peer <{user}> by <{mechanism}> as <> to <x>\n")


def assert_refused(server, mechanism, user="alice"):
    """The log tells of the failure, and of no recipient."""
    server.place.wait_for_log(failed(server, mechanism, INCORRECT, f" (set_id={user})"))
    assert " peer <" not in server.place.log("main")


# --- The clients


def swaks(server, *arguments, password="secret", user="alice"):
    """Ends with status 0 when all went well, 28 when it could not authenticate."""
    return run("swaks", "--server", "127.0.0.1", "--port", server.port, "--helo", "client.test", "--from", SENDER,
               "--to", RECIPIENT, "--auth-user", user, "--auth-password", password, *arguments)


def curl(server, *arguments, password="secret", user="alice", stdin=""):
    """Asks for HELP, or sends mail. Ends with status 67 when it could not authenticate."""
    return run("curl", "--silent", "--verbose", "--max-time", DEADLINE, "--user", f"{user}:{password}",
               f"smtp://127.0.0.1:{server.port}/client.test", *arguments, stdin=stdin)


def msmtp(server, mechanism, password="secret"):
    """Sends mail. Ends with status 77 when it could not authenticate."""
    return run("msmtp", "--host=127.0.0.1", f"--port={server.port}", "--tls=off", "--domain=client.test", "--debug",
               f"--auth={mechanism}", "--user=alice", f"--passwordeval=echo {password}", f"--from={SENDER}", RECIPIENT,
               stdin=MESSAGE)


def gsasl(server, mechanism, password="secret"):
    """Authenticates with GNU SASL's own client, and shows the replies."""
    return run("gsasl", "--smtp", "--connect", f"127.0.0.1:{server.port}", "--mechanism", mechanism, "--no-starttls",
               "--authentication-id", "alice", "--password", password)


CLIENT = """
exim_path = /usr/sbin/exim4
OPTIONS
primary_hostname = client.test
spool_directory = PLACE/client
log_file_path = PLACE/client/%slog
keep_environment =
tls_advertise_hosts =
disable_ipv6
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
  hosts_try_fastopen =
  authenticated_sender = SENDER
TRANSPORT
begin retry
* * F,1h,1h
begin authenticators
AUTHENTICATOR
"""


def deliver(place, port, authenticators, *, program=PROGRAM, options="", transport="", recipient=RECIPIENT):
    """Lets a program with Exim's command line deliver a message to a port of 127.0.0.1 at once, authenticated; returns
    its main log. options, transport: lines for those parts of its configuration."""
    (place / "client").mkdir()
    (place / "client").chmod(0o777)
    config = place / "client.conf"
    text = CLIENT
    for word, value in (("AUTHENTICATOR", authenticators), ("OPTIONS", options), ("TRANSPORT", transport),
                        ("PORT", str(port)), ("PLACE", str(place)), ("SENDER", SENDER)):
        text = text.replace(word, value)
    config.write_text(text)
    config.chmod(0o644)
    result = run(program, "-C", config, "-odf", "-f", SENDER, recipient, stdin=MESSAGE)
    assert result.returncode == 0, output(result)
    return (place / "client" / "mainlog").read_text()


def exim(server, authenticators, password):
    """Lets Exim deliver a message to the server at once; returns its main log."""
    return deliver(server.place.path, server.port, authenticators.replace("PASSWORD", password), program="exim4")
