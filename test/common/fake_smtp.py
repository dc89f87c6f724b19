"""A scripted SMTP server for tests of clients: it answers by a table, writes down all it is sent, and misbehaves
as it is told."""
import re
import select
import socket
import ssl
import threading

DROP = object()  # closes the connection instead of answering
HANG = object()  # never answers; the connection stays until the client or the test ends it
RESET = object()  # resets the connection

def ehlo(*lines):
    """A reply to EHLO with these lines behind the host's name."""
    lines = ("fake.test Hello",) + lines
    return "".join(f"250{'-' if i < len(lines) - 1 else ' '}{line}\r\n" for i, line in enumerate(lines))


class FakeServer:
    """Serves one connection after the other. rules: (pattern of the command, answer) pairs, the first that matches
    counts; an answer is text (CRLF is added where there is none), octets, DROP, HANG, RESET, or a list, one for each
    time. `greeting` is an answer too. Connections are written down in .connections, each a list of lines; message
    data are one entry that begins with "DATA>", "TLS" says that it began, "END" that the connection ended. Connections
    whose numbers are in `early` are greeted, and EHLO on them answered, only when the command behind EHLO has come; on
    others "EARLY" says that the client did not wait for the greeting. It listens on a port, or on a UNIX socket at the
    path."""

    def __init__(self, rules=(), greeting="220 fake.test ESMTP", features=("SIZE 1000000", "8BITMIME", "PIPELINING"),
                 certificate=None, on_connect=False, lmtp=False, port=0, early=(), path=None):
        self.rules = [(re.compile(p, re.I | re.S), a if isinstance(a, list) else [a]) for p, a in rules]
        self.counts = {}
        self.greeting = greeting
        self.features = features
        self.certificate, self.context = certificate, None
        self.on_connect = on_connect
        self.lmtp = lmtp
        self.early = early
        self.connections = []
        if path:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.bind(str(path))
            path.chmod(0o666)
            self.socket.listen(20)
        else:
            self.socket = socket.create_server(("127.0.0.1", port), backlog=20)
        self.port = None if path else self.socket.getsockname()[1]
        self.open = []
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            try:
                conn, _ = self.socket.accept()
            except OSError:
                return
            lines = []
            self.connections.append(lines)
            self.open.append(conn)
            threading.Thread(target=self.serve, args=(conn, lines, len(self.connections) - 1), daemon=True).start()

    def answer_for(self, line):
        for pattern, answers in self.rules:
            if pattern.match(line):
                n = self.counts.get(pattern, 0)
                self.counts[pattern] = n + 1
                return answers[min(n, len(answers) - 1)]
        return None

    def default(self, line, state):
        verb = line.split(" ")[0].split(":")[0].upper()
        if verb in ("EHLO", "LHLO"):
            return ehlo(*self.features)
        if verb == "HELO":
            return "250 fake.test"
        if verb == "DATA":
            return "354 go on"
        if verb == "RCPT":
            state["rcpts"] += 1
            return "250 ok"
        if verb == "MAIL":
            state["rcpts"] = 0
            return "250 ok"
        if verb == "STARTTLS":
            return "220 go"
        if verb == "QUIT":
            return "221 bye"
        if verb == "AUTH":
            return "235 ok"
        if verb == ".":
            if self.lmtp:
                return "".join(f"250 ok {i}\r\n" for i in range(state["rcpts"]))
            return "250 OK id=fake"
        return "250 ok"

    def put(self, conn, answer):
        """False: the connection is over."""
        if answer is DROP:
            return False
        if answer is RESET:
            conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            return False
        if answer is HANG:
            try:
                while conn.recv(4096):
                    pass
            except OSError:
                pass
            return False
        if isinstance(answer, str):
            answer = answer.encode("latin-1")
            if not answer.endswith(b"\n"):
                answer += b"\r\n"
        conn.sendall(answer)
        return True

    def tls(self, conn, lines):
        if not self.context:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(self.certificate, self.certificate.with_suffix(".key"))
        conn = self.context.wrap_socket(conn, server_side=True)
        lines.append("TLS resumed" if conn.session_reused else "TLS")
        return conn

    def serve(self, conn, lines, number):
        try:
            if self.on_connect:
                conn = self.tls(conn, lines)
            self.talk(conn, lines, number in self.early)
        except (OSError, ssl.SSLError) as e:
            lines.append(f"!{type(e).__name__}")
        finally:
            lines.append("END")
            conn.close()

    def talk(self, conn, lines, early=False):
        state = {"rcpts": 0}
        greeting = self.greeting
        if not early:
            if select.select([conn], [], [], 0)[0]:
                lines.append("EARLY")
            if not self.put(conn, greeting):
                return
        buffer = b""
        while True:
            while not re.match(rb"EHLO .*\r\n.*\r\n" if early and buffer[:5] == b"EHLO " else rb".*\r\n", buffer):
                more = conn.recv(65536)
                if not more:
                    return
                buffer += more
            if early and greeting:
                if not self.put(conn, greeting):
                    return
                greeting = None
            line, buffer = buffer.split(b"\r\n", 1)
            line = line.decode("latin-1")
            lines.append(line)
            answer = self.answer_for(line)
            if answer is None:
                answer = self.default(line, state)
            bdat = re.match(r"BDAT (\d+)( LAST)?$", line)
            if bdat:
                n = int(bdat[1])
                while len(buffer) < n:
                    more = conn.recv(65536)
                    if not more:
                        return
                    buffer += more
                lines.append("DATA>" + buffer[:n].decode("latin-1"))
                buffer = buffer[n:]
            if not self.put(conn, answer):
                return
            if line.upper() == "STARTTLS" and str(answer).startswith("220"):
                if not self.certificate:
                    return
                conn = self.tls(conn, lines)
                buffer = b""
            if line.upper() == "DATA" and str(answer).startswith("354"):
                while not re.search(rb"(^|\r\n)\.\r\n", buffer):
                    more = conn.recv(65536)
                    if not more:
                        lines.append("CUT>" + buffer.decode("latin-1"))
                        return
                    buffer += more
                m = re.search(rb"(^|\r\n)\.\r\n", buffer)
                lines.append("DATA>" + buffer[:m.end() - 3].decode("latin-1"))
                buffer = buffer[m.end():]
                answer = self.answer_for(".")
                if not self.put(conn, answer if answer is not None else self.default(".", state)):
                    return
            if line.upper() == "QUIT":
                return

    def close(self):
        self.socket.close()
        for conn in self.open:
            try:
                conn.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
