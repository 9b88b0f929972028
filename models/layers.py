"""Keras layers whose TensorFlow kernels are faster than what Keras composes; elsewhere they are Keras's."""

import keras
from keras import layers

from models.stabilisers import serializable
from support import machine


def _on_tensorflow() -> bool:
    return keras.backend.backend() == "tensorflow"


def _prefers_patches(layer) -> bool:
    """Whether the gradient by the layer's kernel is faster as a matrix product of patches.

    So it is for deep kernels on processors without AVX-512: oneDNN's own gradient runs at a third to two
    thirds of such a product (`benchmarks/RESULTS.md`, dcgan_64).
    """
    larger, smaller = layer.kernel.shape[-2:]
    plain = layer.padding == "same" and layer.data_format == "channels_last" and {*layer.dilation_rate} == {1}
    if not (_on_tensorflow() and plain and larger >= 256 and smaller >= 512 and machine.lacks_avx512()):
        return False
    import tensorflow as tf

    return not tf.config.list_physical_devices("GPU")


def _gradient_by_kernel(larger, smaller, layer):
    """The gradient of a convolution by its kernel (h, w, in, out).

    Args:
        larger: What the convolution strides over, (batch, H, W, in).
        smaller: The gradient by what comes out of it, (batch, H / stride, W / stride, out).
    """
    import tensorflow as tf

    height, width, *channels = layer.kernel.shape
    strides = [1, *layer.strides, 1]
    patches = tf.image.extract_patches(larger, [1, height, width, 1], strides, [1, 1, 1, 1], "SAME")
    rows = tf.reshape(patches, (-1, height * width * channels[0]))
    product = tf.matmul(rows, tf.reshape(smaller, (-1, channels[1])), transpose_a=True)
    return tf.reshape(product, layer.kernel.shape)


@serializable
class Conv2D(layers.Conv2D):
    """A convolution; see `_prefers_patches` for what is faster."""

    def convolution_op(self, inputs, kernel):
        convolve = super().convolution_op
        if not _prefers_patches(self):
            return convolve(inputs, kernel)
        import tensorflow as tf

        @tf.custom_gradient
        def with_gradients(x, w):
            def gradients(dy):
                back = tf.nn.conv2d_transpose(dy, w, tf.shape(x), list(self.strides), "SAME")
                return back, _gradient_by_kernel(x, dy, self)

            return convolve(x, w), gradients

        return with_gradients(inputs, tf.convert_to_tensor(kernel))


@serializable
class Conv2DTranspose(layers.Conv2DTranspose):
    """A transposed convolution; see `_prefers_patches` for what is faster."""

    def call(self, inputs):
        if not _prefers_patches(self):
            return super().call(inputs)
        import tensorflow as tf

        strides = list(self.strides)
        shape = self.compute_output_shape(inputs.shape)

        @tf.custom_gradient
        def with_gradients(x, w):
            def gradients(dy):
                return tf.nn.conv2d(dy, w, strides, "SAME"), _gradient_by_kernel(dy, x, self)

            return tf.nn.conv2d_transpose(x, w, (tf.shape(x)[0], *shape[1:]), strides, "SAME"), gradients

        outputs = with_gradients(inputs, tf.convert_to_tensor(self.kernel))
        if self.use_bias:
            outputs += self.bias
        return self.activation(outputs)


@serializable
class BatchNormalization(layers.BatchNormalization):
    """Batch norm (Ioffe and Szegedy 2015, arXiv 1502.03167), in training one kernel for pictures.

    Half the passes over memory of Keras's own.
    """

    def call(self, inputs, training=None, mask=None):
        if not (training and self.trainable and len(inputs.shape) == 4 and _on_tensorflow()):
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs, self.gamma, self.beta, epsilon=self.epsilon, is_training=True
        )
        # The kernel estimates the variance of the population, Keras keeps the batch's own.
        count = tf.cast(tf.reduce_prod(tf.shape(inputs)[:-1]), variance.dtype)
        self._follow(self.moving_mean, mean)
        self._follow(self.moving_variance, variance * (count - 1) / count)
        return outputs

    def _follow(self, average, value) -> None:
        average.assign(average * self.momentum + value * (1 - self.momentum))


@serializable
class LeakyReLU(layers.LeakyReLU):
    """max(x, slope x), differentiated by its output.

    The sign of the output is that of the input. A gradient by the input, as TensorFlow's, keeps the sum
    of convolution and bias in memory and so apart from the kernel that does all three.
    """

    def call(self, inputs):
        if not _on_tensorflow():
            return super().call(inputs)
        import tensorflow as tf

        slope = self.negative_slope

        @tf.custom_gradient
        def leaky_relu(x):
            y = tf.nn.leaky_relu(x, slope)
            side = tf.stop_gradient(y)
            return y, lambda dy: tf.raw_ops.LeakyReluGrad(gradients=dy, features=side, alpha=slope)

        return leaky_relu(inputs)
