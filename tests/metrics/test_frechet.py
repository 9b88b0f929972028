"""The Frechet distance against closed forms and SciPy's matrix root."""

import numpy as np
import pytest
import scipy.linalg

from metrics import Moments, frechet_distance, frechet_infinity


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


def test_equal_sets_with_singular_covariance_are_at_distance_zero():
    x = np.random.default_rng(0).normal(size=(20, 200))
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-9)


def test_singular_covariances_against_the_nuclear_norm():
    """Tr (S_r S_f)^(1/2) is the sum of the singular values of X_r X_f^T: no root of a matrix at all."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 100)), 0.5 + 2 * rng.normal(size=(40, 100))
    a, b = ((s - s.mean(0)) / np.sqrt(len(s) - 1) for s in (x, y))
    trace = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    expected = np.sum((x.mean(0) - y.mean(0)) ** 2) + np.sum(a * a) + np.sum(b * b) - 2 * trace
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-9)


def test_a_collapsed_set_has_the_datas_variance_for_its_distance():
    x = whitened(100, 4)
    assert frechet_distance(x, np.zeros((50, 4))) == pytest.approx(4, rel=1e-9)


def test_moments_in_batches_are_those_of_all():
    x = 1e4 + np.random.default_rng(0).normal(size=(1000, 5))
    moments = Moments()
    for batch in np.split(x, [1, 7, 500]):
        moments.update(batch)
    np.testing.assert_allclose(moments.mean, x.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(moments.covariance, np.cov(x, rowvar=False), rtol=1e-9, atol=1e-9)
    assert frechet_distance(moments, x + 3) == pytest.approx(9 * 5, rel=1e-9)


def test_infinity_takes_the_bias_of_few_samples_away():
    """Two samples of one density: the true distance is 0, that of finite samples is not."""
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(100_000, 30)), rng.normal(size=(2000, 30))
    plain = frechet_distance(real, fake)
    extrapolated = frechet_infinity(real, fake)
    assert plain > 0.1 and abs(extrapolated) < 0.2 * plain
    assert frechet_infinity(Moments.of(real), fake) == extrapolated


def test_bad_shapes_are_refused():
    with pytest.raises(ValueError, match="at least 2 samples"):
        frechet_distance(np.zeros((1, 3)), np.zeros((5, 3)))
    with pytest.raises(ValueError, match="one D, not 3 and 4"):
        frechet_distance(np.zeros((5, 3)), np.zeros((5, 4)))
    with pytest.raises(ValueError, match=r"\(N, D\)"):
        frechet_distance(np.zeros(5), np.zeros((5, 4)))
    with pytest.raises(ValueError, match="finite"):
        frechet_distance(np.full((5, 3), np.nan), np.zeros((5, 3)))
    with pytest.raises(ValueError, match="at least 20"):
        frechet_infinity(np.zeros((5, 3)), np.zeros((5, 3)))
