"""The queue: taking messages over, delivering them, looking at it and changing it."""
import re

import pytest

from gatepost import Client, wait_until
from queueing import ID, OPTIONS, ids, mailboxes, message


@pytest.fixture(name="queue")
def fixture_queue(place):
    place.configure(OPTIONS, mailboxes(place))
    return place


def mbox(place, name):
    path = place.path / f"{name}.mbox"
    return path.read_text() if path.exists() else ""


def test_a_message_from_the_daemon_reaches_a_mailbox(queue):
    port = queue.daemon()
    with Client(port) as client:
        for line in ("EHLO client.test", "MAIL FROM:<a@c.test>", "RCPT TO:<boxa@b.test>", "DATA"):
            client.command(line)
        answer = client.command("Subject: hello\r\nMessage-ID: <x@c.test>\r\n\r\nFrom the start\r\n..dot\r\n.")
    message_id = re.fullmatch(rf"250 OK id=({ID})", answer).group(1)
    queue.wait_for_log(f"{message_id} Completed")
    log = queue.log("main")
    assert re.search(rf"{message_id} <= a@c.test H=.*\[127.0.0.1\] P=esmtp S=\d+ id=x@c.test\n", log)
    assert f"{message_id} => boxa <boxa@b.test> R=boxes T=mailbox\n" in log
    text = mbox(queue, "boxa")
    assert text.startswith("From a@c.test ") and text.endswith("\n\n>From the start\n.dot\n\n")
    assert f"\tid {message_id}" in text and "Subject: hello\n" in text
    assert not ids(queue) and not list((queue.path / "spool" / "input").iterdir())


def test_what_a_user_submits_is_fixed_up(queue):
    message(queue, "-odi", "-f", "me@c.test", "boxa", text="To: boxa@b.test\n\nhi\n.\nnot this\n")
    text = mbox(queue, "boxa")
    assert re.search(rf"^Message-Id: <E{ID}@mail.test>\nFrom: me@c.test\nDate: .*\n\nhi\n\n$", text, flags=re.M)
    message(queue, "-odi", "-i", "-t", text="To: boxb\nBcc: boxa@b.test, boxc@b.test\nSender: x@y.test\n\na\n.\nb\n")
    assert "\n\na\n.\nb\n\n" in mbox(queue, "boxb") and "Bcc:" not in mbox(queue, "boxb")
    assert "\n\na\n.\nb\n\n" in mbox(queue, "boxc")


def test_submission_mode(queue):
    queue.configure(OPTIONS + "acl_smtp_mail = check\nqueue_only\n",
                    mailboxes(queue) + "begin acl\ncheck:\n  accept control = submission/domain=b.test/name=Al Ice\n")
    queue.run("-bs", "-oMa", "192.0.2.1", "-oMaa", "plain", "-oMai", "alice",
              stdin="EHLO x\r\nMAIL FROM:<z@c.test>\r\nRCPT TO:<boxa@b.test>\r\nDATA\r\nFrom: q@c.test\r\n\r\nx\r\n.\r\nQUIT\r\n")
    headers = queue.run("-Mvh", ids(queue)[0]).stdout
    assert "\n<alice@b.test>\n" in headers and "S Sender: Al Ice <alice@b.test>\n" in headers
    assert re.search(r"^\d+I Message-Id: ", headers, flags=re.M) and re.search(r"^\d+  Date: ", headers, flags=re.M)


def test_maildir_and_aliases(queue):
    message(queue, "-odi", "alias@b.test", "dir@b.test", "boxa@b.test")
    assert [path.read_text().endswith("\n\nbody\n") for path in (queue.path / "maildir" / "new").iterdir()] == [True]
    assert mbox(queue, "boxa").count("\nbody\n") == 1, "a duplicate was delivered"
    assert mbox(queue, "boxb").count("\nbody\n") == 1
    assert "=> boxb <alias@b.test> R=boxes T=mailbox\n" in queue.log("main")


