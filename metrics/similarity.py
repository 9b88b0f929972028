"""Structural similarity over several scales, which shows how alike samples are."""

import numpy as np
import scipy

from metrics import arrays

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
WINDOW, SIGMA = 11, 1.5
#: Pairs that are compared at once.
TOGETHER = 100
K1, K2 = 0.01, 0.03


def ms_ssim(images_a, images_b) -> np.ndarray:
    """Multi-scale structural similarity of each picture with its partner.

    Wang, Simoncelli and Bovik 2003, five scales with their weights; scales are halved by means of 2x2 pixels.
    Pictures narrower than the 11-pixel window get a window as wide as they are, as in the code of
    Progressive growing (Karras et al. 2018): values of pictures below 176 pixels compare only with others of
    their size.

    Args:
        images_a, images_b: (N, H, W, C) in [0, 255].

    Returns:
        (N,), 1 for equal pictures, 0 where structures contradict each other.

    Raises:
        ValueError: The two differ in shape.
    """
    a, b = arrays.same_pictures(images_a, images_b)
    parts = arrays.parts(len(a), TOGETHER)
    return np.concatenate([_similarities(*(x[part].astype(np.float64) for x in (a, b))) for part in parts])


def _similarities(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    product = np.ones((len(a), a.shape[-1]))
    for level, weight in enumerate(WEIGHTS):
        similarity, contrast = _ssim(a, b)
        last = level == len(WEIGHTS) - 1
        product *= (similarity if last else contrast).clip(min=0) ** weight
        a, b = _halved(a), _halved(b)
    return product.mean(axis=1)


def ms_ssim_diversity(images, pairs: int = 1000, seed: int = 0) -> np.ndarray:
    """`ms_ssim` of random pairs of different samples: low means diverse, 1 means all are the same.

    Over all samples, as Karras et al. 2018 (arXiv 1710.10196), section 5, have it; Odena, Olah and Shlens
    2017 (arXiv 1610.09585), section 4.2, take pairs within a class. To be compared with the data's own.

    Args:
        images: (N, H, W, C) in [0, 255], N >= 2.
        pairs: Number of pairs.
        seed: Seed of the pairs.

    Returns:
        (pairs,); the score is their mean.

    Raises:
        ValueError: There is only one picture.
    """
    images = np.asarray(images)
    if len(images) < 2:
        raise ValueError("a pair needs at least 2 pictures")
    rng = np.random.default_rng(seed)
    first = rng.integers(len(images), size=pairs)
    second = (first + rng.integers(1, len(images), size=pairs)) % len(images)
    return ms_ssim(images[first], images[second])


def _ssim(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means over the picture of similarity and of contrast and structure alone: (N, C) each."""
    mean_a, mean_b = _window_means(a), _window_means(b)
    c1, c2 = (K1 * 255) ** 2, (K2 * 255) ** 2
    variances = _window_means(a * a) - mean_a**2 + _window_means(b * b) - mean_b**2
    covariance = _window_means(a * b) - mean_a * mean_b
    contrast = (2 * covariance + c2) / (variances + c2)
    luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    return (luminance * contrast).mean(axis=(1, 2)), contrast.mean(axis=(1, 2))


def _window_means(x: np.ndarray) -> np.ndarray:
    """Gaussian means around every pixel whose window lies within the picture."""
    for axis in (1, 2):
        size = min(WINDOW, x.shape[axis])
        offsets = np.arange(size) - (size - 1) / 2
        taps = np.exp(-0.5 * (offsets / (SIGMA * size / WINDOW)) ** 2)
        x = scipy.ndimage.correlate1d(x, taps / taps.sum(), axis, mode="nearest")
        x = x.take(np.arange(size // 2, size // 2 + x.shape[axis] - size + 1), axis)
    return x


def _halved(x: np.ndarray) -> np.ndarray:
    """Means of 2x2 pixels; the last row or column of an odd side counts twice."""
    x = np.pad(x, ((0, 0), (0, x.shape[1] % 2), (0, x.shape[2] % 2), (0, 0)), mode="edge")
    n, height, width, channels = x.shape
    return x.reshape(n, height // 2, 2, width // 2, 2, channels).mean(axis=(2, 4))
