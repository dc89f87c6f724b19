"""A disk that is full: nothing is lost, nothing half-written remains, and when there is room again all goes on."""
import re

import pytest

from fake_smtp import FakeServer
from gatepost import Client, free_port
from mounts import Disks, need_mounts
from queueing import ID, OPTIONS, ids, mailboxes, message

pytestmark = need_mounts

UNCHECKED = OPTIONS + "check_spool_space = 0\ncheck_spool_inodes = 0\ncheck_log_space = 0\n"
LINE = 70 * "y" + "\r\n"


@pytest.fixture(name="disk")
def fixture_disk(place):
    """Puts the spool, and boxes/, onto small disks."""
    disks = []

    def make(spool="size=300k", boxes="size=64k"):
        (place.path / "boxes").mkdir()
        disks.append(Disks({place.path / "spool": spool, place.path / "boxes": boxes}))
        place.prefix = disks[0].prefix
        return disks[0]
    yield make
    for disk in disks:
        disk.stop()


def send(client, size):
    """A message of that many lines; returns the answer to MAIL when that is refused, else to its end."""
    answer = client.command("MAIL FROM:<a@c.test>")
    if not answer.startswith("250"):
        return answer
    client.command("RCPT TO:<boxa@b.test>")
    client.command("DATA")
    return client.command(f"Subject: {size}\r\n\r\n{size * LINE}.")


def files(disk, place):
    """Names of all files in the spool's directories of messages."""
    return {path.name for kind in ("input", "msglog") for path in (disk.outside(place.path / "spool") / kind).glob("*")}


