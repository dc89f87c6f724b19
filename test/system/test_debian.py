"""The configurations of Debian's packages are read unchanged, and their authenticators authenticate."""
import pathlib
import socketserver
import threading

import pytest

import debian_config
from gatepost import b64

pytestmark = pytest.mark.skipif(not debian_config.SOURCE.exists(), reason="exim4-config is not there")

EXAMPLE = pathlib.Path("/usr/share/doc/exim4-base/examples/example.conf")
TLS = {"without TLS": "", "with TLS": "MAIN_TLS_ENABLE = yes\n"}


def read(place, config, code=0):
    place.config = config
    return place.run("-bV", code=code)


@pytest.mark.parametrize("split", [True, False], ids=["split", "whole"])
@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("kind", debian_config.TYPES)
def test_generated_configurations(place, kind, tls, split):
    if TLS[tls] and not split:
        pytest.skip("local macros are read from /etc")
    config = debian_config.generate(place.path, kind, TLS[tls], split)
    result = read(place, config)
    assert f"Configuration file is {config}\n" in result.stdout
    assert result.stderr == ""


# Macros that set what Gatepost may not have got.
OPTIONS = {name: name.lower() for name in (
    "DKIM_CANON", "DKIM_DOMAIN", "DKIM_IDENTITY", "DKIM_PRIVATE_KEY", "DKIM_SELECTOR", "DKIM_SIGN_HEADERS",
    "DKIM_STRICT", "DKIM_TIMESTAMPS")} | {"MAIN_SMTPUTF8_ADVERTISE_HOSTS": "smtputf8_advertise_hosts"}
VALUES = {
    "CONFDIR": "/etc/exim4", "SPOOLDIR": "/var/spool/exim4", "FIRST_USER_ACCOUNT_UID": "500",
    "MESSAGE_SIZE_LIMIT": "10M", "TLS_DH_MIN_BITS": "2048", "LOCAL_DELIVERY": "maildir_home",
    "MAIN_LOG_SELECTOR": "+all", "MAIN_TIMEOUT_FROZEN_AFTER": "3d", "MAIN_IGNORE_BOUNCE_ERRORS_AFTER": "1d",
    "REMOTE_SMTP_HEADERS_REWRITE": "*@a.example $1@b.example", "REMOTE_SMTP_SMARTHOST_PROTOCOL": "smtps",
    "MAILDIR_HOME_CREATE_FILE": "anywhere", "MAIN_ADD_ENVIRONMENT": "A=b", "CHECK_RCPT_LOCAL_ACL_FILE": "/dev/null", "CHECK_DATA_LOCAL_ACL_FILE": "/dev/null",
    "WHITELIST_LOCAL_DENY_LOCAL_ACL_FILE": "/dev/null", "LOCAL_DENY_EXCEPTIONS_LOCAL_ACL_FILE": "/dev/null",
    "MAIN_TLS_CERTKEY": "/etc/exim4/exim.pem", "MAIN_TRUSTED_USERS": "uucp", "MAIN_TRUSTED_GROUPS": "mail",
}


@pytest.fixture(name="internet", scope="module")
def fixture_internet(tmp_path_factory):
    return debian_config.generate(tmp_path_factory.mktemp("debian"), "internet")


@pytest.mark.parametrize("name", sorted(debian_config.macro_names()) if debian_config.SOURCE.exists() else [])
def test_macros(place, internet, name):
    unsupported = f"_option {OPTIONS.get(name)}\n" in place.run("-bI:unsupported").stdout
    place.config = internet
    macros = {"MAIN_TLS_ENABLE": "yes", name: VALUES.get(name, "1")}
    result = place.run(*(f"-D{macro}={value}" for macro, value in macros.items()), "-bV", code=1 if unsupported else 0)
    if unsupported:
        assert f'option "{OPTIONS[name]}" is known to Exim but not supported by gatepost' in result.stderr


def test_the_example_configuration(place):
    config = place.path / "example.conf"
    config.write_text(EXAMPLE.read_text())
    assert "warning:" not in read(place, config).stderr


# --- Authenticators

