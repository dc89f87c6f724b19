"""The whole way of a message: from swaks to Gatepost, from there to a mail server of another make, into a mailbox."""
import re
import smtplib
import subprocess

import pytest

from certificates import Authority
from gatepost import DEADLINE, PLAIN, Place, free_port, wait_until
from mounts import possible
from next_hops import RECIPIENT, Exim, OpenSmtpd, Postfix, start
from open_directory import open_to_all

OPTIONS = """
tls_advertise_hosts = *
tls_certificate = {pki}/gatepost.pem
tls_privatekey = {pki}/gatepost.key
tls_on_connect_ports = {tls_port}
acl_smtp_rcpt = check
log_selector = +tls_peerdn +smtp_confirmation +protocol_detail
exim_user = mail
"""

CHECK = """
begin acl
check:
  accept authenticated = *
  deny
"""

HANDING_ON = """
client:
  driver = plaintext
  public_name = PLAIN
  client_send = ^{user}^{password}
  client_set_id = {user}

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
  command_timeout = 10s
{options}

begin retry
*  *  F,1h,10m
"""

WAYS = ("plain", "starttls", "on-connect")


@pytest.fixture(name="pki", scope="module")
def fixture_pki(tmp_path_factory):
    directory = open_to_all(tmp_path_factory.mktemp("pki"))
    authority = Authority(directory)
    for name in ("gatepost", "hop"):
        authority.issue(name, f"/CN={name}.test", "subjectAltName=IP:127.0.0.1")
    (directory / "gatepost.key").chmod(0o644)
    (directory / "hop.key").chmod(0o600)
    return directory


@pytest.fixture(name="hop", scope="module", params=[Postfix, Exim, OpenSmtpd], ids=lambda kind: kind.__name__)
def fixture_hop(request, pki, tmp_path_factory):
    if request.param is OpenSmtpd and not possible():
        pytest.skip("cannot mount anything")
    directory = open_to_all(tmp_path_factory.mktemp("hop"))
    hop = start(request.param, directory, pki / "hop.pem", Place.listening)
    yield hop
    hop.stop()


def configure(place, pki, hop, way, password="secret", tls_port=0):
    options = {"plain": "  hosts_avoid_tls = *",
               "starttls": "  hosts_require_tls = *",
               "on-connect": "  protocol = smtps"}[way if hop.tls else "plain"]
    options += f"\n  tls_verify_hosts = *\n  tls_verify_certificates = {pki}/ca.pem"
    options += f"\n  hosts_{'require' if hop.tls else 'try'}_auth = *"
    port = hop.tls_port if way == "on-connect" and hop.tls else hop.port
    place.configure(OPTIONS.format(pki=pki, tls_port=tls_port), CHECK + PLAIN + HANDING_ON.format(
        user=hop.user, password=password, port=port, options=options))


def swaks(port, way, subject):
    tls = {"plain": [], "starttls": ["--tls"], "on-connect": ["--tls-on-connect"]}[way]
    result = subprocess.run(["swaks", "--server", f"127.0.0.1:{port}", "--helo", "client.test", "--auth", "PLAIN",
                             "--auth-user", "alice", "--auth-password", "secret", "--from", "alice@from.test",
                             "--to", RECIPIENT, "--header", f"Subject: {subject}", "--body", "Hello\n.\n..Bob\n", *tls],
                            capture_output=True, timeout=DEADLINE, check=False, text=True)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("way", WAYS)
