"""ACLs of a real daemon: what its processes share, what survives them, what is in the spool in the end, and what
goes out to others."""
import os
import pwd
import re
import signal
import socket
import sqlite3
import threading

from gatepost import DEADLINE, Client, children, wait_until

COUNTING = """begin acl
rcpt:
  warn ratelimit = 0 / 52w / per_rcpt / strict / everybody
       logwrite = rate $sender_rate
  accept
"""


def start(place, options, sections):
    place.configure(options, sections)
    return place.daemon()


def send_recipients(port, count):
    with Client(port) as client:
        assert client.command("EHLO client.test").startswith("250")
        assert client.command("MAIL FROM:<a@b.test>") == "250 OK"
        for number in range(count):
            assert client.command(f"RCPT TO:<r{number}@d.test>") == "250 Accepted"


def rates(place):
    return [float(rate) for rate in re.findall(r"rate ([0-9.]+)$", place.log("main"), re.M)]


def database(place, name):
    return place.path / "spool" / "db" / f"{name}.sqlite"


def test_workers_count_together(place):
    """Clients of several workers at once: no event is lost, and none is counted twice."""
    port = start(place, "acl_smtp_rcpt = rcpt", COUNTING)
    threads = [threading.Thread(target=send_recipients, args=(port, 10)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
        assert not thread.is_alive()
    assert sorted(rates(place)) == [float(n) for n in range(1, 81)]


def test_rates_outlive_the_daemon_and_killed_workers(place):
    port = start(place, "acl_smtp_rcpt = rcpt", COUNTING)
    send_recipients(port, 3)
    for pid in children(place.processes[0].pid):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: place.processes[0].poll() is None and children(place.processes[0].pid), "new workers")
    send_recipients(port, 1)
    place.processes[0].terminate()
    place.processes[0].wait(DEADLINE)
    send_recipients(place.daemon(), 1)
    assert rates(place)[-2:] == [4.0, 5.0]


def test_a_removed_database_is_begun_anew_and_a_damaged_one_set_aside(place):
    port = start(place, "acl_smtp_rcpt = rcpt", COUNTING)
    send_recipients(port, 2)
    for file in (place.path / "spool" / "db").iterdir():
        file.unlink()
    send_recipients(port, 2)
    assert rates(place) == [1.0, 2.0, 1.0, 2.0]
    place.processes[0].terminate()
    place.processes[0].wait(DEADLINE)
    for file in (place.path / "spool" / "db").iterdir():
        file.unlink()
    database(place, "ratelimit").write_bytes(b"what is this?" * 1000)
    send_recipients(place.daemon(), 1)
    assert rates(place)[-1] == 1.0
    assert f"hints database {database(place, 'ratelimit')} is damaged" in place.log("panic")
    assert database(place, "ratelimit").with_name("ratelimit.sqlite.damaged").exists()


def test_hints_belong_to_the_processes_that_use_them(place):
    send_recipients(start(place, "acl_smtp_rcpt = rcpt", COUNTING), 1)
    directory = database(place, "ratelimit").parent
    assert directory.stat().st_mode & 0o7777 == 0o750
    owner = pwd.getpwnam("mail").pw_uid if os.geteuid() == 0 else os.geteuid()
    for file in directory.iterdir():
        if not file.name.endswith(("-wal", "-shm")):
            assert file.stat().st_mode & 0o7777 == 0o640, file
        assert file.stat().st_uid == owner, file
    with sqlite3.connect(database(place, "ratelimit")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT key FROM hints").fetchall() == [(b"52w/per_rcpt/everybody",)]


DELIVERY = """begin routers
all:
  driver = accept
  transport = nowhere
begin transports
nowhere:
  driver = appendfile
  file = /dev/null
"""

CHANGING = """begin acl
rcpt:
  accept add_header = X-First: $local_part
         remove_header = X-Secret : X-First
data:
  accept control = queue_only
         add_header = :at_start:X-Start: $h_x-first:,$h_x-secret:
         remove_header = ^(?i)x-drop- : X-First
"""


def spool_headers(place):
    """The header section of the one message in the spool: lines with their kind, deleted ones left out."""
    files = list((place.path / "spool" / "input").glob("**/*-H"))
    assert len(files) == 1, files
    text = files[0].read_text(encoding="latin-1").split("\n\n", 1)[1]
    return re.findall(r"^\d{3}[^*] (.*)$", text, re.M), files[0].read_text(encoding="latin-1")


def send_message(port, recipients, headers, parameters=""):
    """Sends a message; returns the replies to its end."""
    with Client(port) as client:
        client.command("EHLO client.test")
        client.command(f"MAIL FROM:<a@b.test>{parameters}")
        for recipient in recipients:
            assert client.command(f"RCPT TO:<{recipient}>") == "250 Accepted"
        assert client.command("DATA").startswith("354")
        client.send("".join(header + "\r\n" for header in headers) + "\r\nbody\r\n.\r\n")
        replies = [client.reply()]
        while parameters and not replies[-1].startswith(("250 id=", "550 id=")):
            replies.append(client.reply())
        client.command("QUIT")
    return replies


def test_headers_that_acls_change_are_so_in_the_spool(place):
    port = start(place, "acl_smtp_rcpt = rcpt\nacl_smtp_data = data", CHANGING + DELIVERY)
    assert send_message(port, ["c@d.test"], ["X-Secret: 1", "X-DROP-a: 2", "x-drop-B: 3", "X-First: old", "X-Keep: 4",
                                             "Subject: x"])[0].startswith("250 OK id=")
    headers, _ = spool_headers(place)
    assert headers[0] == "X-Start: c,"
    assert headers[1].startswith("Received: from ")
    assert [h for h in headers if h.startswith(("X-", "x-", "Subject"))] == ["X-Start: c,", "X-Keep: 4", "Subject: x"]


ONE_REFUSED = """begin acl
rcpt:
  accept
prdr:
  deny local_parts = refused
  defer local_parts = later
        message = 452 4.2.2 come back
  accept
data:
  accept control = queue_only
"""


def test_recipients_that_are_refused_after_the_data_are_none(place):
    port = start(place, "prdr_enable\nacl_smtp_rcpt = rcpt\nacl_smtp_data = data\nacl_smtp_data_prdr = prdr",
                 ONE_REFUSED + DELIVERY)
    with Client(port) as client:
        assert "PRDR" in client.command("EHLO client.test").replace("250-", "").split("\n")
    replies = send_message(port, ["one@d.test", "refused@d.test", "later@d.test", "two@d.test"], ["Subject: x"], " PRDR")
    assert replies[:5] == ["353 PRDR content analysis beginning", "250 PRDR R=<one@d.test> acceptance",
                           "550 PRDR R=<refused@d.test> refusal", "452 4.2.2 come back",
                           "250 PRDR R=<two@d.test> acceptance"]
    assert re.fullmatch(r"250 id=\S+ message accepted for some recipients", replies[5])
    _, spool = spool_headers(place)
    assert re.findall(r"^(\w+)@d\.test", spool, re.M) == ["one", "two"]


def test_messages_without_recipients_left_are_not_kept(place):
    port = start(place, "prdr_enable\nacl_smtp_rcpt = rcpt\nacl_smtp_data = data\nacl_smtp_data_prdr = prdr",
                 ONE_REFUSED + DELIVERY)
    replies = send_message(port, ["refused@d.test", "refused@e.test"], ["Subject: x"], " PRDR")
    assert re.fullmatch(r"550 id=\S+ message rejected for all recipients", replies[-1])
    assert not list((place.path / "spool" / "input").glob("**/*-[HD]"))


def test_datagrams_reach_whom_they_are_for(place):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(DEADLINE)
        number = receiver.getsockname()[1]
        port = start(place, "acl_smtp_connect = connect",
                     "begin acl\nconnect:\n  accept udpsend = 127.0.0.1 : "
                     f"{number} : $sender_host_address:$received_port\n")
        with Client(port):
            assert receiver.recv(1000).decode() == f" 127.0.0.1:{port}"
