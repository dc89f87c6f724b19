"""A real FreeRADIUS server for tests, on a free loopback port, in its own directory, and the client's files for it."""
import shutil
import subprocess
import time
from pathlib import Path

from ports import free_port

PROGRAM = shutil.which("freeradius", path="/usr/sbin:/usr/bin")
SECONDS = 15
SECRET = "testing123"

CONFIG = """
name = radiusd
logdir = PLACE
run_dir = PLACE
libdir = /usr/lib/freeradius
pidfile = PLACE/pid
max_request_time = 30
security {
    max_attributes = 200
    reject_delay = 0
    status_server = no
}
client localhost {
    ipaddr = 127.0.0.1
    secret = SECRET
}
modules {
    pap {
    }
    files {
        filename = PLACE/users
    }
}
server default {
    listen {
        type = auth
        ipaddr = 127.0.0.1
        port = PORT
    }
    authorize {
        files
        pap
    }
    authenticate {
        Auth-Type PAP {
            pap
        }
    }
}
"""


class RadiusServer:
    """Runs until stop()."""

    def __init__(self, path, users):
        self.path = Path(path)
        self.path.mkdir()
        self.path.chmod(0o755)
        self.port = free_port("udp")
        self.write("radiusd.conf", CONFIG.replace("PLACE", str(self.path)).replace("PORT", str(self.port))
                   .replace("SECRET", SECRET))
        self.write("dictionary", "$INCLUDE /usr/share/freeradius/dictionary\n")
        self.write("users", "".join(f'{user} Cleartext-Password := "{password}"\n' for user, password in users))
        self.write("radiusclient.conf",
                   f"authserver 127.0.0.1:{self.port}\nacctserver 127.0.0.1:{self.port}\nservers {self.path}/servers\n"
                   "dictionary /etc/radcli/dictionary\nradius_timeout 1\nradius_retries 1\nbindaddr 127.0.0.1\n")
        self.write("servers", f"127.0.0.1:{self.port} {SECRET}\n127.0.0.1 {SECRET}\n")
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen([PROGRAM, "-f", "-l", self.path / "log", "-d", self.path, "-n", "radiusd"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, start_new_session=True)
        end = time.monotonic() + SECONDS
        while "Ready to process requests" not in self.log():
            assert time.monotonic() < end and self.process.poll() is None, self.log()
            time.sleep(0.02)

    def log(self):
        """What the server says."""
        return (self.path / "log").read_text() if (self.path / "log").exists() else ""

    def write(self, name, text):
        """Writes a file of its directory."""
        (self.path / name).write_text(text)
        (self.path / name).chmod(0o644)

    def stop(self):
        """Ends the server."""
        self.process.terminate()
        self.process.wait(SECONDS)
