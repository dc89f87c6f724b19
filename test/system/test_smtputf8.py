"""Internationalised mail (RFC 6531 to 6533) through the whole program: from one Gatepost to the next, through the
queue, down to A-labels, back as a bounce."""
import email
import email.policy
import re
import smtplib

import pytest
from certificates import Authority
from dns_server import DnsServer
from fake_smtp import FakeServer
from gatepost import DEADLINE, Place, wait_until

SENDER, RECIPIENT = "jörg@grüße.test", "rené@ü.test"
SENDER_A, RECIPIENT_A = "xn--jrg-sna@xn--gre-6ka8l.test", "xn--ren-dma@xn--tda.test"

OPTIONS = """
acl_smtp_rcpt = {acl}
dsn_advertise_hosts = *
exim_user = mail
"""

SECTIONS = """
begin acl
downconvert:
  accept control = utf8_downconvert
begin routers
here:
  driver = accept
  domains = grüße.test : here.test : {local}
  local_parts = jörg : rené : boss
  transport = box
on:
  driver = manualroute
  route_list = * {host} byname
  self = send
  transport = on
begin transports
box:
  driver = appendfile
  file = {path}/$local_part_data.mbox
  return_path_add
  user = mail
on:
  driver = smtp
  port = {port}
  command_timeout = 5s
{transport}
begin retry
*  *  F,1h,10m
"""


def configure(place, port=1, host="127.0.0.1", transport="", options="", acl="accept", local=""):
    place.configure(OPTIONS.format(acl=acl) + options,
                    SECTIONS.format(path=place.path, port=port, host=host, transport=transport, local=local))
    place.path.chmod(0o1777)


def submit(place, *options, sender=SENDER, recipient=RECIPIENT, parameters=" SMTPUTF8"):
    """A message by -bs; whether it was taken."""
    session = (f"EHLO x.test\r\nMAIL FROM:<{sender}>{parameters}\r\nRCPT TO:<{recipient}>\r\nDATA\r\n"
               f"From: Jörg <{SENDER}>\r\nSubject: Grüße\r\nMessage-ID: <1@x.test>\r\n\r\nçava\r\n.\r\nQUIT\r\n")
    return "250 OK id=" in place.run(*options, "-bs", stdin=session.encode().decode("latin-1")).stdout


def log(place):
    return place.log("main").encode("latin-1").decode()


def mbox(place, name):
    path = place.path / f"{name}.mbox"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def commands(server):
    """What each connection was sent, without message data and the moment at which it came."""
    wait_until(lambda: all(lines[-1:] == ["END"] for lines in server.connections), "the connections end")
    return [[line.encode("latin-1").decode() for line in lines if not line.startswith(("DATA", "EHLO", "QUIT", "END", "EARLY"))]
            for lines in server.connections]


def test_from_one_gatepost_to_the_next(place, tmp_path):
    (tmp_path / "next").mkdir()
    following = Place(tmp_path / "next")
    try:
        configure(following, local="ü.test")
        configure(place, following.daemon())
        with smtplib.SMTP("127.0.0.1", place.daemon(), timeout=DEADLINE) as client:
            client.ehlo("client.test")
            assert client.has_extn("smtputf8")
            client.sendmail(SENDER, [RECIPIENT], f"From: Jörg <{SENDER}>\r\nSubject: Grüße\r\n\r\nçava\r\n".encode(),
                            mail_options=["SMTPUTF8", "BODY=8BITMIME"])
        place.wait_for_log("Completed")
        following.wait_for_log(" Completed")
        for hop in (place, following):
            assert f" <= {SENDER} H=" in log(hop) and " P=utf8esmtp " in log(hop)
        place.wait_for_log(" Completed")
        assert f" => {RECIPIENT} R=on T=on " in log(place)
        assert f" => rené <{RECIPIENT}> R=here T=box" in log(following)
        mail = mbox(following, "rené")
        assert f"Return-path: <{SENDER}>\n" in mail and mail.count(" with utf8esmtp ") == 2
        assert f"From: Jörg <{SENDER}>\nSubject: Grüße\n" in mail and mail.endswith("çava\n\n")
    finally:
        following.stop()


@pytest.mark.parametrize("transport, acl, features, asked", [
    ("", "accept", ("SMTPUTF8",), True), ("", "accept", (), False), ("  utf8_downconvert =", "downconvert", ("SMTPUTF8",), False)])
