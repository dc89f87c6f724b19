"""What must hold whatever a client sends: base64, lengths, ends of lines, NULs, one attempt after another."""
import hashlib
import random
import socket
import time

import pytest

from authentication import (
    ALICE, ASK, ASK_NAME, ASK_PASSWORD, INCORRECT, LATER, NOT_BASE64, OK, SECRET, SHOW_USER,
    authenticator, failed, talk)
from gatepost import DEADLINE, PLAIN, RIGHT, WRONG, b64, readable

TOO_LONG = "500 Line too long"

# The longest line of base64 in an exchange, in octets (RFC 4954 section 4), and what it decodes to.
LONGEST = 12288
LONGEST_DATA = LONGEST // 4 * 3

# Shows what was decoded: replies with the hash of the first string, logs its length.
DIGEST = authenticator(condition="${sha256:$auth1}", prompts=":", set_id="${strlen:$auth1}")

pytestmark = pytest.mark.usefixtures("intact")


def digest(data):
    return f"{LATER}: {hashlib.sha256(data).hexdigest().upper()}"


def sample(length, seed=0):
    """Octets of all values but NUL, which separates strings."""
    return bytes(random.Random(f"{length}/{seed}").randrange(1, 256) for _ in range(length))


# --- Base64: nothing may be off by one


def test_data_of_every_remainder_is_decoded_exactly(service):
    service.start(sections=DIGEST)
    client = service.client()
    lengths = [*range(0, 70), *range(253, 260), *range(1020, 1028), *range(3069, 3075), 4095, 4096, 4097, 8191,
               8192, *range(LONGEST_DATA - 6, LONGEST_DATA + 1)]
    for length in lengths:
        data = sample(length)
        assert talk(client, "AUTH X", b64(data)) == [ASK, digest(data)]
        assert talk(client, "AUTH X " + (b64(data) or "=")) == [digest(data)]
    assert service.place.log("main").count("authenticator failed") == 2 * len(lengths)
    assert f"(set_id={LONGEST_DATA})" in service.place.log("main")


def test_lengths_that_no_data_has(service):
    service.start(sections=DIGEST)
    client = service.client()
    for length in [*range(1, 40), 255, 256, 257, 1023, 1024, 4096, LONGEST - 5, LONGEST - 2, LONGEST - 1]:
        text = "A" * length
        reply = digest(b"") if length % 4 == 0 else NOT_BASE64
        assert talk(client, "AUTH X", text)[1][:20] == reply[:20]
        assert talk(client, f"AUTH X {text}")[0][:20] == reply[:20]


def test_padding_only_where_it_belongs(service):
    service.start(sections=DIGEST)
    client = service.client()
    data = sample(10)
    text = b64(data)
    for place in range(len(text) - 2):
        assert talk(client, "AUTH X", text[:place] + "=" + text[place + 1:]) == [ASK, NOT_BASE64]
        assert talk(client, "AUTH X", text[:place] + "=" + text[place:]) == [ASK, NOT_BASE64]
    assert talk(client, "AUTH X", text[:-1]) == [ASK, NOT_BASE64]
    assert talk(client, "AUTH X", text + "=") == [ASK, NOT_BASE64]
    assert talk(client, "AUTH X", text) == [ASK, digest(data)]


def test_every_octet_outside_the_alphabet_is_refused(service):
    service.start(sections=DIGEST)
    client = service.client()
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for octet in range(256):
        for text in (b"AA%cA", b"AAAA%cAAA", b"AAAAAA%c=", b"AAA%c"):
            line = text % octet
            if octet in alphabet + b"\n" or line in (b"AAA=", b"AAAAAA==", b"AAA\t", b"AAA "):
                continue
            assert talk(client, "AUTH X") == [ASK]
            client.send(line + b"\r\n")
            assert (line, client.reply()) == (line, NOT_BASE64)


# --- Lines that are too long


@pytest.mark.parametrize("length", [LONGEST + 1, LONGEST + 4, 16383, 16384, 16385, 20000, 65536, 1_000_000])
def test_an_answer_that_is_too_long(service, length):
    service.start()
    client = service.client()
    assert talk(client, "AUTH PLAIN") == [ASK]
    for boundary in (LONGEST, LONGEST + 1, 16383, 16384, 4096 * 4):
        if boundary < length:
            line = "A" * boundary + "QUIT" + "A" * length
            assert talk(client, line[:length], "NOOP", "AUTH PLAIN") == [TOO_LONG, "250 OK", ASK]
    assert talk(client, "A" * length) == [TOO_LONG]
    assert talk(client, "AUTH LOGIN", ALICE, "A" * length) == [ASK_NAME, ASK_PASSWORD, TOO_LONG]
    assert talk(client, f"AUTH PLAIN {RIGHT}") == [OK]
    assert failed(service, "plain", TOO_LONG) in service.place.log("main")


