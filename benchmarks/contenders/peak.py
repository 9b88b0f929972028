"""What the machine can do at most: a large matrix product and a large convolution in TensorFlow."""

import support.environment  # isort: skip  # Before TensorFlow.  # noqa: F401

import tensorflow as tf

SIDE = 2048
#: Pictures, side, channels in and out, side of the kernel: a shape that libraries are good at.
CONVOLUTION = (16, 32, 256, 256, 3)


class Peak:
    """A step is one matrix product or one convolution.

    Args:
        workload: Not heeded, nor the pictures.
        kind: "product" or "convolution".
        dtype: What it is computed in.
    """

    def __init__(self, workload, pictures, *, kind: str, dtype: str = "float32"):
        def normal(*shape):
            return tf.cast(tf.random.normal(shape), dtype)

        if kind == "product":
            a, b = normal(SIDE, SIDE), normal(SIDE, SIDE)
            self._operations = 2.0 * SIDE**3
            self._work = tf.function(lambda: tf.reduce_sum(tf.matmul(a, b)))
        else:
            count, side, channels, out, kernel = CONVOLUTION
            x, w = normal(count, side, side, channels), normal(kernel, kernel, channels, out)
            self._operations = 2.0 * count * side**2 * channels * out * kernel**2
            self._work = tf.function(lambda: tf.reduce_sum(tf.nn.conv2d(x, w, 1, "SAME")))

    def operations(self) -> float:
        """Floating-point operations of one step."""
        return self._operations

    def run(self, steps: int) -> None:
        """Takes so many steps."""
        for _ in range(steps):
            self._work().numpy()
