"""What becomes of messages on their way out: errors in lists of addresses, header lines that are rewritten."""
import re

import pytest
from fake_smtp import FakeServer
from queueing import OPTIONS, mailboxes, message
from test_handing_on import SECTIONS

LIST = """
list:
  driver = redirect
  local_parts = list
  data = {data}
{options}
"""
SKIP, TELL = "  skip_syntax_errors\n", "  syntax_errors_to = boxc@b.test\n"
FAULT = 'missing or malformed local part (expected word or "<")'


@pytest.mark.parametrize("options, delivered", [
    ("", False), (TELL, False), (SKIP, True), (SKIP + TELL, True),
    (SKIP + TELL + "  syntax_errors_text = Look at $local_part\n", True),
])
def test_errors_in_a_list(place, options, delivered):
    """An item that is no address defers all, or is left out, and somebody is told."""
    place.configure(OPTIONS, mailboxes(place, routers=LIST.format(options=options, data="boxa, bro ken, boxb")))
    message(place, "-odf", "list@b.test")
    log, told = place.log("main"), place.path / "boxc.mbox"
    deferral = f' == list@b.test R=list defer (-17): error in redirect data: {FAULT} in "bro ken"'
    assert (deferral in log) == (not delivered)
    assert (f'list router: skipped error: {FAULT} in "bro ken"' in log) == delivered
    assert [(place.path / f"{name}.mbox").exists() for name in ("boxa", "boxb")] == [delivered] * 2
    if not (delivered and TELL in options):
        assert not told.exists()
        return
    place.wait_for_log(" => boxc <boxc@b.test>")
    headers, body = told.read_text().split("\n\n", 1)
    assert "\nSubject: error(s) in forwarding or filtering\n" in headers
    assert "\nAuto-Submitted: auto-replied\n" in headers
    assert body.startswith("Look at list\n\nThe list router" if "text" in options else "The list router")
    assert f'error(s):\n\n  {FAULT} in the address\n  "bro ken"\n\nOther addresses were processed normally.\n' in body


def test_list_of_errors_alone(place):
    """The router declines; the address goes on to the next."""
    place.configure(OPTIONS, mailboxes(place, routers=LIST.format(options=SKIP + TELL, data="x@@y").replace(
        "local_parts = list", "local_parts = boxa")))
    message(place, "-odf", "boxa@b.test")
    place.wait_for_log(" => boxc")
    assert (place.path / "boxa.mbox").exists()
    text = (place.path / "boxc.mbox").read_text()
    assert '  domain missing or malformed in the address\n  "x@@y"\n\nNo valid addresses were generated.\n' in text


def test_transport_rewrites_header_lines(place):
    """headers_rewrite changes a copy: the other transport's is as it came."""
    server = FakeServer()
    try:
        on = SECTIONS.format(port=server.port,
                             options="  headers_rewrite = *@in.test $1@out.test fr : *@x.test $1@y.test h")
        place.configure("acl_smtp_rcpt = accept\ntrusted_users = root\n", on)
        message(place, "-odf", "-f", "s@in.test", "a@x.test",
                text="From: S <s@in.test>\nTo: a@x.test, b@in.test\nReply-To: r@in.test\nSubject: t\n\nbody\n")
        place.wait_for_log(" Completed")
        lines = server.connections[0]
        data = next(line for line in lines if line.startswith("DATA>"))
        assert re.findall(r"(?m)^(?:From|To|Reply-To): .*?(?=\r)", data) == [
            "From: S <s@out.test>", "To: a@y.test, b@in.test", "Reply-To: r@out.test"]
        assert [line for line in lines if line.startswith(("MAIL", "RCPT"))] == [
            "MAIL FROM:<s@in.test> SIZE=" + lines[1].partition("SIZE=")[2], "RCPT TO:<a@x.test>"]
    finally:
        server.close()


@pytest.mark.parametrize("refusal", [{"greeting": "421 too busy"},
                                     {"rules": [("EHLO", "550 no"), ("HELO", "421 too busy")]}])
def test_a_host_that_turns_everybody_away_has_its_time(place, refusal):
    """Queue runs leave it alone until then; one that is forced does not."""
    server = FakeServer(**refusal)
    try:
        place.configure("acl_smtp_rcpt = accept\ntrusted_users = root\n", SECTIONS.format(port=server.port, options=""))
        message(place, "-odf", "-f", "s@in.test", "a@x.test")
        assert " == a@x.test " in place.log("main")
        place.run("-q")
        assert len(server.connections) == 1
        assert " defer (-54): retry time not reached for any host for 'x.test'\n" in place.log("main")
        place.run("-qf")
        assert len(server.connections) == 2
    finally:
        server.close()
