"""TLS in the smtp transport: certificates that are good and that are not, stapled statuses, SNI, variables, events."""
import re

import pytest
from certificates import Authority
from fake_smtp import FakeServer
from gatepost import PLAIN, Place
from open_directory import open_to_all
from queueing import message
from test_handing_on import SECTIONS

OPTIONS = "acl_smtp_rcpt = accept\ntrusted_users = root\nlog_selector = +tls_peerdn\n"
NOTE = """
begin acl
note:
  warn logwrite = NOTE o=$tls_out_ocsp v=$tls_out_certificate_verified s=$tls_out_sni d=$tls_out_peerdn \\
       n=$tls_out_ver b=$tls_out_bits c=$tls_out_cipher_std t=$tls_out_cipher \\
       p=${certextract{subject,CN}{$tls_out_peercert}} u=${certextract{subject,CN}{$tls_out_ourcert}}
  accept message =
refuse:
  warn logwrite = CERT $event_data ${certextract{subject,CN}{$tls_out_peercert}}
  accept message = ${if eq{$event_data}{0}{do not like it}}
see:
  warn logwrite = EVENT $event_name $event_data ${certextract{subject,CN}{$tls_out_peercert}}
  accept message =
"""
BLACKHOLE = "begin routers\nr:\n  driver = redirect\n  data = :blackhole:\n"


@pytest.fixture(name="pki", scope="module")
def fixture_pki(tmp_path_factory):
    directory = open_to_all(tmp_path_factory.mktemp("pki"))
    ca = Authority(directory)
    ca.issue("hop", "/O=Test/CN=hop.test", "subjectAltName=DNS:hop.test,IP:127.0.0.1")
    ca.issue("expired", "/CN=expired.test", "subjectAltName=IP:127.0.0.1", days=-1)
    ca.issue("other", "/CN=other.test", "subjectAltName=DNS:other.test")
    ca.issue("client", "/CN=client.test")
    Authority(directory, "wrong", "/CN=Wrong CA").issue("stranger", "/CN=stranger.test", "subjectAltName=IP:127.0.0.1")
    for key in directory.glob("*.key"):
        key.chmod(0o644)
    return directory


@pytest.fixture(name="serve")
def fixture_serve():
    servers = []

    def serve(certificate, **arguments):
        servers.append(FakeServer(certificate=certificate, features=("STARTTLS",), **arguments))
        return servers[-1]

    yield serve
    for server in servers:
        server.close()


def deliver(place, port, options, trusted):
    """The log of the attempt to deliver a message."""
    place.configure(OPTIONS, NOTE + SECTIONS.format(
        port=port, options=f"  tls_verify_certificates = {trusted}\n{options}"))
    message(place, "-odf", "-f", "s@y.test", "a@x.test")
    log = place.log("main")
    assert " Completed" in log or " == a@x.test" in log
    return log


def note(log):
    """What the ACL at the end of the last EHLO says."""
    return dict(part.partition("=")[::2] for part in re.findall(r"NOTE (.*)", log)[-1].split(" "))


SEE = "  event_action = ${if eq{$event_name}{smtp:ehlo}{${acl{note}}}}\n"
VERIFY, REQUIRE = "  tls_verify_hosts = *\n", "  hosts_require_tls = *\n"


# --- Certificates

FAULTS = [
    ("expired", "ca", "SSL verify error: depth=0 error=certificate has expired cert=/CN=expired.test"),
    ("other", "ca", 'SSL verify error: certificate name mismatch: DN="/CN=other.test" H="127.0.0.1"'),
    ("stranger", "ca", "SSL verify error: depth=0 error=unable to get local issuer certificate cert=/CN=stranger.test"),
]


@pytest.mark.parametrize("name, trusted, why", FAULTS)
def test_certificate_that_has_to_verify(place, pki, serve, name, trusted, why):
    log = deliver(place, serve(pki / f"{name}.pem").port, VERIFY + REQUIRE, pki / f"{trusted}.pem")
    assert f" [127.0.0.1] {why}\n" in log
    assert re.search(r" == a@x\.test R=on T=on defer \(-37\).*: TLS session: .*certificate verify failed", log), log
    assert " => " not in log


@pytest.mark.parametrize("name, trusted, why", FAULTS)
def test_certificate_that_should_verify(place, pki, serve, name, trusted, why):
    """By default a fault is logged, and the message goes."""
    log = deliver(place, serve(pki / f"{name}.pem").port, SEE, pki / f"{trusted}.pem")
    assert f" [127.0.0.1] {why}\n" in log
    assert re.search(r' => a@x\.test R=on T=on H=127\.0\.0\.1 \[127\.0\.0\.1\] X=TLS1\.3:\S+ CV=no DN="/CN=', log), log
    assert note(log)["v"] == "0"


def test_nobody_looks_at_it(place, pki, serve):
    log = deliver(place, serve(pki / "expired.pem").port, SEE + "  tls_try_verify_hosts =\n", pki / "ca.pem")
    assert "SSL verify" not in log and " CV=" not in log
    assert note(log)["v"] == "0"


