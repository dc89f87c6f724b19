"""saslauthd, the real one, and daemons of both kinds that answer as they should not."""
import contextlib
import os
import socket
import threading

import pytest

from authentication import ASK_NAME, ASK_PASSWORD, INCORRECT, LATER, OK, failed, talk
from gatepost import DEADLINE, b64
from mounts import bound, need_mounts
from saslauthd_server import PROGRAM, SaslauthdServer
from test_pam import need_matrix

pytestmark = need_mounts

MUX, PWCHECK = "/run/saslauthd/mux", "/var/pwcheck/pwcheck"

LOGIN = """
begin authenticators
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${if saslauthd{{$auth1}{$auth2}{exim}}}
  server_set_id = $auth1
"""


@pytest.fixture(name="directory")
def fixture_directory(place):
    """A directory in place of those that the daemons' sockets are in."""
    directory = place.path / "sockets"
    directory.mkdir()
    directory.chmod(0o755)
    place.prefix = bound({os.path.dirname(MUX): directory, os.path.dirname(PWCHECK): directory})
    return directory


def expand(place, *conditions):
    """What ${if CONDITION{y}{n}} makes of each."""
    return place.run("-be", *(f"${{if {condition}{{y}}{{n}}}}" for condition in conditions)).stdout.splitlines()


# --- The real one


@pytest.fixture(name="saslauthd")
def fixture_saslauthd(place):
    """saslauthd at work with a PAM service that knows alice. The program sees its socket."""
    server = SaslauthdServer(place.path, "alice:secret:exim", "p w:two words:exim")
    place.prefix = bound({os.path.dirname(MUX): server.sockets})
    yield server
    server.stop()


@need_matrix
@pytest.mark.skipif(not PROGRAM, reason="saslauthd is not installed")
@pytest.mark.usefixtures("saslauthd")
def test_real_saslauthd(daemon):
    daemon.start(sections=LOGIN)
    client = daemon.client()
    for user, password, reply in [
        ("alice", "Secret", INCORRECT), ("nobody", "secret", INCORRECT), ("", "secret", INCORRECT),
        ("alice", "", INCORRECT), ("alice" * 60, "secret", INCORRECT), ("alice", "secret" * 60, INCORRECT),
        ("p w", "two words", OK),
    ]:
        assert talk(client, "AUTH LOGIN", b64(user), b64(password)) == [ASK_NAME, ASK_PASSWORD, reply]
    assert failed(daemon, "login", INCORRECT, " (set_id=alice)") in daemon.place.log("main")
    assert talk(daemon.client(), "AUTH LOGIN", b64("alice"), b64("secret")) == [ASK_NAME, ASK_PASSWORD, OK]


# --- Any answer


class Daemon:
    """Listens on a UNIX socket, notes what it is asked and answers with the same octets every time, or with what a
    function makes of the question."""

    def __init__(self, path, answer, length):
        self.questions = []
        self.answer, self.length = answer, length
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        path.chmod(0o777)
        self.socket.listen()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        """Answers until the socket is shut down."""
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection, contextlib.suppress(BrokenPipeError, ConnectionResetError):
                question = b""
                while len(question) < self.length and (more := connection.recv(self.length)):
                    question += more
                self.questions.append(question)
                if callable(self.answer):
                    connection.sendall(self.answer(question))
                elif self.answer is None:  # not at all, while there is somebody
                    connection.recv(1)
                else:
                    for octet in self.answer[:100]:  # in pieces as small as can be
                        connection.send(bytes([octet]))
                    connection.sendall(self.answer[100:])

    def stop(self):
        """Ends it."""
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(DEADLINE)
        self.socket.close()


@pytest.fixture(name="listening")
def fixture_listening(directory):
    """Makes daemons."""
    made = []

    def make(path, answer, length):
        made.append(Daemon(directory / os.path.basename(path), answer, length))
        return made[-1]
    yield make
    for one in made:
        one.stop()


IMPROPER = f"Failed: saslauthd daemon at {MUX} gave no proper answer"


