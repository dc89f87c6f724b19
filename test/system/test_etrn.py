"""ETRN without a command of the administrator's: a queue run for the messages that the client names."""
import pytest

from gatepost import Client, LocalClient, wait_until
from queueing import OPTIONS, ids, mailboxes, message

# The router of boxb waits for a file; it says that it does.
WAITS = """
waits:
  driver = accept
  local_parts = boxb
  condition = ${run{PLACE/wait}{yes}{no}}
  transport = mailbox
"""


@pytest.fixture(name="queue")
def fixture_queue(place):
    wait = place.path / "wait"
    wait.write_text(f"#!/bin/sh\necho x >>{place.path}/waiting\nwhile [ ! -e {place.path}/end ]; do sleep 0.02; done\n")
    wait.chmod(0o755)
    place.configure(OPTIONS + "acl_smtp_etrn = accept\n", mailboxes(place, WAITS.replace("PLACE", str(place.path))))
    for name in ("boxa", "boxb", "boxc"):
        message(place, "-odq", "-f", "a@c.test", f"{name}@b.test")
    return place


@pytest.fixture(name="connect", params=["daemon", "bs"])
def fixture_connect(request, queue):
    """Begins a session with a daemon, or with a program at the end of a pipe."""
    port = queue.daemon() if request.param == "daemon" else None

    def connect():
        client = Client(port) if port else LocalClient(queue.command("-bs", "-oMa", "192.0.2.1"))
        client.command("EHLO client.test")
        return client

    return connect


def mailboxes_of(queue):
    """Who has got mail."""
    return sorted(path.stem for path in queue.path.glob("*.mbox"))


def test_a_run_for_some(queue, connect):
    with connect() as client:
        assert client.command("ETRN #BOXA@") == "250 OK"
        queue.wait_for_log(" -R BOXA@\n")
        wait_until(lambda: "End queue run: " in queue.log("main"), "the end of the run")
        client.command("QUIT")
    assert mailboxes_of(queue) == ["boxa"]
    assert len(ids(queue)) == 2
    assert "ETRN #BOXA@ received from " in queue.log("main")


def test_a_run_for_all(queue, connect):
    (queue.path / "end").touch()
    with connect() as client:
        assert client.command("ETRN #") == "250 OK"
        wait_until(lambda: not ids(queue), "the end of the queue")
        client.command("QUIT")
    assert mailboxes_of(queue) == ["boxa", "boxb", "boxc"]


def test_one_run_for_an_argument(queue, connect):
    with connect() as client, connect() as other:
        assert client.command("ETRN #boxb") == "250 OK"
        wait_until((queue.path / "waiting").exists, "the run is at boxb")
        assert client.command("ETRN #boxb") == "458 Already processing #boxb"
        assert other.command("ETRN #boxb") == "458 Already processing #boxb"
        assert other.command("ETRN #boxc") == "250 OK"
        wait_until(lambda: "boxc" in mailboxes_of(queue), "the other run")
        (queue.path / "end").touch()
        wait_until(lambda: "boxb" in mailboxes_of(queue), "the run")
        wait_until(lambda: other.command("ETRN #boxb") == "250 OK", "#boxb can be processed again")
        client.command("QUIT")
        other.command("QUIT")
    assert (queue.path / "waiting").read_text() == "x\n"


def test_what_is_refused(queue, connect):
    with connect() as client:
        assert client.command("ETRN boxa") == "501 argument must begin with #"
        client.command("QUIT")
    queue.configure(OPTIONS, mailboxes(queue))
    with LocalClient(queue.command("-bs", "-oMa", "192.0.2.1")) as client:
        client.command("EHLO client.test")
        assert client.command("ETRN #boxa") == "458 Administrative prohibition"
        client.command("QUIT")
    assert not mailboxes_of(queue) and len(ids(queue)) == 3


def test_an_argument_that_is_too_long(queue):
    with Client(queue.daemon()) as client:
        client.command("EHLO client.test")
        assert client.command("ETRN #" + 1100 * "x") == "458 Internal failure"
        assert client.command("ETRN #boxa") == "250 OK"
        wait_until(lambda: mailboxes_of(queue) == ["boxa"], "the run")
    assert "failed to start a queue run for ETRN: the daemon cannot be told: Argument list too long" in queue.log("panic")
