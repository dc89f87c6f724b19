"""The daemon: listening, workers, limits, reload, end."""
import os
import signal
import subprocess

import pytest

from gatepost import DEADLINE, RIGHT, WRONG, Client, alive, children, free_port, wait_until
from queueing import fault_environment, library


def master(place):
    return place.processes[-1].pid


def test_serves_authenticated_sessions(place):
    port = place.daemon()
    with Client(port) as client:
        assert client.banner.startswith("220 mail.test ESMTP")
        assert "\n250-AUTH PLAIN LOGIN\n" in client.command("EHLO client.test")
        assert client.command(f"AUTH PLAIN {WRONG}") == "535 Incorrect authentication data"
        assert client.command(f"AUTH PLAIN {RIGHT}") == "235 Authentication succeeded"
        assert client.command("QUIT") == "221 mail.test closing connection"
        assert client.at_end()
    place.wait_for_log("plain authenticator failed for H=(client.test) [127.0.0.1]: "
                       "535 Incorrect authentication data (set_id=alice)\n")
    assert "(set_id=alice)\n" in place.log("reject")


def test_logs_its_start(place):
    port = place.daemon()
    place.wait_for_log(f"daemon started: pid={master(place)}, no queue runs, "
                       f"listening for SMTP on [127.0.0.1]:{port}\n")


def test_background_start_has_pid_file_and_port_when_the_command_returns(place):
    port = free_port()
    pid_file = place.path / "pid"
    place.run("-bd", "-oX", f"127.0.0.1.{port}", "-oP", str(pid_file))
    pid = int(pid_file.read_text())
    try:
        with Client(port) as client:
            assert client.banner.startswith("220 ")
        assert os.getsid(pid) == pid
    finally:
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not alive(pid), "the daemon ends")
    assert not pid_file.exists()


def test_one_connection_after_another_in_the_same_workers(place):
    port = place.daemon()
    wait_until(lambda: len(children(master(place))) >= 4, "four workers wait")
    before = set(children(master(place)))
    for _ in range(20):
        with Client(port) as client:
            client.command("QUIT")
            assert client.at_end()
    assert before & set(children(master(place)))


def test_sessions_do_not_see_each_other(place):
    place.configure("daemon_spare_workers = 1\nacl_smtp_connect = connect\nacl_smtp_rcpt = rcpt\n",
                    "begin acl\nconnect:\n  accept set acl_c_seen = ${if def:acl_c_seen{again}{first}}\n"
                    "rcpt:\n  deny message = $acl_c_seen,$authenticated_id,$sender_helo_name")
    port = place.daemon()
    for number in range(6):
        with Client(port) as client:
            client.command(f"EHLO c{number}.test")
            client.command("MAIL FROM:<a@b.test>")
            assert client.command("RCPT TO:<x@y.test>") == f"550 first,,c{number}.test"
            client.command("QUIT")


def test_a_worker_is_replaced_after_its_share_of_connections(place):
    place.configure("daemon_spare_workers = 1\ndaemon_worker_connections = 1\n")
    port = place.daemon()
    seen = set()
    for _ in range(3):
        with Client(port) as client:
            seen.update(children(master(place)))
            client.command("QUIT")
    wait_until(lambda: len(seen | set(children(master(place)))) >= 4, "new workers")


def test_too_many_connections(place):
    place.configure("smtp_accept_max = 2\n")
    port = place.daemon()
    with Client(port) as first, Client(port):
        for _ in range(5):
            with Client(port) as third:
                assert third.banner == "421 Too many concurrent SMTP connections; please try again later."
                assert third.at_end()
        first.command("QUIT")
        assert first.at_end()

        def admitted():
            with Client(port) as client:
                return client.banner.startswith("220 ")
        wait_until(admitted, "a place becomes free")
    place.wait_for_log("Connection from [127.0.0.1] refused: too many connections\n")


