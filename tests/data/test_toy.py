"""The densities in the plane have the published centres and spreads; batches hold their points."""

import numpy as np
import pytest

import data


def test_ring_and_grid_are_those_of_pacgans_code():
    ring, grid = data.find("ring"), data.find("grid")
    np.testing.assert_allclose(np.linalg.norm(ring.centres, axis=1), 1)
    assert len(ring.centres) == 8 and ring.std == 0.01
    side = range(-4, 5, 2)
    assert {tuple(centre) for centre in grid.centres} == {(x, y) for x in side for y in side}
    assert grid.std == 0.05
    for source in (ring, grid):
        points = source.draw()
        assert points.shape == (100_000, 2) and points.dtype == np.float32
        distances = np.linalg.norm(points[:, None] - source.centres.astype(np.float32), axis=-1)
        nearest = distances.argmin(axis=1)
        assert np.sqrt(np.mean(distances.min(axis=1) ** 2) / 2) == pytest.approx(source.std, rel=0.01)
        shares = np.bincount(nearest) / len(points)
        np.testing.assert_allclose(shares, 1 / len(source.centres), rtol=0.05)


def test_points_are_the_same_every_time_and_differ_between_splits():
    for name in ("ring", "grid", "swiss_roll"):
        np.testing.assert_array_equal(data.load(name), data.load(name))
        assert not np.array_equal(data.load(name), data.load(name, "test"))
    with pytest.raises(ValueError, match="split of ring"):
        data.load("ring", "validation")
    with pytest.raises(ValueError, match="no --image_size"):
        data.load("ring", image_size=28)


def test_batches_of_points_are_the_points():
    points = data.load("swiss_roll")
    assert np.abs(points).max() < 3
    (batch,) = data.batches(points, 64, seed=0).take(1)
    rows = {tuple(row) for row in points.tolist()}
    assert batch.shape == (64, 2) and all(tuple(row) in rows for row in batch.numpy().tolist())
