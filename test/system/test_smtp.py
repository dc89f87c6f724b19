"""The SMTP reader of a real daemon: what depends on sockets and time, which unit tests cannot see."""
import socket
import time

import pytest

from gatepost import PLAIN, RIGHT, Client, keeps_freed_memory, wait_until

ACCEPT = "acl_smtp_rcpt = accept\n"
NOTQUIT = """acl_smtp_notquit = notquit
begin acl
notquit:
  accept logwrite = $smtp_notquit_reason after $smtp_command_history
         message = farewell
"""


def start(place, options="", sections=""):
    """A daemon with these options and sections; returns its port."""
    place.configure(options, sections)
    return place.daemon()


def test_replies_to_pipelined_commands_come_together(place):
    port = start(place, ACCEPT)
    with Client(port) as client:
        assert "PIPELINING" in client.command("EHLO client.test")
        client.send("MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nRCPT TO:<>\r\nRSET\r\nQUIT\r\n")
        replies = [client.reply() for _ in range(5)]
        assert replies == ["250 OK", "250 Accepted", "501 <>: missing or malformed local part", "250 Reset OK",
                           "221 mail.test closing connection"]
        assert client.at_end()


def test_a_client_that_does_not_wait_is_refused(place):
    port = start(place, "", NOTQUIT)
    with Client(port) as client:
        client.command("HELO client.test")
        client.send("NOOP\r\nNOOP\r\n")
        assert client.reply() == "554 farewell"
        assert client.at_end()
    place.wait_for_log("pipelining was not advertised): rejected \"NOOP\" H=(client.test) [127.0.0.1]")
    place.wait_for_log("synchronization-error after HELO")
    assert "next input=\"NOOP\\r\\n\"" in place.log("reject")


def test_a_client_that_does_not_wait_for_the_greeting(place):
    """A slow connect ACL gives the input time to arrive."""
    port = start(place, "acl_smtp_connect = slow", "begin acl\nslow:\n  accept delay = 1s\n")
    with Client(port, greet=False) as client:
        client.send("EHLO eager.test\r\n")
        assert client.reply() == "554 SMTP synchronization error"
        assert client.at_end()
    place.wait_for_log("(input sent without waiting for greeting): rejected connection from H=[127.0.0.1] "
                       "input=\"EHLO eager.test\\r\\n\"")


def test_data_is_a_point_of_synchronisation(place):
    port = start(place, ACCEPT)
    with Client(port) as client:
        client.command("EHLO client.test")
        client.send("MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\nSubject: x\r\n\r\n.\r\n")
        assert [client.reply() for _ in range(3)] == ["250 OK", "250 Accepted", "554 SMTP synchronization error"]
        assert client.at_end()


def test_silence_is_not_waited_for(place):
    port = start(place, "smtp_receive_timeout = 1s", NOTQUIT)
    with Client(port) as client:
        client.command("EHLO client.test")
        client.send("MAIL FRO")
        began = time.monotonic()
        assert client.reply() == "421 farewell"
        assert 0.5 < time.monotonic() - began < 5
        assert client.at_end()
    place.wait_for_log("SMTP command timeout on connection from (client.test) [127.0.0.1]")
    place.wait_for_log("command-timeout after EHLO")


def test_the_timeout_may_depend_on_the_peer(place):
    port = start(place, "smtp_receive_timeout = ${if eq{$sender_host_address}{127.0.0.2}{1s}{5m}}")
    with Client(port, source="127.0.0.2") as quick, Client(port) as patient:
        assert quick.reply() == "421 mail.test: SMTP command timeout - closing connection"
        assert patient.command("NOOP") == "250 OK"


def test_silence_in_a_message(place):
    port = start(place, ACCEPT + "smtp_receive_timeout = 1s")
    with Client(port) as client:
        for line in ("HELO client.test", "MAIL FROM:<a@b.test>", "RCPT TO:<c@d.test>"):
            assert client.command(line).startswith("250 ")
        assert client.command("DATA").startswith("354 ")
        assert client.reply() == "421 mail.test SMTP incoming data timeout - closing connection."
    place.wait_for_log("SMTP data timeout (message abandoned) on connection from (client.test) [127.0.0.1] "
                       "F=<a@b.test>")


