"""The layers with kernels of their own against Keras's, by value and by gradient."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import models
from losses import penalties
from models.layers import BatchNormalization, Conv2D, Conv2DTranspose, LeakyReLU
from support import machine


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


@pytest.mark.parametrize("side", [4, 5])
@pytest.mark.parametrize(
    ("ours", "theirs", "channels", "filters"),
    [
        (Conv2D, keras.layers.Conv2D, 256, 512),
        (Conv2DTranspose, keras.layers.Conv2DTranspose, 512, 256),
    ],
)
def test_deep_convolutions_are_keras_own(ours, theirs, channels, filters, side, monkeypatch):
    """With gradients from patches, a bias and an activation; `use_bias=False` by the way."""
    rng = np.random.default_rng(0)
    x = tf.constant(rng.normal(0, 1, (2, side, side, channels)), tf.float32)
    for options in (dict(kernel_size=5, activation="tanh"), dict(kernel_size=4, use_bias=False)):
        options |= dict(filters=filters, strides=2, padding="same")
        found = {}
        for lacking in (True, False):
            monkeypatch.setattr(machine, "lacks_avx512", lambda lacking=lacking: lacking)
            pair = ours(**options), theirs(**options)
            for layer in pair:
                layer.build(x.shape)
                # Small weights keep tanh away from its flat parts.
                layer.set_weights([np.random.default_rng(1).normal(0, 0.01, w.shape) for w in layer.weights])
            upstream = tf.constant(rng.normal(0, 1, pair[0](x).shape), tf.float32)
            found[lacking] = [with_gradients(layer, x, upstream) for layer in pair]
        for got, expected in found.values():
            for one, other in zip(got, expected, strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-3)


def test_deep_convolutions_take_patches_without_avx512(monkeypatch):
    def patches(lacking):
        monkeypatch.setattr(machine, "lacks_avx512", lambda: lacking)
        layer = Conv2D(512, 5, strides=2, padding="same")
        layer.build((1, 4, 4, 256))

        def gradient(x):
            with tf.GradientTape() as tape:
                y = layer(x)
            return tape.gradient(y, layer.kernel.value)

        graph = tf.function(gradient).get_concrete_function(tf.TensorSpec((1, 4, 4, 256))).graph
        return [operation.type for operation in graph.get_operations()].count("ExtractImagePatches")

    assert (patches(True), patches(False)) == (1, 0)


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
