"""Mode coverage against the densities themselves and samples whose counts are known."""

import numpy as np
import pytest

import data
from metrics import mode_coverage, stacked_coverage


@pytest.mark.parametrize(("name", "modes"), [("ring", 8), ("grid", 25)])
def test_the_density_itself_finds_every_mode_with_98_89_percent(name, modes):
    source = data.find(name)
    counted = mode_coverage(source.draw(), source.centres, source.std)
    assert counted.modes == modes == len(source.centres)
    assert counted.high_quality == pytest.approx(1 - np.exp(-4.5), abs=0.002)
    assert counted.reverse_kl < 1e-3


def test_collapsed_samples():
    source = data.find("ring")
    one = np.repeat(source.centres[:1], 100, axis=0)
    assert mode_coverage(one, source.centres, source.std) == (1, 1.0, pytest.approx(np.log(8)))
    two = np.concatenate([one, source.centres[1:2] + 4 * source.std])
    counted = mode_coverage(two, source.centres, source.std)
    assert counted.modes == 1 and counted.high_quality == pytest.approx(100 / 101)
    assert mode_coverage(two, source.centres, source.std, deviations=10).modes == 2


def test_samples_that_cannot_be_counted_are_refused():
    centres = np.zeros((3, 2))
    for samples in (np.zeros((0, 2)), np.zeros((4, 3)), np.zeros(2)):
        with pytest.raises(ValueError, match="must be"):
            mode_coverage(samples, centres, 1.0)


def test_perfect_sampling_of_stacked_digits_has_the_known_floor():
    digits = np.random.default_rng(0).integers(10, size=(26_000, 3))
    counted = stacked_coverage(digits)
    assert counted.found == 1000
    assert counted.kl == pytest.approx(999 / 52_000, abs=0.003)


def test_collapsed_stacked_digits():
    counted = stacked_coverage([[1, 2, 3]] * 50 + [[3, 2, 1]] * 50)
    assert counted.found == 2 and counted.kl == pytest.approx(np.log(500))
    assert counted.shares[123] == counted.shares[321] == 0.5


def test_digits_out_of_range_are_refused():
    for digits in ([[0, 1, 10]], [[0, 1]], np.zeros((0, 3), int)):
        with pytest.raises(ValueError, match="must be"):
            stacked_coverage(digits)
