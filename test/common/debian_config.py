"""Configurations as Debian's exim4-config makes them, in a directory of one's own: nothing in /etc is touched."""
import pathlib
import re
import shutil
import subprocess

SOURCE = pathlib.Path("/etc/exim4")
TYPES = ("internet", "smarthost", "satellite", "local", "none")
AUTHENTICATORS = "conf.d/auth/30_exim4-config_examples"

ANSWERS = {
    "dc_other_hostnames": "mail.example.org",
    "dc_local_interfaces": "127.0.0.1 ; ::1",
    "dc_readhost": "readhost.example.org",
    "dc_relay_domains": "relay.example",
    "dc_minimaldns": "false",
    "dc_relay_nets": "192.0.2.0/24",
    "dc_smarthost": "smtp.example.net::587",
    "CFILEMODE": "644",
    "dc_hide_mailname": "true",
    "dc_mailname_in_oh": "true",
    "dc_localdelivery": "mail_spool",
}


def generate(directory, kind, macros="", split=True, examples=None, **answers):
    """The file that update-exim4.conf makes. kind: dc_eximconfig_configtype; macros: local ones; examples: what
    takes the place of the authenticators that the package has commented out, and those it has not."""
    directory = pathlib.Path(directory) / "exim4"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    shutil.copytree(SOURCE / "conf.d", directory / "conf.d")
    shutil.copy(SOURCE / "exim4.conf.template", directory)
    (directory / "update-exim4.conf.conf").write_text("".join(f"{name}='{value}'\n" for name, value in {
        **ANSWERS, "dc_eximconfig_configtype": kind, "dc_use_split_config": "true" if split else "false",
        **answers}.items()))
    if macros:
        (directory / "conf.d/main/000_localmacros").write_text(macros)
    if examples is not None:
        (directory / AUTHENTICATORS).write_text(examples)
    output = directory / "generated"
    subprocess.run(["update-exim4.conf", "-d", str(directory), "-o", str(output)], check=True, capture_output=True)
    output.chmod(0o644)
    return output


def authenticator_examples():
    """{name: stanza} of the authenticators that the package has commented out."""
    stanzas, name = {}, None
    for line in (SOURCE / AUTHENTICATORS).read_text().splitlines():
        text = line.removeprefix("# ") if line.startswith("# ") else None
        if text and re.fullmatch(r"\w+:", text):
            name = text[:-1]
            stanzas[name] = text + "\n"
        elif name and text and text.startswith(" "):
            stanzas[name] += text + "\n"
        else:
            name = None
    return stanzas


def macro_names():
    """The macros that the package's files ask for with .ifdef and .ifndef."""
    files = (path.read_text() for path in sorted((SOURCE / "conf.d").rglob("*")) if path.is_file())
    return set(re.findall(r"(?m)^\s*\.ifn?def\s+([A-Z]\w+)", "\n".join(files)))
