"""Every scenario of scenarios/*.toml."""

from pathlib import Path

import pytest

from sidebyside.compare import report, run_both
from sidebyside.scenario import load_all

SCENARIOS = load_all(Path(__file__).parent / "scenarios")


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.id)
def test_scenario(scenario, reference, candidate):
    differences = report(*run_both(reference, candidate, scenario))
    if differences:
        pytest.fail(f"{scenario.id}\n{differences}", pytrace=False)
