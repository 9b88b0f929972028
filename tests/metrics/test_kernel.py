"""The kernel distance against scikit-learn's kernel and closed forms."""

import numpy as np
import pytest
from sklearn.metrics.pairwise import polynomial_kernel

from metrics import kernel_distance
from metrics.kernel import squared_mmd


def test_against_scikit_learns_kernel_written_as_the_papers_sums():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 7)), rng.normal(size=(30, 7)) + 0.4
    kxx, kyy, kxy = (polynomial_kernel(a, b, degree=3) for a, b in ((x, x), (y, y), (x, y)))
    m = len(x)
    unbiased = (kxx.sum() - np.trace(kxx) + kyy.sum() - np.trace(kyy)) / (m * (m - 1))
    expected = unbiased - 2 * kxy.sum() / m**2
    assert squared_mmd(x, y) == pytest.approx(expected, rel=1e-12)
    # One subset of all: the order of the rows does not matter.
    whole = kernel_distance(x, y, subsets=3)
    assert whole.mean == pytest.approx(expected, rel=1e-9) and whole.std == pytest.approx(0, abs=1e-12)


def test_a_subset_has_pairs():
    x = np.random.default_rng(0).normal(size=(30, 7))
    with pytest.raises(ValueError, match="subset_size=1: two or more"):
        kernel_distance(x, x, subset_size=1)


def test_two_gaussians_have_the_population_value():
    """N(0, 1) and N(1, 1): E k(x,x') + E k(y,y') - 2 E k(x,y) = 22 for (xy + 1)^3."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50_000, 1)), rng.normal(size=(50_000, 1)) + 1
    found = kernel_distance(x, y, subsets=50)
    assert found.mean == pytest.approx(22, abs=4 * found.std / np.sqrt(50))


def test_one_distribution_is_at_distance_zero_within_its_error():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 5000, 10))
    found = kernel_distance(x, y)
    assert abs(found.mean) < found.std


def test_one_sample_is_refused():
    with pytest.raises(ValueError, match="1 rows, at least 2"):
        kernel_distance(np.zeros((9, 2)), np.zeros((1, 2)))
