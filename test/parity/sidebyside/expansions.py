"""Expressions for -be, read from text files: one to a line, empty lines and those that start with a number
sign left out. Where Gatepost is meant to answer something else, two lines behind the expression say what and
why:

    ${nosuchitem{a}}
    ?gatepost Failed: another text
    ?reason why

A file that begins with a line ?dns sees the DNS with the zones zones/NAME.zone (and settings.toml there, for what else
test/common/dns_server.py knows); an empty zone fails.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from .normalise import Normaliser
from .scenario import Scenario
from .server import running


@dataclass
class Expression:
    group: str
    number: int
    text: str
    gatepost: str = None
    reason: str = ""
    dns: bool = False

    @property
    def id(self):
        return f"{self.group}:{self.number}"


def load(path):
    expressions = []
    dns = False
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line == "?dns":
            dns = True
        elif line.startswith("?gatepost "):
            expressions[-1].gatepost = line.removeprefix("?gatepost ")
        elif line.startswith("?reason "):
            expressions[-1].reason = line.removeprefix("?reason ")
        elif line and not line.startswith("#"):
            expressions.append(Expression(path.stem, number, line, dns=dns))
    return expressions


def load_all(directory):
    return [expression for path in sorted(Path(directory).glob("*.txt")) for expression in load(path)]


def dns_settings(directory):
    settings = directory / "settings.toml"
    zones = {path.name.removesuffix(".zone"): path.read_text() for path in sorted(directory.glob("*.zone"))}
    return (tomllib.loads(settings.read_text()) if settings.exists() else {}) | {"zones": zones}


def evaluate(program, directory, expressions):
    """What the program answers to each of the expressions, all given to one process."""
    files = {str(path.relative_to(directory / "files")): path.read_text()
             for path in (directory / "files").rglob("*") if path.is_file()}
    scenario = Scenario(group="expansions", name="all", mode="command", args=("-be",), files=files,
                        config=(directory / "config").read_text(),
                        dns=dns_settings(directory / "zones") if expressions[0].dns else None,
                        stdin="".join(expression.text + "\n" for expression in expressions))
    with running(program, scenario) as run:
        run.play()
        output = Normaliser(run.place.path, {}, program.is_reference).text(run.parts["stdout"])
        answers = output.removeprefix("> ").split("\n> ")[:-1]
        if len(answers) < len(expressions):
            answers.append(f"(ends here: {run.parts['exit']}, {run.parts['stderr']})")
    return answers


def evaluate_each(program, directory, expressions):
    """The same for expressions that may end the program: it is started again behind the one that did."""
    answers = []
    while len(answers) < len(expressions):
        answers += evaluate(program, directory, expressions[len(answers):])[:len(expressions) - len(answers)]
    return answers
