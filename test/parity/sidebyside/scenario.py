"""A scenario: a configuration, files, a way to run the program, and what the client says.

A TOML file holds the scenarios of one group:

    about = "one line"
    utf8 = true             # the file's text is sent and written as UTF-8; without it, in Latin-1

    [defaults]              # keys for every scenario that does not set them itself
    mode = "daemon"

    [shared]                # texts for several scenarios: @plain@ on a line of its own in a config
    plain = '''...'''

    [dns]                   # the DNS of every scenario of the file; without it, they see the system's
    secure = ["secure.test"]          # and silent, search, hosts, options: see test/common/dns_server.py
    [dns.zones]
    test = '''...'''      # records; with an empty text, the zone fails

    [[scenario]]
    name = "right-password"
    mode = "bh"             # bh (the default), bs, daemon, command
    args = ["-bh", "10.1.1.1"]        # instead of, or for "daemon" in addition to, the mode's own arguments
    config = '''...'''      # @TMP@ is the scenario's own directory, @CERTS@ one of certificates (pki.py),
                            # @DOVECOT@, @SASLDB@, @LDAP@ and others are backends (backends.py)
    preamble = false        # leaves out the settings that every configuration starts with (see PREAMBLE)
    session = '''...'''     # the client's lines; dialogue.py says what they can be
    stdin = '''...'''       # mode "command": fed to the program as it is
    debug = "regex"         # the ">>> " lines of -bh, and those of -d, that are compared too
    only = "regex"          # mode "command": the lines of its output that are compared, instead of all
    detached = true         # mode "daemon": -bd and a pid file instead of -bdf
    [scenario.files]
    users = '''...'''
    [scenario.view]         # what the program sees at paths that are compiled in: files and directories of its own,
                            # or @SASLAUTHD@, that of the daemon's socket
    "/etc/pam.d" = "pam.d"
    [scenario.dns]          # instead of the file's, for the keys it has

    [[scenario.differs]]    # Gatepost is meant to say something else here
    reason = "why"
    exim = '''...'''        # this text must be in what Exim says ...
    gatepost = '''...'''    # ... and this one takes its place in what is expected of Gatepost
    part = "stderr"         # ... in this part alone: transcript, stdout, stderr, exit, mainlog, rejectlog,
                            # paniclog (without a text for Exim: which is empty there)
"""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

# What every configuration starts with, unless the scenario sets the option itself or wants none of it.
PREAMBLE = {
    "spool_directory": "@TMP@/spool",
    "log_file_path": "@TMP@/log/%slog",
    "primary_hostname": "mail.test",
    "keep_environment": "",
    "tls_advertise_hosts": "",
    "smtputf8_advertise_hosts": "",
    # Where it is on, as it is by default, Exim never notices a client that does not wait.
    "pipelining_connect_advertise_hosts": "",
}

ARGUMENTS = {"bh": ["-bh", "127.0.0.1"], "bs": ["-bs"], "daemon": [], "command": []}


@dataclass(frozen=True)
class Difference:
    reason: str
    exim: str
    gatepost: str
    part: str = ""


@dataclass(frozen=True)
class Scenario:
    group: str
    name: str
    mode: str = "bh"
    args: tuple = ()
    config: str = ""
    session: str = ""
    stdin: str = ""
    debug: str = ""
    only: str = ""
    detached: bool = False
    files: dict = field(default_factory=dict)
    dns: dict = None
    view: dict = field(default_factory=dict)
    differs: tuple = ()

    @property
    def id(self):
        return f"{self.group}:{self.name}"


class ScenarioError(Exception):
    """A scenario file says something that has no meaning."""


def check_keys(given, known, where):
    unknown = set(given) - set(known)
    if unknown:
        raise ScenarioError(f"{where}: unknown key {', '.join(sorted(unknown))}")


def fill_in(text, shared, where):
    def lookup(match):
        if match[1] not in shared:
            raise ScenarioError(f"{where}: there is no shared text called {match[1]}")
        return shared[match[1]].rstrip("\n")

    return re.sub(r"(?m)^@(?!TMP@|CERTS@|DOVECOT@|SASLDB@|LDAP)(\w+)@$", lookup, text)


def with_preamble(config):
    main_section = re.split(r"(?m)^begin\b", config)[0]
    lines = [f"{option} = {value}".rstrip() for option, value in PREAMBLE.items()
             if not re.search(rf"(?m)^\s*(hide\s+)?{option}\s*=", main_section)]
    return "\n".join(lines) + "\n" + config


def build(table, shared, dns, group):
    """The scenario that a table, with the defaults already in it, describes."""
    where = f"{group}:{table.get('name', '(no name)')}"
    check_keys(table, {"name", "mode", "args", "config", "preamble", "session", "stdin", "debug", "only",
                       "detached", "files", "dns", "view", "differs"}, where)
    if "name" not in table:
        raise ScenarioError(f"{where}: name missing")
    mode = table.get("mode", "bh")
    if mode not in ARGUMENTS:
        raise ScenarioError(f"{where}: unknown mode {mode}")
    if ("session" in table) == (mode == "command"):
        raise ScenarioError(f"{where}: a session belongs to every mode but command")
    differs = []
    for difference in table.get("differs", []):
        check_keys(difference, {"reason", "exim", "gatepost", "part"}, where)
        differs.append(Difference(**difference))
    config = fill_in(table.get("config", ""), shared, where)
    return Scenario(
        group=group,
        name=table["name"],
        mode=mode,
        args=tuple(table.get("args", ARGUMENTS[mode])),
        config=with_preamble(config) if table.get("preamble", True) else config,
        session=fill_in(table.get("session", ""), shared, where),
        stdin=table.get("stdin", ""),
        debug=table.get("debug", ""),
        only=table.get("only", ""),
        detached=table.get("detached", False),
        files=table.get("files", {}),
        dns={**(dns or {}), **table.get("dns", {})} or None,
        view=table.get("view", {}),
        differs=tuple(differs),
    )


def load(path):
    text = path.read_text("utf-8")
    document = tomllib.loads(text)
    if document.get("utf8"):  # everything else takes characters for octets
        document = tomllib.loads(text.encode().decode("latin-1"))
    check_keys(document, {"about", "utf8", "defaults", "shared", "dns", "scenario"}, path.name)
    defaults = document.get("defaults", {})
    scenarios = [build(defaults | table, document.get("shared", {}), document.get("dns"), path.stem)
                 for table in document.get("scenario", [])]
    names = [scenario.name for scenario in scenarios]
    for name in set(names):
        if names.count(name) > 1:
            raise ScenarioError(f"{path.name}: two scenarios are called {name}")
    return scenarios


def load_all(directory):
    return [scenario for path in sorted(Path(directory).glob("*.toml")) for scenario in load(path)]
