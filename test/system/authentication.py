"""What the tests of AUTH share: replies, a service that runs in different ways, talking to it."""
import os
import pwd
import re

from gatepost import PLAIN, Client, LocalClient, b64

# So many commands are made in one session here that the limits on bad ones would end it.
PATIENT = "".join(f"{limit} = 1000000\n" for limit in (
    "smtp_accept_max_nonmail", "smtp_max_synprot_errors", "smtp_max_unknown_commands"))

OK = "235 Authentication succeeded"
INCORRECT = "535 Incorrect authentication data"
LATER = "435 Unable to authenticate at present"
NOT_BASE64 = "501 Invalid base64 data"
CANCELLED = "501 Authentication cancelled"
ALREADY = "503 already authenticated"
NOT_OFFERED = "503 AUTH command used when not advertised"

ASK, ASK_NAME, ASK_PASSWORD = "334 ", "334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"
ALICE, SECRET = b64("alice"), b64("secret")

# An ACL whose reply says who is authenticated.
SHOW_USER = """
begin acl
show:
  accept authenticated = *
         message = for $authenticated_id
  deny   message = nobody
"""


class Service:
    """Gatepost at work in one of two ways: as a daemon, or as a process for every session (-bs)."""

    def __init__(self, place, kind):
        self.place, self.kind = place, kind
        self.port = None
        self.clients = []

    def start(self, options="", sections=PLAIN):
        self.place.configure(PATIENT + options, sections)
        if self.kind == "daemon":
            self.port = self.place.daemon()

    def client(self, hello="EHLO client.test"):
        """A new client that has said hello."""
        client = Client(self.port) if self.kind == "daemon" else LocalClient(self.place.command("-bs"))
        self.clients.append(client)
        if hello:
            client.hello = client.command(hello)
        return client

    def who(self):
        """How log lines about authentication name the peer."""
        if self.kind == "daemon":
            return "H=(client.test) [127.0.0.1]"
        return f"U={pwd.getpwuid(os.getuid()).pw_name}"

    def close(self):
        for client in self.clients:
            client.close()


def talk(client, *lines):
    """Sends lines one by one and returns the replies to them."""
    return [client.command(line) for line in lines]


def offered(hello):
    """What a reply to EHLO offers for AUTH."""
    return re.findall(r"^250[- ]AUTH (.*)$", hello, re.M)


def failed(service, name, reply, tail=""):
    """The log line of a failed authentication, from the authenticator's name to the end of the line."""
    return f" {name} authenticator failed for {service.who()}: {reply}{tail}\n"


def authenticator(**settings):
    """An authenticators section with one mechanism X."""
    lines = "".join(f"  server_{name} = {value}\n" for name, value in settings.items())
    return f"begin authenticators\nx:\n  driver = plaintext\n  public_name = X\n{lines}"