def fill(disk, path):
    """Leaves no room at all."""
    with open(disk.outside(path) / "filler", "wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError:
            pass


def test_reception(place, disk):
    place.configure(UNCHECKED + "queue_only\n", mailboxes(place))
    disk = disk()
    port = place.daemon()
    accepted, refused = {}, 0
    with Client(port) as client:
        client.command("EHLO client.test")
        for size in (10, 1000, 8000, 1000, 1000, 1000, 1000, 1, 300, 1):
            answer = send(client, size)
            if answer.startswith("250 OK id="):
                accepted[answer[10:]] = size
            else:
                assert answer == "452 Space shortage, please try later"
                refused += 1
        assert refused >= 2 and len(accepted) >= 4
        said = re.findall(rf"{ID} Message abandoned: Spool write error \(No space left on device\) while receiving message "
                          r"from .*\[127\.0\.0\.1\]\n", place.log("main"))
        assert len(said) == refused
        assert files(disk, place) - {name for name in files(disk, place) if name[:23] in accepted} == set()
        for name, size in accepted.items():
            assert place.run("-Mvb", name).stdout == f"{name}-D\n" + size * (LINE[:-2] + "\n")
        place.run("-Mrm", next(name for name in accepted if accepted[name] == 1000))
        assert send(client, 900).startswith("250 OK id=")


def test_messages_without_smtp(place, disk):
    place.configure(UNCHECKED + "queue_only\n", mailboxes(place))
    disk = disk(spool="size=64k")
    message(place, "boxa@b.test")
    before = files(disk, place)
    result = message(place, "boxa@b.test", text="Subject: x\n\n" + 2000 * LINE, code=1)
    assert "No space left on device" in result.stderr and files(disk, place) == before
    fill(disk, place.path / "spool")
    message(place, "boxa@b.test", code=1)
    assert len(ids(place)) == 1 and files(disk, place) == before


@pytest.mark.parametrize("options, disk_options", [("check_spool_space = 10M\n", "size=300k"),
                                                   ("check_spool_inodes = 100\ncheck_spool_space = 0\n", "size=20m,nr_inodes=50")],
                         ids=["space", "inodes"])
def test_room_that_must_be_left(place, disk, options, disk_options):
    place.configure(OPTIONS + "check_log_space = 0\nqueue_only\n" + options, mailboxes(place))
    disk(spool=disk_options)
    with Client(place.daemon()) as client:
        client.command("EHLO client.test")
        assert send(client, 1) == "452 Space shortage, please try later"
    assert re.search(r" spool directory space check failed: space=\d+ inodes=\d+\n", place.log("main"))
    assert message(place, "boxa@b.test", code=1).stderr == "exim: insufficient disk space\n"
    place.configure(UNCHECKED + "queue_only\n", mailboxes(place))
    message(place, "boxa@b.test")


def test_a_size_that_is_announced_counts(place, disk):
    place.configure(UNCHECKED + "queue_only\n", mailboxes(place))
    disk()
    with Client(place.daemon()) as client:
        client.command("EHLO client.test")
        assert client.command("MAIL FROM:<a@c.test> SIZE=400000").startswith("452 ")
        assert client.command("MAIL FROM:<a@c.test> SIZE=1000").startswith("250 ")


def test_mailboxes(place, disk):
    boxes = place.path / "boxes"
    sections = mailboxes(place).replace(f"file = {place.path}/", f"file = {boxes}/").replace(
        f"directory = {place.path}/", f"directory = {boxes}/").replace("F,1d,5m", "F,1d,1s")
    place.configure(UNCHECKED, sections)
    disk = disk(spool="size=1m")
    message(place, "-odi", "boxa@b.test", "dir@b.test")
    before = {path: path.read_bytes() for path in disk.outside(boxes).rglob("*") if path.is_file()}
    assert len(before) >= 2
    message(place, "-odi", "boxa@b.test", "dir@b.test", text="Subject: big\n\n" + 1500 * LINE)
    log = place.log("main")
    assert f" == boxa@b.test R=boxes T=mailbox defer (28): No space left on device: error while writing to {boxes}/boxa.mbox\n" in log
    assert re.search(rf" == dir@b\.test R=maildir T=maildir defer \(28\): No space left on device: error while writing to {boxes}/maildir/", log)
    assert {path: path.read_bytes() for path in disk.outside(boxes).rglob("*") if path.is_file()} == before
    place.configure(UNCHECKED, sections.replace(f"{boxes}/", f"{place.path}/"))
    place.run("-qf")
    assert not ids(place) and (place.path / "boxa.mbox").read_text().count("Subject: big") == 1


def test_deliveries_that_cannot_be_noted_are_not_made(place, disk):
    """Neither retry data nor the journal has room; who waits, waits, and nobody gets a message twice."""
    remote = "remote:\n  driver = smtp\n  hosts = 127.0.0.1\n  hosts_override\n  allow_localhost\n  port = {port}\n"
    router = "far:\n  driver = accept\n  domains = far.test\n  transport = remote\n"
    place.configure(UNCHECKED + "queue_only\n", mailboxes(place, router, remote.format(port=free_port())))
    disk = disk()
    message(place, "-f", "boxc@b.test", "boxa@b.test", "x@far.test")
    before = files(disk, place)
    fill(disk, place.path / "spool")
    place.run("-q")
    assert not (place.path / "boxa.mbox").exists() and "no room for the journal: No space left on device\n" in place.log("panic")
    assert before <= files(disk, place) and len(ids(place)) == 1
    assert "boxa@b.test" in place.run("-bp").stdout
    (disk.outside(place.path / "spool") / "filler").unlink()
    server = FakeServer()
    place.configure(UNCHECKED + "queue_only\n", mailboxes(place, router, remote.format(port=server.port)))
    place.run("-qf")
    server.close()
    assert not ids(place) and (place.path / "boxa.mbox").read_text().count("\nbody\n") == 1
    assert sum(line.startswith("DATA>") for connection in server.connections for line in connection) == 1
    assert not files(disk, place)


def test_hints(place, disk):
    """A host that is down while there is no room to remember it."""
    remote = ("remote:\n  driver = smtp\n  hosts = 127.0.0.1\n  hosts_override\n  allow_localhost\n"
              f"  port = {free_port()}\n")
    router = "far:\n  driver = accept\n  domains = far.test\n  transport = remote\n"
    place.configure(UNCHECKED + "queue_only\n", mailboxes(place, router, remote))
    disk = disk()
    message(place, "x@far.test")
    place.run("-q")  # the database is there
    filler = disk.outside(place.path / "spool") / "filler"
    fill(disk, place.path / "spool")
    with open(filler, "r+b") as file:  # room for the journal, not for the database's
        file.truncate(filler.stat().st_size - 8192)
    for _ in range(2):
        place.run("-qf")
        assert len(ids(place)) == 1 and " == x@far.test R=far T=remote defer (111): Connection refused\n" in place.log("main")
    filler.unlink()
    place.run("-qf")
    place.run("-q")
    assert place.log("main").rstrip().splitlines()[-2].endswith(
        " == x@far.test R=far T=remote defer (-54): retry time not reached for any host for 'far.test'")