def stanza(place, name, **replaced):
    """The stanza alone, in a configuration of the package that offers it without TLS; its files are here."""
    text = debian_config.authenticator_examples()[name]
    for old, new in replaced.items():
        text = text.replace(old.replace("__", "/"), str(new))
    macros = f"CONFDIR = {place.path}\nAUTH_SERVER_ALLOW_NOTLS_PASSWORDS = yes\n"
    return debian_config.generate(place.path, "internet", macros, examples=text)


ABSENT = {"psqldb_auth_server": 'lookup type "pgsql" is known to Exim but not supported by gatepost'}


@pytest.mark.parametrize("name", sorted(debian_config.authenticator_examples())
                         if debian_config.SOURCE.exists() else [])
def test_authenticator_examples_are_read(place, name):
    result = read(place, stanza(place, name))
    if name in ABSENT:
        assert ABSENT[name] in result.stderr
    elif name == "support_broken_outlook_express_4_server":
        assert "never succeeds" in result.stderr
    else:
        assert result.stderr == ""


def log_in(place, config, command, *answers):
    """The last reply of an exchange."""
    place.config = config
    lines = place.session("EHLO client.example", command, *answers, "QUIT").split("\r\n")
    return [line for line in lines if line[:3].isdigit() and line[3:4] == " "][-2]


PLAIN_RIGHT, PLAIN_WRONG = (b64(f"\0alice\0{password}") for password in ("secret", "wrong"))


def hashed(password):
    import crypt  # pylint: disable=import-outside-toplevel,deprecated-module
    return crypt.crypt(password, "$1$salt$")


def test_the_password_file(place):
    (place.path / "passwd").write_text(f"alice:{hashed('secret')}:secret\n")
    config = stanza(place, "plain_server")
    assert log_in(place, config, f"AUTH PLAIN {PLAIN_RIGHT}") == "235 Authentication succeeded"
    assert log_in(place, config, f"AUTH PLAIN {PLAIN_WRONG}") == "535 Incorrect authentication data"
    assert log_in(place, config, "AUTH PLAIN " + b64("\0bob\0secret")) == "535 Incorrect authentication data"
    config = stanza(place, "login_server")
    assert log_in(place, config, "AUTH LOGIN", b64("alice"), b64("secret")) == "235 Authentication succeeded"
    assert log_in(place, config, "AUTH LOGIN", b64("alice"), b64("wrong")) == "535 Incorrect authentication data"


class Authdaemon(socketserver.StreamRequestHandler):
    """Courier's authdaemon as far as logins go: AUTH LENGTH, and as many octets: service, type, user, password."""

    def handle(self):
        words = self.rfile.readline().split()
        assert words[0] == b"AUTH" and len(words) == 2
        data = self.rfile.read(int(words[1]))
        service, kind, user, password = data.decode().splitlines()
        assert (service, kind) == ("exim", "login")
        if (user, password) == ("alice", "secret"):
            self.wfile.write(b"USERNAME=alice\nADDRESS=alice@example.org\nHOME=/home/alice\n.\n")
        else:
            self.wfile.write(b"FAIL\n")


@pytest.fixture(name="authdaemon")
def fixture_authdaemon(place):
    path = place.path / "authdaemon"
    with socketserver.ThreadingUnixStreamServer(str(path), Authdaemon) as server:
        path.chmod(0o666)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield path
        server.shutdown()
        thread.join()


def test_courier_authdaemon(place, authdaemon):
    config = stanza(place, "plain_courier_authdaemon", __run__courier__authdaemon__socket=authdaemon)
    assert log_in(place, config, f"AUTH PLAIN {PLAIN_RIGHT}") == "235 Authentication succeeded"
    assert log_in(place, config, f"AUTH PLAIN {PLAIN_WRONG}") == "535 Incorrect authentication data"
    config = stanza(place, "login_courier_authdaemon", __run__courier__authdaemon__socket=authdaemon)
    assert log_in(place, config, "AUTH LOGIN", b64("alice"), b64("secret")) == "235 Authentication succeeded"
    assert log_in(place, config, "AUTH LOGIN", b64("alice"), b64("wrong")) == "535 Incorrect authentication data"


def test_courier_authdaemon_that_is_not_there(place):
    config = stanza(place, "plain_courier_authdaemon", __run__courier__authdaemon__socket=place.path / "none")
    assert log_in(place, config, f"AUTH PLAIN {PLAIN_RIGHT}").startswith("435 ")
