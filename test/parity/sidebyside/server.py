"""One of the two programs at work: its directory, its processes, and what it left behind."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from mounts import bound
from ports import free_port

from . import backends, pki
from .dialogue import Connection, Dialogue, Pipe
from .dns import server_for

START_SECONDS = 20.0
END_SECONDS = 10.0
LOG_SECONDS = 2.0
TICK = 0.01
LOGS = ("mainlog", "rejectlog", "paniclog")

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/", "LC_ALL": "C", "TZ": "UTC"}
# What sanitizers and coverage measurements need to reach a program built with them.
PASSED_ON = ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "LLVM_PROFILE_FILE", "GCOV_PREFIX")


class Program:
    """An executable with Exim's command line."""

    def __init__(self, path):
        self.path = str(path)
        report = subprocess.run([self.path, "-bV"], capture_output=True, text=True, env=environment(),
                                check=False)
        self.is_reference = report.stdout.startswith("Exim version 4.96")

    def __str__(self):
        return self.path


def environment():
    return ENVIRONMENT | {name: os.environ[name] for name in PASSED_ON if name in os.environ}


def wait_until(condition, seconds, process=None):
    """Looks again and again until the condition holds; gives its last value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > deadline or (process and process.poll() is not None):
            return value
        time.sleep(TICK)


class Workplace:
    """A fresh directory with a configuration, files, a spool and a place for logs, as the scenario asks."""

    def __init__(self, scenario):
        self.path = Path(tempfile.mkdtemp(prefix="parity"))
        self.view = {path: self.fill_in(name) for path, name in scenario.view.items()}
        # The packaged Exim gives up root before it writes anything.
        self.path.chmod(0o755)
        for name in ("spool", "log"):
            (self.path / name).mkdir()
            (self.path / name).chmod(0o777)
        for name, text in scenario.files.items():
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.fill_in(text), encoding="latin-1")
        self.configuration = self.path / "conf"
        self.configuration.write_text(self.fill_in(scenario.config), encoding="latin-1")
        self.configuration.chmod(0o644)

    def fill_in(self, text):
        if "@CERTS@" in text:
            text = text.replace("@CERTS@", str(pki.directory()))
        return backends.fill_in(text).replace("@TMP@", str(self.path))

    def prefix(self):
        """Of a command line: the scenario's files and directories are where its view says."""
        return bound({path: self.path / name for path, name in self.view.items()}) if self.view else []

    def read(self, name):
        file = self.path / name
        return file.read_bytes().decode("latin-1") if file.exists() else ""

    def logs(self):
        return {name: self.read(f"log/{name}") for name in LOGS}

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


class Run:
    """A scenario on one program. What it leaves is a dictionary of texts, by where they appeared."""

    def __init__(self, program, scenario):
        self.program = program
        self.scenario = scenario
        self.place = Workplace(scenario)
        self.process = None
        self.ports = {}
        self.parts = {}

    def arguments(self, *more):
        return [self.program.path, "-C", str(self.place.configuration), *more,
                *(self.place.fill_in(argument).encode("latin-1") for argument in self.scenario.args)]

    def start(self, arguments, **streams):
        if self.scenario.dns:
            arguments = server_for(self.scenario.dns).command(arguments)
        arguments = [*self.place.prefix(), *arguments]
        with open(self.place.path / "stderr", "wb") as errors:
            self.process = subprocess.Popen(arguments, stderr=errors, env=environment(),
                                            cwd=self.place.path, start_new_session=True, **streams)

    def play(self):
        {"command": self.run_command, "daemon": self.run_daemon}.get(self.scenario.mode, self.run_session)()

    def run_command(self):
        self.start(self.arguments(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        text = self.place.fill_in(self.scenario.stdin).encode("latin-1")
        try:
            output, _ = self.process.communicate(text, timeout=START_SECONDS)
        except subprocess.TimeoutExpired:
            output = b"(does not end)"
        self.parts["stdout"] = output.decode("latin-1")
        self.parts["stderr"] = self.place.read("stderr")
        self.note_exit()

    def run_session(self):
        self.start(self.arguments(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        transcript = Dialogue(self.scenario.session, Pipe(self.process)).play()
        self.note_exit()
        self.parts["transcript"] = "\n".join(transcript)
        self.parts["stderr"] = self.place.read("stderr")

    def run_daemon(self):
        port = free_port()
        self.ports["server"] = port
        listen = ["-oX", f"127.0.0.1.{port}", "-oP", str(self.place.path / "pid")]
        self.start(self.arguments("-bd" if self.scenario.detached else "-bdf", *listen),
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        first = wait_until(lambda: self.connect("first"), START_SECONDS,
                           None if self.scenario.detached else self.process)
        if not first:
            self.parts["transcript"] = "(the daemon cannot be reached)"
            self.parts["stderr"] = self.place.read("stderr")
            return
        numbers = iter(range(2, 100))
        dialogue = Dialogue(self.scenario.session, first, lambda: self.connect(f"client{next(numbers)}"))
        self.parts["transcript"] = "\n".join(dialogue.play())

    def connect(self, name):
        try:
            connection = Connection(("127.0.0.1", self.ports["server"]))
        except OSError:
            return None
        self.ports[name] = connection.port
        return connection

    def note_exit(self):
        try:
            self.parts["exit"] = f"exit status {self.process.wait(END_SECONDS)}"
        except subprocess.TimeoutExpired:
            self.parts["exit"] = "does not end"

    def sessions_remain(self):
        """Whether processes of this daemon other than itself are left."""
        return any(group == self.process.pid and pid != self.process.pid for pid, group in process_groups())

    def stop(self):
        if self.process is None:
            return
        pid_file = self.place.path / "pid"
        if self.scenario.detached and pid_file.exists() and pid_file.read_text().strip().isdigit():
            stop_process(int(pid_file.read_text()))
        try:
            if self.process.poll() is None:
                self.process.terminate()
                self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.parts["exit"] = "has to be killed"
        for pid, group in list(process_groups()):
            if group == self.process.pid:
                stop_process(pid, signal.SIGKILL)
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream and not stream.closed:
                stream.close()


def stop_process(pid, number=signal.SIGTERM):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
    wait_until(lambda: all(pid != other for other, _ in process_groups()), END_SECONDS)


def process_groups():
    """(pid, process group) of every living process; zombies are dead."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            yield int(entry.name), int(fields[2])


@contextmanager
def running(program, scenario):
    run = Run(program, scenario)
    try:
        yield run
    finally:
        run.stop()
        run.place.remove()
