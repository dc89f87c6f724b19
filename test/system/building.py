"""What tests of the build share."""
import os
import subprocess


def output(*command):
    """What a command prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def environment():
    """The environment without what a make around this test has put into it."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}


def installed(root):
    """Files and links below a directory."""
    return sorted(str(entry.relative_to(root)) for entry in root.rglob("*")
                  if entry.is_symlink() or entry.is_file())
