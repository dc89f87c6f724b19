"""What judges passwords for both programs of a scenario: Dovecot's service, and a database of the Cyrus library's.
Each is made when the first scenario asks for it, and kept for all."""

import shutil
import subprocess
import tempfile
from pathlib import Path
from threading import Lock

from dovecot_server import DovecotServer

MADE = {}       # by the word that stands for it in a scenario, without the @s: its path
SERVERS = []
LOCK = Lock()   # both programs start at the same time


def dovecot(place):
    """Has alice, whose password is secret, and bob, who may not log in. The directory of its sockets."""
    SERVERS.append(DovecotServer(place / "server"))
    return SERVERS[-1].socket.parent


def sasldb(place):
    """Has alice, whose password is secret, at mail.test, and elsewhere in the realm other.test."""
    for realm, password in (("mail.test", b"secret"), ("other.test", b"elsewhere")):
        subprocess.run(["saslpasswd2", "-p", "-c", "-f", place / "sasldb", "-u", realm, "alice"], input=password, check=True)
    (place / "sasldb").chmod(0o644)
    return place / "sasldb"


KINDS = {"DOVECOT": dovecot, "SASLDB": sasldb}


def fill_in(text):
    """Text with the paths of the backends that it names."""
    for word, make in KINDS.items():
        if f"@{word}@" not in text:
            continue
        with LOCK:
            if word not in MADE:
                place = Path(tempfile.mkdtemp(prefix="backend"))
                place.chmod(0o755)
                MADE[word] = make(place), place
        text = text.replace(f"@{word}@", str(MADE[word][0]))
    return text


def normalise(text):
    """The opposite."""
    for word, (path, _) in MADE.items():
        text = text.replace(str(path), f"@{word}@")
    return text


def stop():
    while SERVERS:
        SERVERS.pop().stop()
    while MADE:
        shutil.rmtree(MADE.popitem()[1][1], ignore_errors=True)
