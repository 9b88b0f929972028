"""MS-SSIM against TensorFlow's, the sliced Wasserstein distance against SciPy's, slice by slice."""

import tracemalloc

import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage, stats

from metrics import ms_ssim, ms_ssim_diversity, similarity, sliced, sliced_wasserstein


def smooth(count, side, channels=3, seed=0):
    noise = np.random.default_rng(seed).normal(size=(count, side, side, channels))
    blurred = ndimage.gaussian_filter(noise, (0, 4, 4, 0))
    return np.clip(128 + 300 * blurred, 0, 255)


@pytest.mark.parametrize("side", [176, 193])
def test_ms_ssim_against_tensorflow(side):
    a = smooth(3, side)
    b = np.clip(a + np.random.default_rng(1).normal(size=a.shape) * [[[[5]]], [[[20]]], [[[60]]]], 0, 255)
    expected = tf.image.ssim_multiscale(tf.constant(a, tf.float32), tf.constant(b, tf.float32), 255)
    np.testing.assert_allclose(ms_ssim(a, b), expected, rtol=1e-4)


def test_ms_ssim_of_small_pictures():
    a = smooth(4, 28, channels=1)
    np.testing.assert_allclose(ms_ssim(a, a), 1, rtol=1e-12)
    noisy = [
        ms_ssim(a, np.clip(a + s * np.random.default_rng(0).normal(size=a.shape), 0, 255))
        for s in (5, 20, 60)
    ]
    assert (noisy[0] > noisy[1]).all() and (noisy[1] > noisy[2]).all()


def test_diversity_pairs_differ():
    """Of two pictures every pair is the one of both."""
    a = smooth(2, 32)
    np.testing.assert_allclose(ms_ssim_diversity(a, pairs=20), ms_ssim(a[:1], a[1:])[0])
    np.testing.assert_allclose(ms_ssim_diversity(np.repeat(a[:1], 5, axis=0)), 1)
    with pytest.raises(ValueError, match="at least 2"):
        ms_ssim_diversity(a[:1])


def test_the_pyramid_is_the_published_one_and_adds_up():
    """Blur with the outer product of (1 4 6 4 1)/16, every second pixel; the levels rebuild the picture."""
    images = smooth(2, 64)
    taps = np.array([1, 4, 6, 4, 1]) / 16
    kernel = np.einsum("i,j->ij", taps, taps)[None, :, :, None]
    levels = sliced.laplacian_pyramid(images)
    assert [level.shape[1] for level in levels] == [64, 32, 16]
    down = ndimage.convolve(
        ndimage.convolve(images, kernel, mode="mirror")[:, ::2, ::2], kernel, mode="mirror"
    )
    np.testing.assert_allclose(levels[2], down[:, ::2, ::2], atol=1e-3)
    rebuilt = levels[2]
    for level in levels[1::-1]:
        up = np.zeros_like(level)
        up[:, ::2, ::2] = rebuilt
        rebuilt = level + ndimage.convolve(up, 4 * kernel, mode="mirror")
    np.testing.assert_allclose(rebuilt, images, atol=1e-3)


@pytest.mark.parametrize(("side", "levels"), [(8, [8]), (28, [28]), (32, [32, 16]), (45, [45, 23])])
def test_levels_of_any_size(side, levels):
    assert [level.shape[1] for level in sliced.laplacian_pyramid(np.zeros((1, side, side, 1)))] == levels


def test_each_slice_is_scipys_wasserstein_distance():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(500, 4)).astype(np.float32), 1.5 * rng.normal(size=(500, 4)).astype(np.float32)
    found = sliced._sliced_distance(a, b, np.random.default_rng(3))
    directions = np.random.default_rng(3).normal(size=(sliced.DIRECTIONS, 4))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    expected = np.mean([stats.wasserstein_distance(a @ d, b @ d) for d in directions])
    assert found == pytest.approx(expected, rel=1e-5)


def test_sliced_distance_tells_blur_and_is_zero_for_the_same():
    """The set is normalised as a whole, so its overall contrast is not seen; its texture is."""
    grain = np.random.default_rng(2).laplace(scale=20, size=(256, 32, 32, 3))
    real, other = smooth(256, 32) + grain, smooth(256, 32, seed=1) + grain[::-1]
    blurred = ndimage.gaussian_filter(other, (0, 1, 1, 0))
    seen = sliced_wasserstein(real, blurred)[32]
    assert sliced_wasserstein(real, real)[32] < seen / 5
    assert sliced_wasserstein(real, other)[32] < seen / 5


@pytest.mark.parametrize(
    ("measure", "module", "constant"),
    [(sliced_wasserstein, sliced, "PICTURES"), (ms_ssim, similarity, "TOGETHER")],
)
def test_pictures_are_read_part_by_part(monkeypatch, measure, module, constant):
    """With the same numbers, and less memory than all in double precision would take."""
    real, fake = (smooth(12, 256, seed=seed).astype(np.uint8) for seed in (0, 1))
    expected = measure(real, fake)
    monkeypatch.setattr(module, constant, 1)
    tracemalloc.start()
    found = measure(real, fake)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    np.testing.assert_equal(found, expected)
    assert peak < 8 * real.size


def test_pictures_that_cannot_be_compared_are_refused():
    with pytest.raises(ValueError, match="at least 7"):
        sliced_wasserstein(np.zeros((3, 6, 6, 1)), np.zeros((3, 6, 6, 1)))
    with pytest.raises(ValueError, match="one shape"):
        sliced_wasserstein(np.zeros((3, 8, 8, 1)), np.zeros((4, 8, 8, 1)))
    assert np.isfinite(
        list(sliced_wasserstein(np.zeros((3, 8, 8, 1)), np.zeros((3, 8, 8, 1))).values())
    ).all()
