"""A view of the file system of its own for a program whose paths are compiled in: /etc/pam.d, /run/saslauthd."""
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


def possible():
    """Whether this system lets us."""
    try:
        return subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


need_mounts = pytest.mark.skipif(not possible(), reason="cannot mount anything")
