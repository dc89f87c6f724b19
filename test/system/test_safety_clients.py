"""Slow, hasty, silent, vanishing, endless and curious clients: they get nothing by it and cost nothing."""
import random
import re
import socket
import struct
import time

import pytest

from authentication import (
    ALICE, ASK, ASK_NAME, ASK_PASSWORD, CANCELLED, INCORRECT, OK, SECRET, SHOW_USER, talk)
from gatepost import (
    DEADLINE, PLAIN, RIGHT, TOP, WRONG, Client, b64, children, keeps_freed_memory, readable)

pytestmark = pytest.mark.usefixtures("intact")


# --- Nothing is told of who exists


def test_unknown_users_and_wrong_passwords_look_the_same(daemon):
    """The example configuration: the same replies, the same steps, and the time that a hash takes."""
    examples = TOP / "doc" / "examples"
    for name in ("passwd", "submission.conf"):
        (daemon.place.path / name).write_text((examples / name).read_text())
        (daemon.place.path / name).chmod(0o644)
    daemon.place.config = daemon.place.path / "submission.conf"
    arguments = [f"-D{name}={daemon.place.path}" for name in ("CONFDIR", "LOGDIR", "SPOOLDIR")]
    port = daemon.place.daemon(*arguments)
    fastest = {"alice": DEADLINE, "nobody": DEADLINE}
    for _ in range(10):
        with Client(port) as client:
            client.command("EHLO client.test")
            for name, least in fastest.items():
                begun = time.monotonic()
                replies = talk(client, "AUTH LOGIN", b64(name), b64("wrong"))
                assert (name, replies) == (name, [ASK_NAME, ASK_PASSWORD, INCORRECT])
                fastest[name] = min(least, time.monotonic() - begun)
            assert talk(client, "AUTH LOGIN", ALICE, b64("wonderland")) == [ASK_NAME, ASK_PASSWORD, OK]
    assert 0.5 < fastest["alice"] / fastest["nobody"] < 2, fastest


# --- Slow, hasty and vanishing clients


def test_octet_by_octet(daemon):
    daemon.start()
    client = daemon.client()

    def trickle(line):
        for octet in line + "\r\n":
            client.send(octet)
        return client.reply()
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    assert trickle("AUTH LOGIN") == ASK_NAME
    assert trickle(ALICE) == ASK_PASSWORD
    assert trickle(b64("wrong")) == INCORRECT
    assert trickle(f"AUTH LOGIN {ALICE}") == ASK_PASSWORD
    assert trickle(SECRET) == OK


@pytest.mark.parametrize("line", ["AUTH PLAIN ", ""])
def test_dripping_does_not_prolong_a_line(daemon, line):
    """The time for a line is for all of it: an octet now and then does not keep a worker for ever."""
    daemon.start("smtp_receive_timeout = 1s\n")
    client = daemon.client()
    if not line:
        assert talk(client, "AUTH PLAIN") == [ASK]
    begun = time.monotonic()
    client.send(line)
    while not readable(client.socket, 0.1) and time.monotonic() < begun + 6:
        client.send("A")
    assert time.monotonic() < begun + 5
    assert client.reply() == "421 mail.test: SMTP command timeout - closing connection"


def test_pipelined_exchanges(daemon):
    daemon.start("acl_smtp_mail = show\n", SHOW_USER + PLAIN)
    client = daemon.client()
    client.send(f"AUTH LOGIN\r\n{ALICE}\r\n{b64('wrong')}\r\nMAIL FROM:<a@b.test>\r\n")
    assert [client.reply() for _ in range(4)] == [ASK_NAME, ASK_PASSWORD, INCORRECT, "550 nobody"]
    client.send(f"AUTH PLAIN\r\n*\r\nAUTH PLAIN {WRONG}\r\n"
                f"AUTH LOGIN {ALICE}\r\n{SECRET}\r\nMAIL FROM:<a@b.test>\r\n")
    assert [client.reply() for _ in range(6)] == \
        [ASK, CANCELLED, INCORRECT, ASK_PASSWORD, OK, "250 for alice"]


