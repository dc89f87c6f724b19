"""A DNS for tests: nsd serves zones on a loopback address of its own, and processes that are started through
command() see it as the system's: a mount namespace of theirs has another /etc/resolv.conf (and, where wanted,
another /etc/hosts).

    zones = {"test": '''
    mail    A    192.0.2.1
    @       MX   10 mail
    ''', "broken.test": None}
    with DnsServer(directory, zones) as dns:
        subprocess.run(dns.command(["host", "mail.test"]))

A zone of None fails: the server says SERVFAIL to whatever is asked of it. Below a zone that is named in `secure`,
answers look validated (the AD flag) to whoever asks for that; a domain named in `silent` is not answered for at all;
with either, or with `watch`, the names that were asked for are in `asked` (all this for UDP alone).
Names that belong to no zone are refused by nsd, which resolvers take for a failure, too."""

import itertools
import os
import random
import shutil
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

SECONDS = 15  # that anything may take
PORT = 53     # resolv.conf(5) knows no other
FLAG_AD = 0x0020

ZONE_HEAD = """$ORIGIN {name}.
$TTL 300
@ SOA ns.{name}. hostmaster.{name}. 1 3600 600 86400 300
@ NS ns.{name}.
ns A 192.0.2.53
"""

SETTINGS = """server:
  ip-address: {address}@{port}
  server-count: 1
  username: ""
  zonesdir: "{path}"
  database: ""
  pidfile: "{path}/nsd.pid"
  xfrdfile: "{path}/xfrd.state"
  xfrdir: "{path}"
  zonelistfile: "{path}/zone.list"
  cookie-secret-file: "{path}/cookies"
  logfile: "{path}/nsd.log"
  rrl-ratelimit: 0
remote-control:
  control-enable: no
"""


def free_address():
    """A loopback address on which nobody serves the DNS."""
    for _ in range(100):
        address = f"127.{random.randint(10, 250)}.{random.randint(0, 255)}.{random.randint(1, 254)}"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((address, PORT))
                return address
            except PermissionError as error:
                raise RuntimeError("a DNS server for tests needs port 53, and that needs root") from error
            except OSError:
                continue
    raise RuntimeError("no free loopback address for a DNS server")


def question_for(name, number=1):
    """A question, as octets."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label)
    return struct.pack(">6H", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", 6, 1)


def name_in(question):
    """The name that a question asks for, in lower case and without a dot at its end."""
    labels, at = [], 12
    while at < len(question) and question[at]:
        labels.append(question[at + 1:at + 1 + question[at]].decode("latin-1").lower())
        at += 1 + question[at]
    return ".".join(labels)


def is_below(name, zones):
    return any(name == zone or name.endswith("." + zone) for zone in zones)


class DnsServer:
    """Runs until stop()."""

    def __init__(self, path, zones, secure=(), silent=(), watch=False, search="", options="", hosts=None):
        self.path = Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o755)
        self.secure, self.silent = tuple(secure), tuple(silent)
        self.asked = []     # the names, where something stands between
        self.address = free_address()
        between = bool(secure or silent or watch)
        self.server = (self.address, 5353 if between else PORT)
        self.files = {"/etc/resolv.conf": self.write("resolv.conf", "".join([
            f"nameserver {self.address}\n", f"search {search or '.'}\n",
            f"options timeout:1 attempts:2 {options}\n"]))}
        if hosts is not None:
            self.files["/etc/hosts"] = self.write("hosts", hosts)
        self.process = self.start(zones)
        self.datagrams = self.relaying = None
        if between:
            self.stand_between()

    def write(self, name, text):
        file = self.path / name
        file.write_text(text, encoding="latin-1")
        file.chmod(0o644)
        return file

    def start(self, zones):
        program = shutil.which("nsd", path="/usr/sbin:/usr/bin")
        if not program:
            raise RuntimeError("nsd, which serves the DNS of the tests, is not installed")
        address, port = self.server
        settings = SETTINGS.format(path=self.path, address=address, port=port)
        for name, text in zones.items():
            settings += f'zone:\n  name: "{name}"\n  zonefile: "{name}.zone"\n'
            if text is not None:
                self.write(f"{name}.zone", ZONE_HEAD.format(name=name) + text)
        conf = self.write("nsd.conf", settings)
        # pylint: disable-next=consider-using-with
        process = subprocess.Popen([program, "-d", "-c", str(conf)], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.await_answer(process, next(iter(zones)))
        return process

    def await_answer(self, process, name):
        end = time.monotonic() + SECONDS
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(0.05)
            for number in itertools.count(1):
                try:
                    client.sendto(question_for(name, number), self.server)
                    client.recvfrom(512)
                    return
                except OSError:
                    log = self.path / "nsd.log"
                    if process.poll() is not None or time.monotonic() > end:
                        text = log.read_text() if log.exists() else "it leaves no log"
                        raise RuntimeError(f"the DNS server does not answer: {text}") from None

    # --- Between the resolver and nsd: what nsd alone does not do

    def stand_between(self):
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind((self.address, PORT))
        self.relaying = threading.Thread(target=self.relay, daemon=True)
        self.relaying.start()

    def relay(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.settimeout(SECONDS)
            while True:
                question, client = self.datagrams.recvfrom(4096)
                if not question:    # the socket was shut down
                    return
                self.asked.append(name_in(question))
                if is_below(name_in(question), self.silent):
                    continue
                server.sendto(question, self.server)
                self.datagrams.sendto(self.as_validated(question, server.recv(65535)), client)

    def as_validated(self, question, answer):
        # Asked for by the AD flag, or by an OPT record (the only thing questions here have behind them).
        asked = struct.unpack(">H", question[2:4])[0] & FLAG_AD or question[10:12] != b"\0\0"
        if not asked or not is_below(name_in(question), self.secure):
            return answer
        flags = struct.unpack(">H", answer[2:4])[0] | FLAG_AD
        return answer[:2] + struct.pack(">H", flags) + answer[4:]

    # --- For those who ask

    def command(self, arguments):
        """The command that runs those arguments where this server is the system's; the process stays the same."""
        binds = "".join(f"mount --bind '{source}' {target} && " for target, source in self.files.items())
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", binds + 'exec "$@"', "sh",
                *(os.fspath(argument) for argument in arguments)]

    def stop(self):
        """Ends the server."""
        if self.relaying:
            try:
                self.datagrams.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass    # it was never connected, but is awake now
            self.relaying.join(SECONDS)
            self.datagrams.close()
        self.process.terminate()
        self.process.wait(SECONDS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
