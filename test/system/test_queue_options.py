"""Main options about when and how the queue is worked on: load, order, two passes, privilege, frozen and malformed
messages, and no queue at all."""
import os
import pwd
import re

import pytest

from fake_smtp import FakeServer
from gatepost import Client, free_port, wait_until
from queueing import ID, OPTIONS, ids, library, mailboxes, message, run_with_faults

SMART = """
smart:
  driver = manualroute
  local_parts = ! nobody
  route_list = * 127.0.0.1 byname
  self = send
  transport = remote
"""
REMOTE = """
remote:
  driver = smtp
  port = {port}
  allow_localhost
  hosts_try_fastopen =
"""
TWO = "EHLO x\r\n" + 2 * "MAIL FROM:<a@c.test>\r\nRCPT TO:<boxa@b.test>\r\nDATA\r\nSubject: x\r\n\r\nbody\r\n.\r\n" + "QUIT\r\n"


@pytest.fixture(name="fault", scope="module")
def fixture_fault(tmp_path_factory):
    return library(tmp_path_factory.mktemp("fault"))


@pytest.fixture(name="server")
def fixture_server():
    server = FakeServer([("RCPT TO:<perm", "550 no such user"), ("RCPT TO:<temp", "450 later")])
    yield server
    server.close()


def configure(place, server, options="", remote=""):
    """The mailboxes, and everything that is not for them goes to the server."""
    sections = mailboxes(place, transports=REMOTE.format(port=server.port) + remote)
    place.configure(OPTIONS + options, sections.replace("begin transports", SMART + "begin transports"))


def lines(place, pattern):
    """What the log lines that match it have behind the message id."""
    return re.findall(rf"{ID} ({pattern}.*)\n", place.log("main"))


# --- Load

@pytest.mark.parametrize("option, delivered", [("", 0), ("no_queue_only_load_latch\n", 1)], ids=["latch", "no-latch"])
def test_messages_wait_while_the_load_is_high(place, fault, option, delivered):
    place.configure(OPTIONS + "queue_only_load = 3.5\n" + option, mailboxes(place))
    run_with_faults(place, fault, "-bs", "-odi", stdin=TWO, loads="3.6 3.4")
    assert lines(place, "no immediate")[0] == "no immediate delivery: load average 3.60"
    assert len(lines(place, "no immediate")) == 2 - delivered and len(lines(place, "=>")) == delivered
    run_with_faults(place, fault, "-odi", "boxb@b.test", stdin="\nx\n", loads="3.4")
    assert (place.path / "boxb.mbox").exists()


def test_a_queue_run_is_abandoned_when_the_load_is_high(place, fault):
    place.configure(OPTIONS + "queue_only\nqueue_run_in_order\ndeliver_queue_load_max = 2\n", mailboxes(place))
    for box in ("boxa", "boxb", "boxc"):
        message(place, f"{box}@b.test")
    run_with_faults(place, fault, "-q", loads="1.9 2 2.1 0")
    assert len(lines(place, "=>")) == 2 and len(ids(place)) == 1
    log = place.log("main")
    assert re.search(r"Abandon queue run: pid=\d+ \(load 2\.10, max 2\.00\)\n.* End queue run: pid=\d+\n$", log)


# --- What waits, and what goes first

def test_files_that_make_messages_wait(place, server):
    configure(place, server, f"queue_only_file = smtp{place.path}/remote : {place.path}/all\n")
    (place.path / "remote").touch()
    message(place, "-odi", "boxa@b.test", "x@c.test")
    assert lines(place, "==") == ["== x@c.test R=smart T=remote defer (0): SMTP delivery explicitly queued"]
    assert (place.path / "boxa.mbox").exists() and not server.connections
    (place.path / "all").touch()
    message(place, "boxb@b.test")
    assert not (place.path / "boxb.mbox").exists()
    message(place, "-odi", "boxb@b.test")  # -od counts for more
    assert (place.path / "boxb.mbox").exists()
    for name in ("all", "remote"):
        (place.path / name).unlink()
    place.run("-q")
    assert not ids(place) and len(server.connections) == 1


