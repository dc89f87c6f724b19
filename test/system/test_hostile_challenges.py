"""Servers that answer AUTH as they should not: the client gives up with "*", says why in the log, sends nothing of its
own memory and no message."""
import base64
import re
import struct

import pytest

from fake_smtp import FakeServer
from gatepost import wait_until
from peers import MESSAGE, RECIPIENT, SENDER

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
  port = PORT
  command_timeout = 5s
  hosts_require_auth = *
begin retry
* * F,1h,10m
begin authenticators
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  client_name = alice
  client_secret = secret
spa:
  driver = spa
  public_name = NTLM
  client_username = alice
  client_password = secret
ext:
  driver = external
  public_name = EXTERNAL
  client_send = alice
"""

DEFERRED = f" == {RECIPIENT} R=on T=on defer (-42): authentication required but authentication attempt(s) failed"


def deliver(place, mechanisms, rules, sections=SECTIONS):
    """Lets a message be delivered to a server with these rules; what it was sent from AUTH on."""
    server = FakeServer(rules, features=(f"AUTH {mechanisms}",))
    try:
        place.configure("exim_user = mail\n", sections.replace("PORT", str(server.port)))
        place.run("-odf", "-f", SENDER, RECIPIENT, stdin=MESSAGE)
        wait_until(lambda: server.connections and server.connections[0][-1:] == ["END"], "the connection ends")
        lines = server.connections[0]
    finally:
        server.close()
    place.wait_for_log(f" == {RECIPIENT} ")
    assert not any(line.startswith(("MAIL", "DATA")) for line in lines), lines
    return lines[next(i for i, line in enumerate(lines) if line.startswith("AUTH ")):]


def challenge(target=(0, 0), info=(0, 0), flags=0x00808201, rest=b""):
    """A message of Type 2, whose fields are (length, offset)."""
    return (b"NTLMSSP\0\2\0\0\0" + struct.pack("<HHI", target[0], target[0], target[1]) + struct.pack("<I", flags) +
            b"12345678" + bytes(8) + struct.pack("<HHI", info[0], info[0], info[1]) + rest)


CHALLENGES = {
    "empty": b"",
    "no NTLM": b"hello, world, this is no message of that kind at all",
    "signature alone": b"NTLMSSP\0",
    "short": challenge()[:31],
    "cut in its fields": challenge()[:20],
    "Type 1": challenge().replace(b"\0\2\0\0\0", b"\0\1\0\0\0"),
    "negative offset of the target": challenge(target=(8, 0xfffffff8)),
    "target behind the end": challenge(target=(100, 48)),
    "huge target": challenge(target=(0xffff, 0)),
    "negative offset of the info": challenge(info=(8, 0xffffffff)),
    "info behind the end": challenge(info=(4, 46)),
    "info without an end": challenge(info=(4, 48), rest=b"\1\0\xff\xff"),
    "info without an end but for what is behind": challenge(info=(8, 48), rest=b"\2\0\4\0ab\0\0\0\0\0\0"),
    "half a character in the target": challenge(target=(3, 48), rest=b"a\0b"),
}


@pytest.mark.parametrize("name", CHALLENGES)
def test_ntlm(place, name):
    text = "334 " + base64.b64encode(CHALLENGES[name]).decode()
    lines = deliver(place, "NTLM", [("AUTH", "334 NTLM supported"), ("TlRMTVNTUA", text), (r"\*", "501 cancelled")])
    assert lines[0] == "AUTH NTLM" and lines[2:] == ["*", "QUIT", "END"], lines
    assert DEFERRED in place.log("main")
    assert re.search(r" spa authenticator cancelled authentication H=127\.0\.0\.1 \[127\.0\.0\.1\] bad .*NTLM challenge",
                     place.log("main"))


@pytest.mark.parametrize("answer", ["334 ?!", "334 " + "A" * 5, "334", "334 " + "QUJD" * 1000 + "A"], ids=["letters", "short", "empty", "long"])
def test_ntlm_that_is_no_base64(place, answer):
    lines = deliver(place, "NTLM", [("AUTH", "334 NTLM supported"), ("TlRMTVNTUA", answer), (r"\*", "501 cancelled")])
    assert lines[2] == "*", lines
    assert " spa authenticator cancelled authentication H=127.0.0.1 [127.0.0.1] " in place.log("main")


def test_ntlm_that_does_not_end(place):
    """After its response the client has nothing more to say."""
    answers = ["334 " + base64.b64encode(challenge()).decode()] * 2
    lines = deliver(place, "NTLM", [("AUTH", "334 NTLM supported"), ("TlRMTVNTUA", answers), (r"\*", "501 cancelled")])
    assert lines[3:] == ["*", "QUIT", "END"] and DEFERRED in place.log("main")


def test_cram_md5_without_end(place):
    lines = deliver(place, "CRAM-MD5", [("AUTH", "334 " + base64.b64encode(b"<1@x>").decode()), (r"\*", "501 cancelled"),
                                        ("YWxpY2U", "334 " + base64.b64encode(b"<2@x>").decode())])
    assert lines[2:] == ["QUIT", "END"]
    assert "defer (0) H=127.0.0.1 [127.0.0.1]: SMTP error from remote mail server after ****: 334 " in place.log("main")


@pytest.mark.parametrize("answer", ["334 ?!", "334 A"])
def test_cram_md5_that_is_no_base64(place, answer):
    lines = deliver(place, "CRAM-MD5", [("AUTH", answer), (r"\*", "501 cancelled")])
    assert lines[1:] == ["*", "QUIT", "END"] and DEFERRED in place.log("main")


def test_external_that_asks_for_more(place):
    lines = deliver(place, "EXTERNAL", [("AUTH", "334 bW9yZQ=="), (r"\*", "501 cancelled")])
    assert lines[-3:] == ["*", "QUIT", "END"] and DEFERRED in place.log("main")


def test_each_refusal_is_an_event(place):
    """auth:fail, with the server's words; what the event says changes nothing."""
    sections = SECTIONS.replace("  command_timeout", (
        "  event_action = ${if eq{$event_name}{auth:fail}{${acl{note}}}}\n  command_timeout")) + (
            "begin acl\nnote:\n  accept logwrite = event <$event_data> by $host [$host_address]\n         message = x\n")
    deliver(place, "CRAM-MD5 EXTERNAL", [("AUTH", "535 bad")], sections)
    assert DEFERRED in place.log("main")
    assert place.log("main").count(" event <535 bad> by 127.0.0.1 [127.0.0.1]\n") == 2
    assert place.log("main").count(" authenticator failed H=127.0.0.1 [127.0.0.1] 535 bad\n") == 2
