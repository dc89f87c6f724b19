"""How many deliveries there are at the same time, and in which order and company recipients go: remote_max_parallel,
max_parallel, remote_sort_domains, multi_domain, max_rcpt, connection_max_messages, batch_max."""
import os
import re
import signal
import subprocess
import threading

import pytest
from fake_smtp import HANG, FakeServer
from gatepost import DEADLINE, wait_until
from queueing import OPTIONS, ids, message

ON = """
begin routers
on:
  driver = manualroute
  domains = *.test
  route_list = * 127.0.0.1 byname
  self = send
  transport = on
here:
  driver = accept
  transport = pipe
begin transports
on:
  driver = smtp
  port = {port}
  command_timeout = {timeout}s
  hosts_try_chunking =
{options}
pipe:
  driver = pipe
  user = root
  message_prefix =
{pipe}
begin retry
* * F,1h,10m
"""


class BusyServer(FakeServer):
    """Answers MAIL when `enough` connections have got there, or when told to; keeps count of how many there are."""

    def __init__(self, enough=1, **arguments):
        self.enough, self.told = enough, threading.Event()
        self.lock, self.busy, self.most = threading.Lock(), 0, 0
        super().__init__(features=(), **arguments)

    def default(self, line, state):
        if line.startswith("MAIL"):
            with self.lock:
                self.busy += 1
                self.most = max(self.most, self.busy)
                if self.busy >= self.enough:
                    self.told.set()
            self.told.wait(DEADLINE)
        elif line == ".":
            with self.lock:
                self.busy -= 1
        return super().default(line, state)

    def recipients(self):
        """What each connection was for, in the order in which they came."""
        return [re.findall(r"RCPT TO:<(\S+)>", "\n".join(lines)) for lines in self.connections]


@pytest.fixture(name="server")
def fixture_server():
    server = BusyServer()
    yield server
    server.close()


def configure(place, server, transport="", main="", pipe="  command = /bin/true", timeout=DEADLINE):
    place.configure(OPTIONS + main, ON.format(port=server.port, options=transport, pipe=pipe, timeout=timeout))


def addresses(n):
    return [f"{name}@x.test" for name in "abcdefgh"[:n]]


@pytest.mark.parametrize("main, n, most", [("", 6, 4), ("remote_max_parallel = 2\n", 3, 2),
                                           ("remote_max_parallel = 0\n", 2, 1)])
def test_deliveries_of_a_message(place, main, n, most):
    """Four at a time are the default."""
    server = BusyServer(enough=most)
    try:
        configure(place, server, "  max_rcpt = 1\n", main)
        message(place, "-odf", *addresses(n))
        place.wait_for_log(" Completed")
        assert server.most == most
        assert sorted(server.recipients()) == [[address] for address in addresses(n)]
    finally:
        server.close()


def test_runs_of_a_transport(place):
    """Those that are too many wait for the next queue run."""
    server = BusyServer(enough=9)
    try:
        configure(place, server, "  max_rcpt = 1\n  max_parallel = ${if def:domain{2}}\n")
        sender = threading.Thread(target=message, args=(place, "-odf", *addresses(4)))
        sender.start()
        wait_until(lambda: len(re.findall(r" == .* defer \(-57\): concurrency limit reached for transport",
                                          place.log("main"))) == 2 and server.most == 2, "two are put off, two at work")
        server.told.set()
        sender.join()
        assert place.log("main").count(" => ") == 2
        place.run("-q")
        place.wait_for_log(" Completed")
        assert place.log("main").count(" => ") == 4
    finally:
        server.close()


def test_runs_of_a_local_transport(place, server):
    hold = place.path / "hold"
    os.mkfifo(hold)
    hold.chmod(0o666)
    configure(place, server, pipe=f"  command = /bin/cat {hold}\n  max_parallel = 1\n")
    first = threading.Thread(target=message, args=(place, "-odf", "a@local"))
    first.start()
    with hold.open("w"):  # the reader is there
        message(place, "-odf", "b@local")
        place.wait_for_log(" == b@local R=here T=pipe defer (-57): concurrency limit reached for transport")
    first.join()
    place.wait_for_log(" Completed")
    configure(place, server, pipe="  command = /bin/true\n  max_parallel = 1\n")
    place.run("-q")
    wait_until(lambda: place.log("main").count(" Completed") == 2, "both are delivered")


def test_who_died_is_not_counted(place, server):
    server.rules = [(re.compile("MAIL"), [HANG, "250 ok"])]
    configure(place, server, "  max_parallel = 1\n")
    with subprocess.Popen(place.command("-odf", "a@x.test"), stdin=subprocess.PIPE, start_new_session=True) as process:
        process.stdin.write(b"Subject: t\n\nbody\n")
        process.stdin.close()
        wait_until(lambda: server.connections and server.connections[0][1:], "MAIL is there")
        os.killpg(process.pid, signal.SIGKILL)
    message(place, "-odf", "b@x.test")
    place.wait_for_log(" Completed")
    assert "concurrency" not in place.log("main")


