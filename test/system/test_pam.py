"""The pam condition with real PAM services: the how-to's stanzas, what modules may ask, when they fail or hang."""
import contextlib
import glob
import os
import shutil
import subprocess
import time

import pytest

from authentication import ASK_NAME, ASK_PASSWORD, INCORRECT, LATER, OK, failed, offered, talk
from certificates import Authority
from gatepost import DEADLINE, TOP, b64, wait_until
from mounts import bound, need_mounts
from open_directory import open_to_all
from peers import output, swaks
from saslauthd_server import MATRIX

pytestmark = need_mounts

need_matrix = pytest.mark.skipif(not MATRIX, reason="libpam-wrapper is not installed")

# As in "Authenticated SMTP using PAM".
HOWTO_OPTIONS = """
    tls_advertise_hosts = *
    tls_certificate = CERTIFICATE

    auth_advertise_hosts = ${if def:tls_in_cipher {*}{}}
"""
HOWTO = '''
begin authenticators

PLAIN:
   driver = plaintext
   server_prompts = :
   server_condition = "${if pam{$auth2:$auth3}{yes}{no}}"
   server_set_id = $auth2

LOGIN:
   driver = plaintext
   server_prompts = "Username:: : Password::"
   server_condition = "${if pam{$auth1:$auth2}{yes}{no}}"
   server_set_id = $auth1
'''

RIGHT, WRONG, NOBODY = b64("\0alice\0secret"), b64("\0alice\0Secret"), b64("\0nobody\0secret")


class Services:
    """A directory of service files in place of the system's."""

    def __init__(self, place):
        self.place = place
        self.path = place.path / "pam.d"
        self.path.mkdir()
        self.path.chmod(0o755)
        self.write("auth required pam_deny.so", name="other")
        place.prefix = bound({"/etc/pam.d": self.path})

    def write(self, *lines, name="exim"):
        """Writes the file of a service."""
        file = self.path / name
        file.write_text("".join(line + "\n" for line in lines))
        file.chmod(0o644)
        return file

    def matrix(self, *users):
        """Lets in those whose "user:password:service" these are."""
        table = self.place.path / "passdb"
        table.write_text("".join(user + "\n" for user in users))
        table.chmod(0o644)
        self.write(*(f"{kind} required {MATRIX} passdb={table}" for kind in ("auth", "account")))

    def expand(self, *arguments):
        """What ${if pam{...}{y}{n}} makes of each of these."""
        return self.place.run("-be", *(f"${{if pam{{{argument}}}{{y}}{{n}}}}" for argument in arguments)) \
            .stdout.splitlines()


@pytest.fixture(name="services")
def fixture_services(place):
    return Services(place)


@pytest.fixture(name="module", scope="module")
def fixture_module(tmp_path_factory):
    """A module that asks in the way its argument says."""
    path = open_to_all(tmp_path_factory.mktemp("module"))
    module = path / "pam_asking.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", module, TOP / "test/system/modules/pam_asking.c", "-lpam"],
                   check=True, timeout=DEADLINE)
    return module


# --- The how-to


@need_matrix
def test_the_howto(service, services):
    services.matrix("alice:secret:exim")
    service.start(sections=HOWTO)
    for lines, replies in [
        ([f"AUTH PLAIN {RIGHT}"], [OK]),
        (["AUTH LOGIN", b64("alice"), b64("secret")], [ASK_NAME, ASK_PASSWORD, OK]),
    ]:
        assert talk(service.client(), *lines) == replies
    client = service.client()
    for lines, replies in [
        ([f"AUTH PLAIN {WRONG}"], [INCORRECT]),
        ([f"AUTH PLAIN {NOBODY}"], [INCORRECT]),
        (["AUTH PLAIN " + b64("\0\0secret")], [INCORRECT]),
        (["AUTH PLAIN " + b64("\0alice\0")], [INCORRECT]),
        (["AUTH LOGIN", b64("alice"), b64("wrong")], [ASK_NAME, ASK_PASSWORD, INCORRECT]),
        (["AUTH LOGIN", b64("alice"), ""], [ASK_NAME, ASK_PASSWORD, INCORRECT]),
    ]:
        assert talk(client, *lines) == replies
    assert failed(service, "PLAIN", INCORRECT, " (set_id=alice)") in service.place.log("main")
    assert "PAM" not in service.place.log("main")


