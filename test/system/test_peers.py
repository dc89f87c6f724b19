"""Real clients: swaks, curl, msmtp, Exim, Perl's Net::SMTP and Python's smtplib authenticate, or fail to."""
import smtplib

import pytest

from authentication import INCORRECT, OK
from gatepost import DEADLINE, b64
from peers import (
    MESSAGE, RECIPIENT, SENDER, TAKEN, WATCHED, assert_refused, assert_served, curl, exim, msmtp, output, run, swaks)

# A password in which everything is special somewhere, and which is not ASCII.
TRICKY = "p\u00e4ss \"w\u00f6rd'^^\\$1 %s{}:=;&"

SECTIONS = WATCHED + """\
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${lookup{$auth2}lsearch{FILE}{${if eq{${base64:$auth3}}{$value}}}{no}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${lookup{$auth1}lsearch{FILE}{${if eq{${base64:$auth2}}{$value}}}{no}}
  server_set_id = $auth1
"""

@pytest.fixture(name="server")
def fixture_server(daemon):
    """A daemon with users whose sessions are told of in the log."""
    users = daemon.place.path / "users"
    users.write_text(f"alice: {b64('secret')}\ntricky: {b64(TRICKY)}\n")
    users.chmod(0o644)
    daemon.start("acl_smtp_rcpt = rcpt\n", SECTIONS.replace("FILE", str(users)))
    return daemon


# --- swaks


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("password", ["secret", "wrong"])
def test_swaks(server, mechanism, password):
    result = swaks(server, "--auth", mechanism, "--quit-after", "RCPT", password=password)
    if password == "secret":
        assert result.returncode == 0, output(result)
        assert f"<-  {OK}\n" in output(result)
        assert_served(server, mechanism.lower())
    else:
        assert result.returncode == 28, output(result)
        assert f"<** {INCORRECT}\n" in output(result)
        assert_refused(server, mechanism.lower())


def test_swaks_tries_one_mechanism_after_another(server):
    result = swaks(server, "--auth", password="wrong")
    assert result.returncode == 28
    assert output(result).count(INCORRECT) == 2
    assert_refused(server, "plain")
    assert_refused(server, "login")


def test_swaks_wants_what_is_not_offered(server):
    result = swaks(server, "--auth", "CRAM-MD5")
    assert result.returncode == 28
    assert "Auth not attempted, requested type not available" in output(result)


def test_swaks_hides_the_password_and_pipelines(server):
    result = swaks(server, "--auth", "LOGIN", "--auth-hide-password", "--pipeline", "--quit-after", "RCPT")
    assert result.returncode == 0, output(result)
    assert b64("secret") not in output(result)
    assert_served(server, "login")


def test_swaks_without_authentication(server):
    result = run("swaks", "--server", "127.0.0.1", "--port", server.port, "--from", SENDER, "--to", RECIPIENT)
    assert result.returncode == 24
    assert "<** 550 authenticate first\n" in output(result)


def test_swaks_with_a_message(server):
    result = swaks(server, "--auth", "PLAIN")
    assert result.returncode in (0, 26), output(result)
    assert any(f" {code}" in output(result) for code in TAKEN)
    assert_served(server, "plain")


def test_swaks_talks_to_a_process(server):
    result = run("swaks", "--pipe", " ".join(server.place.command("-bs")), "--helo", "client.test", "--from", SENDER,
                 "--to", RECIPIENT, "--auth", "LOGIN", "--auth-user", "alice", "--auth-password", "secret",
                 "--quit-after", "RCPT")
    assert result.returncode == 0, output(result)
    assert_served(server, "login")


# --- curl


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("initial", [[], ["--sasl-ir"]])
@pytest.mark.parametrize("password", ["secret", "wrong"])
def test_curl(server, mechanism, initial, password):
    result = curl(server, "--login-options", f"AUTH={mechanism}", *initial, password=password)
    if password == "secret":
        assert result.returncode == 0, output(result)
        assert f"< {OK}\n" in output(result) and "< 214-Commands supported:\n" in output(result)
        assert "authenticator failed" not in server.place.log("main")
    else:
        assert result.returncode == 67, output(result)
        assert_refused(server, mechanism.lower())


def test_curl_with_a_message(server):
    result = curl(server, "--mail-from", SENDER, "--mail-rcpt", RECIPIENT, "--mail-auth", SENDER, "--upload-file", "-",
                  stdin=MESSAGE.replace("\n", "\r\n"))
    assert any(f"\n< {code}" in output(result).rpartition("< 354 ")[2] for code in TAKEN), output(result)
    # curl puts the address into angle brackets.
    server.place.wait_for_log(f" peer <alice> by <plain> as <<{SENDER}>> to <x>\n")


def test_curl_with_another_identity_to_act_for(server):
    result = curl(server, "--login-options", "AUTH=PLAIN", "--sasl-authzid", "somebody")
    assert result.returncode == 0, output(result)


# --- msmtp


@pytest.mark.parametrize("mechanism", ["plain", "login"])
def test_msmtp(server, mechanism):
    result = msmtp(server, mechanism)
    assert f"<-- {OK}\n" in output(result)
    assert any(f"\n<-- {code}" in output(result).rpartition("<-- 354 ")[2] for code in TAKEN), output(result)
    assert_served(server, mechanism)


