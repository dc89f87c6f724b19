"""Running Gatepost for the system tests: a place with a configuration, a daemon on a free loopback port, a
client that speaks SMTP line by line."""
import base64
import os
import pathlib
import select
import signal
import socket
import subprocess
import tempfile
import time

from ports import free_port  # noqa: F401 for those who import this

TOP = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("GATEPOST", str(TOP / "build" / "gatepost"))
DEADLINE = 15  # seconds that anything may take


def b64(data):
    """Base64 of text or octets, as text."""
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def wait_until(condition, what):
    """Polls until condition() is true."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.01)


PLAIN = """
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{eq{$auth2}{alice}}{eq{$auth3}{secret}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${if and{{eq{$auth1}{alice}}{eq{$auth2}{secret}}}}
  server_set_id = $auth1
"""

RIGHT = b64("\0alice\0secret")
WRONG = b64("\0alice\0wrong")


class Client:
    """An SMTP client that sends what it is told and returns whole replies."""

    def __init__(self, port, greet=True, source="127.0.0.1"):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE, source_address=(source, 0))
        self.file = self.socket.makefile("rb")
        self.banner = self.reply() if greet else None

    def reply(self):
        """The next reply: its lines without CR LF, joined by newlines; empty at the end of the connection."""
        lines = []
        while True:
            line = self.file.readline().decode("latin-1")
            if not line:
                return "\n".join(lines)
            assert line.endswith("\r\n"), f"not a line of a reply: {line!r}"
            lines.append(line[:-2])
            if line[3:4] != "-":
                return "\n".join(lines)

    def send(self, data):
        """Sends octets, or text, as they are."""
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def command(self, line):
        """Sends a line and returns the reply."""
        self.send(line + "\r\n")
        return self.reply()

    def at_end(self):
        """Whether the server has closed the connection, after what it may still have had to say."""
        return self.file.read() == b""

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class LocalClient(Client):
    """The same for a session on standard input and output, which is started here."""

    def __init__(self, command):  # pylint: disable=super-init-not-called
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(DEADLINE)
        self.file = self.socket.makefile("rb")
        self.errors = tempfile.TemporaryFile()
        with theirs:
            self.process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=self.errors)
        self.banner = self.reply()

    def end_input(self):
        """Ends the session's input; what it has to say to that is still read."""
        self.socket.shutdown(socket.SHUT_WR)

    def code(self):
        """The exit code, when the session has ended."""
        return self.process.wait(DEADLINE)

    def stderr(self):
        """What the session has written to standard error so far."""
        self.errors.seek(0)
        return self.errors.read().decode("latin-1")

    def close(self):
        super().close()
        self.process.wait(DEADLINE)
        self.errors.close()


class Place:
    """A directory with a configuration, logs and a spool; everything started here is stopped by stop()."""

    def __init__(self, path, options="", sections=PLAIN):
        self.path = pathlib.Path(path)
        for name in ("log", "spool"):
            (self.path / name).mkdir()
            (self.path / name).chmod(0o1777)
        self.path.chmod(0o755)
        self.config = self.path / "gatepost.conf"
        self.processes = []
        self.dns = None  # a DnsServer (test/common/dns_server.py), stopped with the rest
        self.prefix = []  # of the command line, for a program that gets a view of the system of its own
        self.configure(options, sections)

    def configure(self, options="", sections=PLAIN):
        """Writes the configuration: main options and sections."""
        environment = "" if "keep_environment" in options else "keep_environment ="
        # Clients have to wait for their turn unless a test is about it.
        early = "" if "pipelining_connect" in options else "pipelining_connect_advertise_hosts =\n"
        tls = "" if "tls_" in options else "tls_advertise_hosts =\n"  # no TLS unless a test is about it
        self.config.write_text(
            f"spool_directory = {self.path}/spool\nlog_file_path = {self.path}/log/%slog\n"
            f"primary_hostname = mail.test\n{environment}\n{early}{options}\n{tls}{sections}\n")
        self.config.chmod(0o644)

    def command(self, *arguments):
        command = [*self.prefix, PROGRAM, "-C", str(self.config), *arguments]
        return self.dns.command(command) if self.dns else command

    def run(self, *arguments, stdin="", code=0):
        """Runs to the end; returns the result with text output. code: the expected exit code, None: any."""
        result = subprocess.run(self.command(*arguments), input=stdin.encode("latin-1"), capture_output=True,
                                timeout=DEADLINE, check=False)
        result.stdout, result.stderr = result.stdout.decode("latin-1"), result.stderr.decode("latin-1")
        assert code is None or result.returncode == code, result
        return result

    def session(self, *lines, options=("-bh", "192.0.2.1")):
        """A -bh session of these lines; returns its standard output."""
        return self.run(*options, stdin="".join(line + "\r\n" for line in lines)).stdout

    def daemon(self, *arguments):
        """Starts a daemon in the foreground on a free port; returns the port when it answers."""
        port = free_port()
        self.pid_file = self.path / f"{port}.pid"
        process = subprocess.Popen(self.command("-bdf", "-oX", f"127.0.0.1.{port}", "-oP", str(self.pid_file),
                                                *arguments), stdin=subprocess.DEVNULL, start_new_session=True)
        self.processes.append(process)
        # The pid file comes after the sockets are open. A connection to try them would be one that counts.
        wait_until(lambda: (self.pid_file.exists() and self.pid_file.read_text().endswith("\n")) or
                   process.poll() is not None, "the daemon writes its pid file")
        assert process.poll() is None, f"the daemon has ended: {self.log('main')}{self.log('panic')}"
        return port

    @staticmethod
    def listening(port):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def log(self, name):
        """The text of the main, reject or panic log."""
        path = self.path / "log" / f"{name}log"
        return path.read_text(encoding="latin-1") if path.exists() else ""

    def wait_for_log(self, text, name="main"):
        wait_until(lambda: text in self.log(name), f"{text!r} in the {name} log, which is\n{self.log(name)}")

    def stop(self):
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(DEADLINE)
        if self.dns:
            self.dns.stop()


def children(pid):
    """Process ids of the children of a process."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[1]) == pid and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def keeps_freed_memory():
    """Whether the program is built with AddressSanitizer, which sets freed memory aside."""
    with open(PROGRAM, "rb") as file:
        return b"__asan_init" in file.read()


def alive(pid):
    """Whether a process is there and not a zombie."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def readable(sock, seconds):
    """Whether the socket has something to read, or has ended, within that time."""
    return bool(select.select([sock], [], [], seconds)[0])
