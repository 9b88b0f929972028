"""From decoded pictures to an endless stream of shuffled batches, each a function of its number."""

import os

import numpy as np
import tensorflow as tf

from data.images import from_uint8


def batches(images: np.ndarray, batch_size: int, seed: int, start: int = 0) -> tf.data.Dataset:
    """Endless batches, float32 (batch_size, H, W, C) in [-1, 1] or (batch_size, D), epoch after epoch.

    Every epoch is a permutation drawn from (seed, epoch), so the stream has no state: to go on after
    `start` batches it is opened there. A batch may hold the end of one epoch and the start of the next.

    Args:
        images: uint8 (N, H, W, C), or points, float32 (N, D). A file mapped into memory is read
            through the page cache, not copied.
        batch_size: Examples a batch; all batches are full.
        seed: Seed of the order.
        start: Number of batches that are passed over.
    """
    pixels = _tensor(images)
    count = len(images)
    epoch, position = divmod(start * batch_size, count)

    # There is nothing in them for AutoGraph to convert, which takes it a fifth of a second.
    @tf.autograph.experimental.do_not_convert
    def permutation(epoch):
        order = tf.random.experimental.stateless_shuffle(
            tf.range(count, dtype=tf.int64), seed=tf.stack([seed, epoch])
        )
        return tf.data.Dataset.from_tensor_slices(order)

    @tf.autograph.experimental.do_not_convert
    def pictures(indices):
        return from_uint8(tf.gather(pixels, indices))

    stream = (
        tf.data.Dataset.range(epoch, np.iinfo(np.int64).max)
        .flat_map(permutation)
        .skip(position)
        .batch(batch_size, drop_remainder=True)
        .map(pictures)
        .prefetch(4)
    )
    options = tf.data.Options()
    # With autotuning `fit` returns only at the tuner's next tick, up to minutes after the last step.
    options.autotune.enabled = False
    return stream.with_options(options)


def _tensor(images: np.ndarray) -> tf.Tensor:
    with tf.device("CPU"):
        if isinstance(images, np.memmap) and images.dtype == np.uint8 and _is_whole_file(images):
            return tf.raw_ops.ImmutableConst(
                dtype=tf.uint8, shape=images.shape, memory_region_name=str(images.filename)
            )
        return tf.constant(images)


def _is_whole_file(images: np.memmap) -> bool:
    """A slice of a mapped array is one too, but no longer the file from its first byte on."""
    return images.flags.c_contiguous and images.nbytes == os.path.getsize(str(images.filename))