def test_nothing_pipelined_behind_starttls_counts(daemon):
    daemon.start("acl_smtp_mail = show\n", SHOW_USER + PLAIN)
    client = daemon.client()
    client.send(f"STARTTLS\r\nAUTH PLAIN {RIGHT}\r\nMAIL FROM:<a@b.test>\r\n")
    replies = []
    while not replies or replies[-1]:
        replies.append(client.reply())
    assert replies == ["554 SMTP synchronization error", ""]
    assert RIGHT not in daemon.place.log("main")


def reset(client):
    """Ends the connection without a farewell, so that the server's next read or write fails."""
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def test_clients_that_vanish(daemon):
    daemon.start("daemon_spare_workers = 2\n")
    for lines in ([], ["AUTH LOGIN"], ["AUTH LOGIN", ALICE], [f"AUTH PLAIN {WRONG}"], [f"AUTH PLAIN {RIGHT}"]):
        for leave in (reset, Client.close):
            client = daemon.client()
            talk(client, *lines)
            leave(client)
            client = daemon.client()
            client.send("".join(line + "\r\n" for line in lines) + "AUTH PLAIN\r\n" + "A" * 5000)
            leave(client)
    client = daemon.client()
    assert talk(client, f"AUTH PLAIN {RIGHT}") == [OK]


def test_a_client_that_does_not_read(daemon):
    """Replies that nobody reads fill the connection up: the session ends by its timeout."""
    daemon.start("smtp_receive_timeout = 1s\ndaemon_spare_workers = 1\n")
    client = daemon.client()
    client.socket.settimeout(5)
    begun = time.monotonic()
    try:
        while time.monotonic() < begun + 10:
            client.send(f"AUTH PLAIN\r\n*\r\nAUTH PLAIN {WRONG}\r\n" * 50)
    except (BrokenPipeError, ConnectionResetError):
        pass
    assert time.monotonic() < begun + 9
    other = daemon.client()
    assert talk(other, f"AUTH PLAIN {RIGHT}") == [OK]


