"""What every metric asks of the arrays it is given, and distances between their rows."""

from collections.abc import Iterator

import numpy as np

#: Entries of one block of a matrix of distances: 8 MiB in float64, which caches hold.
BLOCK = 2**20


def features(array, least: int = 1, what: str = "features") -> np.ndarray:
    """`array` as float64 (N, D).

    Raises:
        ValueError: It has another shape, fewer than `least` rows, or values that are not finite.
    """
    found = np.asarray(array, np.float64)
    if found.ndim != 2:
        raise ValueError(f"{what} must be (N, D), not {found.shape}")
    if len(found) < least:
        raise ValueError(f"{what}: {len(found)} rows, at least {least} are needed")
    if not np.isfinite(found).all():
        raise ValueError(f"{what} must be finite")
    return found


def two_sets(real, fake, least: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Both as float64 (N, D) with one D; N may differ. Raises ValueError as `features`."""
    real, fake = features(real, least, "real features"), features(fake, least, "fake features")
    if real.shape[1] != fake.shape[1]:
        raise ValueError(f"real and fake features must have one D, not {real.shape[1]} and {fake.shape[1]}")
    return real, fake


def same_pictures(real, fake) -> tuple[np.ndarray, np.ndarray]:
    """Both as arrays (N, H, W, C) of one shape. Raises ValueError for others."""
    real, fake = np.asarray(real), np.asarray(fake)
    if real.ndim != 4 or real.shape != fake.shape:
        raise ValueError(
            f"two sets of pictures must have one shape (N, H, W, C), not {real.shape}, {fake.shape}"
        )
    return real, fake


def parts(count: int, size: int) -> Iterator[slice]:
    """Slices of `size` that cover `count` rows, the last one what remains; of no rows, one that is empty."""
    for start in range(0, max(1, count), size):
        yield slice(start, min(start + size, count))


def squared_distances(rows: np.ndarray, columns: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Blocks of the matrix of squared Euclidean distances: (which rows, (block, M)).

    Distances below the rounding of |x|^2 + |y|^2 - 2 x.y count as 0, so that copies are at distance 0.

    Args:
        rows: float64 (N, D).
        columns: float64 (M, D).
    """
    # Near the mean, for the rounding; one of the points, so that whole numbers stay whole and ties are ties.
    # By |x|^2 - 2 x.mean, which needs no other copy of the points.
    centre = columns[
        (np.einsum("ij,ij->i", columns, columns) - 2 * (columns @ columns.mean(axis=0))).argmin()
    ]
    columns = columns - centre
    lengths = np.einsum("ij,ij->i", columns, columns)
    for part in parts(len(rows), max(1, BLOCK // len(columns))):
        block = rows[part] - centre
        scale = np.einsum("ij,ij->i", block, block)[:, None] + lengths
        squared = scale - 2 * (block @ columns.T)
        squared[squared < 4 * np.finfo(np.float64).eps * block.shape[1] * scale] = 0
        yield part, squared
