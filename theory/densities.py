"""Mixtures of Gaussians on a line: what the experiments compare."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import norm


class Mixture:
    """sum_k w_k N(mean_k, std_k^2).

    Args:
        means: Of the components.
        stds: Their standard deviations.
        weights: Their shares; equal by default.
    """

    def __init__(self, means: Sequence[float], stds: Sequence[float], weights: Sequence[float] | None = None):
        self.means, self.stds = np.asarray(means, float), np.asarray(stds, float)
        self.weights = (
            np.full(len(self.means), 1 / len(self.means)) if weights is None else np.asarray(weights)
        )

    def pdf(self, x) -> np.ndarray:
        """Density at x, any shape."""
        return np.sum(self.weights * norm.pdf(np.asarray(x)[..., None], self.means, self.stds), axis=-1)

    def sample(self, count: int, generator: np.random.Generator) -> np.ndarray:
        """`count` draws, (count,)."""
        chosen = generator.choice(len(self.means), count, p=self.weights)
        return generator.normal(self.means[chosen], self.stds[chosen])

    @property
    def mean(self) -> float:
        return float(self.weights @ self.means)

    @property
    def std(self) -> float:
        """The standard deviation of the whole mixture."""
        return float(np.sqrt(self.weights @ (self.stds**2 + self.means**2) - self.mean**2))


def gaussian(mean: float = 0.0, std: float = 1.0) -> Mixture:
    """N(mean, std^2)."""
    return Mixture([mean], [std])


def grid(low: float = -12.0, high: float = 12.0, points: int = 4801) -> tuple[np.ndarray, float]:
    """Equally spaced points and the space between them."""
    x = np.linspace(low, high, points)
    return x, float(x[1] - x[0])