@need_matrix
@pytest.mark.parametrize("password", ["secret", "wrong"])
def test_the_howto_under_tls_only(daemon, services, password):
    services.matrix("alice:secret:exim")
    pem = Authority(daemon.place.path).issue("imapd", "/CN=mail.test")
    pem.write_text(pem.read_text() + pem.with_suffix(".key").read_text())  # a file with both, as the how-to's
    pem.chmod(0o644)
    daemon.start(HOWTO_OPTIONS.replace("CERTIFICATE", str(pem)), HOWTO)
    assert offered(daemon.client().hello) == []
    result = swaks(daemon, "--auth", "PLAIN", "--quit-after", "AUTH", password=password)
    assert "did not advertise authentication" in output(result)
    for mechanism in ("PLAIN", "LOGIN"):
        result = swaks(daemon, "--tls", "--auth", mechanism, "--quit-after", "AUTH", password=password)
        assert (OK if password == "secret" else INCORRECT) in output(result), output(result)


@pytest.mark.skipif(os.getuid() != 0, reason="makes a user")
def test_the_system_passwords(daemon, services):
    """The how-to's service file, less modules that are for interactive use, and a user of the system."""
    place = daemon.place.path
    (place / "passwd").write_text("root:x:0:0::/root:/bin/sh\nmail:x:8:8::/:/bin/sh\ndaemon:x:1:1::/:/bin/sh\n"
                                  "throwaway:x:54321:54321::/:/bin/sh\n")
    # The hash of "pass word".
    (place / "shadow").write_text("throwaway:$6$saltsalt$" + sha512("pass word") + ":19000:0:99999:7:::\n")
    for name in ("passwd", "shadow"):
        (place / name).chmod(0o644)
    services.write("auth        required      pam_env.so",
                   "auth        sufficient    pam_unix.so likeauth nullok",
                   "auth        required      pam_deny.so",
                   "account     required      pam_unix.so")
    daemon.place.prefix = bound({"/etc/pam.d": services.path, "/etc/passwd": place / "passwd",
                                 "/etc/shadow": place / "shadow"})
    daemon.start(sections=HOWTO)
    client = daemon.client()
    assert talk(client, "AUTH PLAIN " + b64("\0throwaway\0pass"),
                "AUTH PLAIN " + b64("\0throwaway\0pass word")) == [INCORRECT, OK]


# The file of "Authenticated SMTP using PAM", and its place for modules; pam_cracklib, which is for new passwords, may
# be missing.
SERVICE_FILE = """
    auth        required      /lib/security/$ISA/pam_env.so
    auth        sufficient    /lib/security/$ISA/pam_unix.so likeauth nullok
    auth        required      /lib/security/$ISA/pam_deny.so
    account     required      /lib/security/$ISA/pam_unix.so
    password    required      /lib/security/$ISA/pam_cracklib.so retry=3 type=
    password    sufficient    /lib/security/$ISA/pam_unix.so nullok use_authtok md5shadow
    password    required      /lib/security/$ISA/pam_deny.so
    session     required      /lib/security/$ISA/pam_limits.so
    session     required      /lib/security/$ISA/pam_unix.so
"""


def with_modules_in(path, command):
    """The command line, for a view in which the system's modules lie in /lib/security/$ISA as well: what $ISA stood for
    was the distribution's to say, and Debian says nothing that fits."""
    (path / "lib/security").mkdir(parents=True)
    (path / "lib/security/$ISA").symlink_to(next(iter(glob.glob("/usr/lib/*/security"))))
    script = f'mount -t overlay overlay -o lowerdir={path}/lib:/usr/lib /usr/lib && exec "$@"'
    return [*command, "sh", "-c", script, "sh"]