@pytest.mark.parametrize("mechanism", ["plain", "login"])
def test_msmtp_with_a_wrong_password(server, mechanism):
    result = msmtp(server, mechanism, password="wrong")
    assert result.returncode == 77, "EX_NOPERM"
    assert f"msmtp: server message: {INCORRECT}\n" in output(result)
    assert_refused(server, mechanism)


def test_msmtp_asks_what_there_is(server):
    result = run("msmtp", "--host=127.0.0.1", f"--port={server.port}", "--serverinfo")
    assert result.returncode == 0
    assert "PLAIN LOGIN" in output(result)


# --- Python's smtplib


@pytest.fixture(name="smtp")
def fixture_smtp(server):
    with smtplib.SMTP("127.0.0.1", server.port, "client.test", timeout=DEADLINE) as smtp:
        smtp.user, smtp.password = "alice", "secret"
        smtp.ehlo()
        yield smtp


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("initial", [True, False])
def test_smtplib(server, smtp, mechanism, initial):
    step = smtp.auth_plain if mechanism == "PLAIN" else smtp.auth_login
    smtp.password = "wrong"
    with pytest.raises(smtplib.SMTPAuthenticationError) as error:
        smtp.auth(mechanism, step, initial_response_ok=initial)
    assert error.value.smtp_code == 535 and error.value.smtp_error == b"Incorrect authentication data"
    assert_refused(server, mechanism.lower())
    smtp.password = "secret"
    assert smtp.auth(mechanism, step, initial_response_ok=initial) == (235, b"Authentication succeeded")
    assert smtp.mail(SENDER)[0] == 250 and smtp.rcpt(RECIPIENT)[0] == 250
    assert_served(server, mechanism.lower())


def test_smtplib_login(server, smtp):
    with pytest.raises(smtplib.SMTPAuthenticationError):
        smtp.login("alice", "wrong")
    assert_refused(server, "plain")
    assert_refused(server, "login")
    assert smtp.login("alice", "secret")[0] == 235
    assert smtp.login("alice", "secret") == (503, b"already authenticated")


# --- Perl's Net::SMTP, with Authen::SASL


PERL = """
use Net::SMTP; use Authen::SASL;
my ($port, $mechanism, $password) = @ARGV;
my $smtp = Net::SMTP->new("127.0.0.1", Port => $port, Hello => "client.test", Timeout => 15) or die "no connection";
my $sasl = Authen::SASL->new(mechanism => $mechanism, callback => {user => "alice", pass => $password});
my $ok = $smtp->auth($sasl);
print $smtp->code, " ", $smtp->message;
exit 1 unless $ok && $smtp->mail("alice\\@b.test") && $smtp->recipient("x\\@y.test");
$smtp->quit;
"""


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "PLAIN LOGIN"])
def test_perl(server, mechanism):
    result = run("perl", "-e", PERL, server.port, mechanism, "wrong")
    assert result.returncode == 1 and INCORRECT in output(result)
    first = "plain" if "PLAIN" in mechanism else "login"
    assert_refused(server, first)
    result = run("perl", "-e", PERL, server.port, mechanism, "secret")
    assert result.returncode == 0 and OK in output(result), output(result)
    assert_served(server, first)


# --- Exim as a client


EXIM_PLAIN = "plain:\n  driver = plaintext\n  public_name = PLAIN\n  client_send = ^alice^PASSWORD\n"
EXIM_LOGIN = "login:\n  driver = plaintext\n  public_name = LOGIN\n  client_send = : alice : PASSWORD\n"


@pytest.mark.parametrize("mechanism, authenticators", [("plain", EXIM_PLAIN), ("login", EXIM_LOGIN)])
def test_exim(server, mechanism, authenticators):
    log = exim(server, authenticators, "secret")
    assert "authenticator failed" not in log
    server.place.wait_for_log(f" peer <alice> by <{mechanism}> as <{SENDER}> to <x>\n")


def test_exim_tries_its_authenticators_in_turn(server):
    log = exim(server, EXIM_PLAIN + EXIM_LOGIN, "wrong")
    assert f"plain authenticator failed H=127.0.0.1 [127.0.0.1] {INCORRECT}" in log
    assert f"login authenticator failed H=127.0.0.1 [127.0.0.1] {INCORRECT}" in log
    assert_refused(server, "plain")
    assert_refused(server, "login")


# --- What passwords may be made of


def test_special_characters(server):
    result = swaks(server, "--auth", "PLAIN", "--quit-after", "RCPT", user="tricky", password=TRICKY)
    assert result.returncode == 0, output(result)
    assert_served(server, "plain", "tricky")
    result = curl(server, "--login-options", "AUTH=LOGIN", user="tricky", password=TRICKY)
    assert result.returncode == 0, output(result)
    with smtplib.SMTP("127.0.0.1", server.port, "client.test", timeout=DEADLINE) as smtp:
        client_password = TRICKY.encode().decode("latin-1")
        assert smtp.docmd("AUTH", "PLAIN " + b64(f"\0tricky\0{client_password}".encode("latin-1")))[0] == 503
        smtp.ehlo()
        assert smtp.docmd("AUTH", "PLAIN " + b64(f"\0tricky\0{client_password}".encode("latin-1")))[0] == 235
