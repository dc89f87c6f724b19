"""TLS in the server: STARTTLS and TLS on connect, certificates of both sides, with real clients."""
import os
import re
import socket
import ssl
import subprocess

import ldap_server
import pytest
from certificates import RSA_KEY, Authority, openssl
from gatepost import DEADLINE, PLAIN, RIGHT, WRONG, Client, LocalClient, children, free_port
from open_directory import open_to_all

SHOW = """
begin acl
what:
  accept message = c=$tls_in_cipher|d=$tls_in_peerdn|s=$tls_in_sni|v=$tls_in_certificate_verified|\\
                   p=$received_protocol|o=$tls_in_ocsp|r=$tls_in_resumption|a=$authenticated_id|\\
                   n=${certextract{subject,CN}{$tls_in_ourcert}}|i=$tls_in_cipher_std,$tls_in_ver,$tls_in_bits
"""


@pytest.fixture(name="pki", scope="module")
def fixture_pki(tmp_path_factory):
    """An authority, certificates of a server and of clients, and an authority that nobody trusts."""
    directory = open_to_all(tmp_path_factory.mktemp("pki"))
    ca = Authority(directory)
    ca.issue("server", "/O=Test/CN=mail.test", "subjectAltName=DNS:mail.test,DNS:localhost,IP:127.0.0.1")
    ca.issue("server-rsa", "/O=Test/CN=rsa.test", key=RSA_KEY)
    ca.issue("other-host", "/CN=other.test", "subjectAltName=DNS:other.test")
    ca.issue("alice", "/O=Test/CN=alice", "subjectAltName=email:alice@mail.test")
    ca.issue("two", "/O=Test/CN=two", "subjectAltName=email:alice@mail.test,email:bob@mail.test")
    ca.issue("mallory", "/O=Test/CN=mallory", "subjectAltName=email:mallory@mail.test")
    ca.issue("expired", "/O=Test/CN=expired", days=-1)
    Authority(directory, "wrong", "/CN=Wrong CA").issue("stranger", "/CN=stranger",
                                                        "subjectAltName=email:alice@mail.test")
    ca.crl(directory / "mallory.pem")
    return directory


class TlsClient(Client):
    """A client that can go over to TLS."""

    def start_tls(self, certificate=None, sni=None, version=None, context=None, session=None):
        context = context or client_context(certificate, version)
        self.socket = context.wrap_socket(self.socket, server_hostname=sni, session=session)
        self.file = self.socket.makefile("rb")
        return self

    def starttls(self, **options):
        assert self.command("STARTTLS") == "220 TLS go ahead"
        return self.start_tls(**options)