def test_too_many_connections_from_one_host(place):
    place.configure("smtp_accept_max_per_host = ${if eq{$sender_host_address}{127.0.0.2}{2}{1}}\n")
    port = place.daemon()
    refusal = "421 Too many concurrent SMTP connections from this IP address; please try again later."
    with Client(port), Client(port) as second:
        assert second.banner == refusal
        with Client(port, source="127.0.0.2") as third, Client(port, source="127.0.0.2") as fourth:
            assert third.banner.startswith("220 ") and fourth.banner.startswith("220 ")
    place.wait_for_log("Connection from [127.0.0.1] refused: too many connections from that IP address\n")


@pytest.mark.parametrize("value, logged", [
    ("${if bogus{}}", 'expansion of smtp_accept_max_per_host failed for [127.0.0.1]: unknown condition "bogus"'),
    ("many", "expansion of smtp_accept_max_per_host for [127.0.0.1] contains non-digit: many"),
])
def test_a_limit_that_does_not_expand_is_none(place, value, logged):
    place.configure(f"smtp_accept_max_per_host = {value}\n")
    port = place.daemon()
    with Client(port) as client:
        assert client.banner.startswith("220 ")
    place.wait_for_log(logged)
    assert logged in place.log("panic")


def test_a_crashed_worker_costs_one_session(place):
    port = place.daemon()
    with Client(port) as client, Client(port) as other:
        client.command("EHLO a.test")
        other.command("EHLO b.test")
        victims = children(master(place))
        place.configure("smtp_accept_max = 20\n")
        # Which worker has which client is not to be seen from outside: ask by a process's open sockets.
        inode = {pid: {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
                 for pid in victims}
        common = set.intersection(*inode.values())
        busy = [pid for pid in victims if any(link.startswith("socket:") for link in inode[pid] - common)]
        assert len(busy) == 2
        os.kill(busy[0], signal.SIGKILL)
        answers = []
        for c in (client, other):
            try:
                answers.append(c.command("NOOP"))
            except ConnectionError:
                answers.append("")
        assert sorted(answers) == ["", "250 OK"]
    with Client(port) as client:
        assert client.banner.startswith("220 ")
    place.wait_for_log(f"worker {busy[0]} died of signal 9\n")


def test_a_worker_may_be_told_to_end_before_it_is_ready(place, monkeypatch):
    """What it opens after that is not what it listened to."""
    fault = library(place.path)
    once = place.path / "once"
    once.touch()
    place.path.chmod(0o777)
    with monkeypatch.context() as context:
        for name, value in fault_environment(fault, sigterm_once=once).items():
            context.setenv(name, value)
        port = place.daemon()
        wait_until(lambda: not once.exists(), "a worker gets the signal")
    with Client(port) as client:
        assert client.command("QUIT").startswith("221 ")
    assert "worker" not in place.log("panic")


def test_reload_keeps_sessions(place):
    place.configure("smtp_banner = old\n")
    port = place.daemon()
    with Client(port) as client:
        assert client.banner == "220 old"
        assert client.command("EHLO client.test").startswith("250-mail.test")
        place.configure("smtp_banner = new\n")
        os.kill(master(place), signal.SIGHUP)
        place.wait_for_log("SIGHUP received")

        def changed():
            with Client(port) as another:
                return another.banner == "220 new"
        wait_until(changed, "the new configuration is in force")
        assert client.command(f"AUTH PLAIN {RIGHT}") == "235 Authentication succeeded"
        assert client.command("QUIT") == "221 mail.test closing connection"


def test_reload_with_an_error_changes_nothing(place):
    place.configure("smtp_banner = old\n")
    port = place.daemon()
    place.configure("bogus = 1\n")
    os.kill(master(place), signal.SIGHUP)
    place.wait_for_log('main option "bogus" unknown', "panic")
    place.wait_for_log("goes on with the configuration that it had")
    with Client(port) as client:
        assert client.banner == "220 old"


def test_sigterm_frees_the_port_and_finishes_sessions(place):
    port = place.daemon()
    with Client(port) as client:
        client.command("EHLO client.test")
        place.stop()
        wait_until(lambda: not place.listening(port), "the port is free")
        assert client.command(f"AUTH PLAIN {RIGHT}") == "235 Authentication succeeded"
        assert client.command("QUIT") == "221 mail.test closing connection"
        assert client.at_end()
    assert not place.pid_file.exists()


def test_port_in_use(place):
    place.configure("daemon_startup_retries = 1\ndaemon_startup_sleep = 1s\n")
    port = place.daemon()
    result = place.run("-bdf", "-oX", f"127.0.0.1.{port}", code=1)
    text = f"socket bind() to port {port} for address 127.0.0.1 failed: Address already in use"
    assert f"{text}: daemon abandoned" in result.stderr
    assert f"{text}: waiting 1s before trying again (1 more try)\n" in place.log("main")
    assert f"{text}: daemon abandoned\n" in place.log("panic")


@pytest.mark.parametrize("where, error", [
    ("nosuchservice", 'TCP port "nosuchservice" not found'),
    ("70000", 'TCP port "70000" is out of range'),
    ("1.2.3.4.5.6", 'invalid IP address "1.2.3.4.5.6" in interface list'),
])
def test_bad_places_to_listen(place, where, error):
    result = place.run("-bdf", "-oX", where, code=1)
    assert error in result.stderr
    assert error in place.log("panic")


def test_several_ports(place):
    ports = [free_port(), free_port()]
    process = subprocess.Popen(place.command("-bdf", "-oX", " : ".join(f"127.0.0.1.{p}" for p in ports)),
                               stdin=subprocess.DEVNULL)
    place.processes.append(process)
    for port in ports:
        wait_until(lambda p=port: place.listening(p), "the daemon listens")
        with Client(port) as client:
            assert client.banner.startswith("220 ")
    place.wait_for_log("listening for SMTP on [127.0.0.1]:{%d,%d}\n" % tuple(ports))


def is_powerless(pid):
    """Whether a process is nobody's, of nogroup, and without capabilities."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        status = file.read()
    return all(line in status for line in ("\nUid:\t65534\t65534\t65534\t65534\n",
                                           "\nGid:\t65534\t65534\t65534\t65534\n",
                                           "\nCapEff:\t0000000000000000\n"))


@pytest.mark.skipif(os.getuid() != 0, reason="only root has privileges to give up")
def test_workers_are_not_root(place):
    place.configure("exim_user = nobody\nexim_group = nogroup\nacl_smtp_rcpt = deny\n")
    port = place.daemon()
    wait_until(lambda: children(master(place)), "workers are there")
    with Client(port) as client:
        client.command("EHLO client.test")
        client.command(f"AUTH PLAIN {WRONG}")
        # A worker that has just been born has yet to give up what it was born with.
        wait_until(lambda: all(map(is_powerless, children(master(place)))), "no worker is root")
    place.wait_for_log("535 Incorrect authentication data")
    assert os.stat(place.path / "log" / "mainlog").st_uid == 65534


def test_nothing_is_left_running(place):
    place.daemon()
    pid = master(place)
    wait_until(lambda: children(pid), "workers are there")
    workers = children(pid)
    place.processes[-1].send_signal(signal.SIGTERM)
    place.processes[-1].wait(DEADLINE)
    wait_until(lambda: not any(alive(worker) for worker in workers), "the workers end")


@pytest.mark.parametrize("option, many", [("-d+all", True), ("-dd+all", False)])
def test_debugging_of_the_daemon_alone(place, option, many):
    """With -dd, the processes that serve connections keep quiet."""
    place.configure("acl_smtp_mail = accept\n")
    port = free_port()
    output = place.path / "output"
    pid_file = place.path / "pid"
    with output.open("w") as stderr:
        process = subprocess.Popen(place.command("-bdf", option, "-oX", f"127.0.0.1.{port}", "-oP", str(pid_file)),
                                   stdin=subprocess.DEVNULL, stderr=stderr)
    try:
        wait_until(pid_file.exists, "the daemon")
        with Client(port) as client:
            client.command("EHLO client.test")
            client.command("MAIL FROM:<a@b.test>")
            client.command("QUIT")
    finally:
        process.terminate()
        process.wait(DEADLINE)
    text = output.read_text()
    assert "listening" in text
    assert ("processing \"accept\"" in text) == many, text
