"""The real program, built with other switches than Local/Makefile's, with drivers in modules, and installed."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from authentication import ALICE, ASK, ASK_NAME, ASK_PASSWORD, INCORRECT, OK
from building import environment, installed, output
from gatepost import DEADLINE, RIGHT, TOP, WRONG, b64
from mounts import bound


class Build:
    """The whole tree, built once more with other switches; quickly, since it is not for measuring."""

    def __init__(self, path):
        self.path = path
        path.chmod(0o755)
        self.place = path / "etc"
        self.place.mkdir()
        for name in ("submission.conf", "passwd"):
            shutil.copyfile(TOP / "doc/examples" / name, self.place / name)

    def make(self, *switches):
        """Builds with these switches."""
        command = ["make", "-s", f"-j{os.cpu_count()}", f"BUILD={self.path}/build", "CFLAGS=-O0"]
        subprocess.run([*command, *switches], cwd=TOP, env=environment(), check=True, timeout=300)

    def run(self, place, *arguments, stdin=""):
        """Runs the program with the configuration of a place."""
        return subprocess.run(self.command("-C", place.config, *arguments), input=stdin, text=True,
                              capture_output=True, timeout=DEADLINE, check=False)

    def defines(self):
        """The macros that make the example configuration use the files beside it."""
        return [f"-D{name}={self.place}" for name in ("CONFDIR", "LOGDIR", "SPOOLDIR")]

    def command(self, *arguments):
        """The program's command line."""
        return [self.path / "build/gatepost", *arguments]


# A group of tests stays on one processor, so that the tree is built once.
in_the_whole_tree = pytest.mark.xdist_group("whole tree")


@pytest.fixture(name="build", scope="module")
def fixture_build(tmp_path_factory):
    return Build(tmp_path_factory.mktemp("whole"))


@pytest.fixture(name="modular")
def fixture_modular(build):
    """A program that loads the plaintext driver."""
    build.make("AUTH_PLAINTEXT=2", f"MODULE_DIRECTORY={build.path}/build/modules")
    return build


@in_the_whole_tree
def test_a_module_is_mapped_when_a_stanza_names_it(modular):
    """With AUTH_PLAINTEXT=2 authentication works, and only who uses the driver pays for it."""
    example = (modular.place / "submission.conf").read_text()
    (modular.place / "without.conf").write_text(example[:example.index("begin authenticators")])
    for name, mapped in (("submission.conf", True), ("without.conf", False)):
        command = modular.command("-C", modular.place / name, *modular.defines(), "-bh", "127.0.0.1")
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True, bufsize=1) as session:
            session.stdin.write("EHLO client.example\r\nAUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=\r\nNOOP\r\n")
            replies = []
            while not replies or not re.match("250 OK", replies[-1]):
                replies.append(session.stdout.readline())
                assert replies[-1], "the session ended early: " + "".join(replies)
            maps = pathlib.Path(f"/proc/{session.pid}/maps").read_text()
            session.stdin.write("QUIT\r\n")
            session.stdin.close()
            session.stdout.read()
            assert session.wait(timeout=10) == 0
        assert ("auth_plaintext.so" in maps) == mapped
        assert ("235 Authentication succeeded\n" in replies) == mapped, replies


@in_the_whole_tree
def test_driver_as_a_module(modular, place):
    lines = ["EHLO client.test", f"AUTH PLAIN {WRONG}", "AUTH LOGIN", ALICE, b64("wrong"), "AUTH PLAIN", RIGHT,
             "QUIT"]
    result = modular.run(place, "-bs", stdin="".join(line + "\r\n" for line in lines))
    assert result.returncode == 0
    assert result.stdout.splitlines()[-7:] == \
        [INCORRECT, ASK_NAME, ASK_PASSWORD, INCORRECT, ASK, OK, "221 mail.test closing connection"]
    assert "plain authenticator failed for U=" in place.log("main")
    printed = modular.run(place, "-bP", "authenticator", "login").stdout
    assert "server_prompts = Username:: : Password::\n" in printed


@in_the_whole_tree
def test_driver_module_that_is_missing_or_broken(modular, place, tmp_path):
    module = modular.path / "build/modules" / "auth_plaintext.so"
    aside = tmp_path / "aside.so"
    shutil.move(module, aside)
    try:
        assert_no_session(modular, place, module)
        module.write_text("no shared object at all")
        assert_no_session(modular, place, module)
        module.unlink()
        shutil.copy(modular.path / "build/gatepost", module)
        assert_no_session(modular, place, module)
        place.configure(sections="")
        assert modular.run(place, "-bs", stdin="QUIT\r\n").returncode == 0, "nobody needs the module"
    finally:
        shutil.move(aside, module)
    assert modular.run(place, "-bV").returncode == 0


def assert_no_session(modular, place, module):
    """A configuration that needs the module is in error, and the message names stanza, line and file."""
    result = modular.run(place, "-bs", stdin="QUIT\r\n")
    assert result.returncode == 1 and result.stdout == ""
    where = re.escape(str(place.config))
    assert re.search(rf"Exim configuration error in line \d+ of {where}:\n", result.stderr)
    assert str(module) in result.stderr