def test_the_queue_keeps_what_the_message_is(place, transport, acl, features, asked):
    server = FakeServer(features=features)
    try:
        configure(place, server.port, transport=transport, acl=acl)
        assert submit(place, "-odq")
        (envelope,) = place.path.glob("spool/input/*-H")
        text = envelope.read_text(encoding="utf-8")
        assert f"<{SENDER}>\n" in text and f"\n{RECIPIENT}\n" in text and "\n-smtputf8\n" in text
        assert ("\n-utf8_downcvt\n" in text) == (acl == "downconvert")
        place.run("-q")
        expected = [f"MAIL FROM:<{SENDER}> SMTPUTF8", f"RCPT TO:<{RECIPIENT}>"] if asked else \
            [f"MAIL FROM:<{SENDER_A}>", f"RCPT TO:<{RECIPIENT_A}>"]
        assert commands(server) == [expected]
        shown = RECIPIENT if asked else f"{RECIPIENT_A} <{RECIPIENT}>"
        assert f" => {shown} R=on T=on H=127.0.0.1" in log(place)
    finally:
        server.close()


def test_an_address_made_here_makes_a_message_international(place):
    server = FakeServer(features=("SMTPUTF8",))
    try:
        configure(place, server.port)
        place.config.write_text(place.config.read_text().replace(
            "begin routers\n", f"begin routers\nalias:\n  driver = redirect\n  local_parts = alias\n  data = {RECIPIENT}\n"))
        assert submit(place, "-odi", sender="a@y.test", recipient="alias@x.test", parameters="")
        assert commands(server) == [["MAIL FROM:<a@y.test> SMTPUTF8", f"RCPT TO:<{RECIPIENT}>"]]
        assert f" => {RECIPIENT} <alias@x.test> R=on T=on" in log(place)
    finally:
        server.close()


@pytest.mark.parametrize("sender, box", [(SENDER, "jörg"), ("boss@here.test", "boss")])
@pytest.mark.parametrize("parameters, part", [(" SMTPUTF8", "global"), (" SMTPUTF8 RET=HDRS", "global-headers")])
def test_bounces(place, sender, box, parameters, part):
    """Their parts are those of RFC 6533; a header line that is not ASCII goes to those alone who have such addresses."""
    server = FakeServer(features=())
    try:
        configure(place, server.port, transport="  utf8_downconvert = 0")
        assert submit(place, "-odi", sender=sender, parameters=parameters)
        wait_until(lambda: mbox(place, box), f"the bounce arrives\n{log(place)}")
        place.wait_for_log(" Completed")
        assert f" ** {RECIPIENT} R=on T=on H=127.0.0.1 [127.0.0.1]: utf8 support required but not offered" in log(place)
        report = email.message_from_bytes(mbox(place, box).split("\n", 1)[1].encode(), policy=email.policy.SMTPUTF8)
        assert report["X-Failed-Recipients"] == (RECIPIENT if sender == SENDER else r"ren\303\251@\303\274.test")
        text, status, original = report.get_payload()
        assert [p.get_content_type() for p in (text, status, original)] == [
            "text/plain", "message/global-delivery-status", f"message/{part}"]
        assert all(p["Content-Transfer-Encoding"] == "8bit" for p in (report, text, status, original))
        assert f"\n  {RECIPIENT}\n" in text.get_content() and text.get_param("charset") == "utf-8"
        whole = mbox(place, box)
        assert f"\nAction: failed\nFinal-Recipient: utf-8;{RECIPIENT}\nStatus: 5.0.0\n" in whole
        assert f"\nReturn-path: <{sender}>\n" in whole and "\nSubject: Grüße\n" in whole
        assert ("\nçava\n" in whole) == (part == "global")
        assert commands(server) == [[]]
    finally:
        server.close()


def test_bounces_of_other_messages_are_as_they_were(place):
    configure(place, transport="  hosts = :")
    place.config.write_text(place.config.read_text().replace("route_list = * 127.0.0.1 byname", "route_list = x.test 127.0.0.1"))
    assert submit(place, "-odi", sender="boss@here.test", recipient="é@z.test", parameters="")
    wait_until(lambda: mbox(place, "boss"), f"the bounce arrives\n{log(place)}")
    mail = mbox(place, "boss")
    assert "\nX-Failed-Recipients: \\303\\251@z.test\n" in mail and "\n  \\303\\251@z.test\n" in mail
    assert "global" not in mail and "charset=us-ascii" in mail and "Transfer-Encoding" not in mail


def test_reports_of_success(place):
    """The original address is what the client said; a next hop without SMTPUTF8 is shown it in ASCII."""
    server = FakeServer(features=("DSN",))
    try:
        configure(place, server.port)
        session = (f"EHLO x.test\r\nMAIL FROM:<{SENDER}> SMTPUTF8\r\nRCPT TO:<{RECIPIENT}> NOTIFY=SUCCESS "
                   "ORCPT=utf-8;rené@x.test\r\nRCPT TO:<jörg@grüße.test> NOTIFY=SUCCESS\r\nDATA\r\nSubject: x\r\n\r\n.\r\nQUIT\r\n")
        assert "250 OK id=" in place.run("-odi", "-bs", stdin=session.encode().decode("latin-1")).stdout
        assert commands(server) == [[f"MAIL FROM:<{SENDER_A}>",
                                     f"RCPT TO:<{RECIPIENT_A}> NOTIFY=SUCCESS ORCPT=utf-8;ren\\x{{E9}}@x.test"]]
        wait_until(lambda: "Delivery Status Notification" in mbox(place, "jörg"), f"the report arrives\n{log(place)}")
        mail = mbox(place, "jörg")
        assert f"<{SENDER}> (relayed via non \"Remote SMTP\" router)" in mail
        assert f"Final-Recipient: utf-8;{SENDER}\n" in mail and "message/global-delivery-status" in mail
    finally:
        server.close()