def test_routing_without_delivery(place, server):
    configure(place, server, "acl_smtp_mail = check\nqueue_smtp_domains = d.test\n")
    with open(place.config, "a", encoding="ascii") as config:
        config.write("begin acl\ncheck:\n  accept senders = q@c.test\n         control = queue\n"
                     "  accept senders = f@c.test\n         control = queue/first_pass_route\n  accept\n")
    port = place.daemon()
    for sender in ("a", "f", "q"):
        with Client(port) as client:
            for line in ("EHLO x", f"MAIL FROM:<{sender}@c.test>", "RCPT TO:<x@d.test>", "DATA"):
                client.command(line)
            client.command(".")
        place.wait_for_log("control=queue\n" if sender != "q" else "no immediate delivery: queued by ACL\n")
    wait_until(lambda: len(lines(place, "==")) == 2, "both are routed")
    assert set(lines(place, "==")) == {"== x@d.test R=smart T=remote defer (-1): first-pass only routing due to -odqs, "
                                       "queue_smtp_domains or control=queue"}
    place.run("-ql")
    assert lines(place, "==").count("== x@d.test R=smart T=remote defer (-55): remote deliveries suppressed") == 3
    place.run("-Mrm", re.search(rf"({ID}) no immediate", place.log("main")).group(1))  # it was not routed
    place.run("-q")
    assert not ids(place) and len(server.connections) == 1, "messages that wait for a host go on one connection"


def test_the_order_of_domains(place, server):
    configure(place, server, "remote_sort_domains = d.test : *.e.test\nremote_max_parallel = 1\n", "  max_rcpt = 1\n")
    message(place, "-odi", "1@c.test", "2@e.test", "3@d.test", "4@x.e.test")
    order = [line for connection in server.connections for line in connection if line.startswith("RCPT")]
    assert [line[9:10] for line in order] == ["3", "4", "1", "2"]


def test_two_passes_use_one_connection(place, server):
    configure(place, server, "queue_only\n")
    for name in ("1", "2", "3"):
        message(place, f"{name}@c.test", "boxa@b.test")
    place.run("-qq")
    assert len(server.connections) == 1 and not ids(place)
    remote = lines(place, r"=> \d")
    assert [" H=127.0.0.1 [127.0.0.1]* " in line for line in remote] == [False, True, True]
    assert not lines(place, "==") and re.search(r"Start queue run: pid=\d+ -qq\n", place.log("main"))


def test_many_messages_for_one_host_go_out_during_the_first_pass(place, server):
    """The last of them is not routed before one has been delivered."""
    script = place.path / "routed"
    script.write_text(f"#!/bin/sh\nmkdir -p {place.path}/seen; mkdir {place.path}/seen/$1 || exit 0\n"
                      f"[ $(ls {place.path}/seen | wc -l) = 12 ] || exit 0\ni=0\nwhile [ $i -lt 100 ]; do\n"
                      f"grep -q ' => ' {place.path}/log/mainlog && exec touch {place.path}/early\nsleep 0.1; i=$((i+1))\ndone\n")
    script.chmod(0o755)
    configure(place, server, "queue_only\n")
    text = place.config.read_text()
    place.config.write_text(text.replace("  self = send\n", f"  self = send\n  condition = ${{run{{{script} $message_exim_id}}{{yes}}{{yes}}}}\n"))
    for i in range(12):
        message(place, f"{i}@c.test")
    place.run("-qq")
    assert (place.path / "early").exists()
    wait_until(lambda: not ids(place), "all are delivered")
    assert sorted(line.split("@")[0] for line in lines(place, "=>")) == sorted(f"=> {i}" for i in range(12))


# --- Privilege

