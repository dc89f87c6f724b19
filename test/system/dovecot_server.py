"""Dovecot's authentication service for the tests: the real one, and one that says what a test tells it to."""
import os
import shutil
import socket
import subprocess
import threading

from gatepost import DEADLINE, free_port, wait_until

PROGRAM = shutil.which("dovecot")

CONFIG = """
protocols =
ssl = no
base_dir = PLACE/base
state_dir = PLACE/state
log_path = PLACE/log
auth_mechanisms = plain login cram-md5 digest-md5 scram-sha-1 scram-sha-256
auth_failure_delay = 0
disable_plaintext_auth = no
auth_cache_size = 0
default_internal_user = dovecot
passdb {
  driver = passwd-file
  args = PLACE/users
}
userdb {
  driver = static
  args = uid=65534 gid=65534 home=/nonexistent
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service auth {
  unix_listener auth-client {
    mode = 0666
  }
  inet_listener {
    address = 127.0.0.1
    port = PORT
  }
}
"""


class DovecotServer:
    """Runs until stop(): alice with the password secret, bob who may not log in. more: more lines of its configuration."""

    def __init__(self, path, more=""):
        self.path, self.port = path, free_port()
        for name in ("", "base", "state"):
            (path / name).mkdir()
            (path / name).chmod(0o755)
        (path / "users").write_text("alice:{PLAIN}secret\nbob:{PLAIN}secret::::::nologin\n")
        (path / "users").chmod(0o644)
        config = path / "dovecot.conf"
        config.write_text((CONFIG + more).replace("PLACE", str(path)).replace("PORT", str(self.port)))
        self.socket = path / "base" / "auth-client"
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen([PROGRAM, "-F", "-c", str(config)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self.answers, "Dovecot")

    def answers(self):
        """Whether the service is ready."""
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(DEADLINE)
                probe.connect(str(self.socket))
                return probe.recv(7) == b"VERSION"
        except OSError:
            assert self.process.poll() is None, f"Dovecot has ended: {self.log()}"
            return False

    def log(self):
        """The text of its log."""
        path = self.path / "log"
        return path.read_text() if path.exists() else ""

    def stop(self):
        """Ends the server and what it has started."""
        self.process.terminate()
        self.process.wait(DEADLINE)


HANDSHAKE = b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tLOGIN\tplaintext\nSPID\t7\nCUID\t1\nCOOKIE\t0123\nDONE\n"


class FakeService:
    """Accepts connections until stop(). On each it says the handshake, and answers every line that begins with
    AUTH or CONT with the next of the answers; when there are none left, or the handshake is no whole line, it closes.
    What it is told is kept."""

    def __init__(self, path, answers=(), handshake=HANDSHAKE, pieces=False, tls=None):
        self.answers, self.handshake, self.pieces, self.tls = list(answers), handshake, pieces, tls
        self.lines = []
        if tls:
            self.listener = socket.create_server(("127.0.0.1", 0))
        else:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(str(path))
            os.chmod(path, 0o666)
            self.listener.listen()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        """Serves."""
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            try:
                if self.tls:
                    connection = self.tls.wrap_socket(connection, server_side=True)
                connection.settimeout(DEADLINE)
                self.serve(connection)
            except OSError:
                pass
            connection.close()

    def say(self, connection, data):
        """Sends, octet by octet where the test wants that."""
        for i in range(0, len(data), 1 if self.pieces else max(1, len(data))):
            connection.sendall(data[i:i + 1] if self.pieces else data)

    def serve(self, connection):
        """One connection."""
        answers = iter(self.answers)
        self.say(connection, self.handshake)
        if not self.handshake.endswith(b"\n"):
            return
        with connection.makefile("rb") as lines:
            for line in lines:
                self.lines.append(line.decode("latin-1").rstrip("\n"))
                if line.startswith((b"AUTH\t", b"CONT\t")):
                    answer = next(answers, None)
                    if answer is None:
                        return
                    self.say(connection, answer)
                    if not answer.endswith(b"\n"):
                        return

    def stop(self):
        """Ends."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(DEADLINE)