@pytest.mark.parametrize("name", ["none", "builtin"])
@in_the_whole_tree
def test_other_switches(build, name):
    """A sample of what `make matrix` does with all sets of switches."""
    result = subprocess.run(["scripts/matrix", "-q", build.path / "build", name], cwd=TOP, env=environment(), text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=600)
    assert result.returncode == 0, result.stdout


def symbols(files, *options):
    """The names of global symbols in objects."""
    return {line.split()[-1] for line in output("nm", "-g", *options, *files).splitlines() if " " in line}


@in_the_whole_tree
def test_authenticators_can_be_lifted_out(build):
    """With src/base they need nothing of the rest of Gatepost, neither to compile nor to link."""
    build.make("ROOMS=base auths", "objects")
    build.make("objects")
    objects = {file for room in (TOP / "src").iterdir() for file in (build.path / "build" / room.name).glob("*.o")}
    lifted = {file for file in objects if file.parent.name in ("auths", "base")}
    assert len(lifted) > 50 and len(objects) > 300
    needed = symbols(lifted, "--undefined-only") - symbols(lifted, "--defined-only")
    assert needed & symbols(objects - lifted, "--defined-only") == set()


@in_the_whole_tree
def test_the_whole_can_be_installed(build, tmp_path):
    """The program finds its modules where they are installed, and answers to the names that programs know."""
    root = tmp_path / "root"
    arguments = ("install", f"DESTDIR={root}", "PREFIX=/opt/gatepost", "LINKS=yes")
    build.make(*arguments)
    prefix = root / "opt/gatepost"
    modules = output(prefix / "sbin/gatepost", "-bI:modules").split()
    assert sorted(file.stem for file in (prefix / "lib/gatepost/modules").iterdir()) == sorted(modules)
    pages = {page.name for page in prefix.glob("share/man/man*/*")}
    assert pages == {page.name for page in (TOP / "doc").glob("*.[1-9]")}
    for page in prefix.glob("share/man/man*/*"):
        assert page.parent.name == f"man{page.suffix[1:]}"
    config = tmp_path / "gatepost.conf"
    config.write_text(f"spool_directory = {tmp_path}\nkeep_environment =\ntls_advertise_hosts =\n"
                      "begin authenticators\nx:\n  driver = spa\n  public_name = NTLM\n  server_password = secret\n")
    there = bound({"/opt": root / "opt"})

    def installed_output(name, *options):
        return output(*there, f"/opt/gatepost/sbin/{name}", "-C", config, *options)

    for name in ("gatepost", "exim", "sendmail"):
        assert "server_password = secret" in installed_output(name, "-bP", "authenticator", "x")
    assert installed_output("mailq") == ""
    build.make("uninstall", *arguments[1:])
    assert installed(root) == []


@in_the_whole_tree
def test_the_command_line_can_be_confined(build):
    build.make(f"ALT_CONFIG_PREFIX={build.place}/", "DISABLE_D_OPTION=yes", "CONFIGURE_FILE=/nowhere/file")
    text = (build.place / "submission.conf").read_text()
    for name in ("CONFDIR", "LOGDIR", "SPOOLDIR"):
        text = re.sub(rf"^{name} = .*$", f"{name} = {build.place}", text, flags=re.M)
    (build.place / "plain.conf").write_text(text)

    def answer(*arguments):
        ran = subprocess.run(build.command(*arguments), capture_output=True, text=True, timeout=10,
                             check=False)
        return ran.returncode, ran.stderr

    confined = f'exim: -C may name only files that begin with "{build.place}/" and hold no "/../"\n'
    assert answer("-C", build.place / "plain.conf", "-bV") == (0, "")
    assert answer("-C", f"{build.place}/../etc/plain.conf", "-bV") == (1, confined)
    assert answer("-C", f"{build.place}/none.conf:/etc/passwd", "-bV") == (1, confined)
    code, error = answer("-C", "/nowhere/file", "-bV")
    assert code == 1 and "may name only" not in error
    disabled = "exim: -D is disabled in this build\n"
    assert answer("-C", build.place / "plain.conf", "-DX=y", "-bV") == (1, disabled)


@in_the_whole_tree
def test_every_setting_is_read_by_something(build):
    """A name that Local/Makefile gives and nothing reads would be ignored silently."""
    header = (build.path / "build/build_config.h").read_text()
    always_on = re.findall(r"call fixed,(\w+)", (TOP / "scripts" / "switches.mk").read_text())
    settings = set(re.findall(r'^#define (\w+) (?:"|\d)', header, re.M)) - set(always_on)
    # By auth_drivers.inc and its like.
    settings = {setting for setting in settings if not setting.startswith(("AUTH_", "ROUTER_", "TRANSPORT_"))}
    settings -= {"SUPPORT_RADIUS"}
    assert len(settings) > 10
    sources = "\n".join(source.read_text() for source in TOP.glob("src/*/*.[ch]*"))
    sources += "\n".join(source.read_text() for source in TOP.glob("src/*/*.def"))
    assert {setting for setting in settings if not re.search(rf"\b{setting}\b", sources)} == set()
