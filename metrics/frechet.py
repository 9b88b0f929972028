"""The Frechet distance between two Gaussians, which FID takes in Inception's feature space."""

import dataclasses

import numpy as np

from metrics import arrays


@dataclasses.dataclass
class Moments:
    """Mean and covariance of features that come in batches, in float64: memory does not grow with N.

    Attributes:
        count: Features seen.
        mean: (D,).
        scatter: (D, D), the sum of (x - mean)(x - mean)^T.
    """

    count: int = 0
    mean: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(()))
    scatter: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(()))

    @classmethod
    def of(cls, features) -> "Moments":
        """The moments of one array (N, D)."""
        moments = cls()
        moments.update(features)
        return moments

    def update(self, features) -> None:
        """Adds a batch of features (n, D), n >= 1."""
        batch = arrays.features(features)
        mean = batch.mean(axis=0)
        centred = batch - mean
        if not self.count:
            self.mean, self.scatter = np.zeros_like(mean), np.zeros((len(mean), len(mean)))
        # Chan, Golub and LeVeque 1979: no difference of large sums.
        total, offset = self.count + len(batch), mean - self.mean
        self.scatter += centred.T @ centred + np.outer(offset, offset) * (self.count * len(batch) / total)
        self.mean = self.mean + offset * (len(batch) / total)
        self.count = total

    @property
    def covariance(self) -> np.ndarray:
        """(D, D), unbiased: divided by N - 1.

        Raises:
            ValueError: Fewer than two features were seen.
        """
        if self.count < 2:
            raise ValueError(f"a covariance needs at least 2 samples in each set, not {self.count}")
        return self.scatter / (self.count - 1)


def frechet_distance(real_features, fake_features) -> float:
    """||m_r - m_f||^2 + Tr(S_r + S_f - 2 (S_r S_f)^(1/2)) of two sets of features, in float64.

    Heusel et al. 2017 (arXiv 1706.08500), equation 6. Covariances are unbiased (N - 1). The trace of the
    root is the sum of the singular values of S_r^(1/2) S_f^(1/2), which are the roots of the eigenvalues
    of S_r S_f and stay exact for singular covariances (N < D).

    Args:
        real_features, fake_features: (N, D), N >= 2 each, or their `Moments`; N may differ.

    Returns:
        The squared distance, in squared feature units; 0 for equal means and covariances.

    Raises:
        ValueError: A set is not two-dimensional, has fewer than two rows, or D differs.
    """
    real, fake = (x if isinstance(x, Moments) else Moments.of(x) for x in (real_features, fake_features))
    covariances = real.covariance, fake.covariance
    if real.mean.shape != fake.mean.shape:
        raise ValueError(f"features must have one D, not {len(real.mean)} and {len(fake.mean)}")
    roots = [_symmetric_root(covariance) for covariance in covariances]
    trace_of_root = np.linalg.svd(roots[0] @ roots[1], compute_uv=False).sum()
    offset = real.mean - fake.mean
    traces = sum(np.trace(covariance) for covariance in covariances)
    return max(0.0, float(offset @ offset + traces - 2 * trace_of_root))


def _symmetric_root(matrix: np.ndarray) -> np.ndarray:
    eigenvalues, vectors = np.linalg.eigh(matrix)
    # What is below the rounding of the largest is 0; its root would not be small.
    noise = len(matrix) * np.finfo(np.float64).eps * eigenvalues[-1]
    return (vectors * np.sqrt(np.where(eigenvalues > noise, eigenvalues, 0))) @ vectors.T


def frechet_infinity(real_features, fake_features, *, points: int = 15, seed: int = 0) -> float:
    """The Frechet distance without the bias of a finite number of samples.

    Chong and Forsyth 2020 (arXiv 1911.07023), section 4: the bias is linear in 1/N, so distances of random
    subsets of the samples, of `points` sizes from N/10 to N, are extrapolated to 1/N = 0 by a straight line.
    The real features are taken as they are.

    Args:
        real_features: (M, D), or their `Moments`.
        fake_features: (N, D), N >= 20.
        points: Sizes that the line goes through.
        seed: Seed of the subsets.

    Raises:
        ValueError: As `frechet_distance`, or there are fewer than 20 samples.
    """
    fake = arrays.features(fake_features, least=20, what="fake features")
    real = real_features if isinstance(real_features, Moments) else Moments.of(real_features)
    rng = np.random.default_rng(seed)
    sizes = np.linspace(len(fake) / 10, len(fake), points).astype(int)
    distances = [frechet_distance(real, fake[rng.permutation(len(fake))[:size]]) for size in sizes]
    _, intercept = np.polyfit(1 / sizes, distances, deg=1)
    return float(intercept)
