"""Modes of a mixture of Gaussians that samples reach, as the mode-coverage literature counts them."""

from typing import NamedTuple

import numpy as np

from metrics.classes import ClassBalance, class_balance

#: Samples in the published counts of modes: of mixtures in the plane, and of stacked MNIST.
MODE_SAMPLES, STACKED_SAMPLES = 2500, 26_000


class ModeCoverage(NamedTuple):
    """What `mode_coverage` counts."""

    modes: int
    high_quality: float
    reverse_kl: float


def mode_coverage(samples, centres, std: float, deviations: float = 3.0) -> ModeCoverage:
    """Modes found and share of high-quality samples; published with 2,500 samples.

    A sample is of high quality within `deviations` standard deviations of its nearest centre; a mode is
    found if at least one such sample is nearest to it. Samples of the mixture itself score
    1 - exp(-deviations^2 / 2) = 98.89 % in the plane.

    Srivastava et al. 2017, VEEGAN (arXiv 1705.07761), section 5.1; the reverse KL is that of Lin et al.
    2018, PacGAN (arXiv 1712.04086), section 4.1.

    Args:
        samples: (N, D).
        centres: (K, D), the means of equally likely isotropic Gaussians.
        std: Their standard deviation.
        deviations: Radius of a mode in standard deviations.

    Returns:
        modes: Number of centres found, 0 to K.
        high_quality: Share of high-quality samples, 0 to 1.
        reverse_kl: KL(samples' histogram over their nearest centres || uniform), nats, 0 to log K; of all
            samples, where PacGAN's code logs the histogram of those of high quality alone.

    Raises:
        ValueError: There are no samples, or their dimension is not the centres'.
    """
    samples, centres = np.asarray(samples, np.float64), np.asarray(centres, np.float64)
    if samples.ndim != 2 or not len(samples) or samples.shape[1:] != centres.shape[1:]:
        raise ValueError(f"samples {samples.shape} must be (N, D) like centres {centres.shape}, N at least 1")
    distances = np.linalg.norm(samples[:, None] - centres[None], axis=-1)
    nearest = distances.argmin(axis=1)
    good = distances.min(axis=1) <= deviations * std
    return ModeCoverage(
        modes=len(np.unique(nearest[good])),
        high_quality=float(good.mean()),
        reverse_kl=class_balance(nearest, len(centres)).kl,
    )


def stacked_coverage(digits) -> ClassBalance:
    """How stacked MNIST's samples spread over its 1,000 modes; published with 26,000 samples.

    Metz et al. 2017 (arXiv 1611.02163), section 3.3.1, as VEEGAN and PacGAN count: a mode is a triple of
    digits, `found` the number of those that a classifier sees at least once, `kl` that of the samples'
    histogram from equal shares. With perfect sampling it is about 999 / 2N.

    Args:
        digits: int (N, 3), 0 to 9: the digit in each colour.

    Raises:
        ValueError: They have another shape or range, or there are none.
    """
    digits = np.asarray(digits)
    if digits.ndim != 2 or digits.shape[1] != 3:
        raise ValueError(f"digits must be (N, 3), not {digits.shape}")
    if len(digits) and not (digits.min() >= 0 and digits.max() <= 9):
        raise ValueError("digits must be 0 to 9")
    return class_balance(digits @ [100, 10, 1], 1000)