def test_from_client_to_mailbox(place, pki, hop, way):
    tls_port = free_port()
    configure(place, pki, hop, way, tls_port=tls_port)
    port = place.daemon("-oX", f"127.0.0.1.{tls_port}") if way == "on-connect" else place.daemon()
    subject = f"by {way} to {type(hop).__name__}"
    swaks(tls_port if way == "on-connect" else port, way, subject)
    place.wait_for_log(" Completed")
    wait_until(lambda: any(subject in mail for mail in hop.mails()), "the message is in the mailbox")
    mail = next(mail for mail in hop.mails() if subject in mail)
    assert re.search(r"\n\r?\nHello\r?\n\.\r?\n\.\.Bob\r?\n", mail)
    assert f"by mail.test with esmtp{'' if way == 'plain' else 's'}a" in mail

    arrival, delivery = (next(line for line in place.log("main").split("\n") if f" {mark} " in line)
                         for mark in ("<=", "=>"))
    cipher = "" if way == "plain" else r" X=TLS1\.3:TLS_AES_256_GCM_SHA384:256"
    assert re.search(r" <= alice@from\.test H=\(client\.test\) \[127\.0\.0\.1\] P=esmtp" +
                     ("a" if way == "plain" else "sa") + cipher + r" A=plain:alice S=\d+ ", arrival), arrival
    encrypted = hop.tls and way != "plain"
    cipher = r' X=TLS1\.3:\S+ CV=yes DN="/CN=hop\.test"' if encrypted else ""
    user = f" A=client:{re.escape(hop.user)}" if hop.tls else ""
    began = ("esea" if way == "starttls" else "ea") if hop.tls else "e"
    assert re.search(rf" => {RECIPIENT} R=on T=on H=127\.0\.0\.1 \[127\.0\.0\.1\]{cipher}{user} PS={began}"
                     r'( K)? C="250[- ].*"$', delivery), delivery


def test_an_international_message(place, pki, hop):
    """A hop without SMTPUTF8 gets the addresses in A-labels."""
    sender, alabels = "jörg@grüße.test", "xn--jrg-sna@xn--gre-6ka8l.test"
    configure(place, pki, hop, "plain")
    subject = f"Grüße für {type(hop).__name__}"
    with smtplib.SMTP("127.0.0.1", place.daemon(), "client.test", DEADLINE) as client:
        client.login("alice", "secret")
        client.sendmail(sender, [RECIPIENT], f"From: {sender}\r\nSubject: {subject}\r\n\r\nçava\r\n".encode(),
                        mail_options=["SMTPUTF8", "BODY=8BITMIME"])
    place.wait_for_log(" Completed")

    def arrived():
        return [mail for mail in (mail.encode("latin-1").decode() for mail in hop.mails()) if subject in mail]

    wait_until(arrived, "the message is in the mailbox")
    (mail,) = arrived()
    assert "by mail.test with utf8esmtpa" in mail and "çava" in mail
    seen = {Postfix: f"Return-Path: <{sender}>", Exim: "by exim.test with utf8esmtpa", OpenSmtpd: f"Return-Path: <{alabels}>"}
    assert seen[type(hop)] in mail, mail
    line = next(line for line in place.log("main").split("\n") if " <= " in line)
    assert f" <= {sender} H=(client.test) [127.0.0.1] P=utf8esmtpa A=plain:alice " in line.encode("latin-1").decode()


def test_wrong_password_puts_the_message_off(place, pki, hop):
    if not hop.tls:
        pytest.skip("it asks for none")
    configure(place, pki, hop, "starttls", password="wrong")
    swaks(place.daemon(), "starttls", "never")
    place.wait_for_log(" == ")
    log = place.log("main")
    assert re.search(r" client authenticator failed H=127\.0\.0\.1 \[127\.0\.0\.1\] 535[ -]", log), log
    assert f" == {RECIPIENT} R=on T=on defer (-42): authentication required but authentication attempt(s) failed" in log
    assert "secret" not in log and "wrong" not in log
    assert not any("never" in mail for mail in hop.mails())


def test_certificate_of_another_authority(place, pki, hop, tmp_path):
    if not hop.tls:
        pytest.skip("it has none")
    other = Authority(tmp_path, "other", "/CN=Other CA")
    assert other
    configure(place, tmp_path, hop, "starttls")
    text = place.config.read_text().replace(f"{tmp_path}/gatepost", f"{pki}/gatepost")
    place.config.write_text(text.replace(f"{tmp_path}/ca.pem", f"{tmp_path}/other.pem"))
    swaks(place.daemon(), "starttls", "not here")
    place.wait_for_log(" == ")
    assert re.search(rf" == {RECIPIENT} R=on T=on .*\(-37\).*: TLS session: .*certificate verify failed", place.log("main"))
