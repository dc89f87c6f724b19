"""Options about logs: what each selector of log_selector adds or leaves out, names of files, syslog, messages' logs."""
import re
import time

import pytest

from fake_smtp import FakeServer
from gatepost import Client, wait_until
from queueing import ID, OPTIONS, ids, library, mailboxes, message, run_with_faults

ROUTERS = """
nested:
  driver = redirect
  local_parts = nested
  data = alias@b.test
far:
  driver = accept
  domains = far.test
  transport = remote
"""
REMOTE = """
remote:
  driver = smtp
  hosts = 127.0.0.1
  hosts_override
  allow_localhost
  port = {port}
"""
SESSION = ("EHLO client.test\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<nested@b.test>\r\nRCPT TO:<x@far.test>\r\nDATA\r\nSubject: test\r\n"
           "Message-ID: <m@c.test>\r\n\r\nbody\r\n.\r\nQUIT\r\n")

# What each selector adds to the log of the story below.
ADDED = {
    "8bitmime": r"<= a@c\.test .* M8S=0",
    "all_parents": r"=> boxa \(alias@b\.test\) <nested@b\.test>",
    "arguments": r" cwd=/\S* 7 args: \S+ -C \S+ -bs -odi -oMa 192\.0\.2\.1\.4567\n",
    "delay_delivery": r" no immediate delivery: queued by ACL\n",
    "deliver_time": r"=> boxa .* DT=[\d.]+s",
    "delivery_size": r"=> boxa .* S=\d+",
    "incoming_port": r"<= a@c\.test .*\[192\.0\.2\.1\]:4567",
    "millisec": r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} ",
    "msg_id": r"<= a@c\.test .* id=m@c\.test",
    "msg_id_created": rf"<= b@c\.test .* id\*=E{ID}@mail\.test",
    "outgoing_port": r"=> x <x@far\.test> .*\[127\.0\.0\.1\]:\d+",
    "pid": r"^\S+ \S+ \[\d+\] ",
    "pipelining": r"=> x <x@far\.test> .* L( |\n)",
    "protocol_detail": r"=> x <x@far\.test> .* PS=e( |\n)",
    "queue_run": r" Start queue run: pid=\d+\n(.*\n)+.* End queue run: pid=\d+\n",
    "queue_time": r"=> boxa .* QT=[\d.]+s",
    "queue_time_overall": r" Completed QT=[\d.]+s\n",
    "receive_time": r"<= a@c\.test .* RT=[\d.]+s",
    "received_recipients": r"<= a@c\.test .* for nested@b\.test x@far\.test\n",
    "received_sender": r"<= a@c\.test .* from <a@c\.test>",
    "retry_defer": r"== later@b\.test .*defer \(-52\)",
    "return_path_on_delivery": r"=> boxa .* P=<a@c\.test>",
    "sender_on_delivery": r"=> boxa .* F=<a@c\.test>",
    "skip_delivery": r" Message is frozen\n",
    "smtp_confirmation": r'=> x <x@far\.test> .* C="250 ',
    "smtp_connection": r" SMTP connection from .*closed by QUIT\n",
    "smtp_incomplete_transaction": r" H=\S* .*incomplete transaction \(QUIT\) from <a@c\.test>",
    "smtp_protocol_error": r" SMTP protocol error in \"DATA\" .*valid RCPT command must precede DATA\n",
    "smtp_syntax_error": r" SMTP syntax error in \"RCPT TO:<@>\"",
    "subject": r'<= a@c\.test .* T="test"',
}


@pytest.fixture(name="fault", scope="module")
def fixture_fault(tmp_path_factory):
    return library(tmp_path_factory.mktemp("fault"))


