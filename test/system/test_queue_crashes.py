"""Nothing that was accepted is lost: processes are killed at every system call that changes files, and the disk is
full at every write."""
import re
import signal

import pytest

from fake_smtp import FakeServer
from gatepost import DEADLINE
from queueing import ID, OPTIONS, ids, library, mailboxes, run_with_faults

MESSAGES = 200  # that are taken over, or delivered, by processes that are killed
POINTS = 50  # calls of a delivery at which it is killed
EACH = 8  # messages of a session
SESSION = ("EHLO x\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<boxa@b.test>\r\nDATA\r\nSubject: test\r\n\r\nbody\r\n.\r\nQUIT\r\n")


@pytest.fixture(name="fault", scope="module")
def fixture_fault(tmp_path_factory):
    return library(tmp_path_factory.mktemp("fault"))


def session(number, messages):
    """SMTP commands for that many messages, each with a body of its own."""
    text = "EHLO x\r\n"
    for i in range(messages):
        text += f"MAIL FROM:<a@c.test>\r\nRCPT TO:<boxa@b.test>\r\nDATA\r\nSubject: test\r\n\r\nbody {number}.{i}.\r\n.\r\n"
    return text + "QUIT\r\n"


def calls(place, fault, messages):
    """How many calls there are at which a session of so many messages can be killed."""
    report = place.path / f"calls{messages}"
    run_with_faults(place, fault, "-bs", "-odq", stdin=session("first", messages), report=report)
    return int(report.read_text())


def test_killed_while_messages_are_taken_over(place, fault):
    """Between every pair of calls that the taking over of a message consists of, be it the first of a session or a
    later one."""
    place.configure(OPTIONS + "smtp_accept_queue_per_connection = 0\n", mailboxes(place))
    one, all_of_them = calls(place, fault, 1), calls(place, fault, EACH)
    period = (all_of_them - one) // (EACH - 1)
    assert period > 10, "the library has no effect"
    for name in ids(place):
        place.run("-Mrm", name)
    sessions = max(-(-MESSAGES // EACH), one)
    accepted, sent = {}, 0
    for number in range(sessions):
        point = 1 + number % one + period * (number % EACH)
        result = run_with_faults(place, fault, "-bs", "-odq", stdin=session(number, EACH), kill_at=point)
        assert result.returncode == -signal.SIGKILL
        for i, name in enumerate(re.findall(rf"250 OK id=({ID})", result.stdout.decode())):
            accepted[name] = f"body {number}.{i}."
        sent += EACH
    assert sent >= MESSAGES and len(accepted) >= sessions
    there = ids(place)
    assert set(accepted) <= set(there), "a message that was answered with 250 is not there"
    # Those without an answer, at most one of a session, may be there, but then they are whole.
    assert len(there) - len(accepted) <= sessions
    for name in there:
        assert re.fullmatch(rf"{name}-D\nbody [0-9.]+\n", spool_file(place, name, "-D"))
        assert "\nboxa@b.test\n" in spool_file(place, name, "-H")
        assert accepted.get(name, "body") in spool_file(place, name, "-D")
    place.run("-qf")
    box = (place.path / "boxa.mbox").read_text()
    assert box.count("\nbody ") == len(there) and all(f"\n{body}\n" in box for body in accepted.values())


def spool_file(place, name, suffix):
    return (place.path / "spool" / "input" / (name + suffix)).read_text()


def test_killed_while_messages_are_delivered(place, fault):
    """One queue run, in which each delivery is killed at another call. Each message is for a mailbox of its own, as locks
    stay behind, and every third for another host as well."""
    far = range(0, MESSAGES, 3)
    names = " : ".join(f"m{i}" for i in range(MESSAGES))
    router = (f"own:\n  driver = accept\n  domains = b.test\n  local_parts = {names}\n  transport = mailbox\n"
              "far:\n  driver = accept\n  domains = far.test\n  transport = remote\n")
    server = FakeServer()
    remote = (f"remote:\n  driver = smtp\n  hosts = 127.0.0.1\n  hosts_override\n  allow_localhost\n  port = {server.port}\n"
              "  connection_max_messages = 1\n  hosts_try_fastopen =\n")
    place.configure(OPTIONS + "queue_only\nqueue_run_in_order\nsmtp_accept_queue_per_connection = 0\n",
                    mailboxes(place, router, remote))
    place.run("-bs", stdin="EHLO x\r\n" + "".join(
        f"MAIL FROM:<a@c.test>\r\nRCPT TO:<m{i}@b.test>\r\n" + (i in far) * f"RCPT TO:<x{i}@far.test>\r\n" +
        f"DATA\r\nSubject: s{i}.\r\n\r\nbody\r\n.\r\n" for i in range(MESSAGES)) + "QUIT\r\n")
    assert len(ids(place)) == MESSAGES
    run_with_faults(place, fault, "-q", spread=POINTS, timeout=4 * DEADLINE)
    assert len(ids(place)) > MESSAGES // 4, "hardly anything was killed"
    for lock in place.path.glob("*.lock"):
        lock.unlink()  # of a delivery that was killed
    for _ in range(4):  # in parts, which take less than anything may take
        place.run("-qff", *ids(place)[:1], *ids(place)[:MESSAGES // 4][-1:])
    assert not ids(place)
    server.close()
    twice = 0
    for i in range(MESSAGES):
        copies = (place.path / f"m{i}.mbox").read_text().count(f"\nSubject: s{i}.\n")
        remote_copies = sum(f"\r\nSubject: s{i}.\r\n" in line for connection in server.connections for line in connection)
        assert copies >= 1 and remote_copies >= (i in far), f"message {i} is lost"
        assert copies <= 2 and remote_copies <= 2
        twice += copies > 1
    # Only in the few calls between the end of a delivery and the note of it in the journal can there be a second one.
    assert twice <= 8 * MESSAGES // POINTS


def test_full_disk_is_answered_with_452(place, fault):
    place.configure(OPTIONS, mailboxes(place))
    answers = []
    for point in range(1, 20):
        result = run_with_faults(place, fault, "-bs", "-odq", stdin=SESSION, full_from=point)
        final = [line for line in result.stdout.decode().splitlines() if line.startswith(("250 OK id=", "452 ", "451 "))]
        answers.append(final[0][:4])
        if final[0].startswith("250"):
            break
    assert answers[0] == "452 " and answers[-1] == "250 " and set(answers[:-1]) == {"452 "}
    assert len(ids(place)) == 1
    assert all(path.name.startswith(ids(place)[0]) for path in (place.path / "spool" / "input").iterdir())