def test_failures_bounce(queue):
    message(queue, "-odi", "-f", "boxc@b.test", "nobody@b.test", "boxa@b.test")
    wait_until(lambda: "Reporting-MTA: dns; mail.test\n" in mbox(queue, "boxc"), "the bounce")
    bounce = mbox(queue, "boxc")
    assert "X-Failed-Recipients: nobody@b.test\nAuto-Submitted: auto-replied\n" in bounce
    assert "Subject: Mail delivery failed: returning message to sender\n" in bounce
    assert "\n  nobody@b.test\n    Unrouteable address\n" in bounce
    assert "Action: failed\nFinal-Recipient: rfc822;nobody@b.test\nStatus: 5.0.0\n" in bounce
    assert "\nReturn-path: <boxc@b.test>\n" in bounce and bounce.startswith("From MAILER-DAEMON ")
    log = queue.log("main")
    assert " ** nobody@b.test: Unrouteable address\n" in log and re.search(rf" <= <> R={ID} U=root P=local ", log)
    assert mbox(queue, "boxa").count("\nbody\n") == 1


def test_deferred_addresses_wait_and_time_out(queue):
    message(queue, "-odi", "-f", "boxc@b.test", "later@b.test", "boxa@b.test")
    assert " == later@b.test R=later defer (" in queue.log("main")
    queue.run("-q")
    assert " == later@b.test routing defer (-52): retry time not reached\n" in queue.log("main")
    listing = queue.run("-bp").stdout
    assert re.search(rf"^ 0m +\d+ {ID} <boxc@b.test>\n          later@b.test\n        D boxa@b.test\n\n$", listing)
    assert mbox(queue, "boxa").count("\nbody\n") == 1
    queue.configure(OPTIONS, mailboxes(queue, retry=""))
    queue.run("-qf")
    wait_until(lambda: "retry timeout exceeded" in mbox(queue, "boxc"), "the bounce")
    assert " ** later@b.test: retry timeout exceeded\n" in queue.log("main")


def test_a_bounce_that_cannot_be_delivered_is_frozen(queue):
    message(queue, "-odi", "-f", "<>", "nobody@b.test")
    assert "Frozen (delivery error message)\n" in queue.log("main")
    assert "<> *** frozen ***\n" in queue.run("-bp").stdout
    queue.run("-q")
    assert "Message is frozen\n" in queue.log("main")


def test_administrators_change_messages(queue):
    queue.configure(OPTIONS + "queue_only\n", mailboxes(queue))
    message(queue, "-f", "boxc@b.test", "boxa@b.test", "later@b.test")
    name = ids(queue)[0]
    for arguments, output, log in (
        (("-Mf", name), "is now frozen", "frozen by root"),
        (("-Mt", name), "is no longer frozen", "unfrozen by root"),
        (("-Mes", name, "new@c.test"), "has been modified", "sender address changed to <new@c.test> by root"),
        (("-Mar", name, "boxb@b.test"), "has been modified", "recipient <boxb@b.test> added by root"),
        (("-Mmd", name, "later@b.test"), "has been modified", "address <later@b.test> marked delivered by root"),
    ):
        assert queue.run(*arguments).stdout == f"Message {name} {output}\n"
        assert f"{name} {log}\n" in queue.log("main")
    assert queue.run("-Mt", name, code=1).stdout == f"Message {name} is not frozen\n"
    assert "zz@b.test is not a recipient: message not updated" in queue.run("-Mmd", name, "zz@b.test", code=1).stdout
    assert queue.run("-Mvb", name).stdout == f"{name}-D\nbody\n"
    assert re.search(r"\nSubject: test\n(.*\n)+\nbody\n$", queue.run("-Mvc", name).stdout)
    assert "Received from boxc@b.test U=" in queue.run("-Mvl", name).stdout
    queue.run("-M", name)
    assert not ids(queue) and "\nbody\n" in mbox(queue, "boxa") and "\nbody\n" in mbox(queue, "boxb")
    message(queue, "boxa@b.test")
    assert queue.run("-bpc").stdout == "1\n"
    assert queue.run("-Mrm", ids(queue)[0]).stdout.endswith(" has been removed\n")
    assert queue.run("-bpc").stdout == "0\n"


