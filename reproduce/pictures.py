"""Pictures of chosen z, for figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from models.gan import GAN

#: Pictures generated at a time.
BATCH = 250


def generated(gan: GAN, z) -> np.ndarray:
    """uint8 (n, H, W, C) of z (n, latent_dim)."""
    from evaluation.samples import as_stored

    starts = range(0, len(z), BATCH)
    return np.concatenate(
        [as_stored(np.asarray(gan.generator.finished(z[start : start + BATCH]))) for start in starts]
    )


def between(begins, ends, count: int) -> np.ndarray:
    """`count` points along the straight line from each begin to its end, (lines * count, latent_dim)."""
    begins, ends = np.asarray(begins)[:, None], np.asarray(ends)[:, None]
    share = np.linspace(0, 1, count, dtype=np.float32)[:, None]
    return (begins + share * (ends - begins)).reshape(-1, begins.shape[-1])


def save_grid(pictures: np.ndarray, columns: int, path: Path) -> None:
    """Rows of `columns` pictures, uint8 (n, H, W, C), as a PNG."""
    from callbacks.samples import grid, save_png

    save_png(grid(pictures, columns), path)
