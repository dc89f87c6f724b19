"""Directories of tests that programs with less rights than the tests can reach."""

import tempfile
from pathlib import Path


def open_to_all(directory):
    """Lets everybody pass through pytest's directory and those above it; gives the directory back."""
    top = Path(tempfile.gettempdir())
    for each in (directory, *directory.parents):
        if each == top or top not in each.parents:
            break
        each.chmod(0o755)
    return directory