def client_context(certificate=None, version=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    if version:
        context.minimum_version = context.maximum_version = version
    return context


def options(pki, extra=""):
    """The main options of most tests."""
    return (f"tls_advertise_hosts = *\ntls_certificate = {pki}/server.pem\ntls_privatekey = {pki}/server.key\n"
            f"acl_smtp_mail = what\n{extra}\n")


def start(place, pki, extra="", sections=SHOW + PLAIN):
    place.configure(options(pki, extra), sections)
    return place.daemon()


def secure(port, hello="EHLO client.test", source="127.0.0.1", **how):
    client = TlsClient(port, source=source)
    client.command("EHLO before.test")
    client.starttls(**how)
    if hello:
        client.command(hello)
    return client


def facts(client):
    """What the ACL for MAIL says about the session."""
    reply = client.command("MAIL FROM:<a@b.test>")
    assert reply.startswith("250 "), reply
    return dict(part.partition("=")[::2] for part in reply[4:].split("|"))


# --- STARTTLS

def test_starttls(place, pki):
    port = start(place, pki, "log_selector = +tls_sni\n")
    with TlsClient(port) as client:
        assert "250-STARTTLS" in client.command("EHLO client.test").split("\n")
        assert client.command("AUTH PLAIN " + RIGHT) == "235 Authentication succeeded"
        client.starttls(sni="mail.test")
        # Nothing of what was said in clear counts any more.
        assert client.command("MAIL FROM:<a@b.test>") == "503 HELO or EHLO required"
        hello = client.command("EHLO client.test")
        assert "STARTTLS" not in hello and "250-AUTH PLAIN LOGIN" in hello.split("\n")
        assert facts(client) == {"c": "TLS1.3:TLS_AES_256_GCM_SHA384:256", "d": "", "s": "mail.test", "v": "0",
                                 "p": "esmtps", "o": "0", "r": "1", "a": "", "n": "mail.test",
                                 "i": "TLS_AES_256_GCM_SHA384,TLS1.3,256"}
        assert client.command("STARTTLS") == "503 STARTTLS command used when not advertised"
        client.command("RSET")
        assert client.command("AUTH PLAIN " + WRONG) == "535 Incorrect authentication data"
        assert client.command("AUTH PLAIN " + RIGHT) == "235 Authentication succeeded"
        assert facts(client)["p"] == "esmtpsa"
        assert client.command("RCPT TO:<c@d.test>").startswith("550")
        assert client.command("QUIT").startswith("221")
    place.wait_for_log("H=(client.test) [127.0.0.1] X=TLS1.3:TLS_AES_256_GCM_SHA384:256 SNI=mail.test F=<a@b.test> "
                       "A=plain:alice rejected RCPT <c@d.test>")


@pytest.mark.parametrize("version, name", [(ssl.TLSVersion.TLSv1_2, "TLS1.2:"), (ssl.TLSVersion.TLSv1_3, "TLS1.3:")])
def test_versions(place, pki, version, name):
    port = start(place, pki)
    with secure(port, version=version) as client:
        seen = facts(client)
        assert seen["c"].startswith(name) and seen["i"].split(",")[1] == name.rstrip(":")


def test_what_is_pipelined_behind_starttls_is_thrown_away(place, pki):
    """RFC 3207, CVE-2011-0411: nothing that was injected in clear is obeyed under TLS."""
    port = start(place, pki, "smtp_enforce_sync = no\n")
    with TlsClient(port) as client:
        client.command("EHLO client.test")
        client.send("STARTTLS\r\nEHLO evil.test\r\nMAIL FROM:<evil@b.test>\r\n")
        assert client.reply() == "220 TLS go ahead"
        client.start_tls()
        assert client.command("NOOP") == "250 OK"
        assert client.command("RCPT TO:<c@d.test>").startswith("503")
        assert client.command("MAIL FROM:<a@b.test>") == "503 HELO or EHLO required"
    assert "evil" not in place.log("main")


def test_what_comes_too_soon_ends_the_session(place, pki):
    port = start(place, pki)
    with TlsClient(port) as client:
        client.command("EHLO client.test")
        client.send("STARTTLS\r\nMAIL FROM:<evil@b.test>\r\n")
        assert client.reply() == "554 SMTP synchronization error" and client.at_end()


def test_synchronisation_within_tls(place, pki):
    port = start(place, pki)
    with secure(port) as client:
        client.send("NOOP\r\nNOOP\r\n")
        assert client.reply() == "554 SMTP synchronization error"
    place.wait_for_log('rejected "NOOP" H=(client.test) [127.0.0.1] next input="NOOP')


def test_tls_closed_in_the_middle_of_auth_ends_the_session(place, pki):
    """CVE-2026-45185: nothing goes on in clear."""
    port = start(place, pki)
    client = secure(port)
    assert client.command("AUTH LOGIN").startswith("334")
    client.socket.setblocking(False)
    try:
        client.socket.unwrap()  # says close_notify and does not await the answer
    except (ssl.SSLWantReadError, ssl.SSLError, OSError):
        pass
    raw = socket.socket(fileno=os.dup(client.socket.fileno()))
    raw.settimeout(DEADLINE)
    raw.sendall(b"YWxpY2U=\r\nNOOP\r\n")
    received = b""
    try:
        while data := raw.recv(4096):
            received += data
    except ConnectionResetError:
        pass
    raw.close()
    client.close()
    assert b"250" not in received and b"334" not in received
    with secure(port) as another:
        assert another.command("NOOP") == "250 OK"


def test_configuration_that_is_no_good(place, pki):
    port = start(place, pki, f"tls_dhparam = {pki}/nowhere\n")
    with TlsClient(port) as client:
        client.command("EHLO client.test")
        assert client.command("STARTTLS") == "454 TLS currently unavailable"
        assert client.command("NOOP") == "250 OK"
    place.wait_for_log("TLS error on connection from (client.test) [127.0.0.1] "
                       f"(could not read dhparams file={pki}/nowhere): error:")


@pytest.mark.parametrize("setting, why", [
    ("openssl_options = +no_sslv3 +nonsense", 'openssl_options: unrecognised item "+nonsense"'),
    ("openssl_options = no_sslv3", 'malformed openssl_options setting: "+" or "-" expected but found "no_sslv3"'),
    ("tls_dh_max_bits = 512", "tls_dh_max_bits is too small, must be at least 1024"),
    ("gnutls_compat_mode", 'option "gnutls_compat_mode" is known to Exim but not supported by gatepost'),
])
def test_settings_that_are_found_out_at_once(place, setting, why):
    place.configure(f"tls_advertise_hosts =\n{setting}\n")
    assert why in place.run("-bV", code=1).stderr


def test_acl_for_starttls(place, pki):
    port = start(place, pki, "acl_smtp_starttls = no\n", SHOW + "no:\n  deny message = not for you\n" + PLAIN)
    with TlsClient(port) as client:
        client.command("EHLO client.test")
        assert client.command("STARTTLS") == "550 not for you"
    place.wait_for_log("H=(client.test) [127.0.0.1] rejected STARTTLS : not for you")


def test_remembering_esmtp(place, pki):
    port = start(place, pki, "tls_remember_esmtp\n")
    with secure(port, hello=None) as client:
        assert facts(client)["p"] == "esmtps"
        client.command("RSET")
        assert client.command("AUTH PLAIN " + RIGHT) == "235 Authentication succeeded"


def test_not_offered_to_everybody(place, pki):
    place.configure(options(pki).replace("hosts = *", "hosts = 127.0.0.2"), SHOW + PLAIN)
    port = place.daemon()
    for source, offered in (("127.0.0.1", False), ("127.0.0.2", True)):
        with TlsClient(port, source=source) as client:
            assert ("STARTTLS" in client.command("EHLO x.test")) == offered


def test_self_signed(place):
    place.configure("tls_advertise_hosts = *\nacl_smtp_mail = what\n", SHOW + PLAIN)
    port = place.daemon()
    with secure(port) as client:
        assert facts(client)["n"] == "mail.test"
    assert "Warning: No server certificate defined; will use a selfsigned one." in place.log("main")


# --- TLS on connect

def test_tls_on_connect(place, pki):
    port = start(place, pki, "tls_on_connect_ports = 1 : 2\n")
    place.wait_for_log(f"listening for SMTP on [127.0.0.1]:{port}\n")
    smtps = place.daemon("-tls-on-connect")
    place.wait_for_log(f"listening for SMTPS on [127.0.0.1]:{smtps}\n")
    with TlsClient(smtps, greet=False).start_tls() as client:
        assert client.reply().startswith("220 mail.test ESMTP")
        assert "STARTTLS" not in client.command("EHLO client.test")
        assert facts(client)["p"] == "esmtps"
        assert client.command("HELO client.test").startswith("250")
        assert facts(client)["p"] == "smtps"
    with TlsClient(smtps, greet=False) as client:
        client.send("EHLO client.test\r\n")
        client.file.read()
    place.wait_for_log("TLS error on connection from [127.0.0.1] (SSL_accept): error:")


def test_ports_with_tls_on_connect(place, pki):
    smtps = free_port()
    port = free_port()
    place.configure(options(pki, f"tls_on_connect_ports = {smtps}\n"), SHOW + PLAIN)
    place.daemon("-oX", f"127.0.0.1.{port} : 127.0.0.1.{smtps}")
    place.wait_for_log(f"listening for SMTP on [127.0.0.1]:{port} and for SMTPS on [127.0.0.1]:{smtps}\n")
    with TlsClient(smtps, greet=False).start_tls() as client:
        assert client.reply().startswith("220")
    with TlsClient(port) as client:
        assert client.banner.startswith("220")


# --- Clients' certificates

VERIFY = "tls_verify_certificates = {0}/ca.pem\ntls_verify_hosts = 127.0.0.3\ntls_try_verify_hosts = 127.0.0.2\n"


@pytest.mark.parametrize("name, verified, why", [
    (None, "0", None),
    ("alice", "1", None),
    ("expired", "0", "certificate has expired"),
    ("stranger", "0", "unable to get local issuer certificate"),
])
def test_certificates_of_clients(place, pki, name, verified, why):
    port = start(place, pki, VERIFY.format(pki) + "log_selector = +tls_peerdn\n")
    certificate = name and pki / f"{name}.pem"
    with secure(port, certificate=certificate) as client:  # not asked for
        seen = facts(client)
        assert (seen["v"], seen["d"]) == ("0", "")
    with secure(port, certificate=certificate, source="127.0.0.2") as client:
        seen = facts(client)
        assert seen["v"] == verified
        assert seen["d"] == ({"alice": "/O=Test/CN=alice", "expired": "/O=Test/CN=expired",
                              "stranger": "/CN=stranger"}.get(name, ""))
        assert client.command("RCPT TO:<c@d.test>").startswith("550")
    cv = "yes" if verified == "1" else "no"
    place.wait_for_log(f"[127.0.0.2] X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV={cv}" +
                       (f' DN="{seen["d"]}"' if name else "") + " F=<a@b.test> rejected RCPT")
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        try:
            with secure(port, certificate=certificate, source="127.0.0.3", version=version) as client:
                accepted = client.command("NOOP") == "250 OK"
        except (ssl.SSLError, OSError):
            accepted = False
        assert accepted == (verified == "1")
    if why:
        place.wait_for_log(f"[127.0.0.2] SSL verify error: depth=0 error={why} cert={seen['d']}")
        place.wait_for_log("TLS error on connection from (before.test) [127.0.0.3] (SSL_accept): error:")
    elif not name:
        place.wait_for_log("[127.0.0.3] (SSL_accept): error:0A0000C7:SSL routines::peer did not return a certificate")


def test_events(place, pki):
    """tls:cert sees each certificate of the chain and can refuse it; tls:fail:connect comes behind the failure."""
    place.configure(options(pki, f"tls_verify_certificates = {pki}/ca.pem\ntls_try_verify_hosts = *\n"
                                 "event_action = ${if match{$event_name}{^tls}{${acl{event}}}}\n"),
                    SHOW + """
event:
  warn  logwrite = EVENT $event_name $event_data ${certextract{subject,CN}{$tls_in_peercert}}
  deny  condition = ${if eq{${certextract{subject,CN}{$tls_in_peercert}}}{two}}
        message = no twos
  accept message =
""" + PLAIN)
    port = place.daemon()
    with secure(port, certificate=pki / "alice.pem") as client:
        assert facts(client)["v"] == "1"
    with secure(port, certificate=pki / "two.pem") as client:
        assert facts(client)["v"] == "0"
    for line in ("EVENT tls:cert 1 Test CA", "EVENT tls:cert 0 alice", "EVENT tls:cert 0 two",
                 "[127.0.0.1] SSL verify denied by event-action: depth=0 cert=/O=Test/CN=two: no twos"):
        place.wait_for_log(line)
    with TlsClient(port) as client:
        client.command("EHLO client.test")
        client.command("STARTTLS")
        client.send("not TLS\r\n")
        client.file.read()
    place.wait_for_log("EVENT tls:fail:connect (SSL_accept): error:")


def test_revoked_certificates(place, pki):
    port = start(place, pki, f"tls_verify_certificates = {pki}/ca.pem\ntls_try_verify_hosts = *\n"
                             f"tls_crl = {pki}/ca.crl\n")
    for name, verified in (("alice", "1"), ("mallory", "0")):
        with secure(port, certificate=pki / f"{name}.pem") as client:
            assert facts(client)["v"] == verified
    place.wait_for_log("SSL verify error: depth=0 error=certificate revoked cert=/O=Test/CN=mallory")


def test_authorities_in_a_directory(place, pki):
    directory = place.path / "authorities"
    directory.mkdir()
    digest = openssl("x509", "-in", pki / "ca.pem", "-noout", "-hash").strip()
    (directory / f"{digest}.0").symlink_to(pki / "ca.pem")
    port = start(place, pki, f"tls_verify_certificates = {directory}\ntls_verify_hosts = *\n")
    with secure(port, certificate=pki / "alice.pem") as client:
        assert facts(client)["v"] == "1"


# --- Which certificate is shown

def test_sni_decides_about_the_certificate(place, pki):
    """A lookup makes a clean name of what the client sends; what it does not find gives the default."""
    (place.path / "names").write_text(f"other.test: {pki}/other-host\n")
    lookup = f"${{lookup{{$tls_in_sni}}lsearch{{{place.path}/names}}{{$value}}{{{pki}/server}}}}"
    place.configure(f"tls_advertise_hosts = *\ntls_certificate = {lookup}.pem\ntls_privatekey = {lookup}.key\n"
                    "acl_smtp_mail = what\n", SHOW + PLAIN)
    for file in ("server", "other-host"):
        (pki / f"{file}.key").chmod(0o644)  # such files are read by workers
    port = place.daemon()
    for sni, shown in ((None, "mail.test"), ("other.test", "other.test"), ("unknown.test", "mail.test"),
                       ("other.test", "other.test")):
        with secure(port, sni=sni) as client:
            seen = facts(client)
            assert seen["n"] == shown and seen["s"] == (sni or "")


def test_a_name_from_the_client_names_no_file(place, pki):
    (pki / "server.key").chmod(0o644)
    place.configure(f"tls_advertise_hosts = *\ntls_privatekey = {pki}/server.key\nacl_smtp_mail = what\n"
                    f"tls_certificate = {pki}/${{if def:tls_in_sni{{$tls_in_sni}}{{server}}}}.pem\n", SHOW + PLAIN)
    port = place.daemon()
    with secure(port, sni="alice") as client:
        assert facts(client)["n"] == "mail.test"
    place.wait_for_log(f"(tls_certificate): tainted filename '{pki}/alice.pem'")


def test_two_kinds_of_certificates(place, pki):
    place.configure(f"tls_advertise_hosts = *\ntls_certificate = {pki}/server.pem : {pki}/server-rsa.pem\n"
                    f"tls_privatekey = {pki}/server.key : {pki}/server-rsa.key\nacl_smtp_mail = what\n", SHOW + PLAIN)
    port = place.daemon()
    for ciphers, shown in (("ECDHE-ECDSA-AES128-GCM-SHA256", "mail.test"), ("ECDHE-RSA-AES128-GCM-SHA256", "rsa.test")):
        context = client_context(version=ssl.TLSVersion.TLSv1_2)
        context.set_ciphers(ciphers)
        with secure(port, context=context) as client:
            seen = facts(client)
            assert seen["n"] == shown and seen["c"] == f"TLS1.2:{ciphers}:128"


def test_required_ciphers(place, pki):
    port = start(place, pki, "tls_require_ciphers = ECDHE_ECDSA-AES128-GCM-SHA256\nopenssl_options = +no_tlsv1_3\n")
    with secure(port) as client:
        assert facts(client)["c"] == "TLS1.2:ECDHE-ECDSA-AES128-GCM-SHA256:128"
    context = client_context()
    context.set_ciphers("ECDHE-ECDSA-AES256-GCM-SHA384")
    with pytest.raises(ssl.SSLError):
        secure(port, context=context)
    place.wait_for_log("(SSL_accept): error:0A0000C1:SSL routines::no shared cipher")


@pytest.mark.parametrize("setting, wanted", [
    ("tls_eccurve = secp384r1", r"Server Temp Key: ECDH, secp384r1"),
    ("tls_eccurve =", r"Server Temp Key: DH, 2048 bits"),
    ("tls_dhparam = ffdhe3072\ntls_require_ciphers = DHE\ntls_dh_max_bits = 4096\nopenssl_options = +no_tlsv1_3",
     r"Server Temp Key: DH, 3072 bits"),
    ("tls_dhparam = ike14\ntls_require_ciphers = DHE\nopenssl_options = +no_tlsv1_3", r"Server Temp Key: DH, 2048 bits"),
])
def test_groups(place, pki, setting, wanted):
    place.configure(f"tls_advertise_hosts = *\ntls_certificate = {pki}/server-rsa.pem\n"
                    f"tls_privatekey = {pki}/server-rsa.key\n{setting}\n", PLAIN)
    port = place.daemon()
    output = openssl("s_client", "-connect", f"127.0.0.1:{port}", "-starttls", "smtp", stdin="QUIT\r\n")
    assert re.search(wanted, output), output


def test_no_group_too_large(place, pki):
    place.configure(f"tls_advertise_hosts = *\ntls_certificate = {pki}/server-rsa.pem\n"
                    f"tls_privatekey = {pki}/server-rsa.key\ntls_dhparam = ike16\ntls_require_ciphers = DHE\n"
                    "openssl_options = +no_tlsv1_3\n", PLAIN)
    port = place.daemon()
    with pytest.raises(ssl.SSLError):
        secure(port)


# --- OCSP, ALPN, resumption

@pytest.mark.parametrize("revoked", [False, True])
def test_ocsp_stapling(place, pki, revoked):
    directory = place.path / "ocsp"
    directory.mkdir()
    directory.chmod(0o755)
    ca = Authority(directory)
    certificate = ca.issue("server", "/CN=mail.test")
    response = ca.ocsp(certificate, revoked)
    place.configure(f"tls_advertise_hosts = *\ntls_certificate = {certificate}\ntls_privatekey = {directory}/server.key\n"
                    f"tls_ocsp_file = {response}\nacl_smtp_mail = what\n", SHOW + PLAIN)
    port = place.daemon()
    output = openssl("s_client", "-connect", f"127.0.0.1:{port}", "-starttls", "smtp", "-status", "-ign_eof",
                     stdin="MAIL FROM:<a@b.test>\r\nEHLO x\r\nMAIL FROM:<a@b.test>\r\nQUIT\r\n", code=None)
    assert "OCSP Response Status: successful" in output
    assert f"Cert Status: {'revoked' if revoked else 'good'}" in output
    with secure(port) as client:
        assert facts(client)["o"] == "0"


def test_ocsp_responses_of_no_use(place, pki):
    (place.path / "garbage").write_text("x")
    port = start(place, pki, f"tls_ocsp_file = {place.path}/garbage\n")
    place.wait_for_log(f"TLS: OCSP response {place.path}/garbage not used: it cannot be read")
    with secure(port) as client:
        assert client.command("NOOP") == "250 OK"


def test_alpn(place, pki):
    port = start(place, pki, "hosts_require_alpn = 127.0.0.2\n")
    for names, source, good in ((["smtp"], "127.0.0.1", True), ([], "127.0.0.1", True), (["http/1.1"], "127.0.0.1", False),
                                (["smtp", "h2"], "127.0.0.1", False), (["esmtp"], "127.0.0.2", True), ([], "127.0.0.2", False)):
        context = client_context()
        if names:
            context.set_alpn_protocols(names)
        try:
            with secure(port, context=context, source=source) as client:
                answered = client.command("NOOP") == "250 OK"
        except (ssl.SSLError, OSError):
            answered = False
        assert answered == good, names
    place.wait_for_log("(ALPN not negotiated)")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_resumption(place, pki, version):
    """Tickets of one worker are good for all of them."""
    port = start(place, pki, "tls_resumption_hosts = 127.0.0.1\ndaemon_worker_connections = 1\n"
                             "log_selector = +tls_resumption\n")
    context = client_context(version=version)
    with secure(port, context=context) as client:
        assert int(facts(client)["r"]) & 16 == 0
        session = client.socket.session
    for _ in range(3):
        with secure(port, context=context, session=session) as client:
            assert client.socket.session_reused
            assert int(facts(client)["r"]) & 21 == 21
            assert client.command("RCPT TO:<c@d.test>").startswith("550")
    place.wait_for_log(":256* F=<a@b.test> rejected RCPT")
    with secure(port, context=context, session=session, source="127.0.0.2") as client:
        assert not client.socket.session_reused and facts(client)["r"] == "1"


# --- Reload

def test_certificates_are_read_again(place, pki):
    """New files are in use without a restart, by sessions that begin then; the key is root's alone."""
    for end in ("pem", "key"):
        (place.path / f"current.{end}").write_bytes((pki / f"server.{end}").read_bytes())
    (place.path / "current.key").chmod(0o600)
    place.configure(f"tls_advertise_hosts = *\ntls_certificate = {place.path}/current.pem\n"
                    f"tls_privatekey = {place.path}/current.key\nacl_smtp_mail = what\n", SHOW + PLAIN)
    port = place.daemon()
    session = secure(port)
    assert facts(session)["n"] == "mail.test"
    # A certificate without its key is no reason to stop.
    (place.path / "current.pem").write_bytes((pki / "other-host.pem").read_bytes())
    place.wait_for_log("TLS error in configuration (certificates have changed; those read before stay in use):")
    with secure(port) as client:
        assert facts(client)["n"] == "mail.test"
    new_key = place.path / "new.key"
    new_key.write_bytes((pki / "other-host.key").read_bytes())
    new_key.chmod(0o600)
    new_key.rename(place.path / "current.key")
    place.wait_for_log("TLS: certificates have changed and were read again")
    with secure(port) as client:
        assert facts(client)["n"] == "other.test"
    session.command("RSET")
    assert facts(session)["n"] == "mail.test"  # nothing was disturbed
    session.close()


@pytest.mark.parametrize("setting", [
    "",
    # As Debian's configuration has it: not constant, but the same for every connection.
    "tls_verify_certificates = ${if exists{/etc/ssl/certs/ca-certificates.crt}\\\n"
    "  {/etc/ssl/certs/ca-certificates.crt}{/dev/null}}\ntls_try_verify_hosts = *\n",
])
def test_workers_have_no_right_to_the_key(place, pki, setting):
    if os.getuid() != 0:
        pytest.skip("only root can give rights up")
    (pki / "server.key").chmod(0o600)
    port = start(place, pki, setting)
    with secure(port) as client:
        assert facts(client)["n"] == "mail.test"
    (worker, *_) = children(place.processes[0].pid)
    with open(f"/proc/{worker}/status", encoding="ascii") as status:
        assert not re.search(r"^Uid:\s+0\b", status.read(), re.M)


# --- The tls authenticator

TLS_AUTHENTICATOR = r"""
begin authenticators
tls:
  driver = tls
  server_param1 =     ${certextract {subj_altname,mail,>:} \
                                    {$tls_in_peercert}}
  server_condition =  ${if and { {eq{$tls_in_certificate_verified}{1}} \
                                 {forany {$auth1} \
                            {!= {0} \
                                {${lookup {${lc:$item}}lsearch{USERS} {$value}{0} \
                       }    }  } }}}
  server_set_id =     ${if = {1}{${listcount:$auth1}} {$auth1}{}}
""" + PLAIN.replace("\nbegin authenticators\n", "")


@pytest.mark.parametrize("name, who", [("alice", "alice@mail.test"), ("two", ""), ("mallory", None), ("stranger", None),
                                       (None, None)])
def test_tls_authenticator(place, pki, name, who):
    """The manual's example, with users in a file: any address of the certificate counts, one alone is the id."""
    (place.path / "users").write_text("alice@mail.test: 1\n")
    port = start(place, pki, f"tls_verify_certificates = {pki}/ca.pem\ntls_try_verify_hosts = *\n",
                 SHOW + TLS_AUTHENTICATOR.replace("USERS", f"{place.path}/users"))
    smtps = place.daemon("-tls-on-connect")
    certificate = name and pki / f"{name}.pem"
    on_connect = TlsClient(smtps, greet=False).start_tls(certificate=certificate)
    assert on_connect.reply().startswith("220")
    for client in (secure(port, hello=None, certificate=certificate), on_connect):
        hello = client.command("EHLO client.test")
        assert ("AUTH" in hello) == (who is None)
        seen = facts(client)
        assert seen["a"] == (who or "") and seen["p"] == ("esmtps" if who is None else "esmtpsa")
        assert client.command("RCPT TO:<c@d.test>").startswith("550")
        if who is not None:
            client.command("RSET")
            assert client.command("AUTH PLAIN " + RIGHT) == "503 AUTH command used when not advertised"
        client.close()
    if who is not None:
        place.wait_for_log(" A=tls:alice@mail.test rejected RCPT" if who else " A=tls rejected RCPT")
    assert "authenticator failed" not in place.log("main")


def test_tls_authenticator_that_cannot_tell(place, pki):
    port = start(place, pki, f"tls_verify_certificates = {pki}/ca.pem\ntls_try_verify_hosts = *\n",
                 SHOW + "begin authenticators\nt:\n  driver = tls\n  server_param = ${lookup{x}lsearch{/nowhere}}\n")
    with secure(port, certificate=pki / "alice.pem") as client:
        assert facts(client)["a"] == ""
    place.wait_for_log("t authenticator failed for H=[127.0.0.1]: 435 Unable to authenticate at present: failed to open "
                       "/nowhere")


def test_one_tls_authenticator(place):
    place.configure("", "begin authenticators\na:\n  driver = tls\n  server_param1 = x\nb:\n  driver = tls\n")
    result = place.run("-bV", code=1)
    assert "two authenticators (a and b) with the driver tls: there may be one" in result.stderr


# --- Standard input and output

@pytest.mark.parametrize("mode", [["-bs"], ["-bh", "192.0.2.1"]])
def test_a_session_on_standard_input(place, pki, mode):
    place.configure(options(pki), SHOW + PLAIN)

    class TlsLocalClient(LocalClient, TlsClient):
        def reply(self):
            reply = super().reply() if mode[0] == "-bs" or getattr(self, "begun", False) else self.skip()
            self.begun = True
            return reply

        def skip(self):
            while not (line := self.file.readline().decode()).startswith("220 "):
                pass
            return line.strip()

    with TlsLocalClient(place.command(*mode)) as client:
        assert "250-STARTTLS" in client.command("EHLO client.test").split("\n")
        client.starttls(version=ssl.TLSVersion.TLSv1_2)
        client.command("EHLO client.test")
        assert facts(client)["p"] == ("local-esmtps" if mode == ["-bs"] else "esmtps")
        assert client.command("QUIT").startswith("221")


# --- Real clients

def run(*command, stdin=""):
    return subprocess.run([str(part) for part in command], input=stdin, capture_output=True, text=True,
                          timeout=DEADLINE, check=False)


@pytest.mark.parametrize("on_connect", [False, True])
@pytest.mark.parametrize("password, code", [("secret", 0), ("wrong", 28)])
def test_swaks(place, pki, on_connect, password, code):
    port = start(place, pki, "acl_smtp_rcpt = accept\n")
    if on_connect:
        port = place.daemon("-tls-on-connect")
    result = run("swaks", "--server", "127.0.0.1", "--port", port, "--tls-on-connect" if on_connect else "--tls",
                 "--tls-verify", "--tls-ca-path", pki / "ca.pem", "--auth", "PLAIN", "--auth-user", "alice",
                 "--auth-password", password, "--from", "a@b.test", "--to", "c@d.test", "--quit-after", "RCPT",
                 "--helo", "client.test")
    assert result.returncode == code, result.stdout + result.stderr
    assert ("235 Authentication succeeded" in result.stdout) == (code == 0)


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
@pytest.mark.parametrize("ca, good", [("ca", True), ("wrong", False)])
def test_curl(place, pki, scheme, ca, good):
    port = start(place, pki, f"tls_verify_certificates = {pki}/ca.pem\ntls_verify_hosts = *\nacl_smtp_vrfy = accept\n")
    if scheme == "smtps":
        port = place.daemon("-tls-on-connect")
    result = run("curl", "--silent", "--show-error", "--verbose", "--ssl-reqd", "--cacert", pki / f"{ca}.pem", "--cert",
                 pki / "alice.pem", "--key", pki / "alice.key", "--user", "alice:secret", "--login-options", "AUTH=PLAIN",
                 f"{scheme}://localhost:{port}/client.test", "--request", "NOOP", "-4")
    assert (result.returncode == 0) == good, result.stderr
    assert ("235 Authentication succeeded" in result.stderr) == good


@pytest.mark.parametrize("starttls", ["on", "off"])
def test_msmtp(place, pki, starttls):
    port = start(place, pki)
    if starttls == "off":
        port = place.daemon("-tls-on-connect")
    result = run("msmtp", "--serverinfo", "--host=localhost", f"--port={port}", "--tls=on", f"--tls-starttls={starttls}",
                 f"--tls-trust-file={pki}/ca.pem")
    assert result.returncode == 0, result.stderr
    assert "TLS session parameters" in result.stdout and "CN=mail.test" in result.stdout


# --- The manual's example with a directory

DIRECTORY = """
dn: o=base
objectClass: organization
o: base

dn: ou=users,o=base
objectClass: organizationalUnit
ou: users

dn: mailname=alice@mail.test,ou=users,o=base
objectClass: mailaccount
mailname: alice@mail.test
mailid: 7
"""


@pytest.mark.skipif(not ldap_server.PROGRAM, reason="slapd is not installed")
def test_tls_authenticator_with_a_directory(place, pki):
    """The example of the manual's chapter 42, word for word."""
    server = ldap_server.LdapServer(place.path / "ldap", DIRECTORY)
    try:
        port = start(place, pki, f"ldap_default_servers = 127.0.0.1::{server.port}\nLDAP_DC = o=base\n"
                                 f"tls_verify_certificates = {pki}/ca.pem\ntls_try_verify_hosts = *\n", SHOW + r"""
begin authenticators
tls:
  driver = tls
  server_param1 =     ${certextract {subj_altname,mail,>:} \
                                    {$tls_in_peercert}}
  server_condition =  ${if and { {eq{$tls_in_certificate_verified}{1}} \
                                 {forany {$auth1} \
                            {!= {0} \
                                {${lookup ldap{ldap:///\
                         mailname=${quote_ldap_dn:${lc:$item}},\
                         ou=users,LDAP_DC?mailid} {$value}{0} \
                       }    }  } }}}
  server_set_id =     ${if = {1}{${listcount:$auth1}} {$auth1}{}}
""")
        for name, seen in (("alice", ("alice@mail.test", "esmtpsa")), ("two", ("", "esmtpsa")),
                           ("mallory", ("", "esmtps")), ("stranger", ("", "esmtps"))):
            with secure(port, certificate=pki / f"{name}.pem") as client:
                known = facts(client)
                assert (known["a"], known["p"]) == seen, name
    finally:
        server.stop()
