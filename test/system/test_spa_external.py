"""NTLM and EXTERNAL with real clients; which NTLM responses are taken."""
import base64

import pytest

import ntlm
from authentication import ASK, INCORRECT, OK, failed, talk
from certificates import Authority
from gatepost import b64
from peers import (
    MESSAGE, RECIPIENT, SENDER, WATCHED, assert_refused, assert_served, curl, exim, msmtp, output, run, swaks)

SPA = WATCHED + """
spa:
  driver = spa
  public_name = NTLM
  server_password = ${lookup{$auth1}lsearch{FILE}{$value}fail}
  server_set_id = $auth1
"""
EXTERNAL = WATCHED + """
external:
  driver = external
  public_name = EXTERNAL
  server_param2 = ${lookup{$auth1}lsearch{FILE}{$value}}
  server_condition = ${if eq{$auth2}{known}}
  server_set_id = $auth1
"""

both = pytest.mark.parametrize("password", ["secret", "wrong"])


@pytest.fixture(name="server")
def fixture_server(daemon):
    """A daemon with NTLM for alice, and somebody whose name and password are not ASCII."""
    passwords = daemon.place.path / "passwords"
    passwords.write_text("alice: secret\n\u00e9lise: p\u00e4ss w\u00f6rd\n", encoding="utf-8")
    passwords.chmod(0o644)
    daemon.start("acl_smtp_rcpt = rcpt\n", SPA.replace("FILE", str(passwords)))
    return daemon


def assert_outcome(server, password):
    """The log tells that alice came in, or why not."""
    if password == "secret":
        assert_served(server, "spa")
    else:
        assert_refused(server, "spa")


# --- Clients


@both
def test_swaks(server, password):
    result = swaks(server, "--auth", "NTLM", "--quit-after", "RCPT", password=password)
    assert result.returncode == (0 if password == "secret" else 28), output(result)
    assert_outcome(server, password)


@both
@pytest.mark.parametrize("initial", [[], ["--sasl-ir"]])
def test_curl(server, password, initial):
    result = curl(server, "--login-options", "AUTH=NTLM", *initial, password=password)
    assert result.returncode == (0 if password == "secret" else 67), output(result)
    assert "< 334 " + ("NTLM supported\n" if not initial else "TlRMTVNTUAAC") in output(result)
    if password == "wrong":
        assert_refused(server, "spa")


def test_curl_with_a_domain(server):
    result = curl(server, "--login-options", "AUTH=NTLM", user="DOMAIN\\alice")
    assert result.returncode == 0, output(result)


@both
def test_msmtp(server, password):
    result = msmtp(server, "ntlm", password=password)
    if password == "wrong":
        assert result.returncode == 77, output(result)
    assert_outcome(server, password)


@both
def test_exim(server, password):
    exim(server, "spa:\n  driver = spa\n  public_name = NTLM\n  client_username = alice\n"
                 "  client_password = PASSWORD\n", password)
    if password == "secret":
        server.place.wait_for_log(f" peer <alice> by <spa> as <{SENDER}> to <x>\n")
    else:
        assert_refused(server, "spa")


# --- Responses


def answer(client, version, *, user="alice", domain="", password="secret", wish=0x88b207, flags=None):
    """Authenticates with responses of that version; the reply."""
    assert client.command("AUTH NTLM") == "334 NTLM supported"
    challenge, offered, info = ntlm.challenge_of(base64.b64decode(client.command(b64(ntlm.negotiate(wish)))[4:]))
    responses = ntlm.responses(version, challenge, user, domain, password, info)
    return client.command(b64(ntlm.authenticate(user, domain, *responses, offered if flags is None else flags)))


@pytest.mark.parametrize("allowed, taken", [
    ("", {"ntlm", "ess", "ntlmv2"}),
    ("lm", {"lm"}),
    ("ntlm", {"ntlm"}),
    ("ntlm2", {"ess"}),
    ("ntlmv2", {"ntlmv2"}),
    ("lmv2", {"lmv2"}),
    ("LM : NTLM : NTLM2 : NTLMv2 : LMv2", {"lm", "ntlm", "ess", "ntlmv2", "lmv2"}),
])
def test_versions(daemon, allowed, taken):
    option = f"  server_ntlm_versions = {allowed}\n" if allowed else ""
    daemon.start(sections=SPA.replace("${lookup{$auth1}lsearch{FILE}{$value}fail}", "secret") + option)
    for version in ("lm", "ntlm", "ess", "ntlmv2", "lmv2"):
        for password in ("wrong", "secret"):
            expected = OK if version in taken and password == "secret" else INCORRECT
            assert answer(daemon.client(), version, password=password) == expected, (version, password)


