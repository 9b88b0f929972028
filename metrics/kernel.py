"""The kernel distance, an unbiased alternative to the Frechet distance."""

from typing import NamedTuple

import numpy as np

from metrics import arrays


class KernelDistance(NamedTuple):
    """Mean and population standard deviation over the subsets."""

    mean: float
    std: float


def kernel_distance(
    real_features, fake_features, *, subsets: int = 100, subset_size: int = 1000, seed: int = 0
) -> KernelDistance:
    """KID: the unbiased squared MMD with the kernel (x.y / D + 1)^3, averaged over random subsets.

    Binkowski et al. 2018 (arXiv 1801.01401), section 4, and the authors' code. In expectation 0 for two
    samples of one distribution, so single values may be negative.

    Args:
        real_features, fake_features: (N, D), N >= 2 each; N may differ.
        subsets: Number of pairs of subsets.
        subset_size: Size of each, drawn without replacement; N where there are fewer.
        seed: Seed of the subsets.

    Raises:
        ValueError: A set is not two-dimensional, has fewer than two rows, or D differs; a subset would have
            fewer than two.
    """
    if subset_size < 2:
        raise ValueError(f"subset_size={subset_size}: two or more, for pairs of different examples")
    real, fake = arrays.two_sets(real_features, fake_features, least=2)
    rng = np.random.default_rng(seed)
    size = min(subset_size, len(real), len(fake))
    values = [
        squared_mmd(*(x[rng.choice(len(x), size, replace=False)] for x in (real, fake)))
        for _ in range(subsets)
    ]
    return KernelDistance(float(np.mean(values)), float(np.std(values)))


def squared_mmd(real: np.ndarray, fake: np.ndarray) -> float:
    """The unbiased estimate from two sets of features: pairs of an example with itself do not count."""
    within = 0.0
    for x in (real, fake):
        kernel = _cubic(x, x)
        within += (kernel.sum() - np.trace(kernel)) / (len(x) * (len(x) - 1))
    return float(within - 2 * _cubic(real, fake).mean())


def _cubic(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (x @ y.T / x.shape[1] + 1) ** 3