def test_name_that_does_not_matter(place, pki, serve):
    log = deliver(place, serve(pki / "other.pem").port, VERIFY + SEE + "  tls_verify_cert_hostnames =\n",
                  pki / "ca.pem")
    assert ' CV=yes DN="/CN=other.test"' in log
    assert note(log)["v"] == "1"


@pytest.mark.parametrize("options, delivered", [("", True), (REQUIRE, False),
                                                ("  tls_tempfail_tryclear = no\n", False)])
def test_in_the_clear_instead(place, pki, serve, options, delivered):
    server = serve(pki / "expired.pem")
    log = deliver(place, server.port, VERIFY + options, pki / "ca.pem")
    assert (" => a@x.test R=on T=on H=127.0.0.1 [127.0.0.1] C=" in log) == delivered
    assert ("delivering unencrypted to H=127.0.0.1 [127.0.0.1] (not in hosts_require_tls)" in log) == delivered
    assert any("DATA" in lines for lines in server.connections) == delivered


# --- Variables and events

def test_variables(place, pki, serve):
    log = deliver(place, serve(pki / "hop.pem").port, VERIFY + SEE + "  tls_sni = name.of.$host\n" +
                  f"  tls_certificate = {pki}/client.pem\n  tls_privatekey = {pki}/client.key\n", pki / "ca.pem")
    assert ' CV=yes DN="/O=Test/CN=hop.test"' in log
    assert note(log) == {
        "o": "1", "v": "1", "s": "name.of.127.0.0.1", "d": "/O=Test/CN=hop.test", "n": "TLS1.3", "b": "256",
        "c": "TLS_AES_256_GCM_SHA384", "t": "TLS1.3:TLS_AES_256_GCM_SHA384:256", "p": "hop.test", "u": ""}


def test_events(place, pki, serve):
    """tls:cert sees each certificate of the chain, the topmost first."""
    log = deliver(place, serve(pki / "hop.pem").port,
                  VERIFY + "  event_action = ${if match{$event_name}{^tls:}{${acl{see}}}}\n", pki / "ca.pem")
    assert re.findall(r"EVENT (.*)", log) == ["tls:cert 1 Test CA", "tls:cert 0 hop.test"]
    assert " CV=yes " in log


def test_event_refuses_certificate(place, pki, serve):
    log = deliver(place, serve(pki / "hop.pem").port, VERIFY + REQUIRE +
                  "  event_action = ${if eq{$event_name}{tls:cert}{${acl{refuse}}}}\n", pki / "ca.pem")
    assert re.findall(r"CERT (.*)", log) == ["1 Test CA", "0 hop.test"]
    assert "SSL verify denied by event-action: depth=0 cert=/O=Test/CN=hop.test: do not like it" in log
    assert " == a@x.test" in log and "(-37)" in log


def test_event_of_failure(place, pki, serve):
    log = deliver(place, serve(pki / "expired.pem").port, VERIFY + REQUIRE +
                  "  event_action = ${if match{$event_name}{^tls:fail}{${acl{see}}}}\n", pki / "ca.pem")
    assert re.search(r"EVENT tls:fail:connect .*certificate verify failed", log)


# --- Stapled statuses

@pytest.fixture(name="stapling")
def fixture_stapling(tmp_path):
    """A server of ours that staples what it is told to."""
    (tmp_path / "hop").mkdir()
    other = Place(tmp_path / "hop")

    def serve(pki, response):
        staple = f"tls_ocsp_file = {response}\n" if response else ""
        other.configure(f"acl_smtp_rcpt = accept\ntls_advertise_hosts = *\ntls_certificate = {pki}/hop.pem\n"
                        f"tls_privatekey = {pki}/hop.key\nlog_selector = +tls_sni\n{staple}", BLACKHOLE + PLAIN)
        return other.daemon()

    yield serve
    other.stop()


def response_for(pki, directory, status):
    if status == "absent":
        return None
    signer = Authority.__new__(Authority)
    signer.directory, signer.name = directory, "signer"
    signer.certificate, signer.key, signer.index = pki / "ca.pem", pki / "ca.key", directory / "index"
    response = signer.ocsp(pki / "hop.pem", status == "revoked").rename(directory / "response")
    response.chmod(0o644)
    return response


@pytest.mark.parametrize("status, required, requested", [("good", 4, 4), ("revoked", None, 3), ("absent", None, 1)])
def test_stapled_status(place, pki, stapling, status, required, requested):
    """A certificate whose status is asked for, and has to be good, or need not be."""
    port = stapling(pki, response_for(pki, place.path, status))
    log = deliver(place, port, VERIFY + SEE, pki / "ca.pem")
    assert " CV=yes " in log and note(log)["o"] == str(requested)
    log = deliver(place, port, VERIFY + SEE + "  hosts_request_ocsp =\n", pki / "ca.pem")
    assert note(log)["o"] == "0"
    log = deliver(place, port, VERIFY + REQUIRE + SEE + "  hosts_require_ocsp = *\n", pki / "ca.pem")
    if required:
        assert log.count(" CV=yes ") == 3 and note(log)["o"] == str(required)
    else:
        assert log.count(" => ") == 2
        assert re.search(r" == a@x\.test .*\(-37\).*: TLS session: ", log), log
