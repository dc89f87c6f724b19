"""What Exim has and Gatepost has not: each of it is one clear error with its place, and the manual page is complete."""
import importlib.machinery
import importlib.util
import re
import subprocess

import pytest

from gatepost import PROGRAM, TOP

ROOMS = {"router": "routers", "transport": "transports", "authenticator": "authenticators"}
DRIVERS = {name: f"begin {section}\nx:\n  driver = {name}\n" for section, names in {
    "routers": "accept dnslookup ipliteral manualroute queryprogram redirect",
    "transports": "appendfile autoreply lmtp pipe smtp",
    "authenticators": "cram_md5 cyrus_sasl dovecot external gsasl heimdal_gssapi plaintext spa tls",
}.items() for name in names.split()}
SECTIONS = {"routers": DRIVERS["accept"], "transports": DRIVERS["pipe"], "authenticators": DRIVERS["plaintext"]}
# One of these is a value for an option of whatever type, and not the one it has anyway.
VALUES = ("nothing-like-it", "yes", "no", "17", "17s", "root", "r = s")


def load_script():
    loader = importlib.machinery.SourceFileLoader("differences", str(TOP / "scripts" / "differences"))
    spec = importlib.util.spec_from_loader("differences", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def listed():
    return [tuple(line.split(" ", 1)) for line in load_script().unsupported(PROGRAM)]


def of_kind(pattern):
    return [pytest.param(kind, name, id=f"{kind}-{name}") for kind, name in listed() if re.fullmatch(pattern, kind)]


def error(place, text):
    """What the configuration error says, and in which line."""
    place.config.write_text(text)
    result = place.run("-bV", code=None)
    found = re.search(r"Exim configuration error in line (\d+) of (\S+):\n  (.*)\n$", result.stderr)
    if not found:
        return None, result.stderr
    assert result.returncode == 1
    assert found[2] == str(place.config)
    return int(found[1]), found[3]


def test_the_manual_page_is_up_to_date():
    """`make differences` writes it anew."""
    assert (TOP / "doc" / "gatepost-differences.7").read_text() == load_script().page(PROGRAM)


@pytest.mark.parametrize("kind,name", of_kind(".*_option"))
def test_options(place, kind, name):
    of = kind.removesuffix("_option")
    before = "" if of == "main" else SECTIONS.get(of) or DRIVERS[of]
    expected = before.count("\n") + 1, f'option "{name}" is known to Exim but not supported by gatepost'
    assert any(error(place, f"{before}{name} = {value}\n") == expected for value in VALUES)


@pytest.mark.parametrize("kind,name", of_kind(".*_driver"))
def test_drivers(place, kind, name):
    noun = kind.removesuffix("_driver")
    assert error(place, f"begin {ROOMS[noun]}\n\nx:\n  driver = {name}\n") == (
        4, f'{noun} x: cannot find {noun} driver "{name}": it is known to Exim but not in this build of gatepost')


@pytest.mark.parametrize("kind,name", of_kind("acl_.*"))
def test_acls(place, kind, name):
    text = {"acl_control": f"control = {name}", "acl_verify": f"verify = {name}"}.get(kind, f"{name} = x")
    line, what = error(place, f"begin acl\n\nx:\n  warn {text}\n")
    assert line == 4
    assert what.endswith("is known to Exim but not supported by gatepost")
    assert f'"{text}"' in what or f'"{name}"' in what


EXPANSIONS = {
    "dlfunc": "${dlfunc{/x}{y}}", "perl": "${perl{x}}", "srs_encode": "${srs_encode{a}{b@c}{d}}",
    "inbound_srs": "${if inbound_srs{a}{b}{c}{d}}",
}


@pytest.mark.parametrize("kind,name", of_kind("expansion_.*|lookup"))
def test_expansions(place, kind, name):
    """Where Exim reads no further than it has to, the error waits for its turn, but -bV knows of it."""
    text = EXPANSIONS.get(name, f"${{lookup {name} {{x}}}}" if kind == "lookup" else None)
    if kind == "lookup" and name in ("nis", "lmdb"):
        text = f"${{lookup{{x}}{name}{{/y}}}}"
    place.configure(f"smtp_banner = {text}")
    said = "is known to Exim but not supported by gatepost"
    result = place.run("-bV")
    number = place.config.read_text().split("\n").index(f"smtp_banner = {text}") + 1
    assert re.search(rf"^{re.escape(str(place.config))}:{number}:\d+: warning: smtp_banner: .*\"{name}\" {said}\n",
                     result.stderr), result.stderr
    assert f'"{name}" {said}' in place.run("-be", text).stdout


@pytest.mark.parametrize("kind,name", of_kind("command_line"))
def test_command_line(kind, name):
    result = subprocess.run([PROGRAM, name, "x"], capture_output=True, text=True, check=False)
    assert kind == "command_line" and result.returncode == 1
    assert result.stderr == f"exim abandoned: option {name} is known to Exim but not supported by gatepost\n"


# Names in the lists of options that come with Exim which no current Exim knows.
NOT_IN_EXIM = {
    ("main", "dns_dane_ok"), ("main", "gnutls_require_kx"), ("main", "gnutls_require_mac"),
    ("main", "gnutls_require_protocols"), ("main", "max_user_name_length"), ("main", "tls_sni"),
    ("main", "pipelining__connect_advertise_hosts"), ("main", "tls_remember_emstp"),
    ("smtp", "authenticate_hosts"), ("smtp", "gnutls_require_kx"), ("smtp", "gnutls_require_mac"),
    ("smtp", "gnutls_require_protocols"), ("smtp", "tcp_nodelay"), ("redirect", "forbid_fail"),
    ("authenticators", "debug_print"),
}


def test_every_option_of_exim_is_known(place):
    """exim_options.txt: OWNER NAME, a line for each option of the lists that come with Exim."""
    absent = {name for kind, name in listed() if kind.endswith("_driver")}
    unknown = set()
    for line in (TOP / "test" / "system" / "exim_options.txt").read_text().splitlines():
        of, name = line.split()
        if (of, name) in NOT_IN_EXIM or of in absent:
            continue
        before = "" if of == "main" else SECTIONS.get(of) or DRIVERS[of]
        place.config.write_text(f"{before}{name} = x\n")
        if f'option "{name}" unknown' in place.run("-bV", code=None).stderr:
            unknown.add((of, name))
    assert unknown == set()
