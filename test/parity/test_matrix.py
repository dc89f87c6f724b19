"""Every item, operator and condition with arguments of every kind and number (sidebyside/matrix.py)."""

from itertools import groupby
from pathlib import Path

import pytest

from sidebyside.expansions import evaluate_each
from sidebyside.matrix import all_expressions, difference

DIRECTORY = Path(__file__).parent / "expansions"
GROUPS = {name: list(group) for name, group in groupby(all_expressions(), lambda e: e.group)}


@pytest.mark.parametrize("group", GROUPS)
def test_matrix(group, reference, candidate):
    expressions = GROUPS[group]
    wrong = []
    for expression, exim, gatepost in zip(expressions, evaluate_each(reference, DIRECTORY, expressions),
                                          evaluate_each(candidate, DIRECTORY, expressions)):
        assert "ends here" not in gatepost or candidate.is_reference, expression.text
        if gatepost != exim and not difference(expression, gatepost):
            wrong.append(f"{expression.text}\n  wanted:   {exim}\n  Gatepost: {gatepost}")
    assert not wrong, f"{len(wrong)} of {len(expressions)} differ\n" + "\n".join(wrong)