def test_queue_runs_select_messages(queue):
    queue.configure(OPTIONS + "queue_only\nsplit_spool_directory\n", mailboxes(queue))
    message(queue, "-f", "one@c.test", "boxa@b.test")
    message(queue, "-f", "two@c.test", "boxb@b.test")
    message(queue, "-f", "three@c.test", "boxc@b.test")
    queue.run("-R", "BOXA@")
    assert "\nbody\n" in mbox(queue, "boxa") and not mbox(queue, "boxb")
    queue.run("-Sr", "^tw.@")
    assert "\nbody\n" in mbox(queue, "boxb") and not mbox(queue, "boxc")
    queue.run("-q")
    assert "\nbody\n" in mbox(queue, "boxc")
    assert re.search(r"Start queue run: pid=\d+ -R BOXA@\n", queue.log("main"))


def test_a_daemon_runs_the_queue(queue):
    message(queue, "-odq", "boxa@b.test")
    queue.daemon("-q1h")
    queue.wait_for_log("Completed")
    assert ", -q1h, listening for SMTP on " in queue.log("main")


def test_pipes(queue):
    transport = ("program:\n  driver = pipe\n  command = /bin/sh -c \"cat; exit $local_part_data\"\n  log_output\n"
                 "  temp_errors = 75\n  message_prefix =\n  batch_max = 1\n" + "  user = root\n")
    router = "codes:\n  driver = accept\n  local_parts = 0 : 1 : 75\n  transport = program\n"
    queue.configure(OPTIONS, mailboxes(queue, router, transport))
    message(queue, "-odi", "-f", "boxc@b.test", "0@b.test", "1@b.test", "75@b.test")
    log = queue.log("main")
    assert " => 0 <0@b.test> R=codes T=program\n" in log and "<0@b.test>: program transport output: Received: " in log
    assert " ** 1@b.test R=codes T=program: Child process of program transport returned 1 from command: /bin/sh\n" in log
    assert "defer (0): Child process of program transport returned 75 (could mean temporary error) from command:" in log


def test_batches(queue):
    good = "MAIL FROM:<boxc@b.test>\nRCPT TO:<boxa>\nDATA\nSubject: x\n\nbody\n.\n"
    queue.run("-bS", "-odi", stdin=good + good)
    assert mbox(queue, "boxa").count("\nbody\n") == 2
    assert "P=local-bsmtp" in queue.log("main")
    result = queue.run("-bS", "-odi", stdin=good + "MAIL FROM:<boxc@b.test>\nRCPT TO:<>\n", code=1)
    assert result.stdout.startswith("501 ") and "Transaction started in line 7\nError detected in line 9\n" in result.stdout
    assert "1 previous message was successfully processed.\n" in result.stderr
    assert queue.run("-bS", stdin="FOO\n", code=2).stdout.startswith("500 ")


def test_a_message_that_goes_in_circles_is_returned(queue):
    queue.configure(OPTIONS + "received_headers_max = 3\n", mailboxes(queue))
    for lines in (2, 3): # and that of this machine
        message(queue, "-odi", "-f", "boxc@b.test", "boxa@b.test", "boxb@b.test",
                text="Received: from x by y\n" * lines + f"Subject: {lines} before\n\nbody\n")
    reason = 'Too many "Received" headers - suspected mail loop'
    assert [f"** {name}@b.test: {reason}" in queue.log("main") for name in ("boxa", "boxb")] == [True, True]
    assert "Subject: 2 before\n" in mbox(queue, "boxa") and "Subject: 3 before\n" not in mbox(queue, "boxa")
    assert reason in mbox(queue, "boxc") and "Subject: 3 before\n" in mbox(queue, "boxc")
    assert not ids(queue)


