"""scikit-learn's handwritten digits: 1,797 real pictures, 8x8, grey, embedded in the package.

They are the test set of the UCI "Optical Recognition of Handwritten Digits" data.
"""

import numpy as np
import tensorflow as tf

from data.source import Source, registry
from support.errors import unknown

#: The first pictures are for training, the last 297 for testing.
SPLITS = {"train": slice(0, 1500), "test": slice(1500, None), "all": slice(None)}


@registry.register("digits")
def digits(split: str, _data_dir: str | None = None) -> Source:
    """The 8x8 digits. Splits: train (1,500 pictures), test (297), all."""
    if split not in SPLITS:
        raise unknown("split of digits", split, SPLITS)

    def read():
        from sklearn.datasets import load_digits

        return load_digits()

    def images():
        grey = read().images[SPLITS[split], ..., None]
        return tf.data.Dataset.from_tensor_slices(np.rint(grey * (255 / 16)).astype(np.uint8))

    return Source(f"digits/{split}", (8, 8, 1), images, lambda: read().target[SPLITS[split]], classes=10)
