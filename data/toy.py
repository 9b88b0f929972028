"""Densities in the plane that the papers use to look at modes, each a named dataset of points.

The ring and the grid of Srivastava et al. 2017 (VEEGAN, arXiv 1705.07761), with the numbers of PacGAN's
code (Lin et al. 2018, arXiv 1712.04086); the Swiss roll of WGAN-GP's toy experiments.
"""

import numpy as np

from data.source import Points, registry
from support.errors import unknown

COUNT = 100_000
#: Seed of the points of each split.
SPLITS = {"train": 0, "test": 1}


def _seed(name: str, split: str) -> int:
    if split not in SPLITS:
        raise unknown(f"split of {name}", split, SPLITS)
    return SPLITS[split]


def _mixture(name: str, split: str, centres: np.ndarray, std: float) -> Points:
    seed = _seed(name, split)

    def draw():
        rng = np.random.default_rng(seed)
        chosen = centres[rng.integers(len(centres), size=COUNT)]
        return (chosen + std * rng.normal(size=chosen.shape)).astype(np.float32)

    return Points(f"{name}/{split}", (2,), draw, centres, std)


@registry.register("ring")
def ring(split: str, _data_dir: str | None = None) -> Points:
    """8 Gaussians, sigma 0.01, on the unit circle."""
    angles = 2 * np.pi * np.arange(8) / 8
    return _mixture("ring", split, np.stack([np.cos(angles), np.sin(angles)], axis=1), 0.01)


@registry.register("grid")
def grid(split: str, _data_dir: str | None = None) -> Points:
    """25 Gaussians, sigma 0.05, on {-4, -2, 0, 2, 4}^2."""
    side = np.arange(-4.0, 5, 2)
    return _mixture("grid", split, np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2), 0.05)


@registry.register("swiss_roll")
def swiss_roll(split: str, _data_dir: str | None = None) -> Points:
    """scikit-learn's Swiss roll with noise 0.25, seen from the side and divided by 7.5."""
    seed = _seed("swiss_roll", split)

    def draw():
        from sklearn.datasets import make_swiss_roll

        roll, _ = make_swiss_roll(COUNT, noise=0.25, random_state=seed)
        return (roll[:, [0, 2]] / 7.5).astype(np.float32)

    return Points(f"swiss_roll/{split}", (2,), draw)
