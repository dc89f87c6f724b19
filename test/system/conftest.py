"""Fixtures of the system tests."""
import pytest

from gatepost import Place


@pytest.fixture(name="place")
def fixture_place(tmp_path):
    """A directory with a configuration that has PLAIN and LOGIN; its processes are stopped afterwards."""
    for parent in tmp_path.parents[:2]:
        parent.chmod(0o755)  # workers run as another user
    place = Place(tmp_path)
    yield place
    place.stop()
