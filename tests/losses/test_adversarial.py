"""The original game's losses against the papers' formulas, by value and by gradient."""

import numpy as np
import pytest
import tensorflow as tf

import losses

REAL = np.array([1.3, -0.4, 2.2, 0.1])
FAKE = np.array([-0.7, 0.9, -2.1, 0.3])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def value(real, fake):
    """V(D, G) of Goodfellow et al. 2014, equation 1."""
    return np.mean(np.log(sigmoid(real))) + np.mean(np.log(1 - sigmoid(fake)))


#: (discriminator's loss, generator's loss) written with probabilities, as the papers print them.
FORMULAS = {
    "minimax": (lambda r, f: -value(r, f), lambda r, f: np.mean(np.log(1 - sigmoid(f)))),
    "non_saturating": (lambda r, f: -value(r, f), lambda r, f: -np.mean(np.log(sigmoid(f)))),
    "maximum_likelihood": (
        lambda r, f: -value(r, f) / 2,
        lambda r, f: -np.mean(sigmoid(f) / (1 - sigmoid(f))) / 2,
    ),
    "wgan": (lambda r, f: np.mean(f) - np.mean(r), lambda r, f: -np.mean(f)),
    "wgan_gp": (lambda r, f: np.mean(f) - np.mean(r), lambda r, f: -np.mean(f)),
}


def test_every_objective_has_its_formula_here():
    assert set(losses.names()) == {*FORMULAS, "gan"}


def numerical_gradient(function, x, other, step=1e-6):
    """d function(x, other) / dx by central differences."""
    steps = step * np.eye(len(x))
    return np.array([(function(x + s, other) - function(x - s, other)) / (2 * step) for s in steps])


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_values_and_gradients_are_the_papers(name, shape):
    rng = np.random.default_rng(1)
    objective = losses.get(name)
    random = (3 * rng.normal(size=(2, 7))).astype(np.float32).astype(np.float64)
    for real, fake in [(REAL, FAKE), random]:
        for side, formula in zip(("discriminator", "generator"), FORMULAS[name], strict=True):
            r, f = (tf.constant(scores.reshape(shape), tf.float32) for scores in (real, fake))
            with tf.GradientTape() as tape:
                tape.watch([r, f])
                loss = getattr(objective, f"{side}_loss")(r, f)
            assert loss.shape == ()
            # Where the two means nearly cancel, float32 rounds each of them, not their difference.
            np.testing.assert_allclose(loss, formula(real, fake), rtol=1e-6, atol=2e-7)
            got = tape.gradient(loss, [r, f], unconnected_gradients="zero")
            by_real = numerical_gradient(formula, real, fake)
            by_fake = numerical_gradient(lambda f, r, formula=formula: formula(r, f), fake, real)
            np.testing.assert_allclose(np.ravel(got[0]), by_real, rtol=1e-5, atol=1e-7)
            np.testing.assert_allclose(np.ravel(got[1]), by_fake, rtol=1e-5, atol=1e-7)


def test_values_on_which_other_suites_disagree():
    minimax, non_saturating = losses.get("minimax"), losses.get("gan")
    assert float(minimax.discriminator_loss(REAL, FAKE)) == pytest.approx(1.1294, abs=5e-5)
    assert float(minimax.generator_loss(REAL, FAKE)) == pytest.approx(-0.6536, abs=5e-5)
    assert float(non_saturating.generator_loss(REAL, FAKE)) == pytest.approx(1.0536, abs=5e-5)


@pytest.mark.parametrize(
    ("probability", "minimax", "non_saturating", "maximum_likelihood"),
    [
        (0.01, -0.005025, 2.302585, -0.005051),
        (0.1, -0.052680, 1.151293, -0.055556),
        (0.5, -0.346574, 0.346574, -0.500000),
        (0.9, -1.151293, 0.052680, -4.500000),
        (0.99, -2.302585, 0.005025, -49.500000),
    ],
)
def test_cost_comparison_figure_of_the_tutorial(probability, minimax, non_saturating, maximum_likelihood):
    score = np.array([np.log(probability / (1 - probability))])

    def cost(name):
        return float(losses.get(name).generator_loss(score, score))

    # Algorithm 1 has no factor 1/2; the tutorial's games of costs do.
    assert cost("minimax") / 2 == pytest.approx(minimax, abs=1e-6)
    assert cost("non_saturating") / 2 == pytest.approx(non_saturating, abs=1e-6)
    assert cost("maximum_likelihood") == pytest.approx(maximum_likelihood, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("sign", [-1, 1])
def test_extreme_scores_stay_finite(name, sign):
    real = tf.fill((64, 1), np.float32(sign * 1e4))
    fake = tf.fill((64, 1), np.float32(-sign * 1e4))
    objective = losses.get(name)
    for loss in (objective.discriminator_loss, objective.generator_loss):
        for r, f in ((real, fake), (fake, real)):
            with tf.GradientTape() as tape:
                tape.watch([r, f])
                result = loss(r, f)
            assert np.isfinite(result)
            for gradient in tape.gradient(result, [r, f], unconnected_gradients="zero"):
                assert np.all(np.isfinite(gradient))


def test_a_wrongly_confident_discriminator_still_gives_the_non_saturating_gradient():
    fake = tf.constant([[-1e4]])
    with tf.GradientTape() as tape:
        tape.watch(fake)
        loss = losses.get("gan").generator_loss(fake, fake)
    assert float(tape.gradient(loss, fake)[0, 0]) == -1
    assert float(loss) == 1e4


def test_generator_gradient_of_each_game_at_given_scores():
    """d/da of the tutorial's costs: -D/2, -(1 - D)/2, -e^a/2."""
    expected = {
        -10: (-2.26989e-5, -0.499977, -2.27000e-5),
        -5: (-0.003346, -0.496654, -0.003369),
        0: (-0.25, -0.25, -0.5),
        2: (-0.440399, -0.059601, -3.694528),
    }
    for score, gradients in expected.items():
        for name, halves, gradient in zip(
            ("minimax", "non_saturating", "maximum_likelihood"), (2, 2, 1), gradients, strict=True
        ):
            fake = tf.constant([float(score)])
            with tf.GradientTape() as tape:
                tape.watch(fake)
                loss = losses.get(name).generator_loss(fake, fake)
            assert float(tape.gradient(loss, fake)[0]) / halves == pytest.approx(gradient, rel=3e-4)
