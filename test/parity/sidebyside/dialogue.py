"""The client's side of a session.

A script is a list of lines. A plain line is sent with CRLF and answered by one reply, however many lines
that has; where the last reply was a 354, the lines up to and including a single dot are sent first. In any
line, <b64:TEXT> stands for the base64 form of TEXT (with Python's escapes: \\0, \\x41), <rep:TEXT:N> for
N times TEXT; <cram:NAME:SECRET>, <negotiate:FLAGS> and <ntlm:VERSION:NAME:DOMAIN:PASSWORD> for what CRAM-MD5 and
NTLM, <digest:NAME:SECRET:REALM> and <scram:HASH:NAME:SECRET> for what DIGEST-MD5 and SCRAM answer to what has just come
(see answers.py). Lines that start with an exclamation mark are directions:

    !send TEXT        sends TEXT as it is (with Python's escapes) and awaits one reply
    !send*N TEXT      ... and awaits N replies
    !partly TEXT      sends TEXT as it is and awaits nothing
    !octets TEXT      the same as !send, each octet by itself
    !eof              ends the input and reads on until the server has closed
    !closed           reads on until the server has closed
    !close            closes the connection without reading on
    !connect NAME     opens one more connection, reads its greeting and goes on with it
    !use NAME         goes on with a connection opened before (the first one is called "first")
    !tls NAME         goes over to TLS, with the certificate of that name in pki.py, or none; NAME may be followed by
                      sni=NAME and version=1.2
    !reply            awaits one more reply

A session that starts with !now does not await the greeting before its first line. When the script is at its
end the client ends its input and reads until the server has closed.
"""

import base64
import os
import re
import select
import socket
import ssl
import time

from . import pki
from .answers import ANSWERS

REPLY_SECONDS = 10.0
FINAL_REPLY_LINE = re.compile(rb"\A\d\d\d(?: .*)?\Z", re.DOTALL)


def unescape(text):
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")


def substitute(line, reply):
    """reply: the line that came last, for answers to the challenge in it."""
    def answer(match):
        return base64.b64encode(ANSWERS[match[1]](reply, *map(unescape, match[2].split(":")))).decode()

    line = re.sub(rf"<({'|'.join(ANSWERS)}):([^>]*)>", answer, line)
    line = re.sub(r"<b64:([^>]*)>", lambda match: base64.b64encode(unescape(match[1])).decode(), line)
    return re.sub(r"<rep:([^:>]+):(\d+)>", lambda match: match[1] * int(match[2]), line)


