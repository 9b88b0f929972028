"""Every objective against its paper's formula, written out in float64, by value and by gradient."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import lambertw

import losses

REAL = np.array([1.3, -0.4, 2.2, 0.1])
FAKE = np.array([-0.7, 0.9, -2.1, 0.3])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def value(real, fake):
    """V(D, G) of Goodfellow et al. 2014, equation 1."""
    return np.mean(np.log(sigmoid(real))) + np.mean(np.log(1 - sigmoid(fake)))


def f_gan(activation, conjugate):
    """The two losses of Nowozin et al. 2016 from a row of their table."""

    def discriminator_loss(r, f):
        return -np.mean(activation(r)) + np.mean(conjugate(activation(f)))

    return discriminator_loss, lambda r, f: -np.mean(activation(f))


def relativistic(loss, paired):
    """The two losses of Jolicoeur-Martineau 2019 for a loss of the margin."""

    def ahead(winners, losers):
        if paired:
            return sum(loss(w - x) for w, x in zip(winners, losers, strict=True)) / len(winners)
        return (np.mean(loss(winners - losers.mean())) + np.mean(loss(winners.mean() - losers))) / 2

    return ahead, lambda r, f: ahead(f, r)


def squared_mmd(x, y):
    """Gretton et al. 2012, equation 3, in plain sums, for the mixture of rational quadratic kernels."""

    def k(a, b):
        return sum((1 + (a - b) ** 2 / (2 * alpha)) ** -alpha for alpha in (0.2, 0.5, 1, 2, 5))

    m, n = len(x), len(y)
    within_x = sum(k(x[i], x[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    within_y = sum(k(y[i], y[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    return within_x + within_y - 2 * sum(k(a, b) for a in x for b in y) / (m * n)


#: (discriminator's loss, generator's loss) written with probabilities, as the papers print them.
FORMULAS = {
    "minimax": (lambda r, f: -value(r, f), lambda r, f: np.mean(np.log(1 - sigmoid(f)))),
    "non_saturating": (lambda r, f: -value(r, f), lambda r, f: -np.mean(np.log(sigmoid(f)))),
    "maximum_likelihood": (
        lambda r, f: -value(r, f) / 2,
        lambda r, f: -np.mean(sigmoid(f) / (1 - sigmoid(f))) / 2,
    ),
    **dict.fromkeys(
        ("wgan", "wgan_gp", "wgan_lp", "wgan_div"),
        (lambda r, f: np.mean(f) - np.mean(r), lambda r, f: -np.mean(f)),
    ),
    "lsgan": (
        lambda r, f: np.mean((r - 1) ** 2) / 2 + np.mean(f**2) / 2,
        lambda r, f: np.mean((f - 1) ** 2) / 2,
    ),
    "hinge": (
        lambda r, f: -np.mean(np.minimum(0, -1 + r)) - np.mean(np.minimum(0, -1 - f)),
        lambda r, f: -np.mean(f),
    ),
    "rsgan": relativistic(lambda m: -np.log(sigmoid(m)), paired=True),
    "r3gan": relativistic(lambda m: -np.log(sigmoid(m)), paired=True),
    "rlsgan": relativistic(lambda m: (m - 1) ** 2, paired=True),
    "rasgan": relativistic(lambda m: -np.log(sigmoid(m)), paired=False),
    "ralsgan": relativistic(lambda m: (m - 1) ** 2, paired=False),
    "rahinge": relativistic(lambda m: np.maximum(0, 1 - m), paired=False),
    "ebgan": (
        lambda r, f: np.mean(r) + np.mean(np.where(f < 10, 10 - f, 0)),
        lambda r, f: np.mean(f),
    ),
    "began": (lambda r, f: np.mean(r) - np.mean(f), lambda r, f: np.mean(f)),
    "mmd_gan": (lambda r, f: -squared_mmd(r, f), squared_mmd),
    "fgan_kl": f_gan(lambda v: v, lambda t: np.exp(t - 1)),
    "fgan_reverse_kl": f_gan(lambda v: -np.exp(-v), lambda t: -1 - np.log(-t)),
    "fgan_pearson": f_gan(lambda v: v, lambda t: t**2 / 4 + t),
    "fgan_neyman": f_gan(lambda v: 1 - np.exp(-v), lambda t: 2 - 2 * np.sqrt(1 - t)),
    "fgan_squared_hellinger": f_gan(lambda v: 1 - np.exp(-v), lambda t: t / (1 - t)),
    "fgan_jeffrey": f_gan(
        lambda v: v,
        lambda t: lambertw(np.exp(1 - t)).real + 1 / lambertw(np.exp(1 - t)).real + t - 2,
    ),
    "fgan_jensen_shannon": f_gan(
        lambda v: np.log(2) - np.log(1 + np.exp(-v)), lambda t: -np.log(2 - np.exp(t))
    ),
    "fgan_gan": f_gan(lambda v: -np.log(1 + np.exp(-v)), lambda t: -np.log(1 - np.exp(t))),
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
            # Where means nearly cancel, float32 rounds each of them, not their difference; those of the
            # five kernels of MMD go up to 5.
            atol = 3e-7 * (5 if name == "mmd_gan" else 1)
            np.testing.assert_allclose(loss, formula(real, fake), rtol=1e-6, atol=atol)
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
    assert float(losses.get("lsgan").discriminator_loss(REAL, FAKE)) == pytest.approx(1.2625, abs=5e-5)


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
@pytest.mark.parametrize("dtype", [tf.float32, tf.bfloat16])
def test_extreme_scores_stay_finite(name, sign, dtype):
    real = tf.cast(tf.fill((64, 1), sign * 1e4), dtype)
    fake = tf.cast(tf.fill((64, 1), -sign * 1e4), dtype)
    objective = losses.get(name)
    for loss in (objective.discriminator_loss, objective.generator_loss):
        for r, f in ((real, fake), (fake, real)):
            with tf.GradientTape() as tape:
                tape.watch([r, f])
                result = loss(r, f)
            assert result.dtype == tf.float32 and np.isfinite(result)
            for gradient in tape.gradient(result, [r, f], unconnected_gradients="zero"):
                assert np.all(np.isfinite(gradient))


@pytest.mark.parametrize("name", FORMULAS)
def test_losses_of_half_precision_scores_are_computed_in_float32(name):
    objective = losses.get(name)
    for dtype in (tf.float16, tf.bfloat16):
        real, fake = tf.cast([[1e4], [-1e4]], dtype), tf.cast([[-1e4], [1e4]], dtype)
        for loss in (objective.discriminator_loss, objective.generator_loss):
            widened = loss(tf.cast(real, tf.float32), tf.cast(fake, tf.float32))
            assert float(loss(real, fake)) == float(widened) and np.isfinite(widened)


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


def test_one_sided_label_smoothing_is_cross_entropy_with_a_soft_target_for_real_alone():
    smoothed = losses.get("non_saturating", real_label=0.9)
    target = 0.9 * np.log(sigmoid(REAL)) + 0.1 * np.log(1 - sigmoid(REAL))
    expected = -np.mean(target) - np.mean(np.log(1 - sigmoid(FAKE)))
    assert float(smoothed.discriminator_loss(REAL, FAKE)) == pytest.approx(expected, rel=1e-6)
    assert float(smoothed.generator_loss(REAL, FAKE)) == pytest.approx(1.0536, abs=5e-5)


def test_lsgan_takes_the_codings_of_its_paper():
    pearson = losses.get("lsgan", a=-1.0, b=1.0, c=0.0)
    expected = np.mean((REAL - 1) ** 2) / 2 + np.mean((FAKE + 1) ** 2) / 2
    assert float(pearson.discriminator_loss(REAL, FAKE)) == pytest.approx(expected, rel=1e-6)
    assert float(pearson.generator_loss(REAL, FAKE)) == pytest.approx(np.mean(FAKE**2) / 2, rel=1e-6)


def test_f_gan_of_the_gan_divergence_is_the_original_game():
    variational, saturating = losses.get("fgan_gan"), losses.get("fgan_gan", saturating=True)
    for ours, original in ((variational, "non_saturating"), (saturating, "minimax")):
        theirs = losses.get(original)
        np.testing.assert_allclose(
            ours.discriminator_loss(REAL, FAKE), theirs.discriminator_loss(REAL, FAKE), rtol=1e-6
        )
        np.testing.assert_allclose(
            ours.generator_loss(REAL, FAKE), theirs.generator_loss(REAL, FAKE), rtol=1e-6
        )


def test_mmd_takes_vectors_and_vanishes_in_the_mean_for_equal_distributions():
    rng = np.random.default_rng(0)
    objective = losses.get("mmd_gan")
    x, y = rng.normal(size=(2, 200, 20, 16)).astype(np.float32)
    estimates = [float(objective.generator_loss(a, b)) for a, b in zip(x, y, strict=True)]
    error = np.std(estimates) / np.sqrt(len(estimates))
    assert abs(np.mean(estimates)) < 3 * error and min(estimates) < 0
    assert float(objective.generator_loss(x[0], y[0] + 3)) > 10 * np.std(estimates)


def test_the_jsd_estimate_is_the_divergence_at_the_optimal_discriminator():
    """N(0, 1) and N(1, 1): log(p/q) = 1/2 - x, the divergence 0.111421; lower for any other discriminator."""
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=400_000), 1 + rng.normal(size=400_000)
    objective = losses.get("non_saturating")

    def estimate(slope):
        scores = ((slope * (0.5 - x)).astype(np.float32) for x in (real, fake))
        return float(objective.summaries(*scores)["jsd_estimate"])

    assert estimate(1) == pytest.approx(0.111421, abs=2e-3)
    assert estimate(0) == pytest.approx(0, abs=1e-6)
    assert max(estimate(0.5), estimate(2)) < estimate(1)


#: Of games with energies, EBGAN's is zero-sum within its margin alone, and BEGAN's k changes it.
GAMES = [(name, {}) for name in FORMULAS if not losses.get(name).needs_energy]
GAMES += [(name, {"saturating": True}) for name in FORMULAS if name.startswith("fgan")]


@pytest.mark.parametrize(("name", "options"), GAMES)
def test_in_a_zero_sum_game_both_losses_have_opposite_gradients(name, options):
    objective = losses.get(name, **options)
    real, fake = (tf.constant(scores[:, None], tf.float32) for scores in (REAL, FAKE))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(fake)
        costs = objective.generator_loss(real, fake), -objective.discriminator_loss(real, fake)
    ours, theirs = (tape.gradient(cost, fake).numpy() for cost in costs)
    assert objective.zero_sum == np.allclose(ours, theirs, rtol=1e-4, atol=1e-6)