@pytest.mark.skipif(os.getuid() != 0, reason="makes a user")
def test_the_service_file_word_for_word(daemon, services):
    place = daemon.place.path
    (place / "passwd").write_text("root:x:0:0::/root:/bin/sh\nmail:x:8:8::/:/bin/sh\ndaemon:x:1:1::/:/bin/sh\n"
                                  "userid:x:54321:54321::/:/bin/sh\nnobodys:x:54322:54322::/:/bin/sh\n")
    (place / "shadow").write_text("userid:$6$saltsalt$" + sha512("password") + ":19000:0:99999:7:::\n"
                                  "nobodys::19000:0:99999:7:::\n")
    for name in ("passwd", "shadow"):
        (place / name).chmod(0o644)
    services.write(SERVICE_FILE)
    prefix = with_modules_in(place, bound({"/etc/pam.d": services.path, "/etc/passwd": place / "passwd",
                                           "/etc/shadow": place / "shadow"}))
    if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode:
        pytest.skip("cannot mount an overlay")
    daemon.place.prefix = prefix
    daemon.start(sections=HOWTO)
    client = daemon.client()
    assert talk(client, "AUTH PLAIN " + b64("\0userid\0Password"), "AUTH PLAIN " + b64("\0nobody\0password"),
                "AUTH LOGIN", b64("userid"), b64("password")) == [
                    INCORRECT, INCORRECT, ASK_NAME, ASK_PASSWORD, OK]
    assert failed(daemon, "PLAIN", INCORRECT, " (set_id=userid)") in daemon.place.log("main")
    # "Do you want to allow accounts with no password to relay mail?" With nullok, they are.
    assert talk(daemon.client(), "AUTH PLAIN " + b64("\0nobodys\0")) == [OK]


# The how-to's for FreeBSD; another module has to take the part of pam_pop3, which Debian has not.
POP3 = ["auth required /usr/local/lib/pam_pop3.so hostname=localhost info pwprompt=Password: timeout=5",
        "account required pam_permit.so"]


@need_matrix
@pytest.mark.parametrize("lines, reply", [(POP3, OK), (POP3[:1], LATER)], ids=["both", "without account"])
def test_the_howto_s_freebsd(daemon, services, lines, reply):
    directory = daemon.place.path / "modules"
    directory.mkdir()
    shutil.copy(MATRIX, directory / "pam_pop3.so")
    (daemon.place.path / "passdb").write_text("alice:secret:exim\n")
    services.write(*lines)
    daemon.place.prefix = bound({"/etc/pam.d": services.path, "/usr/local/lib": directory})
    daemon.start(f"keep_environment = PAM_MATRIX_PASSWD\nadd_environment = PAM_MATRIX_PASSWD={daemon.place.path}/passdb\n",
                 HOWTO)
    assert talk(daemon.client(), f"AUTH PLAIN {WRONG}", f"AUTH PLAIN {RIGHT}") == [INCORRECT, reply]


def sha512(password):
    """The hash part of crypt(3) with the salt "saltsalt"."""
    made = subprocess.run(["openssl", "passwd", "-6", "-salt", "saltsalt", password], capture_output=True, text=True,
                          check=True).stdout
    return made.strip().rpartition("$")[2]


@need_matrix
def test_an_unreadable_service_file(daemon, services):
    services.matrix("alice:secret:exim")
    (services.path / "exim").chmod(0)
    daemon.start(sections=HOWTO)
    assert talk(daemon.client(), f"AUTH PLAIN {RIGHT}") == [INCORRECT]
    log = daemon.place.log("main")
    assert failed(daemon, "PLAIN", INCORRECT, " (set_id=alice)") in log
    assert " PAM: cannot read the service file /etc/pam.d/exim: Permission denied\n" in log


def test_no_service_file(daemon, services):
    assert services.expand("alice:secret") == ["n"]
    daemon.start(sections=HOWTO)
    assert talk(daemon.client(), f"AUTH PLAIN {RIGHT}") == [INCORRECT]
    assert "PAM: cannot read the service file /etc/pam.d/exim: No such file or directory\n" in daemon.place.log("main")


# --- The list


