"""Pictures are decoded and resized once; every later run maps the result into memory."""

import contextlib
import hashlib
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from data.images import ImageShape, fit
from data.source import Source
from support.errors import UserError, reason
from support.files import atomic, expanded

#: Pictures that are decoded at a time: at most so many, and so many bytes.
BATCH, BATCH_BYTES = 64, 2**24
#: Goes up when the same pictures would be written differently.
FORMAT = 1


def folder() -> Path:
    """Where decoded pictures lie: $GAN_CACHE_DIR, or the user's cache folder. An empty variable is none."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "gan-reference-suite"
    return expanded(os.environ.get("GAN_CACHE_DIR") or default)


def cache_name(key: str) -> str:
    """A file's name in the cache, the same for the same key alone."""
    return hashlib.sha256(key.encode()).hexdigest()[:24]


def decoded(source: Source, shape: ImageShape) -> np.ndarray:
    """All pictures of `source` in `shape`: uint8 (N, H, W, C), mapped from one file, read-only.

    Raises:
        UserError: Not one picture could be read, or they cannot be written to the cache.
    """
    key = cache_name(f"{FORMAT}/{source.identity}/{shape}")
    for path in folder().glob(f"{key}-*.u8"):
        count = int(path.stem.removeprefix(f"{key}-"))
        if path.stat().st_size == count * math.prod(shape):
            break
        path.unlink()  # Cut short by something else than us.
    else:
        try:
            path = _decode(source, shape, key)
        except tf.errors.OpError as error:
            raise UserError(f"{source.identity} cannot be read ({reason(error)}): prepare it anew") from None
        except OSError as error:
            raise UserError(
                f"decoded pictures cannot be written to {folder()} ({error.strerror or error}): "
                "free some space or name another folder with GAN_CACHE_DIR"
            ) from None
    return np.memmap(path, np.uint8, mode="r").reshape(-1, *shape)


def keep(path: Path, write: Callable[[Path], object]) -> None:
    """Writes a file that saves time later, atomically. That it cannot be written is said, and no error."""
    try:
        with atomic(path) as temporary:
            write(temporary)
    except OSError as error:
        print(
            f"{path} cannot be written ({error.strerror or error}), so it is computed again next time: "
            "GAN_CACHE_DIR names another folder",
            file=sys.stderr,
        )


def _decode(source: Source, shape: ImageShape, key: str) -> Path:
    batch_size = min(BATCH, max(1, BATCH_BYTES // math.prod(shape)))
    images = source.images().map(lambda image: fit(image, shape), tf.data.AUTOTUNE).batch(batch_size)
    count = 0
    with atomic(folder() / f"{key}.u8") as temporary:
        with (
            open(temporary, "wb") as file,
            # Nothing is shown of a dataset that is decoded within seconds.
            tqdm(desc="decoding, once", unit=" pictures", delay=5, leave=False) as progress,
        ):
            for batch in images.prefetch(2).as_numpy_iterator():
                file.write(batch.tobytes())
                count += len(batch)
                progress.update(len(batch))
        if not count:
            raise UserError("not one file of the dataset is a readable picture")
    whole = folder() / f"{key}-{count}.u8"
    with contextlib.suppress(FileNotFoundError):  # Another process did the same, and was first.
        (folder() / f"{key}.u8").rename(whole)
    return whole
