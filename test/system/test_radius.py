"""The radius condition with a real FreeRADIUS server."""
import pytest

from authentication import ASK_NAME, ASK_PASSWORD, INCORRECT, LATER, OK, failed, talk
from gatepost import b64
from mounts import bound, need_mounts
from radius_server import PROGRAM, RadiusServer

pytestmark = [need_mounts, pytest.mark.skipif(not PROGRAM, reason="freeradius is not installed")]

CONFIG = "/etc/radcli/radiusclient.conf"

LOGIN = """
begin authenticators
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${if radius{$auth1:${listquote{:}{$auth2}}}}
  server_set_id = $auth1
"""


@pytest.fixture(name="radius")
def fixture_radius(place):
    """A server that the program's client configuration names."""
    server = RadiusServer(place.path / "radius", [("alice", "secret"), ("bob", "with: colons:")])
    place.prefix = bound({CONFIG: server.path / "radiusclient.conf"})
    yield server
    server.stop()


def expand(place, *arguments):
    """What ${if radius{...}{y}{n}} makes of each."""
    return place.run("-be", *(f"${{if radius{{{argument}}}{{y}}{{n}}}}" for argument in arguments)) \
        .stdout.splitlines()


@pytest.mark.usefixtures("radius")
def test_logins(daemon):
    daemon.start(sections=LOGIN)
    client = daemon.client()
    for user, password, reply in [
        ("alice", "Secret", INCORRECT), ("alice", "", INCORRECT), ("nobody", "secret", INCORRECT),
        ("", "secret", INCORRECT), ("alice", "secret" * 30, INCORRECT), ("alice" * 60, "secret", INCORRECT),
        ("bob", "with: colons:", OK),
    ]:
        assert talk(client, "AUTH LOGIN", b64(user), b64(password)) == [ASK_NAME, ASK_PASSWORD, reply]
    assert failed(daemon, "login", INCORRECT, " (set_id=alice)") in daemon.place.log("main")
    assert talk(daemon.client(), "AUTH LOGIN", b64("alice"), b64("secret")) == [ASK_NAME, ASK_PASSWORD, OK]


@pytest.mark.usefixtures("radius")
def test_arguments(place):
    assert expand(place, "alice:secret", " alice : secret ", "alice:wrong", "alice", "", ":secret",
                  "alice:secret${base64d:AA==}") == ["y", "y", "n", "n", "n", "n", "n"]


def test_nobody_answers(daemon, radius):
    radius.stop()
    daemon.start(sections=LOGIN)
    assert talk(daemon.client(), "AUTH LOGIN", b64("alice"), b64("secret"))[-1] == LATER
    assert "(set_id=alice): RADIUS: " in daemon.place.log("main")


def test_no_configuration(place, radius):
    radius.write("radiusclient.conf", "nonsense\n")
    assert expand(place, "alice:secret") == [f"Failed: RADIUS: can't open {CONFIG}"]
