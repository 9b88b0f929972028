"""The small games: what a critic finds where the best one is known, and the dynamics by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import losses
from theory.games import bilinear, descend, dirac_gan
from theory.players import Critic, Game, perceptron


def test_a_linear_discriminator_finds_the_ratio_of_two_gaussians():
    """log N(1, 1) / N(-1, 1) = 2 x, which a perceptron without hidden layers can say exactly."""
    rng = np.random.default_rng(0)
    critic = Critic("gan", perceptron(1, depth=0, seed=1), keras.optimizers.Adam(0.02), seed=1)
    critic.train(rng.normal(1, 1, 50_000), rng.normal(-1, 1, 50_000), 800, 1024)
    assert critic.slopes(np.zeros(1))[0] == pytest.approx(2, abs=0.15)
    assert critic.scores(np.zeros(1))[0] == pytest.approx(0, abs=0.1)


def test_clipping_holds_for_a_critic():
    critic = Critic(losses.get("wgan", clip=0.02), perceptron(2, units=8, seed=1), seed=1)
    critic.train(np.zeros((10, 2)), np.ones((10, 2)), 5, 4)
    assert max(np.abs(weight.numpy()).max() for weight in critic.network.trainable_variables) <= 0.02 + 1e-8


def test_lazy_penalties_act_in_their_turn():
    objective = losses.get("wgan", clip=0, penalties={"r1": 1.0}, penalty_every=3)
    critic = Critic(objective, perceptron(1, depth=0, seed=1), keras.optimizers.SGD(0.1), seed=1)
    x, slopes = tf.ones((4, 1)), []
    for _ in range(4):
        slopes.append(critic.slopes(np.zeros(1))[0])
        critic.update(x, x)  # Data and samples alike: the penalty |w|^2 / 2 alone moves the slope w.
    first, *others = np.diff(slopes)
    assert first == pytest.approx(-0.1 * 3 * slopes[0], rel=1e-5) and others == [0, 0]


def test_a_game_moves_the_samples_onto_the_data():
    generator, discriminator = (perceptron(1, units=32, activation="tanh", seed=seed) for seed in (1, 2))
    game = Game(generator, "gan", discriminator, seed=3, turns=2)
    real = np.random.default_rng(0).normal(1.5, 0.5, 5000)
    assert abs(game.samples(2000).mean() - 1.5) > 1
    game.play(real, 1500, 128)
    assert abs(game.samples(2000).mean() - 1.5) < 0.3
    assert abs(game.samples(2000).std() - 0.5) < 0.2


def test_the_same_seed_gives_the_same_game():
    def played():
        game = Game(perceptron(1, units=8, seed=1), "gan", perceptron(1, units=8, seed=2), seed=3)
        return game.play(np.linspace(-1, 1, 50), 20, 16).samples(5)

    np.testing.assert_array_equal(played(), played())


@pytest.mark.parametrize("alternating", [False, True])
def test_descent_by_hand(alternating):
    path = descend(bilinear, (1.0, 2.0), 0.5, 1, alternating)
    x = 1.0 - 0.5 * 2.0
    np.testing.assert_allclose(path, [(1.0, 2.0), (x, 2.0 + 0.5 * (x if alternating else 1.0))])


def test_the_dirac_gan_is_the_gradient_of_its_value():
    def value(x, y):
        return -np.logaddexp(0, -x * y) - np.log(2) - 0.3 / 2 * y**2

    x, y, h = 0.7, -1.2, 1e-6
    by_x, by_y = dirac_gan(0.3)(x, y)
    assert by_x == pytest.approx((value(x + h, y) - value(x - h, y)) / (2 * h), rel=1e-6)
    assert by_y == pytest.approx((value(x, y + h) - value(x, y - h)) / (2 * h), rel=1e-6)