@pytest.mark.parametrize("value, why", [
    ("foo", 'integer expected but "foo" found'), ("-1", 'integer expected but "-1" found'),
    ("${if eq{a}{a}{${foo}}}", 'unknown variable in "${foo}"'),
])
def test_limit_that_is_none(place, server, value, why):
    configure(place, server, f"  max_parallel = {value}\n")
    message(place, "-odf", "a@x.test")
    place.wait_for_log(" == a@x.test R=on T=on defer (-27): Failed to expand max_parallel option in on transport "
                       "(a@x.test): ")
    assert why in place.log("panic")
    assert server.connections == []


@pytest.mark.parametrize("value", ["", "0", "${if eq{a}{b}{1}fail}"])
def test_no_limit(place, server, value):
    configure(place, server, f"  max_parallel = {value}\n")
    message(place, "-odf", "a@x.test")
    place.wait_for_log(" Completed")


@pytest.mark.parametrize("domains, order", [
    ("*.b.test : *.test", ["b.b.test", "a.test", "c.test"]),
    ("c.test : +few : a.test", ["c.test", "b.b.test", "a.test"]),
    ("<; b.b.test; ${if eq{1}{1}{c.test}}", ["b.b.test", "c.test", "a.test"]),
])
def test_order_of_domains(place, server, domains, order):
    configure(place, server, "  multi_domain = no\n",
              f"remote_max_parallel = 1\ndomainlist few = *.b.test\nremote_sort_domains = {domains}\n")
    message(place, "-odf", "x@a.test", "x@b.b.test", "x@c.test")
    place.wait_for_log(" Completed")
    assert server.recipients() == [[f"x@{domain}"] for domain in order]


@pytest.mark.parametrize("options, companies", [
    ("", [["a@x.test", "b@y.test", "c@x.test"]]),
    ("  multi_domain = no\n", [["a@x.test", "c@x.test"], ["b@y.test"]]),
    ("  multi_domain = ${if eq{$domain}{y.test}}\n", [["a@x.test", "c@x.test"], ["b@y.test"]]),
    ("  max_rcpt = 2\n", [["a@x.test", "b@y.test"], ["c@x.test"]]),
    ("  max_rcpt = ${eval:1+1}\n", [["a@x.test", "b@y.test"], ["c@x.test"]]),
    ("  helo_data = $domain\n", [["a@x.test", "c@x.test"], ["b@y.test"]]),
    ("  max_rcpt = 0\n", [["a@x.test", "b@y.test", "c@x.test"]]),
])
def test_who_goes_together(place, server, options, companies):
    configure(place, server, options)
    message(place, "-odf", "a@x.test", "b@y.test", "c@x.test")
    place.wait_for_log(" Completed")
    assert sorted(sorted(company) for company in server.recipients()) == companies


@pytest.mark.parametrize("options, companies", [
    ("", ["a@x", "b@y", "c@x"]), ("  batch_max = 2\n", ["a@x b@y", "c@x"]), ("  batch_max = 9\n", ["a@x b@y c@x"]),
    ("  batch_max = 9\n  batch_id = $domain\n", ["a@x c@x", "b@y"]),
])
def test_batches_of_a_local_transport(place, server, options, companies):
    out, program = place.path / "out", place.path / "program"
    program.write_text(f'#!/bin/sh\necho "$@" >> {out}\n')
    program.chmod(0o755)
    configure(place, server, pipe=f"  command = {program} $pipe_addresses\n{options}")
    message(place, "-odf", "a@x", "b@y", "c@x")
    place.wait_for_log(" Completed")
    assert sorted(out.read_text().splitlines()) == companies


@pytest.mark.parametrize("most, carried", [(0, [3]), (2, [2, 1]), (1, [1, 1, 1])])
def test_messages_of_a_connection(place, server, most, carried):
    """Messages that wait for a host go down the connection of one that got there, up to a limit."""
    configure(place, server, f"  connection_max_messages = {most}\n")
    server.greeting = "421 busy"
    for _ in range(3):
        message(place, "-odf", "a@x.test")
    server.greeting = "220 ready"
    for n in range(len(carried)):
        place.run("-M", ids(place)[0])
        wait_until(lambda n=n: place.log("main").count(" Completed") == sum(carried[:n + 1]), "they are delivered")
        wait_until(lambda: all(lines[-1:] == ["END"] for lines in server.connections), "the connections end")
    counts = [sum(line.startswith("DATA>") for line in lines) for lines in server.connections]
    assert [count for count in counts if count] == carried