@pytest.mark.parametrize("length, reply", [
    (LONGEST, INCORRECT), (LONGEST + 1, TOO_LONG), (LONGEST + 4, TOO_LONG), (16000, TOO_LONG),
    (16384, "500 unrecognized command"), (100_000, "500 unrecognized command"),
    (1_000_000, "500 unrecognized command"),
])
def test_a_command_that_is_too_long(service, length, reply):
    service.start()
    client = service.client()
    assert talk(client, "AUTH PLAIN " + "A" * length) == [reply]
    assert talk(client, "NOOP", f"AUTH PLAIN {RIGHT}") == ["250 OK", OK]


def test_a_line_without_an_end_is_given_up(service):
    """The client of a line that never ends is lost when its time is over, however busily it sends."""
    service.start("smtp_receive_timeout = 1s\n")
    client = service.client()
    assert talk(client, "AUTH PLAIN") == [ASK]
    begun = time.monotonic()
    try:
        while time.monotonic() < begun + DEADLINE and not readable(client.socket, 0):
            client.send("A" * 4096)
    except (BrokenPipeError, ConnectionResetError, socket.timeout):
        pass
    assert time.monotonic() < begun + 5


# --- What ends a line


def test_a_bare_line_feed_ends_no_answer(daemon):
    daemon.start()
    client = daemon.client()
    assert talk(client, "AUTH PLAIN") == [ASK]
    client.send(f"{RIGHT}\nNOOP\r\n")
    assert client.reply() == NOT_BASE64
    assert talk(client, "AUTH LOGIN") == [ASK_NAME]
    client.send(f"{ALICE}\n{SECRET}\r\n")
    assert client.reply() == NOT_BASE64
    assert talk(client, "AUTH PLAIN") == [ASK]
    client.send(f"{RIGHT}\n\r\n")
    assert client.reply() == NOT_BASE64
    assert talk(client, "AUTH PLAIN") == [ASK]
    client.send("*\n*\r\n")
    assert client.reply() == NOT_BASE64
    client.send("NOOP\r\n")
    assert client.reply() == "250 OK", "there was one reply to each of these"


def test_a_bare_carriage_return_ends_no_answer(service):
    service.start()
    client = service.client()
    for text in (f"{RIGHT}\rNOOP", f"{RIGHT}\r", f"\r{RIGHT}", f"{RIGHT[:8]}\r{RIGHT[8:]}", "*\r", "\r"):
        assert talk(client, "AUTH PLAIN") == [ASK]
        client.send(text + "\r\n")
        assert (text, client.reply()) == (text, NOT_BASE64)
    assert talk(client, "NOOP") == ["250 OK"]


def test_a_command_that_a_bare_line_feed_ends_authenticates_nobody(daemon):
    daemon.start("acl_smtp_mail = show\n", SHOW_USER + PLAIN)
    client = daemon.client()
    client.send(f"AUTH PLAIN {RIGHT}\nMAIL FROM:<a@b.test>\r\n")
    assert client.reply() == NOT_BASE64
    assert client.reply() == "550 nobody"
    client.send("AUTH LOGIN\n")
    assert client.reply() == NOT_BASE64


@pytest.mark.parametrize("end", [
    "\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\r\n", "\r\n.\r", "\r\r\n.\r\r\n", "\r\n\0.\r\n"])
def test_nothing_but_its_end_ends_a_message(daemon, end):
    daemon.start("acl_smtp_rcpt = accept\nacl_smtp_mail = mail\nwrite_rejectlog = no\n",
                 "begin acl\nmail:\n  accept logwrite = from <$sender_address>\n")
    client = daemon.client()
    assert talk(client, "MAIL FROM:<a@b.test>", "RCPT TO:<x@y.test>") == ["250 OK", "250 Accepted"]
    assert client.command("DATA").startswith("354 ")
    smuggled = "MAIL FROM:<smuggled@b.test>\r\nRCPT TO:<x@y.test>\r\nDATA\r\nSubject: y\r\n"
    client.send(f"Subject: x\r\n\r\nx{end}{smuggled}\r\n.\r\n")
    assert client.reply()[:4] in ("250 ", "451 ", "550 ", "552 ")
    assert talk(client, "NOOP") == ["250 OK"], "there was one reply to all of it"
    assert "smuggled" not in daemon.place.log("main")


def test_nul_in_a_command_and_in_an_answer(service):
    service.start()
    client = service.client()
    no_nul = "501 NUL characters are not allowed in SMTP commands"
    assert talk(client, f"AUTH PLAIN {RIGHT}\0") == [no_nul]
    assert talk(client, f"AUTH PLAIN\0 {RIGHT}") == [no_nul]
    assert talk(client, f"AUTH\0 PLAIN {RIGHT}") == [no_nul]
    assert talk(client, "AUTH PLAIN", f"{RIGHT}\0") == [ASK, NOT_BASE64]
    assert talk(client, "AUTH PLAIN", f"\0{RIGHT}") == [ASK, NOT_BASE64]
    assert talk(client, "AUTH PLAIN", f"{RIGHT[:4]}\0{RIGHT[4:]}") == [ASK, NOT_BASE64]
    assert talk(client, "AUTH PLAIN", "*\0") == [ASK, NOT_BASE64]