def test_from_the_command_line(place):
    """Nobody says SMTPUTF8 there: an address that is not ASCII does."""
    server = FakeServer(features=("SMTPUTF8",))
    plain = "Subject: x\n\nhi\n"
    try:
        configure(place, server.port)
        place.run("-odi", "-f", "a@y.test", "b@x.test", stdin=plain)
        place.run("-odi", "-f", SENDER, "b@x.test", stdin=plain)
        place.run("-odi", "-f", "a@y.test", RECIPIENT, stdin=plain)
        place.run("-odi", "-f", "a@y.test", "-t", stdin=f"To: {RECIPIENT}\n{plain}".encode().decode("latin-1"))
        assert commands(server) == [
            ["MAIL FROM:<a@y.test>", "RCPT TO:<b@x.test>"], [f"MAIL FROM:<{SENDER}> SMTPUTF8", "RCPT TO:<b@x.test>"],
            *[["MAIL FROM:<a@y.test> SMTPUTF8", f"RCPT TO:<{RECIPIENT}>"]] * 2]
        assert len(re.findall(r" P=local S=", log(place))) == 4
        bad = place.run("-f", b"a@\xff.test", "b@x.test", stdin=plain, code=1)
        assert 'bad -f address "a@\xff.test": invalid UTF-8 byte sequence' in bad.stderr
    finally:
        server.close()


def test_what_a_host_has_not_offered_before_is_not_taken_for_granted(place):
    """A host that is sent ahead to may offer SMTPUTF8 by now."""
    server = FakeServer(features=("PIPELINING", "PIPECONNECT"))
    try:
        configure(place, server.port, transport="  hosts_pipe_connect = *\n  utf8_downconvert = 0")
        assert submit(place, "-odi", sender="a@y.test", recipient="b@x.test", parameters="")
        server.features = ("PIPELINING", "PIPECONNECT", "SMTPUTF8")
        assert submit(place, "-odi")
        assert commands(server) == [["MAIL FROM:<a@y.test>", "RCPT TO:<b@x.test>"],
                                    [f"MAIL FROM:<{SENDER}> SMTPUTF8", f"RCPT TO:<{RECIPIENT}>"]]
        assert log(place).count(" Completed\n") == 2
    finally:
        server.close()


@pytest.mark.parametrize("name, verified", [("mx.xn--tda.test", True), ("mx.other.test", False)])
def test_certificates_have_alabels(place, tmp_path, name, verified):
    certificate = Authority(tmp_path).issue("hop", "/CN=hop.test", f"subjectAltName=DNS:{name}")
    server = FakeServer(certificate=certificate, features=("STARTTLS", "SMTPUTF8"))
    try:
        place.dns = DnsServer(tmp_path / "dns", {"test": "mx.xn--tda A 127.0.0.1\n"})
        configure(place, server.port, host="mx.ü.test", options="dns_ipv4_lookup = *\n",
                  transport=f"  hosts_require_tls = *\n  tls_verify_hosts = *\n  tls_verify_certificates = {tmp_path}/ca.pem\n"
                            "  tls_sni = $host")
        assert submit(place, "-odi")
        wait_until(lambda: re.search(r" (Completed|==)", log(place)), f"the message is dealt with\n{log(place)}")
        assert (f" => {RECIPIENT} R=on T=on H=mx.xn--tda.test [127.0.0.1] X=" in log(place)) == verified
        assert (" CV=yes " in log(place)) == verified
    finally:
        server.close()


def test_what_the_program_says_of_itself(place):
    assert re.search(r"^Support for:.* I18N ", place.run("-bV").stdout, re.M)
    place.configure(".ifdef _HAVE_I18N\n.ifdef _OPT_MAIN_SMTPUTF8_ADVERTISE_HOSTS\n"
                    "smtputf8_advertise_hosts = 192.0.2.0/24\n.endif\n.endif\n")
    assert "smtputf8_advertise_hosts = 192.0.2.0/24" in place.run("-bP", "smtputf8_advertise_hosts").stdout
    assert "250-SMTPUTF8\n" in place.session("EHLO x").replace("\r", "")
    assert "SMTPUTF8" not in place.session("EHLO x", options=("-bh", "198.51.100.1"))
