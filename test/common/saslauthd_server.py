"""Cyrus's saslauthd for tests: the real one, which asks a PAM service of its own."""
import glob
import shutil
import subprocess
import time
from pathlib import Path

from mounts import bound

PROGRAM = shutil.which("saslauthd", path="/usr/sbin:/usr/bin")
MATRIX = next(iter(glob.glob("/usr/lib/*/pam_wrapper/pam_matrix.so")), None)  # of libpam-wrapper
SECONDS = 15
PATIENCE = 2  # seconds that its end may take


class SaslauthdServer:
    """Runs until stop(). Its socket is "mux" in the directory `sockets`."""

    def __init__(self, path, *users):
        """users: "user:password:service" each."""
        path = Path(path)
        self.sockets = path / "sockets"
        services = path / "services"
        for directory in (path, self.sockets, services):
            directory.mkdir(exist_ok=True)
            directory.chmod(0o755)
        (path / "passdb").write_text("".join(user + "\n" for user in users))
        (services / "other").write_text("auth required pam_deny.so\naccount required pam_deny.so\n")
        for service in {user.rpartition(":")[2] for user in users}:
            (services / service).write_text("".join(f"{kind} required {MATRIX} passdb={path}/passdb\n"
                                                    for kind in ("auth", "account")))
        # When it ends, it signals its whole process group.
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen([*bound({"/etc/pam.d": services}), PROGRAM, "-a", "pam", "-m", self.sockets,
                                         "-n", "1", "-d"], start_new_session=True, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + SECONDS
        while not (self.sockets / "mux").exists():
            assert time.monotonic() < end and self.process.poll() is None, "saslauthd does not start"
            time.sleep(0.01)

    def stop(self):
        """Ends it. A signal at the wrong moment is lost on it."""
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(SECONDS)