def story(place, selectors):
    """Things happen that selectors are about; the main log."""
    server = FakeServer()
    sections = mailboxes(place, ROUTERS, REMOTE.format(port=server.port), retry="* * F,1d,5m")
    place.configure(OPTIONS + f"log_selector = {selectors}\nacl_smtp_mail = check\n", sections +
                    "begin acl\ncheck:\n  accept senders = q@c.test\n         control = queue\n  accept\n")
    place.run("-bs", "-odi", "-oMa", "192.0.2.1.4567", stdin=SESSION)
    message(place, "-odi", "-f", "b@c.test", "boxb@b.test", "later@b.test")
    place.run("-bs", "-oMa", "192.0.2.1", stdin=(
        "EHLO x\r\nMAIL FROM:<q@c.test>\r\nRCPT TO:<boxc@b.test>\r\nDATA\r\n\r\nx\r\n.\r\nMAIL FROM:<a@c.test>\r\nDATA\r\n"
        "RCPT TO:<@>\r\nQUIT\r\n"), code=None)
    frozen = re.search(rf"({ID}) +<b@c", place.run("-bp").stdout).group(1)
    place.run("-q")
    place.run("-Mf", frozen)
    place.run("-q")
    server.close()
    return place.log("main")


def test_what_no_selector_adds(place):
    log = story(place, "-all")
    assert {name for name, pattern in ADDED.items() if re.search(pattern, log, flags=re.M)} == set()
    assert " => boxa <nested@b.test> R=boxes T=mailbox\n" in log and " => x <x@far.test> R=far T=remote H=127.0.0.1 [127.0.0.1]\n" in log


# Any two selectors are apart in one group at least, so that none adds what is another's.
BITS = range(len(ADDED).bit_length())


@pytest.mark.parametrize("bit", BITS)
@pytest.mark.parametrize("value", [0, 1])
def test_what_selectors_add(place, bit, value):
    chosen = {name for number, name in enumerate(ADDED) if number >> bit & 1 == value}
    log = story(place, "-all " + " ".join(f"+{name}" for name in sorted(chosen)))
    assert {name for name, pattern in ADDED.items() if re.search(pattern, log, flags=re.M)} == chosen, log


def test_connection_id(place):
    """The lines about a connection have one identifier, $connection_id, and two connections have two."""
    place.configure("acl_smtp_rcpt = accept\nacl_smtp_connect = notice\nqueue_only\n"
                    "log_selector = -all +connection_id +smtp_connection\n",
                    "begin acl\nnotice:\n  accept logwrite = known as $connection_id\n")
    port = place.daemon()
    for _ in range(2):
        with Client(port) as client:
            for command in ("EHLO client.test", "MAIL FROM:<a@b.test>", "RCPT TO:<c@d.test>", "DATA"):
                client.command(command)
            assert client.command("Subject: x\r\n\r\nx\r\n.").startswith("250 OK")
            client.command("QUIT")
    wait_until(lambda: place.log("main").count("closed by QUIT") == 2, "both connections have ended")
    found = re.findall(r"known as (\S+)|SMTP connection from .* Ci=(\S+)( \(| closed)|<= a@b.test .* Ci=(\S+) P=", place.log("main"))
    names = ["".join((known, opened, taken)) for known, opened, _, taken in found]
    assert len(names) == 8 and len(set(names)) == 2 and all(names.count(name) == 4 for name in names), place.log("main")


def test_arguments_that_need_quotes(place):
    place.configure(OPTIONS + "log_selector = +arguments\n", mailboxes(place))
    message(place, "-odq", "-F", "A B", "-oMr", "x\ty", "-F", "", "boxa@b.test")
    assert ' 11 args: ' in place.log("main") and ' -F "A B" -oMr "x\ty" -F "" boxa@b.test\n' in place.log("main")


def test_rejected_headers(place):
    for selector, there in (("+", True), ("-", False)):
        place.configure(f"acl_smtp_rcpt = accept\nacl_smtp_data = deny\nlog_selector = {selector}rejected_header\n")
        place.run("-bs", "-oMa", "192.0.2.1", stdin=SESSION)
        log = place.log("reject")
        assert " rejected after DATA\n" in log
        assert there == ("Envelope-from: <a@c.test>\n" in log and "  Subject: test\n" in log)
        (place.path / "log" / "rejectlog").unlink()


# --- Files

@pytest.mark.parametrize("pattern, shape", [("%s.%D", "main.%Y%m%d"), ("%slog-%M", "mainlog-%Y%m"), ("%D-%s", "%Y%m%d-main")])
def test_dated_files(place, pattern, shape):
    place.configure(OPTIONS, mailboxes(place))
    place.config.write_text(place.config.read_text().replace("/%slog\n", f"/{pattern}\n"))
    before = time.strftime(shape)
    message(place, "-odi", "boxa@b.test")
    names = {path.name for path in (place.path / "log").iterdir()}
    assert len(names) == 1 and names <= {before, time.strftime(shape)}


