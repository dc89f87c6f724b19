"""Fixtures of the system tests."""
import re
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "common"))

# pylint: disable=wrong-import-position
from authentication import Service
from gatepost import Place
from open_directory import open_to_all
from redis_server import RedisServer


@pytest.fixture(name="place")
def fixture_place(tmp_path):
    """A directory with a configuration that has PLAIN and LOGIN; its processes are stopped afterwards."""
    open_to_all(tmp_path)
    place = Place(tmp_path)
    yield place
    place.stop()


@pytest.fixture(name="service", params=["daemon", "local"])
def fixture_service(request, place):
    """A Service at the place; the test runs once with a daemon and once with -bs."""
    service = Service(place, request.param)
    yield service
    service.close()


@pytest.fixture(name="daemon")
def fixture_daemon(place):
    """The same with a daemon only."""
    service = Service(place, "daemon")
    yield service
    service.close()


@pytest.fixture(name="intact")
def fixture_intact(place):
    """No worker may have died, whatever was sent to it; log lines are lines of print, each with its time."""
    yield
    for name in ("main", "reject", "panic"):
        log = place.log(name)
        assert "died of signal" not in log
        for line in log.split("\n")[:-1]:
            assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[. ]", line), repr(line)
            assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", line), repr(line)


@pytest.fixture(name="redis")
def fixture_redis(tmp_path):
    """A Redis server; tests that use it need_redis."""
    server = RedisServer(tmp_path / "redis")
    yield server
    server.stop()