def test_names_and_passwords_that_are_not_ascii(server):
    for version in ("ntlm", "ess", "ntlmv2"):
        client = server.client()
        assert answer(client, version, user="\u00e9lise", domain="D\u00d6M", password="p\u00e4ss word") == INCORRECT
        assert answer(client, version, user="\u00e9lise", domain="D\u00d6M", password="p\u00e4ss w\u00f6rd") == OK
        assert client.command("RCPT TO:<x@y.test>").startswith("503 ")
    assert failed(server, "spa", INCORRECT, " (set_id=\\303\\251lise)") in server.place.log("main")


def test_oem_names(server):
    assert answer(server.client(), "ntlm", wish=0xb206, flags=ntlm.OEM | ntlm.NTLM) == OK
    assert answer(server.client(), "ntlmv2", wish=0x88b206, flags=ntlm.OEM | ntlm.NTLM) == OK


def test_an_answer_is_good_for_its_challenge_only(server):
    client = server.client()
    client.command("AUTH NTLM")
    challenge, flags, info = ntlm.challenge_of(base64.b64decode(client.command(b64(ntlm.negotiate()))[4:]))
    made = b64(ntlm.authenticate("alice", "", *ntlm.responses("ntlm", challenge, "alice", "", "secret", info), flags))
    assert client.command("*").startswith("501 ")
    assert talk(client, "AUTH NTLM") == ["334 NTLM supported"]
    client.command(b64(ntlm.negotiate()))
    assert client.command(made) == INCORRECT


def test_bad_versions_are_a_configuration_error(place):
    place.configure(sections=SPA + "  server_ntlm_versions = ntlm : kerberos\n")
    result = place.run("-bV", code=1)
    assert 'server_ntlm_versions: "kerberos" is none of lm, lmv2, ntlm, ntlm2, ntlmv2' in result.stderr + place.log("main")


# --- EXTERNAL


@pytest.fixture(name="external")
def fixture_external(daemon):
    """A daemon that knows alice by the network."""
    names = daemon.place.path / "names"
    names.write_text("alice: known\n")
    names.chmod(0o644)
    daemon.start("acl_smtp_rcpt = rcpt\n", EXTERNAL.replace("FILE", str(names)))
    return daemon


@pytest.mark.parametrize("initial", [[], ["--sasl-ir"]])
@pytest.mark.parametrize("user", ["alice", "bob"])
def test_external_curl(external, user, initial):
    # curl uses EXTERNAL where there is a user but no password.
    result = curl(external, "--login-options", "AUTH=EXTERNAL", *initial, user=user, password="")
    assert result.returncode == (0 if user == "alice" else 67), output(result)
    if user == "bob":
        assert_refused(external, "external", "bob")


@pytest.mark.parametrize("user", ["alice", "bob"])
def test_external_exim(external, user):
    exim(external, f"ext:\n  driver = external\n  public_name = EXTERNAL\n  client_send = {user}\n", "")
    if user == "alice":
        external.place.wait_for_log(f" peer <alice> by <external> as <{SENDER}> to <x>\n")
    else:
        assert_refused(external, "external", "bob")


def test_external_by_hand(external):
    client = external.client()
    assert talk(client, "AUTH EXTERNAL", b64("bob"), "AUTH EXTERNAL =", "AUTH EXTERNAL " + b64("alice\0x"),
                "AUTH EXTERNAL " + b64("\0alice"), "AUTH EXTERNAL", b64("alice")) == \
        [ASK, INCORRECT, INCORRECT, INCORRECT, INCORRECT, ASK, OK]


# The manual's, 41.2.
CERTIFICATE = """
ext_ccert_san_mail:
  driver =            external
  public_name =       EXTERNAL
  server_advertise_condition = $tls_in_certificate_verified
  server_param2 =     ${certextract {subj_altname,mail,>:} \\
                                    {$tls_in_peercert}}
  server_condition =  ${if forany {$auth2} \\
                            {eq {$item}{$auth1}}}
  server_set_id =     $auth1
"""