def test_the_zone_of_time_stamps(place):
    place.configure(OPTIONS + "timezone = Etc/GMT-5\nlog_timezone\n", mailboxes(place))
    message(place, "-odi", "boxa@b.test")
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0500 ", place.log("main"))


def test_no_reject_log(place):
    place.configure("no_write_rejectlog\nacl_smtp_rcpt = deny\n")
    place.run("-bs", "-oMa", "192.0.2.1", stdin=SESSION)
    assert " rejected RCPT <nested@b.test>" in place.log("main") and not (place.path / "log" / "rejectlog").exists()


def test_logs_of_messages(place):
    place.configure(OPTIONS + "no_message_logs\n", mailboxes(place))
    message(place, "-odi", "later@b.test")
    assert not (place.path / "spool" / "msglog").exists()
    place.configure(OPTIONS + "preserve_message_logs\n", mailboxes(place))
    message(place, "-odi", "boxa@b.test")
    kept = list((place.path / "spool" / "msglog.OLD").iterdir())
    assert len(kept) == 1 and re.fullmatch(ID, kept[0].name) and "boxa@b.test: mailbox transport succeeded\n" in kept[0].read_text()
    assert not list((place.path / "spool" / "msglog").iterdir()) and len(ids(place)) == 1


# --- syslog

MAIL, LOCAL3 = 2, 19
INFO, NOTICE = 6, 5


def syslog(place, fault, options, path="syslog"):
    """What the system log gets of a refused recipient."""
    place.configure("acl_smtp_rcpt = deny\nlog_selector = -all +pid\n" + options)
    place.config.write_text(re.sub(r"log_file_path = .*\n", f"log_file_path = {path}\n", place.config.read_text()))
    file = place.path / "syslog"
    file.unlink(missing_ok=True)
    run_with_faults(place, fault, "-bs", "-oMa", "192.0.2.1", stdin=SESSION[:SESSION.index("RCPT TO:<x")] + "QUIT\r\n",
                    syslog=file)
    return file.read_text().splitlines()


def test_syslog(place, fault):
    opened, *lines = syslog(place, fault, "")
    assert opened == f"open exim {MAIL}"
    assert [line[0] for line in lines] == [str(INFO), str(NOTICE)], "one for each log"
    assert all(re.match(r"\d \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[\d+\] H=\S* ?.*\[192\.0\.2\.1\].* rejected RCPT <nested@b\.test>", line)
               for line in lines)
    assert not list((place.path / "log").iterdir())


@pytest.mark.parametrize("options, pattern", [
    ("no_syslog_duplication\n", rf"open exim {MAIL}\n{NOTICE} \d{{4}}-.* \[\d+\] H=.*"),
    ("no_syslog_duplication\nno_syslog_timestamp\n", rf"open exim {MAIL}\n{NOTICE} \[\d+\] H=.*"),
    ("no_syslog_duplication\nno_syslog_pid\n", rf"open exim {MAIL}\n{NOTICE} \d{{4}}-\S+ \S+ H=.*"),
    ("no_syslog_duplication\nno_write_rejectlog\n", rf"open exim {MAIL}\n{INFO} .*"),
    ("no_syslog_duplication\nsyslog_facility = local3\nsyslog_processname = gatepost\n", rf"open gatepost {LOCAL3}\n{NOTICE} .*"),
], ids=["duplication", "timestamp", "pid", "rejectlog", "facility"])
def test_options_of_syslog(place, fault, options, pattern):
    assert re.fullmatch(pattern, "\n".join(syslog(place, fault, options)))


def test_syslog_and_files(place, fault):
    lines = syslog(place, fault, "no_syslog_timestamp\n", f"{place.path}/log/%slog : syslog")
    assert len(lines) == 3 and lines[1][2:] in place.log("main") and " rejected RCPT " in place.log("reject")
    assert re.match(r"\d{4}-", place.log("main"))
    place.config.write_text(place.config.read_text().replace("syslog\n", "syslog\nsyslog_facility = nowhere\n", 1))
    assert 'unknown facility "nowhere"' in place.run("-bs", stdin="QUIT\r\n", code=1).stderr
