"""Precision, recall, density and coverage against the prdc package; neighbours against scikit-learn."""

import numpy as np
import prdc
import pytest
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from metrics import arrays, data_copying, density_coverage, nearest_neighbors, precision_recall
from metrics.manifold import densities_and_held, recalls_without, squared_radii


@pytest.mark.parametrize(("n", "m", "shift"), [(300, 300, 0.5), (200, 350, 0.0), (350, 120, 2.0)])
def test_against_prdc(n, m, shift, monkeypatch):
    monkeypatch.setattr(arrays, "BLOCK", 1000)  # Many blocks.
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(n, 8)), 1.2 * rng.normal(size=(m, 8)) + shift
    for k in (3, 5):
        expected = prdc.compute_prdc(real, fake, nearest_k=k)
        assert precision_recall(real, fake, k)._asdict() == {
            name: pytest.approx(expected[name], rel=1e-12) for name in ("precision", "recall")
        }
        assert density_coverage(real, fake, k)._asdict() == {
            name: pytest.approx(expected[name], rel=1e-12) for name in ("density", "coverage")
        }


def test_ties_are_ties():
    """Distances of binary pictures are whole numbers, many of them equal: by integer arithmetic."""
    rng = np.random.default_rng(0)
    real, fake = rng.binomial(1, 0.3, (200, 30)), rng.binomial(1, 0.4, (150, 30))

    def squared(x, y):
        return np.square(x[:, None] - y).sum(axis=2)

    radii = [np.sort(squared(x, x), axis=1)[:, 5] for x in (real, fake)]
    between = squared(fake, real)
    expected = dict(
        precision=(between <= radii[0]).any(axis=1).mean(),
        recall=(radii[1] >= between.T).any(axis=1).mean(),
        density=(between < radii[0]).sum() / (5 * len(fake)),
        coverage=(between < radii[0]).any(axis=0).mean(),
    )
    pictures = 255.0 * real, 255.0 * fake
    found = precision_recall(*pictures, 5)._asdict() | density_coverage(*pictures, 5)._asdict()
    assert found == pytest.approx(expected, rel=1e-12)


def test_what_is_covered_without_a_part_of_the_samples(monkeypatch):
    monkeypatch.setattr(arrays, "BLOCK", 1000)
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(150, 4)), 1.2 * rng.normal(size=(83, 4))
    left = [np.delete(fake, part, axis=0) for part in np.array_split(np.arange(83), 5)]
    expected = [prdc.compute_prdc(real, some, nearest_k=3) for some in left]
    np.testing.assert_allclose(recalls_without(real, fake, 5), [found["recall"] for found in expected])
    held = densities_and_held(real, fake, 3, parts=5)[1]
    without = (held.sum(axis=0) - held > 0).mean(axis=1)
    np.testing.assert_allclose(without, [found["coverage"] for found in expected])
    with pytest.raises(ValueError, match="15 rows, at least 20"):
        recalls_without(real, fake[:15], 5)


def test_identical_sets():
    x = np.random.default_rng(0).normal(size=(400, 6))
    assert precision_recall(x, x) == (1, 1)
    # Each point lies in its own ball and in those of its mirror neighbours: the mean is that of in-degrees.
    assert density_coverage(x, x).coverage == 1


def test_samples_of_the_datas_distribution_have_the_expected_values():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 4000, 4))
    found = density_coverage(x, y, k=5)
    expected = 1 - np.prod([(4000 - i) / (8000 - i) for i in range(1, 6)])
    assert found.density == pytest.approx(1, abs=0.05)
    assert found.coverage == pytest.approx(expected, abs=0.01)


def test_a_collapsed_set_is_precise_and_recalls_nothing():
    x = np.random.default_rng(0).normal(size=(500, 3))
    collapsed = np.zeros((500, 3))
    found = precision_recall(x, collapsed)
    assert found.precision == 1 and found.recall == 0
    assert density_coverage(x, collapsed).coverage < 0.1


def test_duplicates_are_at_distance_zero():
    """A ball without extent still holds its own point, border included, and none without it."""
    x = 1e3 + np.repeat(np.random.default_rng(0).normal(size=(50, 4)), 10, axis=0)
    assert (squared_radii(x, 3) == 0).all()
    assert precision_recall(x, x) == (1, 1)
    assert density_coverage(x, x) == (0, 0)


def test_neighbors_against_scikit_learn(monkeypatch):
    monkeypatch.setattr(arrays, "BLOCK", 500)
    rng = np.random.default_rng(0)
    queries, references = rng.normal(size=(40, 9)), rng.normal(size=(130, 9))
    distances, indices = NearestNeighbors(n_neighbors=4).fit(references).kneighbors(queries)
    found = nearest_neighbors(queries, references, k=4)
    np.testing.assert_array_equal(found.indices, indices)
    np.testing.assert_allclose(found.distances, distances, rtol=1e-10)


def test_copying_is_the_probability_counted_pair_by_pair():
    rng = np.random.default_rng(0)
    train, test, fake = rng.normal(size=(200, 2)), rng.normal(size=(60, 2)), 0.9 * rng.normal(size=(70, 2))
    held_out, generated = (cdist(x, train).min(axis=1) for x in (test, fake))
    expected = np.mean(held_out[:, None] > generated[None])
    assert data_copying(train, test, fake) == pytest.approx(expected, rel=1e-12)
    assert data_copying(train, test, train[:70]) == 1
    assert data_copying(train, test, train[:70] + 10) == 0


def test_too_few_points_are_refused():
    with pytest.raises(ValueError, match="3 rows, at least 4"):
        precision_recall(np.zeros((9, 2)), np.zeros((3, 2)), k=3)
    with pytest.raises(ValueError, match="at least 6"):
        density_coverage(np.zeros((5, 2)), np.zeros((9, 2)))
    with pytest.raises(ValueError, match="at least 3"):
        nearest_neighbors(np.zeros((9, 2)), np.zeros((2, 2)), k=3)
