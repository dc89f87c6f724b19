"""AUTH as an administrator looks at it: debugging output, and the driver as a module."""
import os
import re
import shutil
import subprocess

import pytest

from authentication import ALICE, ASK, ASK_NAME, ASK_PASSWORD, INCORRECT, OK, PATIENT, SECRET
from gatepost import DEADLINE, PLAIN, RIGHT, TOP, WRONG, b64


# --- Debugging


SECRETS = ("secret", "wrong", SECRET, b64("wrong"), RIGHT, WRONG, RIGHT[:-4], "alice\\000secret")


@pytest.mark.parametrize("selectors", ["-d+auth", "-d-all+auth", "-d", "-d+expand", "-d+all"])
@pytest.mark.parametrize("mode", [("-bs",), ("-bh", "127.0.0.1")])
def test_debugging_shows_what_happens_and_no_secrets(place, selectors, mode):
    sections = """
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${lookup{$auth2}lsearch{FILE}{${if crypteq{$auth3}{$value}}}{no}}
  server_set_id = $auth2
  server_debug_print = looking at $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${if and{{eq{$auth1}{alice}}{eq{${md5:$auth2}}{5ebe2294ecd0e0f08eab7690d2a6ee69}}}}
  server_set_id = $auth1
  server_debug_print = ${if foo}
"""
    (place.path / "users").write_text("alice: {md5}Xr4ilOzQ4PCOq3aQ0qbuaQ==\n")
    place.configure(PATIENT, sections.replace("FILE", str(place.path / "users")))
    result = place.run(selectors, *mode, stdin="".join(line + "\r\n" for line in (
        "EHLO client.test", f"AUTH PLAIN {WRONG}", "AUTH PLAIN", WRONG, "AUTH LOGIN", ALICE, b64("wrong"),
        f"AUTH LOGIN {ALICE}", SECRET, f"AUTH PLAIN {RIGHT}", RIGHT, "QUIT")))
    assert result.stdout.count(INCORRECT) == 3 and OK in result.stdout
    for needed in ("Evaluating advertise_condition for plain PLAIN authenticator",
                   "plain authenticator server_condition:", "login authenticator server_condition:",
                   "looking at alice", 'unknown condition "foo"',
                   "expanded string: true", "535 Incorrect authentication data (set_id=alice)"):
        assert needed in result.stderr
    for secret in SECRETS:
        assert secret not in result.stderr


def test_test_sessions_show_no_secrets(place):
    lines = ["EHLO client.test", f"AUTH PLAIN {WRONG}", "AUTH LOGIN", ALICE, SECRET, f"AUTH PLAIN {RIGHT}", RIGHT]
    result = place.run("-bh", "127.0.0.1", stdin="".join(line + "\r\n" for line in lines))
    assert ">>> login authenticator server_condition:\n" in result.stderr
    assert ">>> expanded string: true\n" in result.stderr
    for secret in SECRETS:
        assert secret not in result.stderr


def test_debugging_prints_what_it_is_asked_to(place):
    place.configure(sections=PLAIN + "  server_debug_print = name=$auth1 password=$auth2 $1/$2\n")
    result = place.run("-d+auth", "-bs", stdin=f"EHLO client.test\r\nAUTH LOGIN {ALICE}\r\n{SECRET}\r\nQUIT\r\n")
    assert "name=alice password=secret alice/secret\n" in result.stderr


# --- PLAIN as a loadable module


@pytest.fixture(name="modular", scope="module")
def fixture_modular(tmp_path_factory):
    """The build directory of a program that loads the plaintext driver."""
    build = tmp_path_factory.mktemp("modular")
    build.chmod(0o755)
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("MAKE", "MFLAGS"))}
    subprocess.run(["make", "-s", f"-j{os.cpu_count()}", f"BUILD={build}", "AUTH_PLAINTEXT=2", "CFLAGS=-O0",
                    f"MODULE_DIRECTORY={build}/modules"], cwd=TOP, env=environment, check=True, timeout=300,
                   stdout=subprocess.DEVNULL)
    return build


def run_modular(modular, place, *arguments, stdin=""):
    return subprocess.run([modular / "gatepost", "-C", place.config, *arguments], input=stdin, text=True,
                          capture_output=True, timeout=DEADLINE, check=False)


def test_driver_as_a_module(modular, place):
    lines = ["EHLO client.test", f"AUTH PLAIN {WRONG}", "AUTH LOGIN", ALICE, b64("wrong"), "AUTH PLAIN", RIGHT,
             "QUIT"]
    result = run_modular(modular, place, "-bs", stdin="".join(line + "\r\n" for line in lines))
    assert result.returncode == 0
    assert result.stdout.splitlines()[-7:] == \
        [INCORRECT, ASK_NAME, ASK_PASSWORD, INCORRECT, ASK, OK, "221 mail.test closing connection"]
    assert "plain authenticator failed for U=" in place.log("main")
    printed = run_modular(modular, place, "-bP", "authenticator", "login").stdout
    assert "server_prompts = Username:: : Password::\n" in printed


def test_driver_module_that_is_missing_or_broken(modular, place, tmp_path):
    module = modular / "modules" / "auth_plaintext.so"
    aside = tmp_path / "aside.so"
    shutil.move(module, aside)
    try:
        assert_no_session(modular, place, module)
        module.write_text("no shared object at all")
        assert_no_session(modular, place, module)
        module.unlink()
        shutil.copy(modular / "gatepost", module)
        assert_no_session(modular, place, module)
        place.configure(sections="")
        assert run_modular(modular, place, "-bs", stdin="QUIT\r\n").returncode == 0, "nobody needs the module"
    finally:
        shutil.move(aside, module)
    assert run_modular(modular, place, "-bV").returncode == 0


def assert_no_session(modular, place, module):
    """A configuration that needs the module is in error, and the message names stanza, line and file."""
    result = run_modular(modular, place, "-bs", stdin="QUIT\r\n")
    assert result.returncode == 1 and result.stdout == ""
    where = re.escape(str(place.config))
    assert re.search(rf"Exim configuration error in line \d+ of {where}:\n", result.stderr)
    assert str(module) in result.stderr
