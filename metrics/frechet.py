"""The Frechet distance between two Gaussians, which FID takes in Inception's feature space."""

import numpy as np


def frechet_distance(real_features, fake_features) -> float:
    """||m_r - m_f||^2 + Tr(S_r + S_f - 2 (S_r S_f)^(1/2)) of two sets of features, in float64.

    Heusel et al. 2017 (arXiv 1706.08500), equation 6. Covariances are unbiased (N - 1). The trace of the
    root is taken from the eigenvalues of the symmetric S_r^(1/2) S_f S_r^(1/2), which has the same ones
    as S_r S_f and stays real for singular covariances.

    Args:
        real_features, fake_features: (N, D), N >= 2 each; N may differ.

    Returns:
        The squared distance, in squared feature units; 0 for equal means and covariances.

    Raises:
        ValueError: A set is not two-dimensional, has fewer than two rows, or D differs.
    """
    real, fake = (np.asarray(features, np.float64) for features in (real_features, fake_features))
    if real.ndim != 2 or fake.ndim != 2 or real.shape[1] != fake.shape[1]:
        raise ValueError(f"features must be (N, D) with one D, not {real.shape} and {fake.shape}")
    if min(len(real), len(fake)) < 2:
        raise ValueError("a covariance needs at least two samples in each set")
    offset = real.mean(axis=0) - fake.mean(axis=0)
    covariance_real, covariance_fake = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (real, fake))
    root = _symmetric_root(covariance_real)
    eigenvalues = np.linalg.eigvalsh(root @ covariance_fake @ root)
    trace_of_root = np.sqrt(eigenvalues.clip(min=0)).sum()
    return float(offset @ offset + np.trace(covariance_real) + np.trace(covariance_fake) - 2 * trace_of_root)


def _symmetric_root(matrix: np.ndarray) -> np.ndarray:
    eigenvalues, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(eigenvalues.clip(min=0))) @ vectors.T
