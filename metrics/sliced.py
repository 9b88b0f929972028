"""The sliced Wasserstein distance between patches of pictures, one scale at a time."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import scipy

from metrics import arrays

SMALLEST_SIDE = 16
PATCH = 7
PATCHES_PER_PICTURE = 128
DIRECTIONS = 512
#: Directions that are sorted at once.
TOGETHER = 8
#: Pictures whose levels are computed at once.
PICTURES = 100

_TAPS = np.array([1, 4, 6, 4, 1], np.float32) / 16


def sliced_wasserstein(real_images, fake_images, seed: int = 0) -> dict[int, float]:
    """Distance between the 7x7 patches of real and generated pictures at each scale, times 1000.

    Karras et al. 2018, Progressive growing (arXiv 1710.10196), section 5, as in the authors' code: a
    Laplacian pyramid down to 16 pixels, 128 patches of each picture and level, normalised to mean 0 and
    standard deviation 1 per channel and set, and the mean over 512 random directions of the Wasserstein-1
    distance between their projections. Published with 16,384 pictures a set.

    Args:
        real_images, fake_images: (N, H, W, C) in any one unit, both sides at least 7.
        seed: Seed of patches and directions.

    Returns:
        Of each level, by its height, the distance; the field reports their mean too.

    Raises:
        ValueError: The sets differ in shape, or the pictures are smaller than a patch.
    """
    real, fake = arrays.same_pictures(real_images, fake_images)
    if min(real.shape[1:3]) < PATCH:
        raise ValueError(f"pictures must be at least {PATCH} pixels high and wide, not {real.shape[1:3]}")
    rng = np.random.default_rng(seed)
    distances = {}
    for level, one in enumerate(laplacian_pyramid(real[:1])):
        # Without names, so that these patches go before those of the next level come.
        distances[one.shape[1]] = 1000 * _sliced_distance(
            _descriptors(real, level, one.shape, rng), _descriptors(fake, level, one.shape, rng), rng
        )
    return distances


def laplacian_pyramid(images) -> list[np.ndarray]:
    """Levels of detail of (N, H, W, C), each half as large as the one before; the last one is what remains.

    The shorter side of the last one is at least 16 pixels, where the pictures' own is.
    """
    levels = [np.asarray(images, np.float32)]
    while min(levels[-1].shape[1:3]) >= 2 * SMALLEST_SIDE:
        smaller = _blur(levels[-1])[:, ::2, ::2]
        larger = np.zeros_like(levels[-1])
        larger[:, ::2, ::2] = smaller
        levels[-1] = levels[-1] - 4 * _blur(larger)
        levels.append(smaller)
    return levels


def _blur(images: np.ndarray) -> np.ndarray:
    for axis in (1, 2):
        images = scipy.ndimage.correlate1d(images, _TAPS, axis, mode="mirror")
    return images


def _descriptors(images: np.ndarray, level: int, shape: tuple, rng: np.random.Generator) -> np.ndarray:
    """Random normalised patches of a level of the pyramid, whose pictures have that shape, one a row."""
    count = len(images) * PATCHES_PER_PICTURE
    rows, columns = (rng.integers(side - PATCH + 1, size=count) for side in shape[1:3])
    chosen = np.empty((count, shape[3], PATCH, PATCH), np.float32)
    for part in arrays.parts(len(images), PICTURES):
        pictures = laplacian_pyramid(images[part])[level]
        patches = np.lib.stride_tricks.sliding_window_view(pictures, (PATCH, PATCH), (1, 2))
        of = np.repeat(np.arange(len(pictures)), PATCHES_PER_PICTURE)
        mine = slice(part.start * PATCHES_PER_PICTURE, part.stop * PATCHES_PER_PICTURE)
        chosen[mine] = patches[of, rows[mine], columns[mine]]
    chosen -= chosen.mean(axis=(0, 2, 3), keepdims=True, dtype=np.float64)
    # What NumPy's std does makes a copy in float64.
    squares = np.einsum("ncij,ncij->c", chosen, chosen, dtype=np.float64)[:, None, None]
    spread = np.sqrt(squares / (count * PATCH**2))
    chosen /= np.where(spread > 0, spread, 1)  # Blank pictures stay blank.
    return chosen.reshape(count, -1)


def _sliced_distance(a: np.ndarray, b: np.ndarray, rng: np.random.Generator) -> float:
    directions = rng.normal(size=(DIRECTIONS, a.shape[1])).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)

    def mean_distance(some: np.ndarray) -> float:
        projections = (np.sort(some @ x.T, axis=1) for x in (a, b))
        return np.abs(np.subtract(*projections)).mean(dtype=np.float64)

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # NumPy sorts without Python's lock.
        return float(np.mean([*pool.map(mean_distance, np.split(directions, DIRECTIONS // TOGETHER))]))