@pytest.mark.parametrize("answer, result", [
    (b"\0\2OK", "y"), (b"\0\7OK then", "y"), (b"\0\2OKand more", "y"),
    (b"\0\2NO", "n"), (b"\0\6NO bad", "n"),
    (b"", IMPROPER), (b"\0", IMPROPER), (b"\0\0", IMPROPER), (b"\0\1O", IMPROPER), (b"\0\2ok", IMPROPER),
    (b"\0\3OK", IMPROPER), (b"\0\2??", IMPROPER), (b"OK", IMPROPER), (b"\xff\xffNO", IMPROPER),
    (b"\xff\xffOK" + bytes(65533), "y"), (b"\xff\xffNO" + bytes(100000), "n"),
], ids=lambda value: repr(value)[:20])
def test_saslauthd_answers(place, listening, answer, result):
    daemon = listening(MUX, answer, 19)
    assert expand(place, "saslauthd{{alice}{secret}}") == [result]
    assert daemon.questions == [b"\0\5alice\0\6secret\0\0\0\0"]


def test_saslauthd_questions(place, listening):
    daemon = listening(MUX, b"\0\2OK", 12)
    assert expand(place, "saslauthd{{}{}{abcd}}", "saslauthd{{a}{b}{c}{d}}", "saslauthd{{a}{}{}{w:w}}",
                  "saslauthd{{${base64d:YQA=}}{b}}", "saslauthd{{a}{${base64d:YgBj}}}") == ["y", "y", "y", "n", "n"]
    assert daemon.questions == [b"\0\0\0\0\0\4abcd\0\0", b"\0\1a\0\1b\0\1c\0\1d", b"\0\1a\0\0\0\0\0\3w:w"], \
        "a NUL does not end a name"


@pytest.mark.parametrize("answer, result", [
    (b"OK", "y"), (b"OK\n", "y"), (b"Incorrect password", "n"), (b"NO", "n"), (b"ok", "n"), (b"O", "n"),
    (b"", f"Failed: pwcheck daemon at {PWCHECK} gave no answer"), (b"x" * 100000, "n"),
], ids=lambda value: repr(value)[:20])
def test_pwcheck_answers(place, listening, answer, result):
    daemon = listening(PWCHECK, answer, 14)
    assert expand(place, "pwcheck{alice:sec:ret}") == [result]
    assert daemon.questions == [b"alice\0sec:ret\0"]


PWCHECK_LOGIN = LOGIN.replace("saslauthd{{$auth1}{$auth2}{exim}}", "pwcheck{$auth1:$auth2}")


def test_pwcheck_logins(daemon, listening):
    listening(PWCHECK, lambda question: b"OK" if question == b"alice\0secret\0" else b"Incorrect password", 13)
    daemon.start(sections=PWCHECK_LOGIN)
    client = daemon.client()
    for user, password, reply in [("alice", "Secret", INCORRECT), ("carol", "secret", INCORRECT), ("", "x", INCORRECT),
                                  ("alice", "secret", OK)]:
        assert talk(client, "AUTH LOGIN", b64(user), b64(password)) == [ASK_NAME, ASK_PASSWORD, reply]
    assert failed(daemon, "login", INCORRECT, " (set_id=carol)") in daemon.place.log("main")


def test_pwcheck_arguments(place, listening):
    daemon = listening(PWCHECK, b"OK", 3)
    assert expand(place, "pwcheck{}", "pwcheck{:x}", "pwcheck{a${base64d:AA==}b:c}", "pwcheck{a:}", "pwcheck{b}") == \
        ["n", "n", "n", "y", "y"]
    assert daemon.questions == [b"a\0\0", b"b\0\0"]


def test_nobody_listens(place, directory):
    assert expand(place, "saslauthd{{a}{b}}", "pwcheck{a:b}") == [
        f"Failed: cannot connect to saslauthd daemon at {MUX}: No such file or directory",
        f"Failed: cannot connect to pwcheck daemon at {PWCHECK}: No such file or directory"]
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(directory / "mux"))
    assert expand(place, "saslauthd{{a}{b}}") == [
        f"Failed: cannot connect to saslauthd daemon at {MUX}: Connection refused"]


@pytest.mark.parametrize("path, length, sections", [(MUX, 23, LOGIN), (PWCHECK, 13, PWCHECK_LOGIN)],
                         ids=["saslauthd", "pwcheck"])
def test_a_silent_daemon(daemon, listening, path, length, sections):
    listening(path, None, length)
    daemon.start("password_timeout = 1s\n", sections)
    waiting, other = daemon.client(), daemon.client()
    assert talk(waiting, "AUTH LOGIN", b64("alice")) == [ASK_NAME, ASK_PASSWORD]
    waiting.send(b64("secret") + "\r\n")
    assert talk(other, "NOOP") == ["250 OK"]
    assert waiting.reply() == LATER
    assert f" daemon at {path}: Connection timed out\n" in daemon.place.log("main")
