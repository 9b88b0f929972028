"""Penalties on critics of known gradient, clipping, the registry of objectives."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import losses
from losses.penalties import gradient_penalty, interpolate


def test_gradient_penalty_of_a_linear_critic_is_its_distance_from_norm_one():
    w = tf.Variable([[3.0], [4.0]])
    real, fake = tf.random.normal((8, 2)), tf.random.normal((8, 2))
    with tf.GradientTape() as tape:
        penalty = gradient_penalty(lambda x: x @ w, real, fake)
    assert float(penalty) == pytest.approx((5 - 1) ** 2, rel=1e-6)
    # d/dw (|w| - 1)^2 = 2 (|w| - 1) w / |w|
    np.testing.assert_allclose(tape.gradient(penalty, w), [[8 * 0.6], [8 * 0.8]], rtol=1e-6)


def test_gradient_penalty_is_two_sided():
    real, fake = tf.random.normal((8, 2)), tf.random.normal((8, 2))
    penalty = gradient_penalty(lambda x: 0.3 * x[:, :1] + 0.4 * x[:, 1:], real, fake)
    assert float(penalty) == pytest.approx((0.5 - 1) ** 2, rel=1e-6)


def test_gradient_penalty_of_a_quadratic_critic_on_images():
    """f(x) = |x|^2 / 2 has gradient x: with real = fake the interpolates are known."""
    x = tf.random.normal((5, 4, 4, 3))
    penalty = gradient_penalty(lambda x: tf.reduce_sum(x**2, (1, 2, 3)) / 2, x, x)
    norms = np.linalg.norm(x.numpy().reshape(5, -1), axis=1)
    assert float(penalty) == pytest.approx(np.mean((norms - 1) ** 2), rel=1e-5)


def test_a_constant_critic_has_penalty_one_and_a_finite_gradient():
    w = tf.Variable(0.0)
    x = tf.random.normal((4, 3))
    with tf.GradientTape() as tape:
        penalty = gradient_penalty(lambda x: w * x[:, :1], x, x)
    assert float(penalty) == pytest.approx(1, abs=1e-5)
    assert np.isfinite(tape.gradient(penalty, w))


def test_interpolates_lie_uniformly_between_the_pair_one_weight_per_example():
    real, fake = tf.ones((4000, 2, 2, 1)), tf.zeros((4000, 2, 2, 1))
    weights = interpolate(real, fake, keras.random.SeedGenerator(0)).numpy().reshape(4000, 4)
    np.testing.assert_array_equal(weights, weights[:, :1].repeat(4, axis=1))
    quantiles = np.quantile(weights[:, 0], [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(quantiles, [0, 0.25, 0.5, 0.75, 1], atol=0.04)
    assert quantiles[0] >= 0 and quantiles[-1] <= 1


def test_clipping_is_to_minus_c_and_c():
    weights = keras.Variable([-0.5, -0.005, 0.0, 0.004, 0.7])
    losses.get("wgan").constrain([weights])
    np.testing.assert_allclose(weights, [-0.01, -0.005, 0, 0.004, 0.01])


def test_parts_combine_with_any_objective():
    objective = losses.get("non_saturating", penalties={"gradient_penalty": 2.0}, clip=0.1)
    w = tf.constant([[3.0], [4.0]])
    x = tf.random.normal((8, 2))
    assert float(objective.penalty(lambda x: x @ w, x, x)) == pytest.approx(2 * 16, rel=1e-6)
    assert not objective.allows_batch_norm
    assert losses.get("wgan").penalty(None, x, x) == 0


def test_defaults_are_the_papers():
    wgan, wgan_gp = losses.get("wgan"), losses.get("wgan_gp")
    assert wgan.clip == 0.01 and not wgan.penalties
    assert wgan.paper["optimizer"] == "rmsprop" and wgan.paper["learning_rate"] == 5e-5
    assert wgan.paper["n_critic"] == wgan_gp.paper["n_critic"] == 5
    assert wgan_gp.penalties == {"gradient_penalty": 10} and not wgan_gp.clip
    assert (wgan_gp.paper["beta_1"], wgan_gp.paper["beta_2"]) == (0, 0.9)


def test_gan_is_the_non_saturating_game():
    assert type(losses.get("gan")) is type(losses.get("non_saturating"))


def test_unknown_names_and_options_are_named_with_the_valid_ones():
    with pytest.raises(ValueError, match="did you mean 'wgan_gp'.*non_saturating"):
        losses.get("wgan_pg")
    with pytest.raises(ValueError, match="'clipping'.*did you mean 'clip'.*penalties"):
        losses.get("wgan", clipping=0.1)
    with pytest.raises(ValueError, match="unknown penalty.*gradient_penalty"):
        losses.get("wgan", penalties={"gradient_penaltey": 1})
