"""The two programs that the benchmarks compare, on the same configuration: the example of doc/examples."""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.append(os.path.join(TOP, "test", "common"))

from ports import free_port  # noqa: E402 pylint: disable=wrong-import-position

GATEPOST = os.environ.get("GATEPOST", os.path.join(TOP, "build", "gatepost"))
EXIM = "/usr/sbin/exim4"
DEADLINE = 10  # seconds that anything may take to begin


class Place:
    """A directory of its own with the example configuration; with it, how to call a program on it."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="gatepost-bench.")
        os.chmod(self.path, 0o755)
        for name in ("log", "spool"):
            os.mkdir(os.path.join(self.path, name))
            os.chmod(os.path.join(self.path, name), 0o1777)
        for name in ("submission.conf", "passwd"):
            copy = shutil.copy(os.path.join(TOP, "doc", "examples", name), self.path)
            os.chmod(copy, 0o644)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def command(self, program, *options):
        """The program's command line."""
        return [program, "-C", f"{self.path}/submission.conf", f"-DCONFDIR={self.path}",
                f"-DLOGDIR={self.path}/log", f"-DSPOOLDIR={self.path}/spool", *options]


class Session:
    """A connection on which EHLO has been said and answered; idle from then on."""

    def __init__(self, port):
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)
        self.replies = self.connection.makefile("rb")
        self.expect(b"220")
        self.connection.sendall(b"EHLO bench.example\r\n")
        self.expect(b"250")

    def expect(self, code):
        """Reads one reply."""
        while True:
            line = self.replies.readline()
            if not line.startswith(code):
                raise RuntimeError(f"expected {code!r}, got {line!r}")
            if line[3:4] == b" ":
                return

    def local_port(self):
        """The client's port."""
        return self.connection.getsockname()[1]

    def close(self):
        """Ends the session in good order."""
        self.connection.sendall(b"QUIT\r\n")
        self.expect(b"221")
        self.replies.close()
        self.connection.close()


class Daemon:
    """A running daemon of the program."""

    def __init__(self, place, program):
        self.port = free_port()
        pid_file = f"{place.path}/{os.path.basename(program)}.pid"
        subprocess.run(place.command(program, "-bd", "-oX", f"127.0.0.1.{self.port}", "-oP", pid_file),
                       check=True, timeout=DEADLINE, stdin=subprocess.DEVNULL)
        until = time.monotonic() + DEADLINE
        while True:
            try:
                Session(self.port).close()
                with open(pid_file, encoding="ascii") as pid:
                    self.pid = int(pid.read())
                return
            except (OSError, ValueError):
                if time.monotonic() > until:
                    raise
                time.sleep(0.01)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGTERM)
        until = time.monotonic() + DEADLINE
        while os.path.exists(f"/proc/{self.pid}") and time.monotonic() < until:
            time.sleep(0.01)

    def family(self):
        """The daemon's process and all that descend from it."""
        parents = {}
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    with open(f"/proc/{entry}/stat", encoding="latin-1") as stat:
                        parents[int(entry)] = int(stat.read().rpartition(")")[2].split()[1])
                except OSError:
                    continue  # gone in the meantime
        family = {self.pid}
        while True:
            found = {pid for pid, parent in parents.items() if parent in family} - family
            if not found:
                return family
            family |= found

    def server_of(self, session):
        """The process that serves the session: the one of the family that has the socket open."""
        with open("/proc/net/tcp", encoding="ascii") as table:
            rows = [line.split() for line in table][1:]
        wanted = (f":{self.port:04X}", f":{session.local_port():04X}")
        inodes = [row[9] for row in rows if row[1].endswith(wanted[0]) and row[2].endswith(wanted[1])]
        for pid in self.family():
            for descriptor in os.listdir(f"/proc/{pid}/fd"):
                if os.readlink(f"/proc/{pid}/fd/{descriptor}") == f"socket:[{inodes[0]}]":
                    return pid
        raise RuntimeError("nobody serves the session")