@pytest.fixture(name="pki")
def fixture_pki(daemon):
    """Certificates of the server, of alice, and of somebody whose authority nobody trusts."""
    pki = daemon.place.path / "pki"
    pki.mkdir()
    authority = Authority(pki)
    server = authority.issue("server", "/CN=mail.test", "subjectAltName=IP:127.0.0.1")
    server.with_suffix(".key").chmod(0o644)
    authority.issue("alice", "/CN=alice", "subjectAltName=email:alice@mail.test,email:alias@mail.test")
    Authority(pki, "strange").issue("stranger", "/CN=alice", "subjectAltName=email:alice@mail.test")
    return pki


def start_with_certificates(daemon, pki, authenticators):
    daemon.start(f"tls_advertise_hosts = *\ntls_certificate = {pki}/server.pem\ntls_privatekey = {pki}/server.key\n"
                 f"tls_verify_certificates = {pki}/ca.pem\ntls_try_verify_hosts = *\nacl_smtp_rcpt = rcpt\n",
                 WATCHED + authenticators)


@pytest.mark.parametrize("certificate, user, code", [
    ("alice", "alice@mail.test", 0), ("alice", "alias@mail.test", 0), ("alice", "bob@mail.test", 67),
    ("stranger", "alice@mail.test", 0)])
def test_external_with_a_certificate(daemon, pki, certificate, user, code):
    start_with_certificates(daemon, pki, CERTIFICATE)
    result = curl(daemon, "--ssl-reqd", "--cacert", pki / "ca.pem", "--cert", pki / f"{certificate}.pem", "--key",
                  pki / f"{certificate}.key", "--login-options", "AUTH=EXTERNAL", "--sasl-ir", user=user, password="")
    assert result.returncode == code, output(result)
    assert ("AUTH EXTERNAL" in output(result)) == (certificate == "alice"), "strangers are offered nothing"
    if code:
        daemon.place.wait_for_log(f": {INCORRECT} (set_id={user})\n")
    else:
        assert "authenticator failed" not in daemon.place.log("main")


def msmtp_with(daemon, pki, certificate, *arguments):
    return run("msmtp", "--host=127.0.0.1", f"--port={daemon.port}", "--domain=client.test", "--debug", "--tls=on",
               f"--tls-trust-file={pki}/ca.pem", f"--tls-cert-file={pki}/{certificate}.pem",
               f"--tls-key-file={pki}/{certificate}.key", f"--from={SENDER}", *arguments, RECIPIENT, stdin=MESSAGE)


@pytest.mark.parametrize("user", ["alice@mail.test", "bob@mail.test"])
def test_external_msmtp(daemon, pki, user):
    start_with_certificates(daemon, pki, CERTIFICATE)
    result = msmtp_with(daemon, pki, "alice", "--auth=external", f"--user={user}")
    if user.startswith("alice"):
        daemon.place.wait_for_log(f" peer <{user}> by <ext_ccert_san_mail> ")
    else:
        assert result.returncode == 77, output(result)
        daemon.place.wait_for_log(f": {INCORRECT} (set_id={user})\n")
        assert " peer <" not in daemon.place.log("main")


# --- A certificate alone


@pytest.mark.parametrize("certificate", ["alice", "stranger"])
@pytest.mark.parametrize("client", ["curl", "swaks", "msmtp"])
def test_tls(daemon, pki, client, certificate):
    """Clients that know of no mechanism but have a certificate."""
    start_with_certificates(daemon, pki, r"""
cert:
  driver = tls
  server_param1 = ${certextract {subj_altname,mail,>:}{$tls_in_peercert}}
  server_condition = ${if and{{eq{$tls_in_certificate_verified}{1}}{inlist{alice@mail.test}{$auth1}}}}
  server_set_id = alice
""")
    files = pki / f"{certificate}.pem", pki / f"{certificate}.key"
    if client == "curl":
        result = run("curl", "--silent", "--verbose", f"smtp://127.0.0.1:{daemon.port}/client.test", "--ssl-reqd",
                     "--cacert", pki / "ca.pem", "--cert", files[0], "--key", files[1], "--mail-from", SENDER,
                     "--mail-rcpt", RECIPIENT, "--upload-file", "-", stdin=MESSAGE)
    elif client == "swaks":
        result = run("swaks", "--server", "127.0.0.1", "--port", daemon.port, "--helo", "client.test", "--from", SENDER,
                     "--to", RECIPIENT, "--tls", "--tls-cert", files[0], "--tls-key", files[1], "--quit-after", "RCPT")
    else:
        result = msmtp_with(daemon, pki, certificate)
    if certificate == "alice":
        assert_served(daemon, "cert")
    else:
        assert "550 authenticate first" in output(result)
        assert " peer <" not in daemon.place.log("main")
