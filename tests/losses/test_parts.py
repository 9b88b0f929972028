"""Penalties on critics of known gradient, clipping, the registry of objectives."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import losses
from losses import penalties, score_tricks
from losses.energy import pulling_away
from losses.penalties import gradient_penalty, interpolate
from support import pictures


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


def test_a_pack_lies_between_two_packs():
    """Gulrajani et al. 2017, equation 3, of a critic whose points are packs."""
    real, fake = tf.ones((4000, 2)), tf.zeros((4000, 2))
    for seed in (3, keras.random.SeedGenerator(0)):
        weights = interpolate(real, fake, seed, packing=4).numpy().reshape(1000, 8)
        np.testing.assert_array_equal(weights, weights[:, :1].repeat(8, axis=1))
        assert len(np.unique(weights)) > 990
    seen = []
    penalties.dragan(lambda x: seen.append(x) or tf.reduce_sum(x, axis=1), 5 * real, None, 3, 4)
    moved = seen[0].numpy().reshape(1000, 8) - 5
    np.testing.assert_array_equal(moved, 0)  # Of equal data the deviation is 0.
    x = tf.constant(np.random.default_rng(0).normal(size=(8, 2)).astype(np.float32))
    penalties.dragan(lambda x: seen.append(x) or tf.reduce_sum(x, axis=1), x, None, 3, 4)
    noise = keras.random.uniform((8, 2), seed=3)
    share = ((seen[1] - x) / (0.5 * tf.math.reduce_std(x) * noise)).numpy().reshape(2, 8)
    np.testing.assert_allclose(share, share[:, :1].repeat(8, axis=1), rtol=1e-4)


#: Penalty of the critic w x with ||w|| = 5, and of one with ||w|| = 1/2, by hand.
LINEAR = {
    "gradient_penalty": (16, 0.25),
    "lipschitz_penalty": (16, 0),
    "dragan": (16, 0.25),
    "r1": (12.5, 0.125),
    "r2": (12.5, 0.125),
    "zero_centered": (25, 0.25),
    "wasserstein_divergence": (5**6, 0.5**6),
}


def test_every_gradient_penalty_is_known_for_linear_critics():
    assert set(LINEAR) == penalties.PER_EXAMPLE
    assert set(penalties.registry.names()) == penalties.PER_EXAMPLE | {"consistency"}


@pytest.mark.parametrize("name", LINEAR)
@pytest.mark.parametrize(("steepness", "case"), [(1.0, 0), (0.1, 1)])
def test_penalties_of_linear_critics(name, steepness, case):
    real, fake = tf.random.normal((8, 2)), tf.random.normal((8, 2))
    w = tf.constant([[3.0], [4.0]]) * steepness
    penalty = penalties.registry.find(name)(lambda x: x @ w, real, fake, seed=1)
    assert float(penalty) == pytest.approx(LINEAR[name][case], rel=1e-5, abs=1e-6)


def test_r1_and_r2_of_a_quadratic_critic_by_value_and_by_gradient():
    """f(x) = a |x|^2 has gradient 2 a x: R1 = 2 a^2 E|x|^2, dR1/da = 4 a E|x|^2, and R2 on the samples."""
    a = tf.Variable(0.7)
    real, fake = tf.random.normal((6, 4, 4, 1)), tf.random.normal((6, 4, 4, 1))
    for penalty, x in ((penalties.r1, real), (penalties.r2, fake)):
        with tf.GradientTape() as tape:
            result = penalty(lambda x: a * tf.reduce_sum(x**2, (1, 2, 3)), real, fake)
        mean_square = float(tf.reduce_mean(tf.reduce_sum(x**2, (1, 2, 3))))
        assert float(result) == pytest.approx(2 * 0.49 * mean_square, rel=1e-5)
        assert float(tape.gradient(result, a)) == pytest.approx(4 * 0.7 * mean_square, rel=1e-5)


def test_zero_centered_penalty_has_a_gradient_where_the_critic_is_flat():
    w = tf.Variable(0.0)
    x = tf.random.normal((4, 3))
    for name in ("zero_centered", "r1", "wasserstein_divergence", "lipschitz_penalty"):
        with tf.GradientTape() as tape:
            penalty = penalties.registry.find(name)(lambda x: w * x[:, :1], x, x, seed=0)
        assert np.isfinite(tape.gradient(penalty, w))


def test_dragan_perturbs_the_data_within_half_a_standard_deviation_and_not_the_samples():
    seen = []
    real, fake = tf.random.normal((500, 3)), tf.random.normal((500, 3)) + 50

    def critic(x):
        seen.append(x)
        return x

    penalties.dragan(critic, real, fake, seed=keras.random.SeedGenerator(0))
    moved = (seen[0] - real).numpy() / (0.5 * np.std(real))
    assert moved.min() >= -1e-6 and 0.9 < moved.max() <= 1
    assert moved.mean() == pytest.approx(0.25, abs=0.03)  # E a E d = 1/2 1/2.


def test_consistency_penalises_what_moving_and_mirroring_change():
    pictures = tf.random.normal((64, 8, 8, 1))
    seed = keras.random.SeedGenerator(0)
    consistency = penalties.consistency
    assert float(consistency(lambda x: tf.ones((64, 1)), pictures, None, seed)) == 0
    whole = tf.pad(pictures, [(0, 0), (4, 4), (4, 4), (0, 0)])  # Nothing moves out of the frame.
    total = consistency(lambda x: tf.reduce_sum(x, (1, 2, 3))[:, None], whole, None, seed)
    assert float(total) == pytest.approx(0, abs=1e-7)
    assert float(consistency(lambda x: x[:, 6, 6], whole, None, seed)) > 0.5


def test_pictures_move_along_both_axes_independently():
    point = np.zeros((300, 9, 9, 1), np.float32)
    point[:, 4, 4] = 1
    for seed in (3, keras.random.SeedGenerator(3)):
        moved = np.argwhere(pictures.shift(point, (4, 4), seed).numpy())[:, 1:3] - 4
        assert len(moved) == 300
        assert abs(np.corrcoef(moved.T)[0, 1]) < 0.2
        assert set(moved.ravel()) == set(range(-4, 5))


def test_a_pack_has_one_gradient():
    """Two examples judged together: R1 sums over both."""
    x = tf.random.normal((6, 2))
    packed = penalties.r1(lambda x: tf.reduce_sum(tf.reshape(x, (3, 4)) ** 2, axis=1), x, None)
    assert float(packed) == pytest.approx(
        2 * float(tf.reduce_mean(tf.reduce_sum(tf.reshape(x, (3, 4)) ** 2, 1)))
    )


def test_lazy_regularisation_acts_every_k_th_turn_k_times_as_strongly():
    objective = losses.get("gan", penalties={"r1": 2.0}, penalty_every=4)
    x, w = tf.ones((2, 2)), tf.constant([[3.0], [4.0]])

    @tf.function
    def penalty(step):
        return objective.penalty(lambda x: x @ w, x, x, step=step)

    values = [float(penalty(tf.constant(step))) for step in range(8)]
    assert values == pytest.approx([100, 0, 0, 0, 100, 0, 0, 0])
    assert sum(values) / 8 == pytest.approx(2 * 12.5)


def test_a_turn_without_penalty_makes_no_pass_for_it():
    passes = []
    objective = losses.get("mmd_gan", penalty_every=2)
    x = tf.random.normal((4, 2))
    objective.penalty(lambda x: passes.append(x) or x, x, x + 1, seed=0, step=1)
    assert not passes
    objective.penalty(lambda x: passes.append(x) or x, x, x + 1, seed=0, step=2)
    assert passes


def test_label_flipping_swaps_that_share_of_the_pairs():
    real, fake = tf.ones((4000, 1)), tf.zeros((4000, 1))
    flipped_real, flipped_fake = score_tricks.flip_labels(real, fake, 0.2, keras.random.SeedGenerator(0))
    assert float(tf.reduce_mean(flipped_real)) == pytest.approx(0.8, abs=0.02)
    np.testing.assert_array_equal(flipped_real + flipped_fake, np.ones((4000, 1)))
    always = losses.get("wgan", label_flipping=1.0)
    assert float(always.discriminator_cost(real, fake, 0)) == 1  # Of -1 with the labels right.
    assert float(losses.get("wgan").discriminator_cost(real, fake)) == -1


def test_top_k_keeps_the_best_scored_samples_and_anneals_to_its_share():
    scores = tf.constant([[0.1], [3.0], [-2.0], [1.0]])
    objective = losses.get("wgan", top_k=0.5, top_k_decay=0.9)
    assert float(objective.generator_cost(scores, scores, 0)) == pytest.approx(-2.1 / 4)
    assert float(objective.generator_cost(scores, scores, 3)) == pytest.approx(-4.1 / 3)  # 0.9^3 of 4.
    assert float(objective.generator_cost(scores, scores, 100)) == pytest.approx(-2)
    energy = losses.get("ebgan", top_k=0.5, top_k_decay=0.9)
    assert float(energy.generator_cost(scores, scores, 100)) == pytest.approx((-2 + 0.1) / 2)
    for share, batch, kept in ((0.6, 100, 60), (0.3, 50, 15), (0.25, 10, 3), (0.001, 10, 1)):
        best, _ = score_tricks.keep_best(tf.zeros(batch), tf.zeros(batch), tf.constant(share))
        assert len(best) == kept, share
    with pytest.raises(ValueError, match="top_k"):
        losses.get("mmd_gan", top_k=0.5)


def test_pulling_away_is_the_mean_squared_cosine_of_pairs_of_codes():
    from scipy.optimize import approx_fprime
    from scipy.spatial.distance import pdist

    codes = np.random.default_rng(0).normal(size=(6, 4))
    value = lambda flat: np.mean((1 - pdist(flat.reshape(6, 4), "cosine")) ** 2)  # noqa: E731
    watched = tf.Variable(codes)
    with tf.GradientTape() as tape:
        term = pulling_away(watched)
    assert float(term) == pytest.approx(value(codes.ravel()), rel=1e-6)
    slope = approx_fprime(codes.ravel(), value, 1e-7).reshape(6, 4)
    np.testing.assert_allclose(tape.gradient(term, watched), slope, atol=1e-6)
    assert float(pulling_away(tf.eye(5))) == 0
    assert float(pulling_away(tf.ones((3, 2)))) == pytest.approx(1)
    assert float(pulling_away(tf.ones((1, 2)))) == 0
    assert float(pulling_away(tf.zeros((3, 2)))) == 0


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
        losses.get("wgan_gpp")
    with pytest.raises(ValueError, match="'clipping'.*did you mean 'clip'.*penalties"):
        losses.get("wgan", clipping=0.1)
    with pytest.raises(ValueError, match="unknown penalty.*gradient_penalty"):
        losses.get("wgan", penalties={"gradient_penaltey": 1})


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("gan", dict(real_label=2.0)),
        ("gan", dict(label_flipping=1.5)),
        ("wgan", dict(clip=-1.0)),
        ("wgan", dict(top_k=0.0)),
        ("ebgan", dict(margin=-1.0)),
        ("wgan_gp", dict(penalty_every=0)),
        ("wgan", dict(penalties={"r1": -1.0})),
        ("wgan", dict(penalties={"r1": float("nan")})),
    ],
)
def test_values_out_of_range_are_refused(name, options):
    with pytest.raises(ValueError, match="must be"):
        losses.get(name, **options)