# --- NUL in names, more fields than there are variables


def test_nul_in_names(service):
    service.start()
    client = service.client()
    for name in ("alice\0x", "alice\0\0", "\0alice", "alice\0alice", "al\0ice"):
        assert (name, talk(client, "AUTH LOGIN", b64(name))) == (name, [ASK_NAME, INCORRECT])
        assert (name, talk(client, "AUTH PLAIN " + b64(f"\0{name}\0secret"))) == (name, [INCORRECT])
    assert talk(client, "AUTH PLAIN " + b64("\0alice\0sec\0ret")) == [INCORRECT]
    assert talk(client, "AUTH LOGIN", ALICE, b64("sec\0ret")) == [ASK_NAME, ASK_PASSWORD, INCORRECT]
    assert talk(client, "AUTH LOGIN", ALICE, b64("\0secret")) == [ASK_NAME, ASK_PASSWORD, INCORRECT]


@pytest.mark.parametrize("fields", [4, 5, 9, 10, 11, 100, LONGEST_DATA // 2])
def test_more_fields_than_variables(service, fields):
    service.start()
    client = service.client()
    data = b64("\0".join(["x"] * fields)[:LONGEST_DATA])
    assert talk(client, f"AUTH PLAIN {data}", "AUTH PLAIN", data) == [INCORRECT, ASK, INCORRECT]
    assert talk(client, f"AUTH LOGIN {data}") == [INCORRECT]
    nothing = b64("\0" * min(4 * fields, LONGEST_DATA))
    assert talk(client, f"AUTH PLAIN {nothing}", "AUTH LOGIN", nothing) == [INCORRECT, ASK_NAME, INCORRECT]
    assert talk(client, f"AUTH PLAIN {RIGHT}") == [OK]


# --- One attempt does not help another


def test_other_mechanism_after_failure_at_every_point(service):
    service.start("acl_smtp_mail = show\n", SHOW_USER + PLAIN)
    for lines in (["AUTH LOGIN", ALICE, b64("wrong")], ["AUTH LOGIN", ALICE, "*"], ["AUTH LOGIN", ALICE, "?"],
                  ["AUTH LOGIN", ALICE, "A" * 13000], ["AUTH PLAIN", "*"], [f"AUTH PLAIN {WRONG}"]):
        client = service.client()
        talk(client, *lines)
        assert talk(client, "MAIL FROM:<a@b.test>", "RSET")[0] == "550 nobody"
        # The second half of an exchange is not the second half of another.
        assert talk(client, "AUTH LOGIN " + b64("bob"), SECRET) == [ASK_PASSWORD, INCORRECT]
        assert talk(client, "AUTH PLAIN " + b64("alice\0secret")) == [INCORRECT]
        assert talk(client, "AUTH LOGIN", ALICE, SECRET, "MAIL FROM:<a@b.test>")[2:] == [OK, "250 for alice"]


def test_one_session_does_not_help_the_next(daemon):
    daemon.start("daemon_spare_workers = 1\nacl_smtp_mail = show\n", SHOW_USER + PLAIN)
    for _ in range(5):
        client = daemon.client()
        assert talk(client, f"AUTH PLAIN {RIGHT}", "MAIL FROM:<a@b.test>") == [OK, "250 for alice"]
        client.close()
        client = daemon.client()
        assert talk(client, "MAIL FROM:<a@b.test>", "AUTH LOGIN =", SECRET) == \
            ["550 nobody", ASK_PASSWORD, INCORRECT]
        client.command("AUTH LOGIN")
        client.close()
        client = daemon.client()
        assert talk(client, ALICE, SECRET) == ["500 unrecognized command"] * 2
        client.close()


def test_no_mutation_of_a_proof_authenticates(daemon):
    """Every single bit of the encoded credentials turned over, every octet removed or doubled."""
    daemon.start()
    client = daemon.client()
    mutants = set()
    for place, letter in enumerate(RIGHT):
        mutants.update(RIGHT[:place] + chr(ord(letter) ^ 1 << bit) + RIGHT[place + 1:] for bit in range(8))
        mutants.add(RIGHT[:place] + RIGHT[place + 1:])
        mutants.add(RIGHT[:place] + letter + RIGHT[place:])
    data = b"\0alice\0secret"
    for place in range(1, len(data)):
        before, octet, after = data[:place], data[place], data[place + 1:]
        mutants.update(b64(before + bytes([octet ^ 1 << bit]) + after) for bit in range(8))
        mutants.update((b64(before + after), b64(before)))
    mutants = {mutant for mutant in mutants if "\n" not in mutant and "\0" not in mutant}
    assert len(mutants) > 250
    for mutant in sorted(mutants):
        reply = client.command(f"AUTH PLAIN {mutant}")
        assert (mutant, reply) in ((mutant, INCORRECT), (mutant, NOT_BASE64))
    assert talk(client, f"AUTH PLAIN {RIGHT}") == [OK]
