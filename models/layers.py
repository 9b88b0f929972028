"""Keras layers that TensorFlow computes faster than what Keras composes, or differentiates twice rightly.

Elsewhere they are Keras's.
"""

import keras
from keras import layers, ops

from models.stabilisers import serializable


def _on_tensorflow() -> bool:
    return keras.backend.backend() == "tensorflow"


def _convolution(layer, larger):
    """The `Convolution` that the layer computes, or takes the transpose of; None where Keras's own is used.

    Args:
        larger: Shape of its input, if it is transposed of its output.
    """
    plain = layer.padding == "same" and layer.data_format == "channels_last" and {*layer.dilation_rate} == {1}
    sides = larger[1:3]
    if not (_on_tensorflow() and plain and getattr(layer, "groups", 1) == 1) or None in sides:
        return None
    import tensorflow as tf

    from models.convolution import Convolution

    if tf.config.list_physical_devices("GPU"):
        return None
    return Convolution(tuple(sides), tuple(layer.kernel.shape), tuple(layer.strides))


@serializable
class Conv2D(layers.Conv2D):
    """A convolution; see `models.convolution` for what is faster."""

    def convolution_op(self, inputs, kernel):
        convolution = _convolution(self, inputs.shape)
        if convolution is None:
            return super().convolution_op(inputs, kernel)
        return convolution.convolve(inputs, kernel)


@serializable
class Conv2DTranspose(layers.Conv2DTranspose):
    """A transposed convolution; see `models.convolution` for what is faster."""

    def call(self, inputs):
        convolution = _convolution(self, self.compute_output_shape(inputs.shape))
        if convolution is None:
            return super().call(inputs)
        outputs = convolution.transpose(inputs, self.kernel)
        if self.use_bias:
            outputs += self.bias
        return self.activation(outputs)


@serializable
class Cropping2D(layers.Cropping2D):
    """Cuts rows and columns off.

    Its gradient is padded with zeros at once; that of Keras's own strided slice takes many times as long.
    """

    def call(self, inputs):
        if not (_on_tensorflow() and self.data_format == "channels_last") or None in inputs.shape[1:]:
            return super().call(inputs)
        import tensorflow as tf

        (top, _), (left, _) = self.cropping
        return tf.slice(inputs, (0, top, left, 0), (-1, *self.compute_output_shape(inputs.shape)[1:]))


@serializable
class BatchNormalization(layers.BatchNormalization):
    """Batch norm (Ioffe and Szegedy 2015, arXiv 1502.03167), in training one kernel for pictures.

    Half the passes over memory of Keras's own, whose second derivative is wrong on TensorFlow; see `moments`.
    """

    def call(self, inputs, training=None, mask=None):
        affine = self.scale and self.center
        plain = affine and self.axis in (-1, 3) and mask is None and not (self.renorm or self.synchronized)
        plain = plain and keras.backend.standardize_dtype(inputs.dtype) != "float64"  # It has no kernel.
        if not (training and self.trainable and plain and len(inputs.shape) == 4 and _on_tensorflow()):
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

    def _moments(self, inputs, mask):
        if mask is not None or self.synchronized:
            return super()._moments(inputs, mask)
        axes = self._reduction_axes
        mean, variance = moments(inputs, axes)
        return ops.squeeze(mean, axes), ops.squeeze(variance, axes)


@serializable
class LayerNormalization(layers.LayerNormalization):
    """Layer norm (Ba et al. 2016, arXiv 1607.06450), for critics under a gradient penalty.

    Gulrajani et al. 2017 (arXiv 1704.00028), section 4, recommend it in the place of batch norm. The second
    derivative of Keras's own is wrong on TensorFlow; see `moments`.
    """

    def call(self, inputs):
        wide = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))
        mean, variance = moments(wide, self.axis)
        outputs = (wide - mean) * ops.rsqrt(variance + self.epsilon)
        axes = {axis % len(inputs.shape) for axis in self.axis}
        shape = [size if axis in axes else 1 for axis, size in enumerate(inputs.shape)]
        if self.scale:
            outputs *= ops.cast(ops.reshape(self.gamma, shape), outputs.dtype)
        if self.center:
            outputs += ops.cast(ops.reshape(self.beta, shape), outputs.dtype)
        return ops.cast(outputs, self.compute_dtype)


def moments(x, axes):
    """Mean and variance along these axes, which stay with the size 1.

    `tf.nn.moments`, by which Keras's layers normalise, takes the mean within the variance for a constant: the
    first derivative is the same, the second is not.
    """
    mean = ops.mean(x, axis=axes, keepdims=True)
    return mean, ops.mean(ops.square(x - mean), axis=axes, keepdims=True)


def has_wrong_second_derivative(layer: layers.Layer) -> bool:
    """Whether the layer is one of Keras's own that normalise by `tf.nn.moments`."""
    of_keras = layers.BatchNormalization, layers.LayerNormalization, layers.GroupNormalization
    mended = BatchNormalization, LayerNormalization
    return _on_tensorflow() and isinstance(layer, of_keras) and not isinstance(layer, mended)


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
