"""Strided convolutions in the way that TensorFlow's kernels for processors compute them fastest.

The sum S(x, w, y) = <y, x * w> over all products of a convolution is linear in the picture x, the kernel w
and the smaller picture y. Its gradient by y is the convolution, that by x the transposed convolution, that
by w what a layer learns by. Each of the three is linear in two arguments and has the other two for its
derivatives: they are closed under differentiation, however often (a gradient penalty's is the second), and
each is computed in the way measured to be fastest (`benchmarks/RESULTS.md`).
"""

import dataclasses
import math

import numpy as np
import tensorflow as tf

#: Sides of y up to which oneDNN's own gradient by the kernel is slower than a product of patches, for at
#: least so many channels of y (in bfloat16 for any number).
SMALL, DEEP = 8, 256
#: Channels of x up to which its gradient is computed as that many pictures of every phase of the stride.
NARROW = 4


@dataclasses.dataclass(frozen=True)
class Convolution:
    """A convolution with padding "same", and what follows from it.

    x is (batch, H, W, in), w (h, w, in, out) and y (batch, ceil(H / stride), ceil(W / stride), out).

    Args:
        sides: H and W.
        kernel: Shape of w.
        strides: Along H and W.
    """

    sides: tuple[int, int]
    kernel: tuple[int, int, int, int]
    strides: tuple[int, int]

    def convolve(self, x, w):
        """The gradient of S by y, in the shape of y."""

        @tf.custom_gradient
        def convolve(x, w):
            y = tf.nn.conv2d(x, w, self.strides, "SAME")
            return y, lambda g: (self.transpose(g, w), self.correlate(x, g))

        # A custom gradient takes no variables.
        return convolve(x, tf.convert_to_tensor(w))

    def transpose(self, y, w):
        """The gradient of S by x, in the shape of x: the transposed convolution."""

        @tf.custom_gradient
        def transpose(y, w):
            x = self._by_phases(y, w) if self.kernel[2] <= NARROW else self._transpose(y, w)
            return x, lambda g: (self.convolve(g, w), self.correlate(g, y))

        return transpose(y, tf.convert_to_tensor(w))

    def correlate(self, x, y):
        """The gradient of S by w, in the shape of w."""

        @tf.custom_gradient
        def correlate(x, y):
            w = self._by_patches(x, y) if self._prefers_patches(y) else self._correlate(x, y)
            return w, lambda g: (self.transpose(y, g), self.convolve(x, g))

        return correlate(x, y)

    def _transpose(self, y, w):
        return tf.nn.conv2d_transpose(
            y, w, (tf.shape(y)[0], *self.sides, self.kernel[2]), self.strides, "SAME"
        )

    def _correlate(self, x, y):
        strides = [1, *self.strides, 1]
        return tf.raw_ops.Conv2DBackpropFilter(
            input=x, filter_sizes=self.kernel, out_backprop=y, strides=strides, padding="SAME"
        )

    def _prefers_patches(self, y) -> bool:
        *size, inputs, outputs = self.kernel
        if size == [1, 1] and max(self.strides) > 1:
            # Of fewer than 8 channels oneDNN's own writes past its memory where there is AVX2 and no AVX-512
            # (uxlfoundation/oneDNN#6035).
            return True
        deep = outputs >= DEEP or y.dtype == tf.bfloat16
        return max(self._smaller) <= SMALL and inputs > NARROW and deep

    def _by_patches(self, x, y):
        """Patches of x, a row for each pixel of y, times y."""
        height, width, inputs, outputs = self.kernel
        padded = tf.pad(x, [(0, 0), *self._padding, (0, 0)])
        rows, columns = (
            stride * np.arange(count)[:, None] + np.arange(size)
            for stride, count, size in zip(self.strides, self._smaller, (height, width), strict=True)
        )
        row_length = self.sides[1] + sum(self._padding[1])
        pixels = row_length * rows[:, None, :, None] + columns[None, :, None, :]
        # A patch's pixels are copied whole: a quarter of the time of tf.image.extract_patches.
        flat = tf.reshape(padded, (tf.shape(x)[0], -1, inputs))
        patches = tf.gather(flat, tf.constant(pixels.reshape(-1), tf.int32), axis=1)
        patches = tf.reshape(patches, (-1, height * width * inputs))
        return tf.reshape(tf.matmul(patches, tf.reshape(y, (-1, outputs)), transpose_a=True), self.kernel)

    def _by_phases(self, y, w):
        """One convolution of y for the pixels of x of every phase of the stride, put in their places."""
        height, width, inputs, outputs = self.kernel
        taps, margins = [], []
        for stride, size, (pad, _) in zip(self.strides, (height, width), self._padding, strict=True):
            # Pixel stride q + phase of x takes part in the pixels q - d of y, farthest <= d <= nearest.
            farthest, nearest = -((stride - 1 + pad) // stride), (size - 1 - pad) // stride
            reach = max(nearest, -farthest)
            before = stride * reach - pad
            taps.append(2 * reach + 1)
            margins.append((before, stride * taps[-1] - size - before))
        vertical, horizontal = self.strides
        phases = tf.reshape(
            tf.pad(w, [*margins, (0, 0), (0, 0)]), (taps[0], vertical, taps[1], horizontal, inputs, outputs)
        )
        phases = tf.reverse(tf.transpose(phases, (0, 2, 5, 1, 3, 4)), (0, 1))
        each = tf.nn.conv2d(y, tf.reshape(phases, (*taps, outputs, -1)), 1, "SAME")
        rows, columns = self._smaller
        each = tf.reshape(each, (-1, rows, columns, vertical, horizontal, inputs))
        x = tf.reshape(
            tf.transpose(each, (0, 1, 3, 2, 4, 5)), (-1, rows * vertical, columns * horizontal, inputs)
        )
        return tf.slice(x, (0, 0, 0, 0), (-1, *self.sides, inputs))

    @property
    def _smaller(self) -> tuple[int, int]:
        rows, columns = (math.ceil(s / t) for s, t in zip(self.sides, self.strides, strict=True))
        return rows, columns

    @property
    def _padding(self) -> list[tuple[int, int]]:
        """Zeros before and after x along its height and width."""
        found = []
        for side, small, stride, size in zip(
            self.sides, self._smaller, self.strides, self.kernel[:2], strict=True
        ):
            total = max((small - 1) * stride + size - side, 0)
            found.append((total // 2, total - total // 2))
        return found
