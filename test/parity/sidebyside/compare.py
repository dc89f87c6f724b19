"""The verdict on two runs of a scenario."""

import difflib
import re
from concurrent.futures import ThreadPoolExecutor

from .normalise import Normaliser, keep_lines, log_lines_of_test
from .server import END_SECONDS, LOG_SECONDS, LOGS, running, wait_until


def outcome(run):
    """Everything that a run left behind, normalised."""
    normaliser = Normaliser(run.place.path, run.ports, run.program.is_reference)
    scenario = run.scenario
    parts = dict(run.parts)
    if scenario.mode == "bh":
        parts["stderr"] = log_lines_of_test(parts["stderr"], scenario.debug)
    elif scenario.debug:
        parts["stderr"] = keep_lines(parts["stderr"], re.compile(scenario.debug).search)
    parts.update(run.place.logs())
    parts = {name: normaliser.text(text) for name, text in parts.items()}
    if scenario.only:
        wanted = re.compile(scenario.only).search
        parts = {name: keep_lines(text, wanted) if name != "exit" else text for name, text in parts.items()}
    return parts


def expected(reference, scenario):
    """What the reference left, with the scenario's differences in it; and those it has no place for."""
    parts = dict(reference)
    missing = []
    for difference in scenario.differs:
        exim, gatepost = difference.exim.strip("\n"), difference.gatepost.strip("\n")
        possible = [difference.part] if difference.part else list(parts)
        places = [name for name in possible
                  if (exim in parts.get(name, "") if exim else not parts.get(name, "").strip("\n"))]
        for name in places:
            if not exim:
                parts[name] = gatepost
            else:
                parts[name] = parts[name].replace(exim if gatepost else exim + "\n", gatepost)
        if not places:
            missing.append(difference)
    return parts, missing


def settled(run, wanted):
    """The outcome of a run whose logs may still be on their way."""
    def logs_as_wanted():
        parts = outcome(run)
        return all(parts[name] == wanted.get(name) for name in LOGS)

    if run.scenario.mode == "daemon":
        wait_until(logs_as_wanted, LOG_SECONDS)
        run.stop()
    return outcome(run)


def run_both(reference, candidate, scenario):
    """The outcomes of both programs, the reference's with the differences the scenario states."""
    with running(reference, scenario) as ours, running(candidate, scenario) as theirs:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda run: run.play(), (ours, theirs)))
        if scenario.mode == "daemon" and ours.process:
            wait_until(lambda: not ours.sessions_remain(), END_SECONDS)
            ours.stop()
        wanted, missing = outcome(ours), []
        if not candidate.is_reference:
            wanted, missing = expected(wanted, scenario)
        return wanted, settled(theirs, wanted), missing


def report(wanted, given, missing):
    """What is wrong, as text; empty when nothing is."""
    lines = [f"Exim does not say what a difference is stated for ({difference.reason}):\n{difference.exim}"
             for difference in missing]
    for name in dict.fromkeys([*wanted, *given]):
        before, after = wanted.get(name, ""), given.get(name, "")
        if before.rstrip("\n") != after.rstrip("\n"):
            lines.extend(difflib.unified_diff(before.split("\n"), after.split("\n"),
                                              f"{name} of Exim", f"{name} of Gatepost", lineterm="", n=2))
    return "\n".join(lines)
