"""Fidelity and diversity from nearest neighbours in a feature space."""

from typing import NamedTuple

import numpy as np

from metrics import arrays


class PrecisionRecall(NamedTuple):
    """Two shares, 0 to 1."""

    precision: float
    recall: float


class DensityCoverage(NamedTuple):
    """Density, 0 to N/k, about 1 for samples of the data's distribution; coverage, a share."""

    density: float
    coverage: float


class Neighbors(NamedTuple):
    """Of each query its nearest references, nearest first: both arrays (N, k)."""

    distances: np.ndarray
    indices: np.ndarray


def precision_recall(real_features, fake_features, k: int = 3) -> PrecisionRecall:
    """Share of samples in the data's manifold, and share of the data in the samples' manifold.

    Kynkaanniemi et al. 2019, Improved precision and recall (arXiv 1904.06991), section 2, equations 1 and 2:
    a manifold is the union of balls around its points that reach to their k-th nearest neighbour, the
    border included.

    Args:
        real_features, fake_features: (N, D), N > k each; the paper takes equally many.
        k: Neighbour that a ball reaches to, the point itself not counted.

    Raises:
        ValueError: A set is not two-dimensional, has k rows or fewer, or D differs.
    """
    in_real, in_fake = in_manifolds(real_features, fake_features, k)
    return PrecisionRecall(float(in_real.mean()), float(in_fake.mean()))


def in_manifolds(real_features, fake_features, k: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """What `precision_recall` takes the means of: bool (N_fake,) and bool (N_real,)."""
    real, fake = arrays.two_sets(real_features, fake_features, least=k + 1)
    real_radii, fake_radii = squared_radii(real, k), squared_radii(fake, k)
    in_real = np.empty(len(fake), bool)
    in_fake = np.zeros(len(real), bool)
    for rows, squared in arrays.squared_distances(fake, real):
        in_real[rows] = (squared <= real_radii).any(axis=1)
        in_fake |= (squared <= fake_radii[rows, None]).any(axis=0)
    return in_real, in_fake


def recalls_without(real_features, fake_features, parts: int, k: int = 3) -> np.ndarray:
    """Recall by all samples but one of so many equal parts of them, in their order: (parts,).

    Raises:
        ValueError: As `precision_recall`, or a part has k rows or fewer.
    """
    real, fake = arrays.two_sets(real_features, fake_features, least=k + 1)
    arrays.features(fake, parts * (k + 1), "fake features")
    members = np.array_split(np.arange(len(fake)), parts)
    radii = np.empty((parts, len(fake)))
    for rows, squared in arrays.squared_distances(fake, fake):
        # The k + 1 nearest of some parts are among the k + 1 nearest of each.
        nearest = [np.partition(squared[:, part], k, axis=1)[:, : k + 1] for part in members]
        for left_out in range(parts):
            others = np.concatenate(nearest[:left_out] + nearest[left_out + 1 :], axis=1)
            radii[left_out, rows] = np.partition(others, k, axis=1)[:, k]
    for left_out, part in enumerate(members):
        radii[left_out, part] = -1
    held = np.zeros((parts, len(real)), bool)
    for rows, squared in arrays.squared_distances(fake, real):
        for left_out in range(parts):
            held[left_out] |= (squared <= radii[left_out, rows, None]).any(axis=0)
    return held.mean(axis=1)


def density_coverage(real_features, fake_features, k: int = 5) -> DensityCoverage:
    """How many real balls hold a sample, over k, and the share of real balls that hold one.

    Naeem et al. 2020, Reliable fidelity and diversity metrics (arXiv 2002.09797), equations 3 and 4; balls
    without their border, as in the authors' code. Of samples of the data's own distribution density is 1
    and coverage 1 - 2^-k in expectation (for many samples).

    Args:
        real_features: (N, D), N > k.
        fake_features: (M, D), M >= 1.
        k: Neighbour that a ball reaches to, the point itself not counted.

    Raises:
        ValueError: A set is not two-dimensional, has too few rows, or D differs.
    """
    densities, held = densities_and_held(real_features, fake_features, k)
    return DensityCoverage(float(densities.mean()), float(held.any(axis=0).mean()))


def densities_and_held(
    real_features, fake_features, k: int = 5, parts: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """What density and coverage are means of.

    Returns:
        The densities, float (N_fake,); whether a real ball holds any of each of so many equal parts of the
        samples, in their order, bool (parts, N_real).
    """
    real, fake = arrays.two_sets(real_features, fake_features)
    radii = squared_radii(arrays.features(real, k + 1, "real features"), k)
    densities, held = [], np.zeros((parts, len(real)), bool)
    for part, some in enumerate(np.array_split(fake, parts)):
        for _, squared in arrays.squared_distances(some, real):
            inside = squared < radii
            densities.append(inside.sum(axis=1) / k)
            held[part] |= inside.any(axis=0)
    return np.concatenate(densities), held


def squared_radii(points: np.ndarray, k: int) -> np.ndarray:
    """Squared distance of each point (N, D) to its k-th nearest other one: (N,)."""
    radii = np.empty(len(points))
    for rows, squared in arrays.squared_distances(points, points):
        # The point itself is one of the k + 1 nearest.
        radii[rows] = np.partition(squared, k, axis=1)[:, k]
    return radii


def nearest_neighbors(queries, references, k: int = 1) -> Neighbors:
    """The k nearest references of each query, by Euclidean distance.

    Args:
        queries: (N, D).
        references: (M, D), M >= k.

    Raises:
        ValueError: A set is not two-dimensional, D differs, or there are fewer than k references.
    """
    references, queries = arrays.two_sets(references, queries)
    arrays.features(references, k, "references")
    distances = np.empty((len(queries), k))
    indices = np.empty((len(queries), k), int)
    for rows, squared in arrays.squared_distances(queries, references):
        nearest = np.argpartition(squared, k - 1, axis=1)[:, :k]
        order = np.argsort(np.take_along_axis(squared, nearest, axis=1), axis=1)
        indices[rows] = np.take_along_axis(nearest, order, axis=1)
        distances[rows] = np.sqrt(np.take_along_axis(squared, indices[rows], axis=1))
    return Neighbors(distances, indices)


def data_copying(train_features, test_features, fake_features) -> float:
    """Probability that a sample lies nearer to the training data than a held-out example does.

    Meehan, Chaudhuri and Dasgupta 2020 (arXiv 2004.05675), section 3.1: the Mann-Whitney statistic of the
    distances to the nearest training example, over the whole space. One half for samples of the data's
    distribution, towards 1 for copies of the training data, towards 0 for samples far from it.

    Args:
        train_features, test_features, fake_features: (N, D); N may differ.

    Raises:
        ValueError: A set is empty or not two-dimensional, or D differs.
    """
    held_out, generated = (
        nearest_neighbors(x, train_features).distances[:, 0] for x in (test_features, fake_features)
    )
    return probability_greater(held_out, generated)


def probability_greater(a: np.ndarray, b: np.ndarray) -> float:
    """Share of all pairs with a > b, ties counted half: the Mann-Whitney statistic over its maximum."""
    from scipy.stats import mannwhitneyu  # Slow to import.

    return float(mannwhitneyu(a, b).statistic / (len(a) * len(b)))
