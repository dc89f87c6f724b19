"""Configurations as Debian's exim4-config makes them, in a directory of one's own: nothing in /etc is touched."""
import functools
import pathlib
import re
import shutil
import subprocess
import tempfile

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


LOCAL_MACROS = "LOCAL_MACROS_ARE = here\n"
OTHER_EXAMPLES = "OTHER_EXAMPLES_ARE = here\n"


@functools.cache
def template(kind, split, other_examples, answers):
    """What update-exim4.conf makes, which takes its time, with a line each for local macros and, if wanted, examples."""
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        shutil.copytree(SOURCE / "conf.d", directory / "conf.d")
        shutil.copy(SOURCE / "exim4.conf.template", directory)
        (directory / "update-exim4.conf.conf").write_text("".join(f"{name}='{value}'\n" for name, value in {
            **ANSWERS, "dc_eximconfig_configtype": kind, "dc_use_split_config": "true" if split else "false",
            **dict(answers)}.items()))
        (directory / "conf.d/main/000_localmacros").write_text(LOCAL_MACROS)
        if other_examples:
            (directory / AUTHENTICATORS).write_text(OTHER_EXAMPLES)
        output = directory / "generated"
        subprocess.run(["update-exim4.conf", "-d", name, "-o", str(output)], check=True, capture_output=True)
        text = output.read_text()
    assert (LOCAL_MACROS in text, OTHER_EXAMPLES in text) == (split, other_examples)
    return text


def generate(directory, kind, macros="", split=True, examples=None, **answers):
    """The file that update-exim4.conf makes. kind: dc_eximconfig_configtype; macros: local ones; examples: what
    takes the place of the authenticators that the package has commented out, and those it has not."""
    text = template(kind, split, examples is not None, tuple(sorted(answers.items())))
    output = pathlib.Path(directory) / "generated"
    output.write_text(text.replace(LOCAL_MACROS, macros).replace(OTHER_EXAMPLES, examples or ""))
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
