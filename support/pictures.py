"""Random numbers for batches, and random changes of pictures that they can be differentiated through."""

import keras
from keras import ops


def uniform_per_example(x, low=0.0, high=1.0, *, seed=None, dtype=None, packing=1):
    """One number in [low, high) per example, shape (batch, 1, ..., 1) of the rank of `x`, by default its
    dtype. The examples of a pack, `packing` of them in a row, get the same."""
    shape = (ops.shape(x)[0] // packing,) + (1,) * (len(x.shape) - 1)
    drawn = keras.random.uniform(shape, low, high, dtype=dtype or x.dtype, seed=seed)
    return ops.repeat(drawn, packing, axis=0) if packing > 1 else drawn


def flip(images, seed):
    """Each picture mirrored left to right with probability 1/2."""
    mirrored = uniform_per_example(images, seed=seed) < 0.5
    return ops.where(mirrored, ops.flip(images, axis=2), images)


def shift(images, most: tuple[int, int], seed):
    """Each picture moved by up to `most` = (rows, columns) either way; what comes in is 0."""
    for axis, bound in zip((1, 2), most, strict=True):
        # The same number as a seed again would move both axes alike.
        own = seed + axis if isinstance(seed, int) else seed
        offset = keras.random.randint((ops.shape(images)[0], 1), -bound, bound + 1, seed=own)
        padding = [(0, 0)] * 4
        padding[axis] = (bound, bound)
        index = ops.arange(images.shape[axis])[None, :] + offset + bound
        index = ops.expand_dims(index, (2, 3) if axis == 1 else (1, 3))
        images = ops.take_along_axis(ops.pad(images, padding), index, axis=axis)
    return images
