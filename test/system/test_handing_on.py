"""Handing messages on by SMTP: what is remembered from one message to the next."""
import re

import pytest
from certificates import Authority
from fake_smtp import FakeServer
from gatepost import free_port, wait_until

OPTIONS = """
acl_smtp_rcpt = accept
log_selector = +tls_resumption
"""

SECTIONS = """
begin routers
on:
  driver = manualroute
  route_list = * 127.0.0.1 byname
  self = send
  transport = on

begin transports
on:
  driver = smtp
  port = {port}
  command_timeout = 5s
{options}

begin retry
*  *  F,1h,10m
"""


def submit(place, *options):
    before = place.log("main").count(" <= ")
    result = place.run(*options, "-bs", stdin="EHLO x.test\r\nMAIL FROM:<s@y.test>\r\nRCPT TO:<a@x.test>\r\nDATA\r\n"
                       "Subject: t\r\n\r\nhello\r\n.\r\nQUIT\r\n")
    assert "250 OK id=" in result.stdout
    wait_until(lambda: place.log("main").count(" <= ") > before, "the message arrives")


def wait_for(place, pattern, count):
    wait_until(lambda: len(re.findall(pattern, place.log("main"))) >= count,
               f"{count} lines with {pattern!r} in the log, which is\n{place.log('main')}")


@pytest.mark.parametrize("on_connect", [False, True])
def test_tls_sessions_are_resumed(place, tmp_path, on_connect):
    certificate = Authority(tmp_path).issue("hop", "/CN=hop.test")
    server = FakeServer(certificate=certificate, on_connect=on_connect, features=() if on_connect else ("STARTTLS",))
    try:
        place.configure(OPTIONS, SECTIONS.format(port=server.port, options="  tls_resumption_hosts = *" + (
            "\n  protocol = smtps" if on_connect else "")))
        for count in (1, 2):
            submit(place, "-odf")
            wait_for(place, " Completed", count)
        assert [line for lines in server.connections for line in lines if line.startswith("TLS")] == ["TLS", "TLS resumed"]
        first, second = (line for line in place.log("main").split("\n") if " => " in line)
        assert " X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no" in first
        assert " X=TLS1.3:TLS_AES_256_GCM_SHA384:256* CV=no" in second
    finally:
        server.close()


@pytest.mark.parametrize("options, messages", [("", 2), ("  connection_max_messages = 1", 1)])
def test_a_message_that_waits_goes_on_the_same_connection(place, options, messages):
    port = free_port()
    place.configure(OPTIONS, SECTIONS.format(port=port, options=options))
    for count in (1, 2):
        submit(place, "-odf")
        wait_for(place, " == a@x.test ", count)
    server = FakeServer(port=port)
    try:
        place.run("-M", re.search(r" (\S+) <= ", place.log("main"))[1])
        wait_for(place, " Completed", messages)
        wait_until(lambda: [lines[-1:] for lines in server.connections] == [["END"]], "the connection ends")
        assert sum(line.startswith("DATA>") for line in server.connections[0]) == messages
        assert place.log("main").count(" [127.0.0.1]* C=") == messages - 1
    finally:
        server.close()
