"""Pictures are decoded and resized once; every later run maps the result into memory."""

import hashlib
import math
import os
from pathlib import Path

import numpy as np
import tensorflow as tf

from data.images import ImageShape, fit
from data.source import Source
from support.errors import UserError
from support.files import atomic

BATCH = 256
#: Goes up when the same pictures would be written differently.
FORMAT = 1


def folder() -> Path:
    """Where decoded pictures lie: $GAN_CACHE_DIR, or the user's cache folder."""
    default = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "gan-reference-suite"
    return Path(os.environ.get("GAN_CACHE_DIR", default))


def decoded(source: Source, shape: ImageShape) -> np.ndarray:
    """All pictures of `source` in `shape`: uint8 (N, H, W, C), mapped from one file, read-only.

    Raises:
        UserError: Not one picture could be read, or they cannot be written to the cache.
    """
    key = f"{FORMAT}/{source.identity}/{shape}"
    path = folder() / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.u8"
    if not path.exists() or path.stat().st_size % math.prod(shape):
        try:
            _decode(source, shape, path)
        except OSError as error:
            raise UserError(
                f"decoded pictures cannot be written to {path.parent} ({error.strerror or error}): "
                "free some space or name another folder with GAN_CACHE_DIR"
            ) from None
    return np.memmap(path, np.uint8, mode="r").reshape(-1, *shape)


def _decode(source: Source, shape: ImageShape, path: Path) -> None:
    images = source.images().map(lambda image: fit(image, shape), tf.data.AUTOTUNE).batch(BATCH)
    with atomic(path) as temporary, open(temporary, "wb") as file:
        for batch in images.prefetch(2).as_numpy_iterator():
            file.write(batch.tobytes())
        if not file.tell():
            raise UserError("not one file of the dataset is a readable picture")
