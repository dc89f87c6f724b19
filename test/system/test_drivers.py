"""What holds for every build, whatever its switches: each authenticator, lookup and password checker is in the
program, or in a module that is mapped when the configuration names it and not before, or is refused in one line."""
import pathlib
import re
import shutil
import struct
import subprocess

import pytest

from gatepost import PROGRAM, Place

# A server's stanza for each authenticator, without its first lines.
AUTHENTICATORS = {
    "cram_md5": ("CRAM-MD5", "server_secret = secret"),
    "cyrus_sasl": ("PLAIN", "server_mech = PLAIN"),
    "dovecot": ("PLAIN", "server_socket = /nowhere/auth"),
    "external": ("EXTERNAL", "server_condition = yes"),
    "gsasl": ("SCRAM-SHA-256", "server_password = secret"),
    "heimdal_gssapi": ("GSSAPI", "server_service = smtp"),
    "plaintext": ("PLAIN", "server_condition = yes"),
    "spa": ("NTLM", "server_password = secret"),
    "tls": (None, "server_param1 = x"),
}
LOOKUPS = {
    "cdb": "${lookup{x}cdb{/nowhere}}",
    "dbm": "${lookup{x}dbm{/nowhere}}",
    "dnsdb": "${lookup dnsdb{a=nowhere.invalid}}",
    "dsearch": "${lookup{x}dsearch{/nowhere}}",
    "json": "${lookup{x}json{/nowhere}}",
    "ldap": "${lookup ldap{ldap:///}}",
    "lsearch": "${lookup{x}lsearch{/nowhere}}",
    "passwd": "${lookup passwd{x}}",
    "redis": "${lookup redis{get x}}",
    "sqlite": "${lookup sqlite,file=/nowhere{select 1}}",
}
CHECKERS = {"pam": "${if pam{x:y}{1}{0}}", "radius": "${if radius{x:y}{1}{0}}"}

# What a library says of itself, below the version it was compiled with; Heimdal's has no version to compile with.
REPORTS = {
    "cyrus_sasl": r"Cyrus SASL: Compile: \d+\.\d+\.\d+\n {29}Runtime: \d+\.\d+\.\d+ \[Cyrus SASL\]",
    "gsasl": r"GNU SASL: Compile: \d+\.\d+\.\d+\n {27}Runtime: \d+\.\d+\.\d+",
    "heimdal_gssapi": r"Heimdal: Runtime: Heimdal .+",
    "spa": r"Nettle: Compile: \d+\.\d+\n {25}Runtime: \d+\.\d+",
}


def output(*arguments):
    """What the program under test prints."""
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=True).stdout


MODULES = output("-bI:modules").split()


def module_of(name):
    """The module that something is in, where it is in one."""
    kind = "auth" if name in AUTHENTICATORS else "lookup" if name in LOOKUPS else "password"
    return f"{kind}_{name}"


def listed(label, text):
    """The words behind a label of -bV."""
    found = re.search(rf"^{re.escape(label)}: (.*)$", text, re.M)
    return found.group(1).split() if found else []


def stanza(name, label="x"):
    """A section with that authenticator; the driver is named in its third line."""
    mechanism, option = AUTHENTICATORS[name]
    public = f"  public_name = {mechanism}\n" if mechanism else ""
    return f"begin authenticators\n{label}:\n  driver = {name}\n{public}  {option}\n"


def configure(place, name):
    """A configuration that names it; the number of the line in which it does."""
    if name in AUTHENTICATORS:
        place.configure("", stanza(name))
        sought = f"driver = {name}"
    else:
        text = LOOKUPS.get(name) or CHECKERS[name]
        place.configure("acl_smtp_mail = a", f"begin acl\na:\n  warn set acl_m_x = {text}\n  accept\n")
        sought = text
    lines = place.config.read_text().split("\n")
    return next(number for number, line in enumerate(lines, 1) if sought in line)


def complaint(place, number):
    """What -bV has to say about that line: an error, with which it ends, of an authenticator, else a warning."""
    result = place.run("-bV", code=None)
    said = re.fullmatch(rf"(?:(.*error in line {number} of {place.config}:\n  (.*)\n)|"
                        rf"{place.config}:{number}:\d+: warning: (.*)\n.*\n *\^\n)", result.stderr)
    assert said and result.returncode == (1 if said.group(1) else 0), result
    return said.group(2) or said.group(3)


# --- What is there, and what is not


@pytest.mark.parametrize("name", AUTHENTICATORS)
def test_authenticators(place, name):
    place.configure(sections="")
    built = listed("Authenticators", place.run("-bV").stdout)
    number = configure(place, name)
    if name in built or f"{name}(module)" in built:
        assert f"driver = {name}" in place.run("-bP", "authenticator", "x").stdout
        mechanism = AUTHENTICATORS[name][0]
        assert bool(mechanism) == (f"250-AUTH {mechanism}\r\n" in place.session("EHLO client.test", "QUIT"))
    else:
        assert complaint(place, number) == (
            f'authenticator x: cannot find authenticator driver "{name}": it is known to Exim but not in this build of gatepost')


@pytest.mark.parametrize("name", LOOKUPS)
def test_lookups(place, name):
    place.configure(sections="")
    text = place.run("-bV").stdout
    number = configure(place, name)
    if name in listed("Lookups (built-in)", text) + listed("Lookups (modules)", text):
        assert place.run("-bV").stderr == ""
    else:
        assert complaint(place, number) == \
            f'ACL a, set: lookup type "{name}" is known to Exim but not supported by gatepost'