class Pipe:
    """The standard input and output of a process."""

    def __init__(self, process):
        self.process = process
        self.input = process.stdout.fileno()

    def send(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def receive(self):
        return os.read(self.input, 65536)

    def waiting(self):
        return False

    def end_input(self):
        self.close()

    def close(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass    # the process has ended before it read everything


class Connection:
    """A TCP connection to a daemon."""

    def __init__(self, address):
        self.socket = socket.create_connection(address, timeout=REPLY_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.input = self.socket.fileno()
        self.port = self.socket.getsockname()[1]

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        return self.socket.recv(65536)

    def waiting(self):
        """Whether there is more to receive that the descriptor does not tell of."""
        return isinstance(self.socket, ssl.SSLSocket) and self.socket.pending() > 0

    def start_tls(self, certificate, sni=None, version=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if certificate:
            place = pki.directory()
            context.load_cert_chain(place / f"{certificate}.pem", place / f"{certificate}.key")
        if version:
            context.maximum_version = {"1.2": ssl.TLSVersion.TLSv1_2}[version]
        self.socket = context.wrap_socket(self.socket, server_hostname=sni)
        self.input = self.socket.fileno()

    def end_input(self):
        socket.socket.shutdown(self.socket, socket.SHUT_WR)     # that of an SSLSocket would end TLS as well

    def close(self):
        self.socket.close()


class Peer:
    """What is known of one connection: what has arrived, and whether there will be more."""

    def __init__(self, name, channel):
        self.name = name
        self.channel = channel
        self.pending = b""
        self.reply = b""        # the line that came last
        self.ended = False      # the server has closed
        self.end_noted = False
        self.closed = False     # we have
        self.expects_data = False

    def fill(self, deadline):
        """Reads what there is; False: nothing came in time."""
        if not self.channel.waiting() and not select.select([self.channel.input], [], [], max(0, deadline - time.monotonic()))[0]:
            return False
        try:
            data = self.channel.receive()
        except OSError:
            data = b""
        self.pending += data
        self.ended = not data
        return True

    def take_line(self):
        line, newline, rest = self.pending.partition(b"\n")
        if not newline:
            return None
        self.pending = rest
        return line.removesuffix(b"\r")


class Dialogue:
    """Plays a script; self.transcript says what was sent and what came back, line by line."""

    def __init__(self, script, channel, connect=None):
        self.script = script.removesuffix("\n").split("\n")
        self.connect = connect
        self.peers = {"first": Peer("first", channel)}
        self.peer = self.peers["first"]
        self.transcript = []

    def note(self, who, text):
        name = "" if self.peer.name == "first" else f"{self.peer.name} "
        self.transcript.append(f"{name}{who} {text}".rstrip(" ") if not text else f"{name}{who} {text}")

    def note_received(self, line):
        self.note("S:", line.decode("latin-1").replace("\r", "\\r").replace("\0", "\\0"))

    def read_reply(self):
        """Reads up to the last line of a reply. False when there is none."""
        peer = self.peer
        deadline = time.monotonic() + REPLY_SECONDS
        while True:
            line = peer.take_line()
            if line is not None:
                self.note_received(line)
                peer.reply = line
                if FINAL_REPLY_LINE.match(line):
                    peer.expects_data = line.startswith(b"354")
                    return True
            elif peer.ended:
                self.note_end()
                return False
            elif not peer.fill(deadline):
                self.note("--", "no reply")
                peer.ended = True
                return False

    def read_to_end(self):
        peer = self.peer
        deadline = time.monotonic() + REPLY_SECONDS
        while not peer.ended:
            if not peer.fill(deadline):
                self.note("--", "not closed")
                peer.ended = True
        for line in iter(peer.take_line, None):
            self.note_received(line)
        self.note_end()

    def note_end(self):
        if self.peer.pending:
            self.note_received(self.peer.pending)
            self.peer.pending = b""
        if not self.peer.end_noted:
            self.note("--", "closed by the server")
        self.peer.end_noted = True

    def send(self, data, shown):
        if self.peer.ended or self.peer.closed:
            return False
        self.note("C:", shown if len(shown) < 200 else f"{shown[:60]}... ({len(shown)} characters)")
        try:
            self.peer.channel.send(data)
        except OSError:     # closed already: the same as if it had been closed a moment later
            self.read_to_end()
            return False
        return True

    def say(self, lines):
        """One plain line; where the server awaits a message, the lines up to the dot."""
        while True:
            line = lines.pop(0)
            data = substitute(line, self.peer.reply)
            if not self.send(data.encode("latin-1") + b"\r\n", line):
                return
            if not self.peer.expects_data or line == "." or not lines:
                break
        self.peer.expects_data = False
        self.read_reply()

    def direct(self, line):
        verb, _, text = line[1:].partition(" ")
        if match := re.fullmatch(r"send(?:\*(\d+))?", verb):
            if self.send(unescape(substitute(text, self.peer.reply)), text):
                for _ in range(int(match[1] or 1)):
                    if not self.read_reply():
                        break
        elif verb == "partly":
            self.send(unescape(substitute(text, self.peer.reply)), text)
        elif verb == "octets":
            octets = unescape(substitute(text, self.peer.reply))
            if self.send(octets[:1], text):
                for octet in octets[1:]:
                    self.peer.channel.send(bytes([octet]))
                self.read_reply()
        elif verb == "eof":
            self.end_input()
            self.read_to_end()
        elif verb == "closed":
            self.read_to_end()
        elif verb == "close":
            self.note("C:", "(closes)")
            self.peer.closed = True
            self.peer.channel.close()
        elif verb == "connect":
            self.peer = self.peers[text] = Peer(text, self.connect())
            self.read_reply()
        elif verb == "use":
            self.peer = self.peers[text]
        elif verb == "tls":
            self.start_tls(text)
        elif verb == "reply":
            self.read_reply()
        else:
            raise ValueError(f"unknown direction {line}")

    def start_tls(self, text):
        words = text.split()
        options = dict(word.split("=") for word in words if "=" in word)
        self.note("C:", f"(TLS {text})")
        try:
            self.peer.channel.start_tls(next((word for word in words if "=" not in word), None), **options)
        except (OSError, ValueError):
            self.note("--", "no TLS")
            self.peer.ended = self.peer.end_noted = True

    def end_input(self):
        self.note("C:", "(end of input)")
        try:
            self.peer.channel.end_input()
        except OSError:
            pass

    def play(self):
        lines = list(self.script)
        if lines and lines[0] == "!now":
            lines.pop(0)
        else:
            self.read_reply()
        while lines:
            if lines[0].startswith("!"):
                self.direct(lines.pop(0))
            else:
                self.say(lines)
        for self.peer in self.peers.values():
            if not self.peer.closed and not self.peer.ended:
                self.end_input()
                self.read_to_end()
            if not self.peer.closed:
                self.peer.channel.close()
        return self.transcript
