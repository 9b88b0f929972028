"""The Parzen-window log-likelihood of the original GAN's Table 1."""

from collections.abc import Sequence

import numpy as np

from metrics import arrays

#: Samples that are looked at together, which bounds the memory.
TOGETHER = 2000
#: The widths that the authors' code chooses among.
SIGMAS = tuple(np.logspace(-1, 0, 10))


def parzen_log_likelihood(samples, test, sigma: float) -> np.ndarray:
    """log of the mean over the samples s of N(x; s, sigma^2 I), for each x of the test set.

    Goodfellow et al. 2014 (arXiv 1406.2661), section 5, as in the authors' code: 10,000 samples, pixels in
    [0, 1], the mean over the test set reported with the standard error. In [-1, 1] the same model scores
    D log 2 less.

    Args:
        samples: (N, D), N >= 1.
        test: (M, D).
        sigma: Width of the Gaussians, > 0, in the units of the samples.

    Returns:
        Log-likelihoods (M,), nats.

    Raises:
        ValueError: A set is empty or not two-dimensional, D differs, or sigma is not positive.
    """
    return _log_likelihoods(samples, test, [sigma])[0]


def choose_sigma(samples, validation, sigmas: Sequence[float] = SIGMAS) -> float:
    """The width with the highest mean log-likelihood of held-out examples.

    The authors take the first 1,000 examples of the validation split (MNIST train 50,000 to 50,999).

    Args:
        samples: (N, D), N >= 1.
        validation: (M, D), neither trained on nor tested on.

    Raises:
        ValueError: As `parzen_log_likelihood`.
    """
    means = _log_likelihoods(samples, validation, sigmas).mean(axis=1)
    return float(sigmas[means.argmax()])


def _log_likelihoods(samples, examples, sigmas: Sequence[float]) -> np.ndarray:
    """(number of sigmas, number of examples)."""
    if min(sigmas) <= 0:
        raise ValueError(f"sigma must be positive, not {min(sigmas)}")
    samples, examples = np.asarray(samples), np.asarray(examples)
    totals = np.full((len(sigmas), len(examples)), -np.inf)
    for part in arrays.parts(len(samples), TOGETHER):
        some, compared = arrays.two_sets(samples[part], examples)
        for rows, squared in arrays.squared_distances(compared, some):
            # The largest term, the nearest sample's, goes before the logarithm: it alone never vanishes.
            nearest = squared.min(axis=1)
            farther = squared - nearest[:, None]
            for i, sigma in enumerate(sigmas):
                scale = -1 / (2 * sigma**2)
                terms = scale * farther
                total = np.exp(terms, out=terms).sum(axis=1)
                totals[i, rows] = np.logaddexp(totals[i, rows], scale * nearest + np.log(total))
    widths = np.asarray(sigmas)[:, None]
    return totals - samples.shape[1] * np.log(widths * np.sqrt(2 * np.pi)) - np.log(len(samples))
