"""Every expression of expansions/*.txt, given to -be."""

from itertools import groupby
from pathlib import Path

import pytest

from sidebyside.expansions import evaluate, load_all

DIRECTORY = Path(__file__).parent / "expansions"
EXPRESSIONS = load_all(DIRECTORY)


@pytest.fixture(scope="module")
def answers(reference, candidate):
    """What both programs say to each expression, by the expression's id."""
    table = {}
    for _, group in groupby(EXPRESSIONS, lambda expression: expression.group):
        group = list(group)
        pairs = zip(evaluate(reference, DIRECTORY, group), evaluate(candidate, DIRECTORY, group))
        table.update({expression.id: pair for expression, pair in zip(group, pairs)})
    return table


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=lambda expression: expression.id)
def test_expression(expression, answers, candidate):
    if expression.id not in answers:
        pytest.fail(f"no answer to {expression.text}", pytrace=False)
    exim, gatepost = answers[expression.id]
    wanted = exim
    if expression.gatepost is not None and not candidate.is_reference:
        if exim == expression.gatepost:
            pytest.fail(f"{expression.text}: Exim does not differ any more ({expression.reason})",
                        pytrace=False)
        wanted = expression.gatepost
    if gatepost != wanted:
        pytest.fail(f"{expression.text}\n  wanted:   {wanted}\n  Gatepost: {gatepost}", pytrace=False)
