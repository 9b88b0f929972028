"""Divergences and transport against SciPy and closed forms."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy, wasserstein_distance

from theory import divergences as div
from theory.densities import Mixture, gaussian, grid

RNG = np.random.default_rng(0)
P, Q = RNG.dirichlet(np.ones(7), 2)


def test_sums_are_scipys():
    assert div.kl(P, Q) == pytest.approx(entropy(P, Q), rel=1e-12)
    assert div.reverse_kl(P, Q) == pytest.approx(entropy(Q, P), rel=1e-12)
    assert div.jensen_shannon(P, Q) == pytest.approx(jensenshannon(P, Q) ** 2, rel=1e-12)
    places = np.arange(7) * 0.3
    assert div.wasserstein(P / 0.3, Q / 0.3, 0.3) == pytest.approx(wasserstein_distance(places, places, P, Q))


def test_sums_by_hand():
    p, q = np.array([0.5, 0.5]), np.array([0.25, 0.75])
    assert div.total_variation(p, q) == pytest.approx(0.25)
    assert div.pearson(p, q) == pytest.approx(0.0625 / 0.25 + 0.0625 / 0.75)
    expected = (np.sqrt(0.5) - 0.5) ** 2 + (np.sqrt(0.5) - np.sqrt(0.75)) ** 2
    assert div.squared_hellinger(p, q) == pytest.approx(expected)


@pytest.mark.parametrize("function", [div.kl, div.reverse_kl, div.pearson])
def test_what_divides_by_nothing_is_infinite(function):
    assert function([1.0, 0.0], [0.0, 1.0]) == np.inf


def test_bounds_are_reached_without_overlap_and_at_equality():
    p, q = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    assert div.jensen_shannon(p, q) == pytest.approx(np.log(2))
    assert div.total_variation(p, q) == 1
    assert div.squared_hellinger(p, q) == 2
    for function in (div.kl, div.jensen_shannon, div.total_variation, div.pearson, div.squared_hellinger):
        assert function(P, P) == 0


def test_integrals_have_closed_forms():
    x, dx = grid(-25, 25, 10_001)
    p, q = gaussian(0.5, 0.8).pdf(x), gaussian(-1, 1.2).pdf(x)
    expected = np.log(1.2 / 0.8) + (0.8**2 + 1.5**2) / (2 * 1.2**2) - 0.5
    assert div.kl(p, q, dx) == pytest.approx(expected, rel=1e-8)
    shifted = gaussian(3.5, 0.8).pdf(x)
    assert div.wasserstein(p, shifted, dx) == pytest.approx(3.0, rel=1e-8)


@pytest.mark.parametrize(("count", "others"), [(12, 12), (6, 12)])
def test_transport_is_the_best_assignment(count, others):
    """Of equal numbers of points; 6 points are 12 that lie two by two in one place."""
    x, y = RNG.normal(0, 1, (count, 2)), RNG.normal(1, 2, (others, 2))
    costs = div.distances(x, y)
    assert costs[1, 2] == pytest.approx(np.hypot(*(x[1] - y[2])))
    repeated = costs.repeat(others // count, axis=0)
    expected = repeated[linear_sum_assignment(repeated)].mean()
    found, plan = div.transport(costs)
    assert found == pytest.approx(expected, rel=1e-9)
    np.testing.assert_allclose(plan.sum(axis=0), 1 / others, atol=1e-12)
    np.testing.assert_allclose(plan.sum(axis=1), 1 / count, atol=1e-12)
    dual, u, v = div.potentials(costs)
    assert dual == pytest.approx(expected, rel=1e-9)
    assert (u[:, None] + v[None] <= costs + 1e-9).all()


def test_moments_of_a_mixture_are_those_of_its_samples():
    mixture = Mixture([-3, 2], [0.5, 0.7], [0.4, 0.6])
    samples = mixture.sample(400_000, np.random.default_rng(1))
    assert samples.mean() == pytest.approx(mixture.mean, abs=0.02)
    assert samples.std() == pytest.approx(mixture.std, abs=0.02)
    x, dx = grid()
    assert mixture.pdf(x).sum() * dx == pytest.approx(1)
    assert (mixture.pdf(x) * x).sum() * dx == pytest.approx(mixture.mean)
