"""Real examples: one file per kind of source, decoded once, and endless shuffled batches of them."""

import numpy as np

from data.cache import decoded
from data.pipeline import batches
from data.source import Points, Source, registry
from support.errors import UserError

__all__ = ["Points", "Source", "batches", "decoded", "find", "labelled", "load", "wanted_shape"]


def find(name: str, split: str = "train", data_dir: str | None = None) -> Source | Points:
    """The source that a `--dataset` value names. Nothing is decoded yet.

    Args:
        name: "digits" (embedded), a density in the plane ("ring"), "folder:PATH", or an image dataset of
            TFDS by its name.
        split: "train", "test", ... as the source names them.
        data_dir: Folder of prepared TFDS data.

    Raises:
        ValueError: There is no such dataset, folder or split, or it holds no pictures.
    """
    if name in registry.names():
        return registry.create(name, split, data_dir)
    if name.startswith("folder:"):
        from data.folder import folder

        return folder(name.removeprefix("folder:"), split)
    from data.tfds import tfds

    return tfds(name, split, data_dir)


def wanted_shape(own, image_size: int | None = None, channels: int | None = None) -> tuple[int, ...]:
    """(H, W, C) of the pictures: the dataset's own, where nothing else is asked for; (D,) of points.

    Raises:
        ValueError: Points are asked to have a size or channels.
    """
    if len(own) == 1:
        if image_size or channels:
            raise UserError("points have no --image_size and no --channels: leave them out")
        return own
    height, width = (image_size, image_size) if image_size else own[:2]
    return height, width, channels or own[2]


def load(
    name: str,
    split: str = "train",
    *,
    image_size: int | None = None,
    channels: int | None = None,
    data_dir: str | None = None,
) -> np.ndarray:
    """All examples of a dataset.

    Pictures are uint8 (N, H, W, C), mapped from the cache of decoded pictures; points float32 (N, D).

    Args:
        image_size: Both sides in pixels; by default those of the dataset (64 where its pictures differ).
        channels: 1 (grey) or 3; by default the dataset's.

    Raises:
        ValueError: As `find`; or not one picture can be read.
    """
    source = find(name, split, data_dir)
    shape = wanted_shape(source.shape, image_size, channels)
    if isinstance(source, Points):
        return source.draw()
    height, width, depth = shape
    return decoded(source, (height, width, depth))


def labelled(name: str, split: str = "train") -> tuple[np.ndarray, np.ndarray]:
    """All pictures of a dataset with classes, uint8 (N, H, W, C), and their classes, int32 (N,)."""
    source = find(name, split)
    assert isinstance(source, Source) and source.labels is not None
    return decoded(source, source.shape), np.asarray(source.labels(), np.int32)