def test_a_connection_that_breaks_off(place):
    options = ACCEPT + "log_selector = +smtp_connection +smtp_incomplete_transaction\n"
    port = start(place, options, NOTQUIT)
    with Client(port) as client:
        for line in ("EHLO client.test", "MAIL FROM:<a@b.test>", "RCPT TO:<c@d.test>", "RCPT TO:<e@f.test>"):
            client.command(line)
    place.wait_for_log("H=(client.test) [127.0.0.1] incomplete transaction (connection lost) from <a@b.test> for "
                       "c@d.test e@f.test")
    place.wait_for_log("connection-lost after EHLO,MAIL,RCPT,RCPT")
    place.wait_for_log("unexpected disconnection while reading SMTP command from (client.test) [127.0.0.1] D=")
    assert "SMTP connection from [127.0.0.1] (TCP/IP connection count = " in place.log("main")


def test_a_connection_that_does_nothing(place):
    port = start(place, "log_selector = +smtp_no_mail +smtp_connection")
    with Client(port):
        pass
    place.wait_for_log("no MAIL in SMTP connection from [127.0.0.1] D=")
    assert "SMTP connection from [127.0.0.1] lost D=" in place.log("main")
    with Client(port) as client:
        client.command("EHLO client.test")
        client.command("QUIT")
    place.wait_for_log("no MAIL in SMTP connection from (client.test) [127.0.0.1] D=0s C=EHLO,QUIT")


def test_hosts_whose_connections_are_not_logged(place):
    port = start(place, "log_selector = +smtp_connection\nhosts_connection_nolog = 127.0.0.2")
    for source in ("127.0.0.2", "127.0.0.3"):
        with Client(port, source=source) as client:
            client.command("QUIT")
    place.wait_for_log("SMTP connection from [127.0.0.3] closed by QUIT")
    assert "127.0.0.2" not in place.log("main")


def test_rejected_connections(place):
    options = "host_reject_connection = 127.0.0.2\nacl_smtp_connect = connect"
    port = start(place, options, "begin acl\nconnect:\n  deny hosts = 127.0.0.3\n       message = 521 not you\n"
                                 "  accept message = welcome\\nto the machine\n")
    with Client(port, source="127.0.0.2") as client:
        assert client.banner == "554 SMTP service not available"
        assert client.at_end()
    with Client(port, source="127.0.0.3") as client:
        assert client.banner == "521 not you"
        assert client.at_end()
    with Client(port) as client:
        assert client.banner == "220-welcome\n220 to the machine"
    place.wait_for_log("refused connection from [127.0.0.2] (host_reject_connection)", "reject")
    place.wait_for_log("H=[127.0.0.3] rejected connection in \"connect\" ACL: 521 not you", "reject")


def test_no_places_left_but_those_in_reserve(place):
    port = start(place, "smtp_accept_max = 2\nsmtp_accept_reserve = 1\nsmtp_reserve_hosts = 127.0.0.2")
    with Client(port):
        with Client(port) as client:
            assert client.banner == "421 mail.test: Too many concurrent SMTP connections; please try again later"
            assert client.at_end()
        place.wait_for_log("temporarily refused connection from [127.0.0.1]: not in reserve list: connected=1 "
                           "max=2 reserve=1")
        with Client(port, source="127.0.0.2") as client:
            assert client.command("NOOP") == "250 OK"


def test_under_load_nobody_is_served(place):
    port = start(place, "smtp_load_reserve = 0.000")
    with Client(port) as client:
        if client.banner != "421 Too much load; please try again later.":
            with open("/proc/loadavg", encoding="ascii") as load:
                assert load.read().startswith("0.00 ")
            return
    place.wait_for_log("Connection from [127.0.0.1] refused: load average = ")


def test_a_delay_lets_replies_out_first(place):
    sections = "begin acl\nmail:\n  accept senders = slow@b.test\n         delay = 2s\n  accept\n"
    port = start(place, "acl_smtp_mail = mail\n" + ACCEPT, sections)
    with Client(port) as client:
        client.command("EHLO client.test")
        client.command("MAIL FROM:<a@b.test>")
        began = time.monotonic()
        client.send("RSET\r\nMAIL FROM:<slow@b.test>\r\n")
        assert client.reply() == "250 Reset OK"
        assert time.monotonic() - began < 1
        assert client.reply() == "250 OK"
        assert time.monotonic() - began >= 2


def test_a_delay_ends_when_the_client_has_gone(place):
    sections = "begin acl\nmail:\n  accept delay = 5m\nnotquit:\n  accept logwrite = $smtp_notquit_reason\n"
    port = start(place, "acl_smtp_mail = mail\nacl_smtp_notquit = notquit\n", sections)
    with Client(port) as client:
        client.command("HELO client.test")
        client.send("MAIL FROM:<a@b.test>\r\n")
    place.wait_for_log("connection-lost")


