"""The Frechet distance against closed forms and SciPy's matrix root."""

import numpy as np
import pytest
import scipy.linalg

from metrics import frechet_distance


def whitened(count, dimension, seed=0):
    """Samples whose mean is exactly 0 and covariance exactly I."""
    x = np.random.default_rng(seed).normal(size=(count, dimension))
    x -= x.mean(axis=0)
    return x @ np.linalg.inv(np.linalg.cholesky(np.cov(x, rowvar=False))).T


def test_closed_forms():
    x = whitened(100, 2)
    assert frechet_distance(x, x + np.array([3, 4])) == pytest.approx(25, rel=1e-9)
    assert frechet_distance(x, 2 * x) == pytest.approx(2, rel=1e-9)
    y = np.random.default_rng(0).normal(size=(50, 1))
    y = (y - y.mean()) / y.std(ddof=1)
    assert frechet_distance(y, 1 + 2 * y) == pytest.approx(2, rel=1e-9)


def test_equal_sets_are_at_distance_zero():
    x = np.random.default_rng(0).normal(size=(500, 20))
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-9)


def test_correlated_gaussians_against_scipy():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(300, 6)) @ rng.normal(size=(6, 6)), rng.normal(size=(200, 6)) + 0.3
    a, b = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = scipy.linalg.sqrtm(a @ b).real
    expected = np.sum((x.mean(0) - y.mean(0)) ** 2) + np.trace(a + b - 2 * root)
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-8)
    assert frechet_distance(y, x) == pytest.approx(expected, rel=1e-8)


def test_fewer_samples_than_dimensions():
    """Rank-one covariances along different axes: their product's root vanishes."""
    x, y = np.zeros((2, 5)), np.zeros((2, 5))
    x[:, 0], y[:, 1] = [-1, 1], [-3, 3]
    assert frechet_distance(x, y) == pytest.approx(2 + 18, rel=1e-9)


def test_bad_shapes_are_refused():
    with pytest.raises(ValueError, match="two samples"):
        frechet_distance(np.zeros((1, 3)), np.zeros((5, 3)))
    with pytest.raises(ValueError, match=r"\(5, 3\) and \(5, 4\)"):
        frechet_distance(np.zeros((5, 3)), np.zeros((5, 4)))
