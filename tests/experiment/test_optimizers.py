"""The optimizers against their update rules, written out."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from experiment import build, optimizers
from experiment.optimizers import MomentumSGD, learning_rate_schedule
from experiment.settings import resolve


def trajectory(optimizer, steps=4, scale=1.0):
    """w under the gradient of scale * w^2 / 2."""
    w = keras.Variable([1.0])
    optimizer.build([w])
    path = []
    for _ in range(steps):
        optimizer.apply([scale * w.value], [w])
        path.append(float(w[0]))
    return path


@pytest.mark.parametrize(
    ("first", "last", "momenta"),
    [(0.5, 0.7, (0.5, 0.6, 0.7, 0.7)), (0.0, 0.9, (0.0, 0.45, 0.9, 0.9))],
    ids=["from a half", "from zero"],
)
def test_momentum_rises_linearly(first, last, momenta):
    w, v, expected = 1.0, 0.0, []
    for momentum in momenta:
        v = momentum * v - 0.1 * w
        w += v
        expected.append(w)
    assert trajectory(MomentumSGD(0.1, first, last, 2)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("scale", [1.0, 1e-6])
def test_adam_is_algorithm_1_of_its_paper(scale):
    """Kingma and Ba 2015, written out in the faster form that ends section 2."""
    w, m, v, expected = 1.0, 0.0, 0.0, []
    for t in range(1, 7):
        gradient = scale * w
        m = 0.5 * m + 0.5 * gradient
        v = 0.9 * v + 0.1 * gradient**2
        w -= 0.01 * np.sqrt(1 - 0.9**t) / (1 - 0.5**t) * m / (np.sqrt(v) + 1e-8)
        expected.append(w)
    path = trajectory(optimizers.registry.create("adam", 0.01, beta_1=0.5, beta_2=0.9), 6, scale)
    assert path == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    "ours, keras_own",
    [
        (optimizers.Adam(0.01, beta_1=0.5), keras.optimizers.Adam(0.01, beta_1=0.5)),
        (optimizers.RMSprop(0.01, rho=0.9), keras.optimizers.RMSprop(0.01, rho=0.9)),
        (optimizers.RMSprop(0.01, momentum=0.5), keras.optimizers.RMSprop(0.01, momentum=0.5)),
    ],
    ids=["adam", "rmsprop", "rmsprop with momentum"],
)
def test_one_kernel_does_what_keras_composes(ours, keras_own):
    rng = np.random.default_rng(0)
    start, gradients = rng.normal(size=(7, 5)), rng.normal(size=(20, 7, 5))
    ends = []
    for optimizer in (ours, keras_own):
        w = keras.Variable(start, dtype="float32")
        optimizer.build([w])
        for gradient in gradients:
            optimizer.apply([tf.constant(gradient, tf.float32)], [w])
        ends.append(w.numpy())
    np.testing.assert_allclose(*ends, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("scale", [1.0, 1e-4])
def test_rmsprop_is_that_of_wgans_code_down_to_small_gradients(scale):
    w, square, expected = 1.0, 0.0, []
    for _ in range(4):
        gradient = scale * w
        square = 0.99 * square + 0.01 * gradient**2
        w -= 0.01 * gradient / (np.sqrt(square) + 1e-8)
        expected.append(w)
    path = trajectory(optimizers.registry.create("rmsprop", 0.01, rho=0.99), scale=scale)
    assert path == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("turns", [1, 2])
def test_decay_divides_after_every_step(turns):
    w, expected = 1.0, []
    for t in range(4):
        w -= 0.1 / 2 ** (t / turns) * w
        expected.append(w)
    path = trajectory(optimizers.registry.create("sgd", learning_rate_schedule(0.1, 2.0, turns)))
    assert path == pytest.approx(expected, rel=1e-6)


def test_a_critics_rate_falls_with_the_generators():
    settings = dict(dataset="ring", model="toy", loss="wgan_gp", learning_rate_decay=1.5)
    gan = build.gan(resolve({**settings, "n_critic": 3}))
    z = np.zeros((3 * 8, 2), np.float32)
    gan.fit(z, batch_size=len(z), epochs=2, verbose=0)
    rates = [float(each.learning_rate) for each in (gan.optimizer, gan.discriminator_optimizer)]
    assert rates == pytest.approx([1e-4 / 1.5**2] * 2, rel=1e-5)


@pytest.mark.parametrize(
    "optimizer",
    [MomentumSGD(0.1, 0.5, 0.7, 2), optimizers.Adam(0.1), optimizers.RMSprop(0.1)],
    ids=lambda optimizer: type(optimizer).__name__,
)
def test_an_optimizer_can_be_saved(optimizer):
    copy = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert trajectory(copy) == trajectory(optimizer)


@pytest.mark.parametrize(("decay", "steps"), [(1.000004, 650_000), (1.0000001, 10**7), (1.00000001, 10**8)])
def test_a_decay_near_1_is_exact_after_as_many_steps_as_it_takes(decay, steps):
    rate = float(learning_rate_schedule(0.1, decay)(steps))
    assert rate == pytest.approx(0.1 * np.exp(-steps * np.log1p(decay - 1)), rel=1e-5)
