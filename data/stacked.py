"""Stacked MNIST: three random digits as the colours of one picture, 1,000 modes."""

import numpy as np
import tensorflow as tf

from data.cache import decoded
from data.source import Source, registry
from data.tfds import tfds
from support.errors import unknown

#: Pictures and seed of each split.
SPLITS = {"train": (128_000, 0), "test": (26_000, 1)}


@registry.register("stacked_mnist")
def stacked_mnist(split: str, data_dir: str | None = None) -> Source:
    """Metz et al. 2017 (arXiv 1611.02163), section 3.3.1, with PacGAN's 128,000 pictures.

    The digits are those of MNIST's own split; PacGAN's code draws from all 70,000. A label is the triple
    of digits as a number, red first: 0 to 999. Splits: train, test (26,000 pictures).
    """
    if split not in SPLITS:
        raise unknown("split of stacked_mnist", split, SPLITS)
    count, seed = SPLITS[split]
    digits = tfds("mnist", split, data_dir)

    def chosen(size: int) -> np.ndarray:
        return np.random.default_rng(seed).integers(size, size=(count, 3))

    def images():
        pictures = decoded(digits, (28, 28, 1))[..., 0]
        triples = tf.data.Dataset.from_tensor_slices(chosen(len(pictures)))
        everything = tf.constant(np.asarray(pictures))
        return triples.map(
            lambda triple: tf.transpose(tf.gather(everything, triple), (1, 2, 0)), tf.data.AUTOTUNE
        )

    def labels() -> np.ndarray:
        assert digits.labels is not None
        classes = digits.labels()
        return classes[chosen(len(classes))] @ [100, 10, 1]

    return Source(f"stacked/{digits.identity}/{count}/{seed}", (28, 28, 3), images, labels, classes=1000)
