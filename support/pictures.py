"""Random changes of batches of pictures, differentiable by the pictures, under every backend."""

import keras
from keras import ops


def per_example(draw, images, *bounds, seed):
    """One number per example, (batch, 1, 1, 1), drawn by a function of `keras.random`."""
    return draw((ops.shape(images)[0], 1, 1, 1), *bounds, dtype=images.dtype, seed=seed)


def flip(images, seed):
    """Each picture mirrored left to right with probability 1/2."""
    mirrored = per_example(keras.random.uniform, images, seed=seed) < 0.5
    return ops.where(mirrored, ops.flip(images, axis=2), images)


def shift(images, most: tuple[int, int], seed):
    """Each picture moved by up to `most` = (rows, columns) either way; what comes in is 0."""
    for axis, bound in zip((1, 2), most, strict=True):
        offset = keras.random.randint((ops.shape(images)[0], 1), -bound, bound + 1, seed=seed)
        padding = [(0, 0)] * 4
        padding[axis] = (bound, bound)
        index = ops.arange(images.shape[axis])[None, :] + offset + bound
        index = ops.expand_dims(index, (2, 3) if axis == 1 else (1, 3))
        images = ops.take_along_axis(ops.pad(images, padding), index, axis=axis)
    return images
