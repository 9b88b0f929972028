"""What a classifier says of samples: how sure it is, and how they spread over its classes."""

import itertools
from typing import NamedTuple

import numpy as np
import scipy

from metrics import arrays


class InceptionScore(NamedTuple):
    """Mean and population standard deviation over the splits."""

    mean: float
    std: float


class ClassBalance(NamedTuple):
    """How samples spread over K classes.

    Attributes:
        shares: (K,), the share of each class.
        found: Number of classes with at least one sample.
        total_variation: Half the sum of |share - 1/K|: 0 for equal shares, 1 - 1/K for one class alone.
        kl: KL(shares || uniform), nats, 0 to log K.
    """

    shares: np.ndarray
    found: int
    total_variation: float
    kl: float


def inception_score(class_probabilities, splits: int = 10) -> InceptionScore:
    """exp E_x KL(p(y|x) || p(y)), p(y) the mean of each of `splits` successive parts.

    Salimans et al. 2016 (arXiv 1606.03498), section 4, and the authors' code. Published with Inception and
    50,000 samples; with another classifier it is an inception-style score.

    Args:
        class_probabilities: (N, K), rows of non-negative numbers that sum to 1.
        splits: Number of parts, 1 to N.

    Returns:
        mean: 1 to K.
        std: Standard deviation over the parts.

    Raises:
        ValueError: The rows are no probabilities, or there are fewer of them than splits, or no split.
    """
    if splits < 1:
        raise ValueError(f"splits={splits}: one or more")
    p = arrays.features(class_probabilities, splits, "class probabilities")
    if p.min() < 0 or not np.allclose(p.sum(axis=1), 1, atol=1e-4):
        raise ValueError("class probabilities must be rows of non-negative numbers that sum to 1")
    scores = []
    for start, stop in itertools.pairwise(np.arange(splits + 1) * len(p) // splits):
        part = p[start:stop]
        scores.append(np.exp(scipy.special.rel_entr(part, part.mean(axis=0)).sum(axis=1).mean()))
    return InceptionScore(float(np.mean(scores)), float(np.std(scores)))


def class_balance(labels, classes: int) -> ClassBalance:
    """How integer labels (N,) in [0, classes) spread over the classes.

    Raises:
        ValueError: There are no labels, or one is out of range.
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or not len(labels) or labels.min() < 0 or labels.max() >= classes:
        raise ValueError(f"labels must be (N,), N at least 1, in [0, {classes}), not {labels.shape}")
    shares = np.bincount(labels, minlength=classes) / len(labels)
    return ClassBalance(
        shares=shares,
        found=int(np.count_nonzero(shares)),
        total_variation=float(np.abs(shares - 1 / classes).sum() / 2),
        kl=float(scipy.special.rel_entr(shares, 1 / classes).sum()),
    )
