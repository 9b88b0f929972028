"""The Parzen window against scikit-learn's kernel density estimate."""

import tracemalloc

import numpy as np
import pytest
from sklearn.neighbors import KernelDensity

from metrics import arrays, choose_sigma, parzen, parzen_log_likelihood
from metrics.parzen import SIGMAS


def log_densities(samples, test, sigma):
    """scikit-learn's, with all samples in one leaf: its trees approximate even at rtol=0."""
    return KernelDensity(bandwidth=sigma, leaf_size=len(samples)).fit(samples).score_samples(test)


@pytest.fixture(name="digits")
def _digits():
    from sklearn.datasets import load_digits

    return load_digits().data / 16


def test_against_scikit_learn(digits, monkeypatch):
    monkeypatch.setattr(arrays, "BLOCK", 5000)
    monkeypatch.setattr(parzen, "TOGETHER", 250)
    samples, test = digits[:600], digits[1200:]
    for sigma in (0.1, 0.3):
        expected = log_densities(samples, test, sigma)
        np.testing.assert_allclose(parzen_log_likelihood(samples, test, sigma), expected, rtol=1e-9)


def test_one_sample_is_a_gaussian():
    found = parzen_log_likelihood(np.zeros((1, 3)), [[0.0, 0.0, 2.0]], 0.5)
    assert found == pytest.approx([-(2**2) / (2 * 0.25) - 1.5 * np.log(2 * np.pi * 0.25)])


def test_the_scale_of_784_pixels_costs_543_nats(digits):
    samples, test = np.resize(digits, (50, 784)), np.resize(digits, (20, 784))
    unit = parzen_log_likelihood(samples, test, 0.2)
    doubled = parzen_log_likelihood(2 * samples - 1, 2 * test - 1, 0.4)
    np.testing.assert_allclose(unit - doubled, 784 * np.log(2), rtol=1e-9)


def test_sigma_is_the_best_of_ten_on_the_validation_set(digits):
    samples, validation = digits[:600], digits[600:900]
    means = {s: log_densities(samples, validation, s).mean() for s in SIGMAS}
    assert choose_sigma(samples, validation) == pytest.approx(max(means, key=means.get))
    np.testing.assert_allclose(SIGMAS[:4], [0.1, 0.1292, 0.1668, 0.2154], rtol=1e-3)


def test_the_samples_are_never_all_held_in_double_precision(monkeypatch):
    monkeypatch.setattr(parzen, "TOGETHER", 100)
    samples, test = np.ones((4000, 1024), np.float32), np.zeros((10, 1024), np.float32)
    tracemalloc.start()
    parzen_log_likelihood(samples, test, 0.2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < samples.nbytes


def test_bad_widths_and_sets_are_refused():
    with pytest.raises(ValueError, match="sigma must be positive"):
        parzen_log_likelihood(np.zeros((2, 2)), np.zeros((2, 2)), 0)
    with pytest.raises(ValueError, match="0 rows"):
        parzen_log_likelihood(np.zeros((0, 2)), np.zeros((2, 2)), 1)