def resident(pid):
    """The resident size of a process, in KiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"^VmRSS:\s+(\d+) kB$", file.read(), re.M)[1])


@pytest.mark.skipif(keeps_freed_memory(), reason="AddressSanitizer keeps freed memory")
def test_aborted_exchanges_leave_no_memory_behind(daemon):
    daemon.start("daemon_spare_workers = 1\ndaemon_worker_connections = 0\n")
    master = daemon.place.processes[-1].pid
    # Ten in every session, a thousand sessions.
    aborts = [["AUTH LOGIN", "*"], ["AUTH LOGIN", ALICE, "*"], ["AUTH PLAIN", "!"], [f"AUTH PLAIN {WRONG}"],
              ["AUTH LOGIN", ALICE, "A" * 12300], ["AUTH PLAIN " + "A" * 12000],
              ["AUTH LOGIN " + b64("x" * 8000), "*"], ["AUTH NONE"], ["AUTH PLAIN " + b64("\0" * 5000)],
              ["AUTH LOGIN", b64("\xff" * 500), "=" * 12288]]

    def abort(times):
        for number in range(times):
            with Client(daemon.port) as client:
                client.command("EHLO client.test")
                for lines in aborts:
                    talk(client, *lines)
                talk(client, *["AUTH LOGIN", ALICE][:number % 3])
                if number % 2:
                    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    abort(50)
    workers = children(master)
    early = max(map(resident, workers))
    abort(1000)
    veterans = set(workers) & set(children(master))
    assert veterans, "workers serve more than one connection"
    assert max(map(resident, veterans)) - early < 64


@pytest.mark.skipif(keeps_freed_memory(), reason="AddressSanitizer keeps freed memory")
def test_a_session_of_aborted_exchanges_does_not_grow(service):
    """The same within one session: what belongs to an exchange goes with it."""
    service.start("daemon_spare_workers = 1\n")
    client = service.client()
    pids = [client.process.pid] if service.kind == "local" else children(service.place.processes[-1].pid)

    def largest():
        return max(map(resident, pids))

    def abort(times):
        for _ in range(times):
            assert talk(client, "AUTH LOGIN", ALICE, "*") == [ASK_NAME, ASK_PASSWORD, CANCELLED]
    abort(30)
    early = largest()
    abort(3000)
    assert largest() - early < 64


# --- Everything very long, everything at random


@pytest.mark.parametrize("length", [255, 256, 1000, 4096, 8192, 9000])
def test_long_names_and_passwords(daemon, length):
    name, password = "a" * length, "s" * 200
    daemon.start(sections=PLAIN.replace("{alice}", f"{{{name}}}").replace("{secret}", f"{{{password}}}"))
    client = daemon.client("EHLO " + "h" * 250 + ".test")
    assert talk(client, "AUTH PLAIN " + b64(f"\0{name}b\0{password}")) == [INCORRECT]
    assert talk(client, "AUTH LOGIN", b64(name[1:]), b64(password)) == [ASK_NAME, ASK_PASSWORD, INCORRECT]
    assert talk(client, "AUTH LOGIN", b64(name), b64(password + "s")) == [ASK_NAME, ASK_PASSWORD, INCORRECT]
    assert talk(client, "AUTH LOGIN", b64(name), b64(password)) == [ASK_NAME, ASK_PASSWORD, OK]
    assert len(daemon.place.log("main").split("\n")) == 1 + 3 + 1


def test_long_everything_else(service):
    service.start()
    client = service.client()
    for line in ("EHLO " + "x" * 16000, "HELO " + "x." * 8000, "AUTH " + "X" * 16000,
                 "AUTH " + "X" * 16000 + " =", "AUTH PLAIN" + " " * 16000, "AUTH" + " " * 10000 + "PLAIN " + RIGHT[:-1],
                 "MAIL FROM:<" + "a" * 16000, "MAIL FROM:<> AUTH=" + "a" * 16000,
                 "MAIL FROM:<> " + "AUTH=a " * 2000 + "AUTH=+", "VRFY " + "\"" * 16000, "(" * 16000,
                 "<" * 16000, "\xff" * 16000):
        client.send(line.encode("latin-1") + b"\r\n")
        assert client.reply()[0:1] in ("2", "3", "4", "5")
        if line.startswith("AUTH PLAIN "):
            client.command("*")
    client.command("EHLO client.test")
    assert talk(client, "RSET", f"AUTH PLAIN {RIGHT}") == ["250 Reset OK", OK]


@pytest.mark.parametrize("seed", range(6))
def test_noise(daemon, seed):
    """Random octets, half of them shaped like the protocol, end in replies or in the end of the connection."""
    daemon.start()
    noise = random.Random(seed)
    words = [b"AUTH", b"PLAIN", b"LOGIN", b" ", b"=", b"*", b"\r\n", b"\r\n", b"\n", b"\r", b"\0", b"EHLO x\r\n",
             b"MAIL FROM:<", b">", b"RSET\r\n", RIGHT.encode()[:9], WRONG.encode(), b"AUTH LOGIN\r\n",
             b"AUTH PLAIN ", b"AUTH=", b"\xff"]
    for _ in range(20):
        data = b"".join(noise.choice(words) if noise.random() < 0.8 else noise.randbytes(noise.randrange(20))
                        for _ in range(noise.randrange(1, 200)))
        client = daemon.client()
        client.send(data.replace(b"QUIT", b"") + b"\r\n")
        client.socket.shutdown(socket.SHUT_WR)
        while client.reply():
            pass
    client = daemon.client()
    assert talk(client, f"AUTH PLAIN {RIGHT}") == [OK]