def test_rates_are_limited(place):
    port = start(place, ACCEPT + "smtp_ratelimit_hosts = 127.0.0.1\nsmtp_ratelimit_mail = 1,0.3s,2,0.6s\n"
                                 "smtp_ratelimit_rcpt = 2,0.4s,1,1s\n")
    with Client(port) as client:
        client.command("HELO client.test")
        for least in (0, 0.3, 0.6, 0.6):
            client.command("RSET")
            began = time.monotonic()
            assert client.command("MAIL FROM:<a@b.test>") == "250 OK"
            assert least <= time.monotonic() - began < least + 0.25
        for least in (0, 0, 0.4):
            began = time.monotonic()
            assert client.command("RCPT TO:<c@d.test>") == "250 Accepted"
            assert least <= time.monotonic() - began < least + 0.25
    with Client(port, source="127.0.0.2") as client:
        client.command("HELO client.test")
        began = time.monotonic()
        for _ in range(5):
            client.command("MAIL FROM:<a@b.test>")
            client.command("RSET")
        assert time.monotonic() - began < 0.3


def test_messages_in_one_connection_are_limited(place):
    port = start(place, "smtp_accept_max_per_connection = ${if eq{$sender_helo_name}{one.test}{1}{2}}")
    for name, limit in (("one.test", 1), ("two.test", 2)):
        with Client(port) as client:
            client.command(f"HELO {name}")
            for _ in range(limit):
                assert client.command("MAIL FROM:<a@b.test>") == "250 OK"
                client.command("RSET")
            assert client.command("MAIL FROM:<a@b.test>") == "421 too many messages in this connection"
        place.wait_for_log(f"rejected MAIL command H=({name}) [127.0.0.1]: too many messages in one connection",
                           "reject")


@pytest.mark.skipif(keeps_freed_memory(), reason="AddressSanitizer keeps freed memory")
@pytest.mark.parametrize("command", ["DATA", "BDAT"])
def test_a_large_message_takes_no_memory(place, command):
    """16 MB of body, of which a worker keeps next to nothing, be it in lines or one line."""
    port = start(place, ACCEPT + "message_size_limit = 0\nchunking_advertise_hosts = *")
    lines = ("x" * 62 + "\r\n") * 1024
    with Client(port) as client:
        for line in ("EHLO client.test", "MAIL FROM:<a@b.test>", "RCPT TO:<c@d.test>"):
            client.command(line)
        if command == "DATA":
            client.command("DATA")
        before = max(worker_peaks(place))
        if command == "BDAT":
            assert client.command("BDAT 18\r\nSubject: large\r\n") == "250 18 byte chunk received"
        else:
            client.send("Subject: large\r\n\r\n")
        for chunk in [lines] * 128 + ["y" * len(lines)] * 128:
            if command == "BDAT":
                client.send(f"BDAT {len(chunk)}\r\n")
            client.send(chunk)
            if command == "BDAT":
                assert client.reply() == f"250 {len(chunk)} byte chunk received"
        more = max(worker_peaks(place)) - before
        if command == "BDAT":
            assert client.command("BDAT 2 LAST\r\n").startswith("250- 2 byte chunk, total 16777236\n250 OK id=")
        else:
            assert client.command("\r\n.").startswith("250 OK id=")
    assert more < 2 * 1024, f"a worker has used {more} kB"


def worker_peaks(place):
    """The largest resident sizes (kB) that the daemon's workers have had."""
    daemon = place.processes[-1].pid
    with open(f"/proc/{daemon}/task/{daemon}/children", encoding="ascii") as children:
        for child in children.read().split():
            with open(f"/proc/{child}/status", encoding="ascii") as status:
                for line in status:
                    if line.startswith("VmHWM:"):
                        yield int(line.split()[1])


def test_too_big_a_message(place):
    port = start(place, ACCEPT + "message_size_limit = 1000")
    with Client(port) as client:
        assert "250-SIZE 1000\n" in client.command("EHLO client.test")
        assert client.command("MAIL FROM:<a@b.test> SIZE=1001") == "552 Message size exceeds maximum permitted"
        for line in ("MAIL FROM:<a@b.test> SIZE=1000", "RCPT TO:<c@d.test>", "DATA"):
            client.command(line)
        assert client.command("x" * 1001 + "\r\n.") == "552 Message size exceeds maximum permitted"
        assert client.command("MAIL FROM:<a@b.test>") == "250 OK"
    place.wait_for_log("message too big: size=1001 max=1000", "reject")
    place.wait_for_log("message too big: read=1002 max=1000", "reject")


