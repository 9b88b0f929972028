"""What a kind of source has to say about its pictures, before any of them is read."""

import dataclasses
from collections.abc import Callable

import tensorflow as tf

from support.registry import Registry

#: Sources that have a name of their own: functions of (split) that return a `Source`.
registry = Registry("dataset", "data")


@dataclasses.dataclass(frozen=True)
class Source:
    """Pictures of one dataset and split.

    Attributes:
        identity: Text that changes whenever the pictures do: the cache's key.
        shape: (H, W, C) that the pictures have, or are brought to unless asked otherwise.
        images: Opens them: a `tf.data.Dataset` of uint8 (h, w, c), in an order that never changes.
    """

    identity: str
    shape: tuple[int, int, int]
    images: Callable[[], tf.data.Dataset]
