"""What a kind of source has to say about its examples, before any of them is read."""

import contextlib
import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from support.registry import Registry

#: Sources with a name of their own: functions of (split, data_dir) that return a `Source` or `Points`.
registry = Registry("dataset", "data")

#: Files whose beginning is part of an identity, and its bytes: archives give all files one date, and formats
#: without compression all pictures one size.
LOOKED_INTO, BEGINNING = 256, 2**16


@dataclasses.dataclass(frozen=True)
class Source:
    """Pictures of one dataset and split.

    Attributes:
        identity: Text that changes whenever the pictures do: the cache's key.
        shape: (H, W, C) that the pictures have, or are brought to unless asked otherwise.
        images: Opens them: a `tf.data.Dataset` of uint8 (h, w, c), in an order that never changes.
        labels: Reads their classes: int (N,) in the same order. None: they have none.
        classes: Number of classes, 0 if they have none.
        folder: The user's folder that they are files of. None: they are not.
    """

    identity: str
    shape: tuple[int, int, int]
    images: Callable[[], tf.data.Dataset]
    labels: Callable[[], np.ndarray] | None = None
    classes: int = 0
    folder: Path | None = None


@dataclasses.dataclass(frozen=True)
class Points:
    """Points drawn from a known density.

    Attributes:
        identity: Text that changes whenever the points do.
        shape: (D,).
        draw: Draws them: float32 (N, D), always the same.
        centres, std: Where the density is an equal mixture of isotropic Gaussians: their means (K, D) and
            standard deviation.
        folder: None: they are no files of the user's.
    """

    folder: ClassVar[None] = None
    identity: str
    shape: tuple[int]
    draw: Callable[[], np.ndarray]
    centres: np.ndarray | None = None
    std: float | None = None


def beginnings(files: Sequence[Any]) -> Iterator[bytes]:
    """How some of the files, paths of whatever kind, begin; those that cannot be read are left out."""
    for file in files[:: math.ceil(len(files) / LOOKED_INTO)]:
        with contextlib.suppress(OSError), file.open("rb") as opened:
            yield opened.read(BEGINNING)
