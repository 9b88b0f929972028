"""The layers with kernels of their own against Keras's, by value and by gradient."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import models
from losses import penalties
from models.convolution import DEEP, Convolution
from models.layers import (
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    Cropping2D,
    LayerNormalization,
    LeakyReLU,
)


def with_gradients(layer, x, upstream):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=True)
    return y, *tape.gradient(y, [x, *[v.value for v in layer.trainable_variables]], upstream)


@pytest.mark.parametrize("shape", [(6, 4, 4, 3), (2, 1, 1, 5), (8, 3)])
def test_batch_norm_is_keras_own(shape):
    rng = np.random.default_rng(0)
    x, upstream = (tf.constant(rng.normal(2, 3, shape), tf.float32) for _ in range(2))
    options = dict(momentum=0.7, epsilon=1e-5, gamma_initializer=keras.initializers.Constant(1.3))
    ours, theirs = BatchNormalization(**options), keras.layers.BatchNormalization(**options)
    for got, expected in zip(
        with_gradients(ours, x, upstream), with_gradients(theirs, x, upstream), strict=True
    ):
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4)
    for got, expected in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5)
    np.testing.assert_allclose(ours(x), theirs(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("shape", "axis"), [((8, 5), -1), ((2, 3, 4, 5), -1), ((2, 3, 4, 5), (1, 3))])
@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_layer_norm_is_keras_own(shape, axis, policy):
    rng = np.random.default_rng(0)
    options = dict(axis=axis, epsilon=1e-2, dtype=policy)
    pair = [kind(**options) for kind in (LayerNormalization, keras.layers.LayerNormalization)]
    x, upstream = (tf.constant(rng.normal(2, 3, shape), pair[0].compute_dtype) for _ in range(2))
    for layer in pair:
        layer.build(shape)
        layer.set_weights([np.random.default_rng(1).normal(1, 0.5, w.shape) for w in layer.weights])
    tolerance = 1e-4 if policy == "float32" else 2e-2
    for got, expected in zip(*(with_gradients(layer, x, upstream) for layer in pair), strict=True):
        assert got.dtype == expected.dtype
        np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("kind", [BatchNormalization, LayerNormalization])
@pytest.mark.parametrize("options", [{}, dict(scale=False)], ids=str)
@pytest.mark.parametrize("shape", [(4, 3), (2, 2, 2, 3)])
def test_normalisation_is_differentiated_twice_rightly(kind, options, shape):
    """The second derivative against numerical differentiation; Keras's own misses some of the variance's."""
    rng = np.random.default_rng(0)
    layer = kind(dtype="float64", epsilon=1e-3, **options)
    layer.build(shape)
    x, way, upstream = (tf.constant(rng.normal(size=shape)) for _ in range(3))

    def slope(step, second=False):
        """Of a curved function of the layer's output, along the way."""
        at = x + step * way
        with tf.GradientTape() as outer:
            outer.watch(at)
            with tf.GradientTape() as tape:
                tape.watch(at)
                value = tf.reduce_sum(upstream * tf.tanh(layer(at, training=True)))
            along = tf.reduce_sum(tape.gradient(value, at) * way)
        return float(tf.reduce_sum(outer.gradient(along, at) * way) if second else along)

    numerical = (slope(1e-5) - slope(-1e-5)) / 2e-5
    assert slope(0.0, second=True) == pytest.approx(numerical, rel=1e-6)


