"""A view of the file system of its own for a program: paths that are compiled in, such as /etc/pam.d and
/run/saslauthd, and disks that are soon full."""
import os
import pathlib
import subprocess

import pytest

UNSHARE = ["unshare", "--mount", "--propagation", "private", *([] if os.getuid() == 0 else ["--map-root-user"])]


def ancestor(path):
    """The nearest directory above that is there."""
    path = pathlib.Path(path)
    return path if path.is_dir() else ancestor(path.parent)


def bound(places):
    """What to put in front of a command line so that each path of the dictionary shows what its value names. A path
    that is not there is made in an empty directory in place of what is."""
    lines = []
    for path, source in places.items():
        if not pathlib.Path(path).exists():
            lines.append(f"mount -t tmpfs none {ancestor(path)} && mkdir -p {path}")
        lines.append(f"mount --bind {source} {path}")
    return [*UNSHARE, "sh", "-c", " && ".join(lines) + ' && exec "$@"', "sh"]


class Disks:
    """Small disks, of memory, at paths that only programs with the prefix see; .outside() is where others see them.
    disks: options of tmpfs for each path, such as size=200k."""

    def __init__(self, disks):
        lines = [f"mount -t tmpfs -o mode=1777,{options} none {path}" for path, options in disks.items()]
        # The mounts live as long as this process, or the test at the very most.
        self.holder = subprocess.Popen([*UNSHARE, "sh", "-c", " && ".join(lines) + " && echo && exec sleep 300"],
                                       stdout=subprocess.PIPE)
        assert self.holder.stdout.readline() == b"\n"
        users = [] if os.getuid() == 0 else ["--user", "--preserve-credentials"]
        self.prefix = ["nsenter", "--target", str(self.holder.pid), "--mount", *users]

    def outside(self, path):
        return pathlib.Path(f"/proc/{self.holder.pid}/root{path}")

    def stop(self):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()


def possible():
    """Whether this system lets us."""
    try:
        return subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


need_mounts = pytest.mark.skipif(not possible(), reason="cannot mount anything")