def test_busy_sessions_leave_messages_to_queue_runs(queue):
    queue.configure(OPTIONS + "smtp_accept_queue_per_connection = 1\n", mailboxes(queue))
    text = "".join("MAIL FROM:<boxc@b.test>\r\nRCPT TO:<boxa@b.test>\r\nDATA\r\n"
                   f"Subject: {i}\r\n\r\nbody\r\n.\r\n" for i in range(2))
    queue.run("-bs", "-odf", stdin=f"EHLO client.test\r\n{text}QUIT\r\n")
    assert "Subject: 0\n" in mbox(queue, "boxa") and "Subject: 1\n" not in mbox(queue, "boxa")
    assert len(ids(queue)) == 1
    assert "no immediate delivery: more than 1 messages received in one connection" in queue.log("main")


def hand_in(client, subject):
    """A message for boxa, and the answer to it."""
    for line in ("EHLO client.test", "MAIL FROM:<a@c.test>", "RCPT TO:<boxa@b.test>", "DATA"):
        client.command(line)
    return client.command(f"Subject: {subject}\r\n\r\nbody\r\n.")


def test_many_connections_leave_messages_to_queue_runs(queue):
    queue.configure(OPTIONS + "smtp_accept_queue = 1\n", mailboxes(queue))
    port = queue.daemon()
    with Client(port) as first, Client(port) as second:
        for client, subject in ((second, "too many"), (first, "not too many")):
            assert hand_in(client, subject).startswith("250 OK id=")
    wait_until(lambda: "Subject: not too many\n" in mbox(queue, "boxa"), "delivery")
    assert "no immediate delivery: too many connections (2, max 1)" in queue.log("main")
    assert "Subject: too many\n" not in mbox(queue, "boxa") and len(ids(queue)) == 1
    queue.run("-q")
    assert "Subject: too many\n" in mbox(queue, "boxa")


def test_autoreply(queue):
    transport = ("reply:\n  driver = autoreply\n  to = $sender_address\n  from = away@b.test\n  subject = Re: $h_subject:\n"
                 f"  text = I am away.\n  once = {queue.path}/once\n  user = root\n")
    router = "away:\n  driver = accept\n  local_parts = away\n  transport = reply\n"
    queue.configure(OPTIONS, mailboxes(queue, router, transport))
    for _ in range(2):
        message(queue, "-odi", "-f", "boxc@b.test", "away@b.test")
    wait_until(lambda: "I am away." in mbox(queue, "boxc"), "the reply")
    assert mbox(queue, "boxc").count("I am away.") == 1
    assert "\nSubject: Re: test\nIn-Reply-To: <E" in mbox(queue, "boxc")


def test_named_queues(queue):
    queue.configure(OPTIONS + "acl_smtp_mail = check\nqueue_only\n",
                    mailboxes(queue) + "begin acl\ncheck:\n  accept queue = slow\n")
    queue.run("-bs", stdin="EHLO x\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<boxa@b.test>\r\nDATA\r\n\r\nbody\r\n.\r\nQUIT\r\n")
    assert queue.run("-bpc").stdout == "0\n" and queue.run("-bpc", "-qGslow").stdout == "1\n"
    queue.run("-qGslow")
    assert "\nbody\n" in mbox(queue, "boxa")


def test_success_is_reported_when_asked_for(queue):
    queue.configure(OPTIONS + "dsn_advertise_hosts = *\n", mailboxes(queue))
    queue.run("-bs", "-odi", "-oMa", "192.0.2.1", stdin=(
        "EHLO x\r\nMAIL FROM:<boxc@b.test> RET=HDRS ENVID=env1\r\nRCPT TO:<boxa@b.test> NOTIFY=SUCCESS "
        "ORCPT=rfc822;boxa@b.test\r\nRCPT TO:<boxb@b.test> NOTIFY=NEVER\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\nQUIT\r\n"))
    wait_until(lambda: "Action: delivered\n" in mbox(queue, "boxc"), "the report")
    report = mbox(queue, "boxc")
    assert "Original-Envelope-ID: env1\n" in report and "Final-Recipient: rfc822;boxa@b.test\n" in report
    assert "boxb@b.test" not in report
