"""Nothing that was accepted is lost: processes are killed at every system call that changes files, and the disk is
full at every write."""
import re

import pytest

from queueing import ID, OPTIONS, ids, library, mailboxes, message, run_with_faults

SESSION = ("EHLO x\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<boxa@b.test>\r\nDATA\r\nSubject: test\r\n\r\nbody\r\n.\r\nQUIT\r\n")
MOST = 200  # points at which a process is killed


@pytest.fixture(name="fault", scope="module")
def fixture_fault(tmp_path_factory):
    return library(tmp_path_factory.mktemp("fault"))


def test_killed_while_a_message_is_taken_over(place, fault):
    place.configure(OPTIONS, mailboxes(place))
    accepted = set()
    for point in range(1, MOST):
        result = run_with_faults(place, fault, "-bs", "-odq", stdin=SESSION, kill_at=point)
        accepted.update(re.findall(rf"250 OK id=({ID})", result.stdout.decode()))
        if result.returncode == 0:
            break
    assert result.returncode == 0 and point > 10, "the library had no effect, or there is no end"
    there = set(ids(place))
    assert accepted <= there, "a message that was answered with 250 is not there"
    for name in there:  # those without an answer may be there, but then they are whole
        assert place.run("-Mvb", name).stdout == f"{name}-D\nbody\n"
        assert "\nboxa@b.test\n" in place.run("-Mvh", name).stdout
    place.run("-qf")
    assert (place.path / "boxa.mbox").read_text().count("\nbody\n") == len(there)


def test_killed_while_a_message_is_delivered(place, fault):
    place.configure(OPTIONS + "queue_only\n", mailboxes(place))
    twice = 0
    for point in range(1, MOST):
        message(place, "-f", "a@c.test", "boxa@b.test", "boxb@b.test")
        name = ids(place)[0]
        result = run_with_faults(place, fault, "-M", name, kill_at=point)
        for _ in range(3):
            if not ids(place):
                break
            for lock in place.path.glob("*.lock"):
                lock.unlink()  # of a delivery that was killed
            place.run("-qff")
        assert not ids(place), f"killed at {point}: {place.log('main')}"
        for box in ("boxa", "boxb"):
            path = place.path / f"{box}.mbox"
            copies = path.read_text().count("\nSubject: test\n")
            assert copies >= 1, f"killed at {point}: {box} has lost the message"
            twice += copies > 1
            path.unlink()
        if point > 100 and result.returncode == 0:
            break
    # Only between the end of a delivery and the note of it in the journal can there be a second one.
    assert twice <= 20


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