@pytest.mark.skipif(os.geteuid() != 0, reason="there is no privilege to drop")
def test_deliveries_without_privilege(place):
    account = pwd.getpwnam("nobody")
    options = (OPTIONS.replace("exim_user = root", "exim_user = nobody").replace("exim_group = root", "exim_group = nogroup") +
               "deliver_drop_privilege\n")
    place.path.chmod(0o777)
    place.configure(options, mailboxes(place))
    message(place, "-odi", "-f", "a@c.test", "boxa@b.test")
    assert ("== boxa@b.test R=boxes T=mailbox defer (-1): unable to set gid=0 or uid=0 "
            f"(euid={account.pw_uid}): local delivery to boxa <boxa@b.test> transport=mailbox\n") in place.log("main")
    assert "Frozen\n" in place.log("main") and not (place.path / "boxa.mbox").exists()
    place.configure(options, mailboxes(place).replace("user = root", ""))
    place.run("-qff")
    assert (place.path / "boxa.mbox").stat().st_uid == account.pw_uid


# --- Messages that are in the way

def test_malformed_messages_are_kept_for_a_while(place):
    place.configure(OPTIONS + "queue_only\nkeep_malformed = 2d\n", mailboxes(place))
    message(place, "boxa@b.test")
    name = ids(place)[0]
    spool = place.path / "spool" / "input"
    (spool / f"{name}-H").write_text("garbage\n")
    assert place.run("-bp").stdout == f"      {name}\n    *** spool format error: size=8 ***\n\n"
    place.run("-q")
    assert f"{name} Format error in spool file {name}-H: size=8\n" in place.log("main") and len(list(spool.iterdir())) == 2
    then = (spool / f"{name}-D").stat().st_mtime - 2 * 86400 - 1
    os.utime(spool / f"{name}-D", (then, then))
    place.run("-q")
    assert place.log("main").count("Format error") == 2 and f"{name} Message removed because older than 2d\n" in place.log("main")
    assert not list(spool.iterdir()) and not list((place.path / "spool" / "msglog").iterdir())


@pytest.mark.parametrize("split", ["", "split_spool_directory\n"], ids=["flat", "split"])
def test_frozen_messages_are_moved(place, split):
    place.configure(OPTIONS + "move_frozen_messages\n" + split, mailboxes(place))
    message(place, "-odi", "-f", "<>", "nobody@b.test")
    message(place, "-odq", "boxa@b.test")
    name = re.search(rf"({ID}) Frozen", place.log("main")).group(1)
    other = ids(place)
    assert len(other) == 1 and name not in other
    place.run("-Mf", other[0])
    spool = place.path / "spool"
    for kind, suffixes in (("input", ("-D", "-H")), ("msglog", ("",))):
        for moved in (name, other[0]):
            sub = moved[5] + "/" if split else ""
            for suffix in suffixes:
                assert (spool / f"F{kind}" / f"{sub}{moved}{suffix}").exists()
                assert not (spool / kind / f"{sub}{moved}{suffix}").exists()
    assert place.run("-bpc").stdout == "0\n"


# --- No queue at all

@pytest.mark.parametrize("recipients, error, logged", [
    (["x@c.test", "boxa@b.test"], "routing boxa@b.test yielded a local delivery\n",
     ["** boxa@b.test routing yielded a local delivery"]),
    (["x@c.test", "later@b.test"], "routing later@b.test yielded a deferred delivery: not now\n",
     ["** later@b.test routing yielded a deferred delivery"]),
    (["x@c.test", "nobody@c.test"], "routing nobody@c.test yielded a failed delivery: Unrouteable address\n",
     ["** nobody@c.test: Unrouteable address"]),
    (["x@c.test", "perm@c.test"],
     "Delivery failed: H=127.0.0.1 [127.0.0.1]: SMTP error from remote mail server after RCPT TO:<perm@c.test>: 550 no such user\n",
     [f"** {name}@c.test R=smart T=remote H=127.0.0.1 [127.0.0.1]: SMTP error from remote mail server after "
      "RCPT TO:<perm@c.test>: 550 no such user" for name in ("x", "perm")]),
    (["temp@c.test"],
     "Delivery failed: H=127.0.0.1 [127.0.0.1]: SMTP error from remote mail server after RCPT TO:<temp@c.test>: 450 later\n",
     ["** temp@c.test R=smart T=remote H=127.0.0.1 [127.0.0.1]: SMTP error from remote mail server after "
      "RCPT TO:<temp@c.test>: 450 later"]),
], ids=["local", "deferred", "failed", "one-refused", "temporary"])
def test_wrapping_a_mail_program_tells_of_failures(place, server, recipients, error, logged):
    configure(place, server, "mua_wrapper\n")
    assert message(place, "-f", "boxa@b.test", *recipients, code=1).stderr == error
    assert lines(place, r"\*\*") == logged and lines(place, "Completed")
    assert not any("DATA" in line for connection in server.connections for line in connection)
    assert not list((place.path / "spool" / "input").iterdir()) and not (place.path / "boxa.mbox").exists(), "nothing bounces"


