"""Numbers beside what is expected of them."""

import json

import pytest

from support.numbers import Number, rows


@pytest.mark.parametrize(
    ("number", "holds"),
    [
        (Number("", 1.04, 1.0, 0.05), True),
        (Number("", 1.06, 1.0, 0.05), False),
        (Number("", 8.0, 7.8, 0.2), True),
        (Number("", 8.0, 7.8, 0.2, "<"), True),
        (Number("", 7.6, 7.8, 0.2, ">"), True),
        (Number("", 7.59, 7.8, 0.2, ">"), False),
        (Number("", 0.9, 1.0, relation="<"), True),
        (Number("", 1.1, 1.0, relation="<"), False),
        (Number("", 1.1, 1.0, relation=">"), True),
        (Number("", 0.9, 1.0, relation=">"), False),
        (Number("", 0.1 + 0.2, 0.3), True),
        (Number("", 0.3, 0.1 + 0.2, relation=">"), True),
        (Number("", 1e-9, 0.0), False),
        (Number("", float("inf"), float("inf")), True),
        (Number("", 1.0, float("inf")), False),
        (Number("", float("nan"), 0.0, 1.0), False),
        (Number("", float("nan"), 0.0, relation="<"), False),
    ],
)
def test_what_holds(number, holds):
    assert number.holds == holds


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (Number("", 0.9, 1.0, relation="<", error=0.2), "yes, by less than the error"),
        (Number("", 1.1, 1.0, relation="<", error=0.2), "NO, by less than the error"),
        (Number("", 1.4, 1.0, 0.5, "<", error=0.2), "yes, by less than the error"),
        (Number("", 0.7, 1.0, relation="<", error=0.2), "yes"),
        (Number("", 0.7, 1.0, relation="<"), "yes"),
        (Number("", 1.0, 1.0, 0.5, error=1.0), "yes"),
    ],
)
def test_a_bound_that_is_met_or_missed_by_less_than_the_error_says_so(number, said):
    assert rows([number])[0][-1] == said


@pytest.mark.parametrize(
    "number",
    [Number("a", 1.0, 2.0, 0.5, "<", "b", 0.1), Number("a", 1.0, float("inf"), error=0.5), Number("a", 1, 2)],
)
def test_a_number_comes_back_from_json(number):
    there = json.loads(json.dumps(number.to_json()))
    assert Number.from_json(there).to_json() == number.to_json() == there
