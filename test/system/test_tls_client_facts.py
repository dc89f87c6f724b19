"""TLS towards other servers: what expansions see of it, whose names count, and what callouts do."""
import re
import ssl

import pytest
from certificates import Authority
from fake_smtp import FakeServer
from gatepost import wait_until

OPTIONS = """
acl_smtp_rcpt = {acl}
"""

SECTIONS = """
begin acl
note:
  warn logwrite = $event_name: cipher=$tls_out_cipher std=$tls_out_cipher_std ver=$tls_out_ver bits=$tls_out_bits \\
                  dn=$tls_out_peerdn verified=$tls_out_certificate_verified sni=$tls_out_sni ocsp=$tls_out_ocsp \\
                  resumption=$tls_out_resumption peer=<${{certextract{{subject}}{{$tls_out_peercert}}}}> \\
                  own=<${{certextract{{subject}}{{$tls_out_ourcert}}}}>
  accept message =
callout:
  accept verify = recipient/callout=no_cache
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
{transport}
begin retry
*  *  F,1h,10m
"""


@pytest.fixture(name="authority")
def fixture_authority(tmp_path):
    authority = Authority(tmp_path)
    for name in ("hop", "client"):
        authority.issue(name, f"/CN={name}.test", f"subjectAltName=DNS:{name}.test")
        (tmp_path / f"{name}.key").chmod(0o644)
    return tmp_path


def deliver(place, server, transport, acl="accept"):
    """One message; what each connection was sent."""
    place.configure(OPTIONS.format(acl=acl), SECTIONS.format(port=server.port, transport=transport))
    result = place.run("-odi", "-bs", stdin="EHLO x.test\r\nMAIL FROM:<s@y.test>\r\nRCPT TO:<a@x.test>\r\nDATA\r\n"
                       "Subject: t\r\n\r\nhello\r\n.\r\nQUIT\r\n")
    assert "250 OK id=" in result.stdout
    wait_until(lambda: re.search(r" (Completed|==)", place.log("main")), "the message is dealt with")
    wait_until(lambda: all(lines[-1:] == ["END"] for lines in server.connections), "the connections end")
    return server.connections


def noted(place):
    """What the last smtp:ehlo event saw."""
    line = [line for line in place.log("main").split("\n") if " smtp:ehlo: " in line][-1]
    return dict(re.findall(r"(\w+)=(<[^>]*>|\S*)", line.split(" smtp:ehlo: ")[1]))


def test_variables(place, authority):
    server = FakeServer(certificate=authority / "hop.pem", features=("STARTTLS",))
    server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.context.load_cert_chain(authority / "hop.pem", authority / "hop.key")
    server.context.load_verify_locations(authority / "ca.pem")
    server.context.verify_mode = ssl.CERT_OPTIONAL  # asks for the client's
    try:
        deliver(place, server, f"""  hosts_require_tls = *
  tls_certificate = {authority}/client.pem
  tls_privatekey = {authority}/client.key
  tls_verify_certificates = {authority}/ca.pem
  tls_sni = sni.test
  event_action = ${{acl{{note}}}}""")
        assert noted(place) == {
            "cipher": "TLS1.3:TLS_AES_256_GCM_SHA384:256", "std": "TLS_AES_256_GCM_SHA384", "ver": "TLS1.3", "bits": "256",
            "dn": "/CN=hop.test", "verified": "0", "sni": "sni.test", "ocsp": "1", "resumption": "1",
            "peer": "<CN=hop.test>", "own": "<CN=client.test>"}
    finally:
        server.close()


def test_variables_in_the_clear(place):
    server = FakeServer()
    try:
        deliver(place, server, "  event_action = ${acl{note}}")
        assert noted(place) == {"cipher": "", "std": "", "ver": "", "bits": "0", "dn": "", "verified": "0", "sni": "", "ocsp": "0",
                                "resumption": "0", "peer": "<>", "own": "<>"}
    finally:
        server.close()


@pytest.mark.parametrize("names, accepted", [("*", False), (":", True), ("!127.0.0.1", True)])
def test_the_name_in_a_certificate(place, authority, names, accepted):
    """It is not the host's: that counts for the hosts in tls_verify_cert_hostnames."""
    server = FakeServer(certificate=authority / "hop.pem", features=("STARTTLS",))
    try:
        deliver(place, server, f"  hosts_require_tls = *\n  tls_verify_hosts = *\n  tls_verify_certificates = {authority}/ca.pem\n"
                               f"  tls_verify_cert_hostnames = {names}")
        assert (" => a@x.test " in place.log("main")) == accepted
        assert (" CV=yes " in place.log("main")) == accepted
        if not accepted:
            assert " == a@x.test R=on T=on defer (-37)" in place.log("main")
    finally:
        server.close()


@pytest.mark.parametrize("hosts, encrypted", [("*", False), (":", True)])
def test_callouts_in_the_clear(place, authority, hosts, encrypted):
    server = FakeServer(certificate=authority / "hop.pem", features=("STARTTLS",))
    try:
        callout, delivery = deliver(place, server, f"  hosts_verify_avoid_tls = {hosts}", acl="callout")
        assert ("TLS" in callout) == encrypted and "MAIL FROM:<>" in callout
        assert "TLS" in delivery and "MAIL FROM:<s@y.test>" in delivery
    finally:
        server.close()