def test_one_session_leaves_nothing_for_the_next(place):
    """The same worker serves one connection after the other."""
    sections = "begin acl\nconnect:\n  accept logwrite = <$acl_c_x><$sender_helo_name><$authenticated_id>" \
               "<$sender_host_authenticated><$authenticated_fail_id><$smtp_command_history>\n" \
               "mail:\n  accept set acl_c_x = secret\n" + PLAIN
    port = start(place, "acl_smtp_connect = connect\nacl_smtp_mail = mail\ndaemon_spare_workers = 1\n", sections)
    for _ in range(5):
        with Client(port) as client:
            assert "250-AUTH PLAIN LOGIN\n" in client.command("EHLO client.test")
            assert client.command(f"AUTH PLAIN {RIGHT}") == "235 Authentication succeeded"
            assert client.command("MAIL FROM:<a@b.test>") == "250 OK"
            client.command("QUIT")
    lines = [line.split(" ", 2)[2] for line in place.log("main").splitlines() if "<>" in line]
    assert lines == ["<><><><><><>"] * 5


def test_half_closed_connections_are_answered(place):
    port = start(place)
    with Client(port) as client:
        client.send("EHLO client.test\r\n")
        client.reply()
        client.socket.shutdown(socket.SHUT_WR)
        assert client.reply() == "421 mail.test lost input connection"
        assert client.at_end()


def test_etrn_runs_the_command(place):
    marker = place.path / "spool" / "etrn"
    script = place.path / "etrn.sh"
    script.write_text(f'echo "$1" >{marker}\n')
    port = start(place, "acl_smtp_etrn = accept\n"
                        f"smtp_etrn_command = /bin/sh {script} ${{lc:FROM-$sender_host_port}}\n")
    with Client(port) as client:
        assert client.command("ETRN #x") == "250 OK"
        host_port = client.socket.getsockname()[1]
    end = time.monotonic() + 10
    while not (marker.exists() and marker.read_text()) and time.monotonic() < end:
        time.sleep(0.02)
    assert marker.read_text() == f"from-{host_port}\n"


def test_a_test_session_delays_nothing(place):
    place.configure("acl_smtp_mail = mail", "begin acl\nmail:\n  accept delay = 5m\n")
    began = time.monotonic()
    assert "250 OK" in place.session("HELO x", "MAIL FROM:<a@b.test>", "QUIT")
    assert time.monotonic() - began < 5


def test_early_pipelining(place):
    """Where PIPECONNECT is offered, a client need wait neither for the greeting nor for the answer to EHLO."""
    place.configure("pipelining_connect_advertise_hosts = 127.0.0.1\nacl_smtp_rcpt = accept\n")
    with Client(place.daemon(), greet=False) as client:
        client.send("EHLO x.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\n")
        assert client.reply().startswith("220 ")
        assert "250-PIPELINING\n250-PIPECONNECT\n" in client.reply()
        assert [client.reply() for _ in range(2)] == ["250 OK", "250 Accepted"]
        client.send("VRFY x\r\nNOOP\r\n")
        assert client.reply() == "554 SMTP synchronization error"


@pytest.mark.parametrize("command, end", [("DATA", ""), ("BDAT", ""), ("BDAT", "RSET"), ("BDAT", "QUIT")])
def test_a_message_that_is_given_up_leaves_nothing(place, command, end):
    port = start(place, ACCEPT + "chunking_advertise_hosts = *")
    text = "Subject: x\r\n\r\nbody\r\n"
    with Client(port) as client:
        for line in ("EHLO client.test", "MAIL FROM:<a@b.test>", "RCPT TO:<c@d.test>"):
            client.command(line)
        if command == "BDAT":
            assert client.command(f"BDAT {len(text)}\r\n{text[:-2]}") == f"250 {len(text)} byte chunk received"
        else:
            client.command("DATA")
            client.send(text)
        wait_until(lambda: spooled(place), "the message's body in the spool")
        if end:
            client.command(end)
        else:
            client.close()
        wait_until(lambda: not spooled(place), "an empty spool")


def spooled(place):
    """Files of messages in the spool."""
    return list((place.path / "spool" / "input").glob("*"))