@need_matrix
def test_lists(services):
    services.matrix("alice:secret:exim", "empty::exim")
    assert services.expand("alice:secret", " alice : secret ", "<; alice;secret", "alice:secret:unused",
                           "empty", "empty:", "empty: ") == ["y"] * 7
    assert services.expand("", ":", ":secret", "alice", "alice:", "alice:Secret", "alice::secret", "alice: :secret",
                           "alice:secret::", "empty:x", "empty::") == ["n"] * 11


@need_matrix
def test_a_nul_does_not_end_a_string(services):
    services.matrix("alice:secret:exim")
    assert services.expand("alice:secret", "alice:${base64d:c2VjcmV0}", "alice:${base64d:c2VjcmV0AA==}",
                           "${base64d:YWxpY2UA}:secret", "alice:secret${base64d:AA==}:") == ["y", "y", "n", "n", "n"]


# --- What modules say and do


@pytest.mark.parametrize("way, answers, result", [
    ("several", "one:two", "y"),
    ("several", "one:three", "n"),
    ("several", "one", "n"),  # and one empty answer
    ("several", "", "Failed: Conversation error"),
    ("prompts", "one:two:three", "y"),  # and one empty answer
    ("prompts", "one:two:three:four:five", "y"),
    ("prompts", "one:two", "Failed: Conversation error"),
    ("binary", "one:two", "Failed: Conversation error"),
    ("none", "one:two", "Failed: Conversation error"),
    ("many", "one:two", "Failed: Conversation error"),
    ("crash", "one:two", "Failed: PAM: died of signal 6"),
    ("exit", "one:two", "Failed: PAM: no result"),
    ("other", "one:two", "Failed: Error in service module"),
])
def test_conversations(services, module, way, answers, result):
    services.write(f"auth required {module} {way}", "account required pam_permit.so")
    assert services.expand(f"alice:{answers}") == [result]


@pytest.mark.parametrize("code, result", [
    ("success", "y"),
    ("auth_err", "n"),
    ("user_unknown", "n"),
    ("acct_expired", "n"),
    ("perm_denied", "Failed: Permission denied"),
    ("authinfo_unavail", "Failed: Authentication service cannot retrieve authentication info"),
    ("maxtries", "Failed: Have exhausted maximum number of retries for service"),
    ("new_authtok_reqd", "Failed: Authentication token is no longer valid; new one required"),
])
def test_what_modules_find(services, code, result):
    services.write(f"auth required pam_debug.so auth={code}", "account required pam_permit.so")
    assert services.expand("alice:x") == [result]
    services.write("auth required pam_permit.so", f"account required pam_debug.so acct={code}")
    assert services.expand("alice:x") == [result], "the account phase counts as well"


def test_a_failing_module_puts_off(daemon, services):
    services.write("auth required pam_debug.so auth=system_err")
    daemon.start(sections=HOWTO)
    assert talk(daemon.client(), f"AUTH PLAIN {RIGHT}") == [LATER]
    assert failed(daemon, "PLAIN", LATER, " (set_id=alice): System error") in daemon.place.log("main")


@pytest.mark.parametrize("line", ["MODULE hang", "pam_exec.so quiet /bin/sleep 3333"])
def test_a_hanging_module_holds_up_its_own_session_only(daemon, services, module, line):
    services.write("auth required " + line.replace("MODULE", str(module)), "account required pam_permit.so")
    daemon.start("password_timeout = 1s\n", HOWTO)
    waiting, other = daemon.client(), daemon.client()
    before = time.monotonic()
    waiting.send(f"AUTH PLAIN {RIGHT}\r\n")
    assert talk(other, "NOOP") == ["250 OK"]
    assert waiting.reply() == LATER
    assert time.monotonic() - before >= 0.9
    daemon.place.wait_for_log("(set_id=alice): PAM: took more than 1 seconds\n")
    wait_until(lambda: not running("sleep", "3333"), "what the module has started to end")


def running(*command):
    """Whether a process was started like that."""
    wanted = "".join(word + "\0" for word in command).encode()
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        with contextlib.suppress(OSError), open(path, "rb") as line:
            if line.read().endswith(wanted):
                return True
    return False
