"""A folder of pictures: every file in it and below that Pillow can read."""

import hashlib
import os
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image, ImageOps

from data.source import Source
from support.errors import UserError

#: Pictures of a folder differ in size, so they need one that they are brought to.
SHAPE = (64, 64, 3)
NAMED = 10


def folder(path: str, split: str) -> Source:
    """The pictures of a folder, in the order of their paths; they have one split, "train".

    Files that are no pictures, or broken ones, are named on stderr and left out.

    Raises:
        UserError: There is no such folder, or no file in it; on reading, no picture among the files.
    """
    root = Path(path).expanduser()
    if not path or not root.is_dir():
        raise UserError(f"--dataset=folder:{path}: there is no such folder")
    if split != "train":
        raise UserError(f"a folder has only the split 'train', not {split!r}")
    files = sorted(
        file
        for file in root.rglob("*")
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(root).parts)
    )
    if not files:
        raise UserError(f"--dataset=folder:{path}: the folder holds no files")

    listing = hashlib.sha256()
    for file in files:
        status = file.stat()
        name = os.fsencode(file.relative_to(root))
        listing.update(name + f"\0{status.st_size}\0{status.st_mtime_ns}\0".encode())

    def images():
        return tf.data.Dataset.from_generator(
            lambda: _read(root, files),
            output_signature=tf.TensorSpec((None, None, 3), tf.uint8),
        )

    return Source(f"folder/{listing.hexdigest()}", SHAPE, images)


def _rgb(picture: Image.Image) -> np.ndarray:
    """uint8 (h, w, 3): 16-bit grey is scaled, transparent parts become white."""
    if picture.mode.startswith("I"):
        grey = (np.asarray(picture) // 257).clip(0, 255).astype(np.uint8)
        return np.stack([grey] * 3, axis=-1)
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