def test_wrapping_a_mail_program(place, server):
    configure(place, server, "mua_wrapper\nqueue_only\n", "  max_rcpt = 1\n")
    message(place, "-odq", "x@c.test", "y@d.test")  # neither option makes it wait
    assert len(server.connections) == 1 and sum("DATA>" in line for line in server.connections[0]) == 1
    assert len(lines(place, "[-=]> ")) == 2 and lines(place, "Completed")
    assert place.run("-bd", code=1).stderr.endswith("Daemon cannot be run when mua_wrapper is set\n")
    sections = place.config.read_text()
    place.config.write_text(sections.replace(f"port = {server.port}", f"port = {free_port()}"))
    for _ in range(2):  # no retry data are kept
        assert message(place, "x@c.test", code=1).stderr == "Delivery failed: Connection refused\n"
    configure(place, server, "mua_wrapper\n", "  no_multi_domain\n")
    assert message(place, "x@c.test", "y@d.test", code=1).stderr == "delivery to smarthost failed (configuration problem)\n"
    assert "** mua_wrapper is set but recipients cannot all be delivered in one transaction\n" in place.log("main")


# --- Printing

def test_octets_above_127(place):
    place.configure("")
    assert place.run("-be", "${escape:a\xe4\x01}").stdout == r"a\303\244\001" + "\n"
    place.configure("print_topbitchars\n")
    assert place.run("-be", "${escape:a\xe4\x01}").stdout == "a\xc3\xa4" + r"\001" + "\n"


@pytest.mark.parametrize("option, sent", [("", False), ("print_topbitchars\n", True)], ids=["off", "on"])
def test_octets_above_127_in_replies(place, option, sent):
    transport = ("reply:\n  driver = autoreply\n  to = $sender_address\n  from = away@b.test\n  subject = Gr\xfc\xdfe\n"
                 "  text = I am away.\n  user = root\n")
    router = "away:\n  driver = accept\n  local_parts = away\n  transport = reply\n"
    place.configure(OPTIONS + option, mailboxes(place, router, transport))
    message(place, "-odi", "-f", "boxc@b.test", "away@b.test")
    wait_until(lambda: (place.path / "boxc.mbox").exists(), "the reply, or the bounce")
    assert sent == (not lines(place, r"\*\*"))
    if not sent:
        assert lines(place, r"\*\*") == [r'** away@b.test R=away T=reply: Expansion of "Gr\303\274\303\237e" in reply '
                                       "transport contains non-printing character 195"]


def test_ids_alone(place):
    place.configure(OPTIONS + "queue_only\n", mailboxes(place))
    for box in ("boxa", "boxb"):
        message(place, f"{box}@b.test")
    assert place.run("-bpi").stdout.splitlines() == ids(place)
    assert sorted(place.run("-bprui").stdout.splitlines()) == ids(place)
    assert place.run("-bpiu", code=1).stderr == "exim abandoned: unknown, malformed, or incomplete option -bpiu\n"