@pytest.mark.parametrize("name", CHECKERS)
def test_password_checkers(place, name):
    number = configure(place, name)
    header = (pathlib.Path(PROGRAM).parent / "build_config.h").read_text()
    if f"#define SUPPORT_{name.upper()} 0" in header:
        assert complaint(place, number) == f'ACL a, set: support for "{name}" not compiled'
    else:
        assert place.run("-bV").stderr == ""


@pytest.mark.parametrize("name", REPORTS)
def test_version_reports(place, name):
    """A library is asked by -d -bV where it is there anyway: built in, or in a module that a stanza names."""
    place.configure(sections="")
    built = listed("Authenticators", place.run("-bV").stdout)
    report = rf"^Library version: {REPORTS[name]}$"
    without = place.run("-d", "-bV").stdout
    assert len(re.findall(report, without, re.M)) == (name in built)
    if name in built or f"{name}(module)" in built:
        configure(place, name)
        result = place.run("-d", "-bV").stdout
        assert len(re.findall(report, result, re.M)) == 1, result
        assert "Library version" not in place.run("-bV").stdout


# --- Modules


def mapped(place):
    """The modules that a session has mapped; which has all that the configuration names."""
    session = subprocess.Popen(place.command("-bh", "192.0.2.1"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True, bufsize=1)
    with session:
        while not session.stdout.readline().startswith("220 "):
            assert session.poll() is None
        maps = pathlib.Path(f"/proc/{session.pid}/maps").read_text()
        session.communicate("QUIT\r\n")
    return {pathlib.Path(path).stem for path in re.findall(r" (/\S*/modules/\S+\.so)$", maps, re.M)}


def test_no_module_is_mapped_for_nothing(place):
    place.configure(sections="")
    assert mapped(place) == set()


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_mapped_when_it_is_named(place, module):
    configure(place, module.partition("_")[2])
    assert mapped(place) == {module}


def other_build(path):
    """Makes a module one of another build: the checksum in its head is another."""
    header = (pathlib.Path(PROGRAM).parent / "module_build.h").read_text()
    head = struct.pack("=I", int(re.search(r"MODULE_BUILD (\d+)u", header).group(1)))
    data = path.read_bytes()
    assert head in data
    path.write_bytes(data.replace(head, bytes(octet ^ 1 for octet in head)))


def library_gone(path):
    """Makes a module one that needs a library which is not there."""
    stub = path.with_name("libgone.so")
    subprocess.run(["gcc", "-shared", "-x", "c", "/dev/null", "-o", stub], check=True)
    subprocess.run(["gcc", "-shared", "-x", "c", "/dev/null", "-x", "none", "-Wl,--no-as-needed", stub, "-o", path],
                   cwd=path.parent, check=True)
    stub.unlink()


def no_module(path):
    """Puts a library in its place."""
    subprocess.run(["gcc", "-shared", "-x", "c", "/dev/null", "-o", path], check=True)


def other_module(path):
    """Puts another module of the same kind in its place."""
    kind = path.stem.partition("_")[0]
    others = [file for file in path.parent.glob(f"{kind}_*.so") if file != path]
    shutil.copyfile(others[0], path)


FAULTS = {
    "missing": (pathlib.Path.unlink, "cannot open shared object file: No such file or directory"),
    "empty": (lambda path: path.write_bytes(b""), "file too short"),
    "garbage": (lambda path: path.write_bytes(b"garbage\n" * 999), "invalid ELF header"),
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:9999]), "the file is not whole"),
    "no module": (no_module, "is no module of gatepost"),
    "library gone": (library_gone, "libgone.so: cannot open shared object file: No such file or directory"),
    "other build": (other_build, "is a module of another build of gatepost"),
    "other module": (other_module, "the module has another driver in it|the module has other types in it|"
                                   "the module is for something else"),
}


class Copy(Place):
    """A place with a copy of the program, and of its modules beside it."""

    def __init__(self, path):
        super().__init__(path)
        self.program = self.path / "gatepost"
        shutil.copy(PROGRAM, self.program)
        shutil.copytree(pathlib.Path(PROGRAM).parent / "modules", self.path / "modules",
                        ignore=shutil.ignore_patterns("*.o", "*.d", "auths", "lookups", "passwords"))

    def command(self, *arguments):
        command = super().command(*arguments)
        command[command.index(PROGRAM)] = str(self.program)
        return command


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("module", [module for module in MODULES if module in
                                    ("auth_cyrus_sasl", "auth_spa", "lookup_sqlite", "password_pam")])
def test_broken_modules(tmp_path, module, fault):
    place = Copy(tmp_path)
    number = configure(place, module.partition("_")[2])
    assert place.run("-bV").stderr == ""
    spoil, reason = FAULTS[fault]
    spoil(place.path / "modules" / f"{module}.so")
    said = complaint(place, number)
    assert module.partition("_")[2] in said and re.search(reason, said), said
    assert "cannot load" in said
    if fault in ("missing", "empty", "garbage", "no module", "other build"):
        assert f"{place.path}/modules/{module}.so" in said
    place.configure(sections="")
    assert place.run("-bV").stderr == ""
