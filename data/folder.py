"""A folder of pictures: every file in it and below that Pillow can read."""

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image, ImageOps

from data.source import Source, beginnings
from support.errors import UserError
from support.files import expanded, refuse_undecodable

#: Pictures of a folder differ in size, so they need one that they are brought to.
SHAPE = (64, 64, 3)
NAMED = 10


def folder(path: str, split: str) -> Source:
    """The pictures of a folder, in the order of their paths; they have one split, "train".

    Folders in it, linked ones too, belong to it. Files that are no pictures, or broken ones, are left out and
    named on stderr.

    Raises:
        UserError: There is no such folder, it or one in it cannot be read, or there is no file in it; on
            reading, no picture among the files.
    """
    refuse_undecodable(path, "--dataset")
    root = expanded(path)
    if not path or not root.is_dir():
        raise UserError(f"--dataset=folder:{path}: there is no such folder")
    if split != "train":
        raise UserError(f"a folder has only the split 'train', not {split!r}")
    try:
        files = sorted(_files(root))
    except OSError as error:
        raise UserError(
            f"--dataset=folder:{path}: {error.filename} cannot be read ({error.strerror})"
        ) from None
    if not files:
        raise UserError(f"--dataset=folder:{path}: the folder holds no files")

    listing = hashlib.sha256()
    for file in files:
        status = file.stat() if file.exists() else file.lstat()
        name = os.fsencode(file.relative_to(root))
        listing.update(name + f"\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    for beginning in beginnings(files):
        listing.update(beginning)

    def images():
        return tf.data.Dataset.from_generator(
            lambda: _read(root, files),
            output_signature=tf.TensorSpec((None, None, 3), tf.uint8),
        )

    return Source(f"folder/{listing.hexdigest()}", SHAPE, images, folder=root)


def _files(root: Path) -> Iterator[Path]:
    """All but hidden ones, links to nothing included; of folders that links lead to again, those of one."""

    def fail(error: OSError):
        raise error

    seen = set()
    for place, folders, names in os.walk(root, onerror=fail, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        files = (Path(place, name) for name in names if not name.startswith("."))
        yield from (file for file in files if file.is_file() or not file.exists())


def _rgb(picture: Image.Image) -> np.ndarray:
    """uint8 (h, w, 3): grey of 16 bits or of floats in [0, 1] is scaled, transparent parts become white.

    Raises:
        ValueError: Floats lie outside.
    """
    if picture.mode.startswith(("I", "F")):
        grey = np.asarray(picture)
        if picture.mode == "F":
            if not (grey.min() >= 0 and grey.max() <= 1):
                raise ValueError("floats of no known range")
            grey = np.rint(255 * grey)
        else:
            grey = (grey // 257).clip(0, 255)
        return np.stack([grey.astype(np.uint8)] * 3, axis=-1)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return np.asarray(picture.convert("RGB"))


def _read(root: Path, files: list[Path]):
    broken = []
    for file in files:
        try:
            with Image.open(file) as picture:
                pixels = _rgb(ImageOps.exif_transpose(picture))
        except Exception:  # Pillow's readers raise nearly every kind there is on broken files.
            broken.append(str(file.relative_to(root)))
        else:
            yield pixels
    if broken:
        more = f" and {len(broken) - NAMED} more" if len(broken) > NAMED else ""
        print(
            f"{len(broken)} of {len(files)} files in {root} are not readable as pictures and were "
            f"left out: {', '.join(broken[:NAMED])}{more}",
            file=sys.stderr,
        )
