"""Inception-style score and class balance: closed forms and the definition written out."""

import math

import numpy as np
import pytest

from metrics import class_balance, inception_score


def test_sure_and_balanced_predictions_score_the_number_of_classes():
    sure = np.tile(np.eye(10), (100, 1))
    assert inception_score(sure) == (pytest.approx(10), pytest.approx(0, abs=1e-12))


@pytest.mark.parametrize("row", [[0.7, 0.2, 0.1], [1.0, 0.0, 0.0]])
def test_equal_predictions_score_one(row):
    assert inception_score([row] * 50, splits=5).mean == pytest.approx(1)


def test_there_is_a_split_at_least():
    with pytest.raises(ValueError, match="splits=0: one or more"):
        inception_score(np.eye(10), splits=0)


def test_against_the_definition_in_plain_python():
    """23 rows in 4 parts: the parts are rows [23 i / 4, 23 (i + 1) / 4)."""
    p = np.random.default_rng(0).dirichlet([0.3] * 5, size=23)
    scores = []
    for i in range(4):
        part = p[23 * i // 4 : 23 * (i + 1) // 4].tolist()
        marginal = [math.fsum(column) / len(part) for column in zip(*part, strict=True)]
        kl = [
            math.fsum(a * (math.log(a) - math.log(b)) for a, b in zip(row, marginal, strict=True))
            for row in part
        ]
        scores.append(math.exp(math.fsum(kl) / len(part)))
    found = inception_score(p, splits=4)
    assert found.mean == pytest.approx(math.fsum(scores) / 4, rel=1e-12)
    assert found.std == pytest.approx(np.std(scores), rel=1e-9)


def test_what_is_no_probability_is_refused():
    with pytest.raises(ValueError, match="sum to 1"):
        inception_score(np.ones((20, 3)))
    with pytest.raises(ValueError, match="5 rows, at least 10"):
        inception_score(np.full((5, 2), 0.5))


def test_balance_of_known_labels():
    three = class_balance(np.array([0, 0, 1, 1, 2, 2]), 10)
    assert three.found == 3
    assert three.total_variation == pytest.approx(0.7)
    assert three.kl == pytest.approx(np.log(10 / 3))
    even = class_balance(np.arange(10), 10)
    assert even.total_variation == pytest.approx(0) and even.kl == pytest.approx(0)
    with pytest.raises(ValueError, match=r"\[0, 10\)"):
        class_balance(np.array([10]), 10)