@pytest.mark.parametrize("side", [8, 7])
@pytest.mark.parametrize("kernel", [5, 4, 3, 1])
@pytest.mark.parametrize("strides", [2, 1, 3])
@pytest.mark.parametrize(
    ("ours", "theirs", "channels", "filters"),
    [
        (Conv2D, keras.layers.Conv2D, 6, DEEP),
        (Conv2D, keras.layers.Conv2D, 3, 5),
        (Conv2DTranspose, keras.layers.Conv2DTranspose, DEEP, 6),
        (Conv2DTranspose, keras.layers.Conv2DTranspose, 5, 3),
    ],
)
def test_convolutions_are_keras_own(ours, theirs, channels, filters, strides, kernel, side):
    rng = np.random.default_rng(0)
    options = dict(filters=filters, kernel_size=kernel, strides=strides, padding="same")
    x = rng.normal(0, 1, (2, side, side, channels))
    for more in (dict(activation="tanh"), dict(use_bias=False)):
        # In float64 Keras's do not call oneDNN, which crashes here on some processors.
        pair = ours(**options, **more), theirs(**options, **more, dtype="float64")
        upstream = rng.normal(0, 1, pair[0].compute_output_shape(x.shape))
        found = []
        for layer in pair:
            layer.build(x.shape)
            # Small weights keep tanh away from its flat parts.
            layer.set_weights([np.random.default_rng(1).normal(0, 0.01, w.shape) for w in layer.weights])
            found.append(with_gradients(layer, *(tf.constant(a, layer.dtype) for a in (x, upstream))))
        for got, expected in zip(*found, strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("channels", [(3, 5), (6, DEEP)], ids=["narrow", "deep"])
def test_a_convolution_is_differentiated_twice(channels):
    """Gradients of gradients in all three arguments, against TensorFlow's own."""
    rng = np.random.default_rng(0)
    convolution = Convolution((7, 8), (4, 5, *channels), (2, 2))
    x, w, y, *along = (
        tf.constant(rng.normal(0, 1, shape), tf.float32)
        for shape in [(2, 7, 8, channels[0]), (4, 5, *channels), (2, 4, 4, channels[1])] * 2
    )

    def second_derivatives(convolve):
        with tf.GradientTape() as outer:
            outer.watch([x, w, y])
            with tf.GradientTape() as tape:
                tape.watch([x, w])
                convolved = convolve(x, w)
            by_x, by_w = tape.gradient(convolved, [x, w], y)
            total = sum(tf.reduce_sum(a * b) for a, b in zip((by_x, by_w, convolved), along, strict=True))
        return outer.gradient(total, [x, w, y])

    theirs = second_derivatives(lambda x, w: tf.nn.conv2d(x, w, 2, "SAME"))
    for got, expected in zip(second_derivatives(convolution.convolve), theirs, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(
    ("dtype", "side", "kernel", "patches"),
    [
        ("float32", 7, (5, 5, 64, 256), True),
        ("float32", 7, (5, 5, 64, 128), False),
        ("bfloat16", 7, (5, 5, 64, 128), True),
        ("bfloat16", 16, (5, 5, 64, 512), False),
        ("bfloat16", 8, (5, 5, 3, 64), False),
        ("float32", 16, (1, 1, 3, 64), True),
    ],
)
def test_small_pictures_of_many_channels_and_strided_pixels_take_patches(dtype, side, kernel, patches):
    convolution = Convolution((2 * side, 2 * side), kernel, (2, 2))
    channels = kernel[2:]
    x, y = (tf.TensorSpec((1, s, s, c), dtype) for s, c in zip((2 * side, side), channels, strict=True))
    graph = tf.function(convolution.correlate).get_concrete_function(x, y).graph
    kinds = {operation.type for operation in graph.get_operations()}
    assert ("GatherV2" in kinds, "Conv2DBackpropFilter" in kinds) == (patches, not patches)


@pytest.mark.parametrize("cropping", [((0, 1), (0, 1)), ((1, 2), (0, 0))])
def test_cropping_is_keras_own(cropping):
    x = tf.random.normal((2, 5, 4, 3), seed=0)
    ours, theirs = Cropping2D(cropping), keras.layers.Cropping2D(cropping)
    upstream = tf.random.normal(theirs(x).shape, seed=1)
    for got, expected in zip(
        with_gradients(ours, x, upstream), with_gradients(theirs, x, upstream), strict=True
    ):
        np.testing.assert_array_equal(got, expected)


def test_leaky_relu_by_value_and_both_derivatives():
    x = tf.constant([-2.0, -1e-3, 0.0, 1e-3, 3.0])
    layer = LeakyReLU(0.2)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
        slope = tape.gradient(y, x)
        squared = tf.reduce_sum(slope**2 * x)
    np.testing.assert_allclose(y, [-0.4, -2e-4, 0, 1e-3, 3], rtol=1e-6)
    np.testing.assert_allclose(slope, [0.2, 0.2, 0.2, 1, 1])
    np.testing.assert_allclose(outer.gradient(squared, x), slope**2)


def test_a_gradient_penalty_does_not_walk_back_through_the_forward_pass():
    """Its slopes are constant: what depends on the scores alone has no part in the penalty's gradient."""
    _, critic = models.get("dcgan", (8, 8, 1), discriminator_batch_norm=False, filters=4)

    @tf.function
    def gradients(x):
        with tf.GradientTape() as tape:
            penalty = penalties.r1(lambda x: critic(x, training=True), x, x)
        weights = [v.value for v in critic.trainable_variables]
        return tape.gradient(penalty, weights, unconnected_gradients="none")

    graph = gradients.get_concrete_function(tf.zeros((4, 8, 8, 1)))
    # Biases reach the penalty through the slopes alone, which do not change.
    biases = [
        v.name for v, g in zip(critic.trainable_variables, graph.structured_outputs, strict=True) if g is None
    ]
    assert len(biases) == 3
