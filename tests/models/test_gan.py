"""The training step as a contract: Algorithm 1, turn by turn."""

import subprocess
import sys
from typing import ClassVar

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import ROOT
from scipy.spatial.distance import pdist
from scipy.special import expit

import losses
import models
from models.gan import GAN, registry
from models.layers import LayerNormalization
from models.network import Generator, Network, computing_in


class Shift(Generator):
    """G(z) = z + theta in one dimension."""

    def __init__(self):
        super().__init__(image_shape=(1,), latent_dim=1, latent="normal")
        self.theta = self.add_weight(shape=(1,), initializer="zeros")
        self.built = True

    def call(self, z, training=None):
        return z + self.theta


class Slope(Network):
    """D(x) = w x."""

    def __init__(self, slope=0.0):
        super().__init__({})
        self.w = self.add_weight(shape=(1,), initializer=keras.initializers.Constant(slope))
        self.built = True

    def call(self, x, training=None):
        return self.w * x


def compiled(*args, rate=0.1, algorithm="alternating", **kwargs):
    gan = registry.find(algorithm)(*args, **kwargs)
    gan.compile(keras.optimizers.SGD(rate), keras.optimizers.SGD(rate))
    return gan


def dcgan_pair(objective="gan", algorithm="alternating", **options):
    generator, discriminator = models.get("dcgan", (8, 8, 1), latent_dim=8, **options)
    return compiled(generator, discriminator, objective, seed=0, algorithm=algorithm)


def images(count=16, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (count, 8, 8, 1)).astype(np.float32)


@pytest.mark.parametrize("n_critic", [1, 3])
@pytest.mark.parametrize("steps", [1, 2])
def test_steps_are_algorithm_1_written_out(n_critic, steps):
    """WGAN with D(x) = w x, G(z) = z + theta: every update by hand, on its own data and noise."""
    batch, rate, clip = 4, 0.1, 0.15
    data = np.random.default_rng(0).normal(2, 1, (steps, n_critic * batch, 1)).astype(np.float32)
    gan = compiled(Shift(), Slope(0.05), losses.get("wgan", clip=clip), n_critic=n_critic, seed=7, rate=rate)
    gan.fit(tf.data.Dataset.from_tensor_slices(data), verbose=0)

    noise = keras.random.SeedGenerator(7)
    w, theta = 0.05, 0.0
    for step in range(steps):
        z = keras.random.normal(((n_critic + 1) * batch, 1), seed=noise).numpy()
        for real, part in zip(np.split(data[step], n_critic), np.split(z, n_critic + 1), strict=False):
            fake = part + theta
            w = np.clip(w + rate * (real.mean() - fake.mean()), -clip, clip)
        theta += rate * w
    assert float(gan.discriminator.w[0]) == pytest.approx(w, rel=1e-5)
    assert float(gan.generator.theta[0]) == pytest.approx(theta, rel=1e-5)
    assert abs(w) <= clip + 1e-7


def test_a_critic_that_warms_up_takes_its_turns_in_the_first_25_steps_and_every_500th():
    """WGAN with D(x) = w x, G(z) = z + theta: rounds of two turns on the step's data, written out."""
    batch, rate = 4, 0.1
    data = np.random.default_rng(0).normal(2, 1, (2 * batch, 1)).astype(np.float32)
    parts = (Shift(), Slope(0.05), losses.get("wgan", clip=None))
    gan = compiled(*parts, algorithm="critic_warmup", n_critic=2, seed=7, rate=rate, warmup_turns=5)
    noise = keras.random.SeedGenerator(7)
    w, theta = 0.05, 0.0
    for step, rounds in ((0, 3), (24, 3), (25, 1), (499, 1), (500, 3)):
        gan.generator_optimizer.iterations.assign(step)
        gan.fit(data, batch_size=2 * batch, shuffle=False, verbose=0)
        for turns in (2,) * (rounds - 1) + (3,):
            z = keras.random.normal((turns * batch, 1), seed=noise).numpy()
            for real, part in zip(np.split(data, 2), np.split(z, turns), strict=False):
                w += rate * (real.mean() - (part + theta).mean())
        theta += rate * w
        assert (float(gan.discriminator.w[0]), float(gan.generator.theta[0])) == pytest.approx((w, theta))
    assert gan.get_config()["warmup_turns"] == 5


def test_a_step_is_n_critic_discriminator_updates_and_one_of_the_generator():
    gan = dcgan_pair("wgan")
    gan.fit(images(80), batch_size=40, epochs=3, verbose=0)
    assert gan.n_critic == 5
    assert gan.step == 6
    assert int(gan.discriminator_optimizer.iterations) == 30


def test_every_turn_draws_fresh_noise():
    gan = compiled(Shift(), Slope(), "wgan", n_critic=2, seed=3)
    turns = noted(gan)
    for _ in range(2):
        gan.train_step(np.ones((8, 1), np.float32))
    noise = [z for _, z in turns]
    assert len(noise) == 6 and all(z.shape == (4, 1) for z in noise)
    assert len(np.unique(np.concatenate(noise))) == 24


def noted(gan):
    """What the turns of `gan` are given from now on: (real, z) of each."""
    given = []
    for name in ("discriminator_turn", "generator_turn"):
        turn = getattr(gan, name)
        note = lambda real, z, turn=turn: given.append((real.numpy(), z.numpy())) or turn(real, z)  # noqa: E731
        setattr(gan, name, note)
    return given


def latents(gan, real):
    """Noise for as many samples."""
    return gan.generator.sample_latent(len(real), seed=0)


def values(variables):
    return [variable.numpy() for variable in variables]


def assert_same(before, after):
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)


def assert_all_differ(before, after):
    for old, new in zip(before, after, strict=True):
        assert not np.array_equal(old, new)


def statistics(network):
    return [v for v in network.non_trainable_variables if "moving" in v.path]


def test_a_turn_moves_one_player_and_leaves_the_other_with_its_statistics():
    gan = dcgan_pair()
    for turn, mover, other in (
        (gan.discriminator_turn, gan.discriminator, gan.generator),
        (gan.generator_turn, gan.generator, gan.discriminator),
    ):
        moved = mover.trainable_variables, statistics(mover)
        still = other.trainable_variables, statistics(other)
        assert moved[1] and still[1]
        before_moved, before_still = ([values(v) for v in group] for group in (moved, still))
        turn(tf.constant(images()), latents(gan, images()))
        for old, variables in zip(before_moved, moved, strict=True):
            assert_all_differ(old, values(variables))
        for old, variables in zip(before_still, still, strict=True):
            assert_same(old, values(variables))


def pair_for(objective):
    """A small DCGAN pair with what the objective's own paper asks of the networks."""
    paper = losses.get(objective).paper
    wanted = {
        key: paper[key]
        for key in ("algorithm", "autoencoder", "reconstruction", "outputs", "discriminator_batch_norm")
        if key in paper
    }
    return dcgan_pair(objective, filters=4, **wanted)


@pytest.mark.parametrize("name", losses.names(aliases=False))
def test_the_step_of_every_objective(name):
    """n_critic updates of D on fresh data and noise, one of G, and no turn touches the opponent."""
    gan = pair_for(name)
    data = images(4 * gan.n_critic)
    generator = values(gan.generator.variables)
    for batch in np.split(data, gan.n_critic):
        gan.discriminator_turn(tf.constant(batch), latents(gan, batch))
    assert_same(generator, values(gan.generator.variables))
    discriminator = values(gan.discriminator.variables)
    gan.generator_turn(tf.constant(data[:4]), latents(gan, data[:4]))
    for old, variable in zip(discriminator, gan.discriminator.variables, strict=True):
        assert variable.dtype != "float32" or np.array_equal(old, variable), variable.path

    turns = noted(gan)
    before = int(gan.discriminator_optimizer.iterations), gan.step
    gan.train_step(data)
    assert int(gan.discriminator_optimizer.iterations) == before[0] + gan.n_critic
    assert gan.step == before[1] + 1
    real, noise = (np.concatenate(part) for part in zip(*turns, strict=True))
    np.testing.assert_array_equal(real, [*data, *data[-4:]])
    assert len(np.unique(noise, axis=0)) == len(noise) == 4 * (gan.n_critic + 1)


@pytest.mark.parametrize("name", losses.names(aliases=False))
def test_no_objective_swaps_real_and_fake(name):
    """Data at 3, samples at 0: D learns its slope, and G moves its samples towards the data."""
    rng = np.random.default_rng(0)
    gan = compiled(Shift(), Slope(0.0), losses.get(name, penalties={}), n_critic=1, seed=0, rate=0.01)
    for _ in range(3):
        gan.discriminator_turn(tf.constant(rng.normal(3, 1, (32, 1)), tf.float32), tf.random.normal((32, 1)))
    slope = float(gan.discriminator.w[0])
    assert (slope < 0) if losses.get(name).needs_energy else (slope > 0 or name == "mmd_gan")
    if name == "mmd_gan":  # The kernel is even: features with either sign tell as much.
        gan.discriminator.w.assign([1.0])
    gan.generator_turn(tf.constant(rng.normal(3, 1, (32, 1)), tf.float32), tf.random.normal((32, 1)))
    assert float(gan.generator.theta[0]) > 0


@pytest.fixture
def float64():
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize("penalty", ["gradient_penalty", "r1", "dragan", "wasserstein_divergence"])
@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("mlp", {}),
        ("dcgan", dict(filters=4, discriminator_batch_norm=False)),
        ("dcgan", dict(filters=4, discriminator_batch_norm=False, spectral_norm=True)),
        ("dcgan", dict(filters=4, virtual_batch_norm=3)),
        ("toy", dict(units=16, activation="tanh")),
        ("toy", dict(units=16, packing=2)),
    ],
    ids=str,
)
def test_second_order_gradients_against_numerical_differentiation(model, options, penalty, float64):
    """d/dw of a penalty, along a random direction of all weights, in float64."""
    shape = (2,) if model == "toy" else (8, 8, 1)
    _, discriminator = models.get(model, shape, latent_dim=4, **options)
    rng = np.random.default_rng(0)
    real, fake = (tf.constant(rng.uniform(-1, 1, (4, *shape))) for _ in range(2))
    if "virtual_batch_norm" in options:
        discriminator.reference.assign(rng.uniform(-1, 1, discriminator.reference.shape))
    weights = discriminator.trainable_variables
    # Larger than at the start, so that the penalty is no rounding error.
    weights_at = [rng.normal(0, 0.3, w.shape) for w in weights]
    direction = [rng.normal(size=w.shape) for w in weights]

    def value(step):
        for weight, start, way in zip(weights, weights_at, direction, strict=True):
            weight.assign(start + step * way)
        function = losses.penalties.registry.find(penalty)
        return function(lambda x: discriminator(x, training=False), real, fake, seed=1)

    with tf.GradientTape() as tape:
        result = value(0.0)
    gradients = tape.gradient(result, [w.value for w in weights], unconnected_gradients="zero")
    expected = (float(value(1e-6)) - float(value(-1e-6))) / 2e-6
    got = sum(np.sum(g * way) for g, way in zip(gradients, direction, strict=True))
    assert abs(expected) > 1e-6
    assert got == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("n_critic", [1, 3])
@pytest.mark.parametrize("algorithm", ["reused_fakes", "simultaneous"])
def test_players_that_learn_from_the_same_samples(algorithm, n_critic):
    """Two steps of the original game with D(x) = w x, G(z) = z + theta, every update by hand."""
    batch, rate, steps = 4, 0.5, 2
    data = np.random.default_rng(0).normal(2, 1, (steps, n_critic * batch, 1)).astype(np.float32)
    gan = registry.find(algorithm)(Shift(), Slope(0.3), "gan", n_critic=n_critic, seed=7)
    gan.compile(keras.optimizers.SGD(rate), keras.optimizers.SGD(rate))
    gan.fit(tf.data.Dataset.from_tensor_slices(data), verbose=0)

    noise = keras.random.SeedGenerator(7)
    w, theta = 0.3, 0.0
    for step in range(steps):
        z = keras.random.normal((n_critic * batch, 1), seed=noise).numpy()
        for real, part in zip(np.split(data[step], n_critic), np.split(z, n_critic), strict=True):
            fake, opponent = part + theta, w
            w += rate * np.mean(real * expit(-w * real)) - rate * np.mean(fake * expit(w * fake))
        if algorithm == "reused_fakes":
            opponent = w  # Where the discriminator has come to, not where it stood.
        theta += rate * np.mean(opponent * expit(-opponent * fake))
    assert float(gan.discriminator.w[0]) == pytest.approx(w, rel=1e-5)
    assert float(gan.generator.theta[0]) == pytest.approx(theta, rel=1e-5)


@pytest.mark.parametrize("tricks", [{}, dict(top_k=0.25, top_k_decay=0.25), dict(label_flipping=1.0)])
def test_began_keeps_the_energies_in_balance(tricks):
    """Two steps with D(x) = w x, G(z) = z + theta, every update by hand.

    Which samples the generator learns from, and under which labels the discriminator does, is nothing to k.
    """
    batch, rate, steps = 4, 0.1, 2
    data = np.random.default_rng(0).normal(2, 1, (steps, batch, 1)).astype(np.float32)
    options = dict(diversity_ratio=0.7, balance_rate=0.5)
    objective = losses.get("began", **tricks)
    gan = registry.find("began")(Shift(), Slope(0.3), objective, n_critic=1, seed=7, **options)
    gan.compile(keras.optimizers.SGD(rate), keras.optimizers.SGD(rate))
    history = gan.fit(tf.data.Dataset.from_tensor_slices(data), verbose=0).history

    noise = keras.random.SeedGenerator(7)
    w, theta, k = 0.3, 0.0, 0.0
    for real in data:
        z = keras.random.normal((2 * batch, 1), seed=noise).numpy()
        fake = z[:batch] + theta
        of_real, of_fake = w * real.mean(), w * fake.mean()
        told_real, told_fake = real, fake
        if "label_flipping" in tricks:
            told_real, told_fake = fake, real
            noise.next()  # Which labels are flipped: all.
        w -= rate * (told_real.mean() - k * told_fake.mean())
        theta -= rate * w
        lack = 0.7 * of_real - of_fake
        k = np.clip(k + 0.5 * lack, 0, 1)
    assert float(gan.discriminator.w[0]) == pytest.approx(w, rel=1e-5)
    assert float(gan.generator.theta[0]) == pytest.approx(theta, rel=1e-5)
    assert float(gan.k) == pytest.approx(k, rel=1e-5) and k > 0
    assert np.ravel(history["convergence"])[-1] == pytest.approx(of_real + abs(lack), rel=1e-5)
    assert any(variable is gan.k for variable in gan.state)


def test_penalties_flipped_labels_and_the_best_samples_are_those_of_the_turn():
    """Two steps of two turns with D(x) = w x, G(z) = z + theta and WGAN's losses, every update by hand.

    R1 is w^2 / 2, on every third turn of the discriminator threefold; all labels are flipped; the share of
    samples that the generator learns from halves with each of its updates.
    """
    batch, rate, steps, n_critic = 4, 0.1, 2, 2
    data = np.random.default_rng(0).normal(2, 1, (steps, n_critic * batch, 1)).astype(np.float32)
    tricks = dict(label_flipping=1.0, top_k=0.25, top_k_decay=0.5, penalties={"r1": 0.7}, penalty_every=3)
    objective = losses.get("wgan", clip=0, **tricks)
    gan = compiled(Shift(), Slope(0.3), objective, rate=rate, n_critic=n_critic, seed=7)
    stream = tf.data.Dataset.from_tensor_slices(data)
    history = [gan.fit(stream.skip(step).take(1), verbose=0).history for step in range(steps)]

    noise = keras.random.SeedGenerator(7)
    w, theta, turn = 0.3, 0.0, 0
    for step, examples in enumerate(data):
        z = np.split(keras.random.normal(((n_critic + 1) * batch, 1), seed=noise).numpy(), n_critic + 1)
        for real, part in zip(np.split(examples, n_critic), z[:-1], strict=True):
            noise.next()  # Which labels are flipped: all.
            slope = np.mean(real) - np.mean(part + theta) + (3 * 0.7 * w if turn % 3 == 0 else 0)
            w -= rate * slope
            turn += 1
        best = np.sort(w * (z[-1] + theta), axis=0)[::-1][: batch // 2**step]
        assert np.ravel(history[step]["generator_loss"])[-1] == pytest.approx(-best.mean(), rel=1e-5)
        theta += rate * w
    assert float(gan.discriminator.w[0]) == pytest.approx(w, rel=1e-5)
    assert float(gan.generator.theta[0]) == pytest.approx(theta, rel=1e-5)


def test_a_file_keeps_whether_xla_compiles_the_step(tmp_path):
    gan = dcgan_pair(filters=4)
    gan.compile("sgd", "sgd", jit_compile=True)
    gan.save(tmp_path / "gan.keras")
    assert keras.models.load_model(tmp_path / "gan.keras").compiled_by_xla


def test_began_is_a_game_of_its_own():
    with pytest.raises(ValueError, match="go together"):
        dcgan_pair("ebgan", algorithm="began", autoencoder=4)
    with pytest.raises(ValueError, match="go together"):
        dcgan_pair("began", autoencoder=4)


def test_feature_matching_compares_mean_features_alone():
    gan = dcgan_pair()
    from models.variants import FeatureMatchingGAN

    matching = FeatureMatchingGAN(gan.generator, gan.discriminator, "gan", seed=0)
    real, fake = tf.constant(images(6)), tf.constant(images(6, seed=1))
    body = gan.discriminator.body
    difference = np.mean(body(real, training=True), axis=0) - np.mean(body(fake, training=True), axis=0)
    assert float(matching.generator_loss(real, fake)) == pytest.approx(np.mean(difference**2), rel=1e-4)
    matching.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1))
    matching.fit(images(), batch_size=8, verbose=0)


def test_pulling_away_acts_on_the_codes_of_samples():
    options = dict(autoencoder=4, generator_batch_norm=False)
    players = models.get("dcgan", (8, 8, 1), latent_dim=8, **options)
    gan = compiled(*players, "ebgan", algorithm="pulling_away", seed=0, pulling_away_weight=0.3)
    alone = compiled(*players, "ebgan", seed=0)
    real, fake = tf.constant(images(6)), tf.constant(images(6, seed=1))
    added = float(gan.generator_loss(real, fake)) - float(alone.generator_loss(real, fake))
    cosines = 1 - pdist(gan.discriminator.encoder(fake, training=True), "cosine")
    assert added == pytest.approx(0.3 * np.mean(cosines**2), rel=1e-3)
    assert type(gan).from_config(gan.get_config()).pulling_away_weight == 0.3


def log_sigmoid(scores):
    return -np.logaddexp(0, -np.asarray(scores, np.float64)).mean()


@pytest.mark.parametrize("updates", [1, 3])
@pytest.mark.parametrize("rate", [0.05, keras.optimizers.schedules.ExponentialDecay(0.05, 1, 0.5)])
@pytest.mark.parametrize(
    "loss, value",
    [
        ("non_saturating", lambda w, x, fake: -log_sigmoid(w * fake)),
        # Equation 1: data's term moves too, for the discriminator has learnt from the samples.
        ("minimax", lambda w, x, fake: log_sigmoid(w * x) + log_sigmoid(-w * fake)),
    ],
)
def test_unrolling_is_the_loss_after_the_discriminators_own_updates(loss, value, rate, updates):
    """Against Keras's Adam really applied to a copy; the gradient against numerical differentiation."""
    from models.variants import UnrolledGAN

    def build(theta, look_ahead):
        generator, discriminator = Shift(), Slope(0.3)
        generator.theta.assign([theta])
        gan = UnrolledGAN(generator, discriminator, loss, seed=0, unrolled_steps=look_ahead)
        gan.compile(keras.optimizers.SGD(0.1), keras.optimizers.Adam(rate, beta_1=0.5))
        return gan

    rng = np.random.default_rng(0)
    real, z = rng.normal(3, 1, (64, 1)).astype(np.float32), rng.normal(0, 1, (64, 1)).astype(np.float32)

    def by_hand(theta):
        gan = build(theta, 1)
        for _ in range(updates):
            with tf.GradientTape() as tape:
                scores = gan.discriminator(real), gan.discriminator(z + theta)
                cost = gan.objective.discriminator_loss(*scores)
            gan.discriminator_optimizer.apply(tape.gradient(cost, gan.discriminator.trainable_variables))
        return value(float(gan.discriminator.w[0]), real, z + theta)

    gan = build(0.2, updates)
    with tf.GradientTape() as tape:
        cost = gan.generator_loss(tf.constant(real), gan.generator(tf.constant(z)))
    assert float(cost) == pytest.approx(by_hand(0.2), rel=1e-5)
    gradient = float(tape.gradient(cost, gan.generator.theta.value)[0])
    numerical = (by_hand(0.2 + 1e-2) - by_hand(0.2 - 1e-2)) / 2e-2
    assert gradient == pytest.approx(numerical, rel=2e-3)
    assert float(gan.discriminator.w[0]) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("optimizer", "words"),
    [
        (keras.optimizers.SGD, "choose adam"),
        (keras.optimizers.AdamW, "leave weight_decay out"),
        (lambda rate: keras.optimizers.Adam(rate, clipnorm=1), "leave clipnorm out"),
        (lambda rate: keras.optimizers.Adam(rate, amsgrad=True), "leave amsgrad out"),
    ],
)
def test_unrolling_needs_plain_adam(optimizer, words):
    from models.variants import UnrolledGAN

    gan = UnrolledGAN(Shift(), Slope(), "gan")
    gan.compile("sgd", "adam")
    before = gan.discriminator_optimizer
    with pytest.raises(ValueError, match=words):
        gan.compile(keras.optimizers.SGD(0.1), optimizer(0.1))
    assert gan.discriminator_optimizer is before


def test_unrolled_updates_follow_the_loss_alone():
    with pytest.raises(ValueError, match="regularised weights"):
        dcgan_pair(algorithm="unrolled", orthogonal_regularization=0.1)


def test_unrolling_goes_on_without_weights_that_are_frozen_later():
    hidden = keras.layers.Dense(3, activation="tanh")
    critic = keras.Sequential([keras.Input((1,)), hidden, keras.layers.Dense(1)])
    gan = registry.find("unrolled")(Shift(), critic, "gan", seed=0, unrolled_steps=2)
    gan.compile("sgd", keras.optimizers.Adam(0.1))
    x = np.random.default_rng(0).normal(3, 1, (8, 1)).astype(np.float32)
    gan.fit(x, batch_size=8, verbose=0)
    hidden.trainable = False
    gan.compile("sgd", gan.discriminator_optimizer)
    kernel = hidden.kernel.numpy()
    gan.fit(x, batch_size=8, verbose=0)
    np.testing.assert_array_equal(hidden.kernel, kernel)


@pytest.mark.parametrize("still", ["generator", "discriminator"])
def test_the_turns_of_a_frozen_player_are_counted(still):
    gan = GAN(Shift(), Slope(0.3), "gan", seed=0)
    frozen = getattr(gan, still)
    frozen.trainable = False
    gan.compile("sgd", "sgd")
    before = [w.numpy() for w in frozen.variables]
    gan.fit(np.ones((12, 1), np.float32), batch_size=4, verbose=0)
    assert gan.step == int(gan.discriminator_optimizer.iterations) == 3
    for weight, old in zip(frozen.variables, before, strict=True):
        np.testing.assert_array_equal(weight, old)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_what_layers_add_to_the_loss_stays_beside_penalties(batch_norm):
    """0.5 E x^2 of the activations of data and samples, whatever passes of the discriminator come after."""
    parts = [keras.Input((1,)), keras.layers.ActivityRegularization(l2=0.5), keras.layers.Dense(1)]
    if batch_norm:  # Real and generated examples then pass one after the other.
        parts.append(keras.layers.BatchNormalization())
    penalties = {"r1": 1e-12} if not batch_norm else {}
    gan = GAN(Shift(), keras.Sequential(parts), losses.get("gan", penalties=penalties), seed=0)
    plain = GAN(Shift(), keras.Sequential([parts[0], *parts[2:]]), "gan", seed=0)
    real, fake = tf.constant([[3.0], [1.0]]), tf.constant([[2.0], [-2.0]])
    found = []
    for each in (gan, plain):
        each.compile(keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.0))
        found.append(float(each.update_discriminator(real, fake)["discriminator_loss"]))
    assert found[0] - found[1] == pytest.approx(0.5 * (9 + 1 + 4 + 4) / 4, rel=1e-5)


def test_a_step_without_a_turn_is_refused():
    with pytest.raises(ValueError, match="n_critic=0"):
        GAN(Shift(), Slope(), "gan", n_critic=0)


def test_the_opponent_normalises_with_batch_statistics():
    gan = dcgan_pair()
    from models.gan import as_opponent

    x = tf.constant(images())
    np.testing.assert_allclose(
        as_opponent(gan.discriminator)(x), gan.discriminator(x, training=True), rtol=1e-5
    )
    assert not np.allclose(as_opponent(gan.discriminator)(x), gan.discriminator(x, training=False))


def test_dropout_draws_fresh_masks_in_every_turn():
    _, discriminator = models.get("mlp", (8, 8, 1))
    from models.gan import as_opponent

    x = tf.constant(images())
    call = as_opponent(discriminator)
    first, second = call(x), call(x)
    third = discriminator(x, training=True)
    assert not np.allclose(first, second) and not np.allclose(second, third)


def test_real_scores_reach_the_generators_loss():
    """Relativistic objectives need them: a loss that is their mean must see the real data's score."""

    class RealMean(losses.Objective):
        paper: ClassVar = {"n_critic": 1}

        def discriminator_loss(self, real_scores, fake_scores):
            return 0 * tf.reduce_mean(real_scores + fake_scores)

        def generator_loss(self, real_scores, fake_scores):
            return tf.reduce_mean(real_scores) + 0 * tf.reduce_mean(fake_scores)

    gan = compiled(Shift(), Slope(2.0), RealMean(), seed=0)
    logs = gan.train_step(np.full((4, 1), 3, np.float32))
    assert float(logs["generator_loss"]) == pytest.approx(6)


def test_labels_beside_the_images_are_ignored():
    gan = dcgan_pair()
    gan.fit(images(), np.zeros(16), batch_size=8, verbose=0)
    assert gan.step == 2


def test_what_does_not_fill_the_turns_is_left_out():
    gan = dcgan_pair("wgan")
    gan.fit(images(23), batch_size=16, verbose=0)
    assert gan.step == 2 and int(gan.discriminator_optimizer.iterations) == 10
    with pytest.raises(tf.errors.InvalidArgumentError, match="n_critic = 5 turns"):
        gan.fit(images(3), batch_size=16, verbose=0)


@pytest.mark.parametrize(
    ("objective", "options", "examples"),
    [
        ("non_saturating", {"packing": 3}, 3),
        ("mmd_gan", {"outputs": 4, "discriminator_batch_norm": False}, 10),
    ],
)
def test_a_turn_has_the_examples_that_its_scores_need(objective, options, examples):
    """Whole packs, and two for an objective that compares pairs: a last batch is seldom a full one."""
    gan = dcgan_pair(objective, **options)
    gan.fit(images(26), batch_size=16, verbose=0)
    assert gan.step == 2 and np.all([np.all(np.isfinite(v)) for v in gan.trainable_variables])
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"needs {examples} examples at least"):
        gan.fit(images(examples - 1), batch_size=16, verbose=0)


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_examples_may_have_another_precision(dtype):
    examples = images(32).astype(np.float16)

    def trained(given):
        keras.utils.set_random_seed(0)
        gan = dcgan_pair()
        gan.fit(tf.data.Dataset.from_tensor_slices(given).batch(16), verbose=0)
        return gan.generator.trainable_variables[0]

    np.testing.assert_array_equal(trained(examples.astype(dtype)), trained(examples.astype(np.float32)))


def test_stored_pictures_are_refused():
    with pytest.raises(ValueError, match=r"examples of .*uint8.*pictures in \[-1, 1\]"):
        dcgan_pair().fit(np.zeros((16, 8, 8, 1), np.uint8), batch_size=8, verbose=0)


def test_a_missing_reference_batch_is_named():
    gan = dcgan_pair(virtual_batch_norm=4)
    with pytest.raises(ValueError, match="call the model's adapt"):
        gan.fit(images(), batch_size=8, verbose=0)
    gan.adapt(np.rint((images() + 1) * 127.5).astype(np.uint8))
    gan.fit(images(), batch_size=8, verbose=0)
    assert gan.step == 2


def test_steps_in_one_execution_are_refused():
    with pytest.raises(ValueError, match="steps_per_execution=4: leave it out"):
        dcgan_pair().compile("adam", "adam", steps_per_execution=4)


@pytest.mark.parametrize(
    "optimizer, words",
    [
        (lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam()), "loss scaling"),
        (lambda: keras.optimizers.Adam(loss_scale_factor=1024), "loss scaling"),
        (lambda: keras.optimizers.Adam(gradient_accumulation_steps=2), "gradient_accumulation_steps"),
        (lambda: keras.optimizers.Adam(use_ema=True), "use_ema"),
    ],
)
def test_optimizers_that_the_steps_do_not_heed_are_refused(optimizer, words):
    gan = dcgan_pair()
    before = gan.optimizer
    for players in ((optimizer(), "adam"), ("adam", optimizer())):
        with pytest.raises(ValueError, match=words):
            gan.compile(*players)
    assert gan.optimizer is before is gan.generator_optimizer, "a refusal leaves the model as it was"
    one = keras.optimizers.Adam()
    with pytest.raises(ValueError, match="both players have the same optimizer"):
        gan.compile(one, one)


def test_adapt_takes_pictures_alone_and_leaves_other_networks_be():
    gan = dcgan_pair(virtual_batch_norm=4)
    pictures = np.rint((images() + 1) * 127.5)
    with pytest.raises(ValueError, match="examples of int32: pictures are uint8"):
        gan.adapt(pictures.astype(np.int32))
    flat = keras.Sequential([keras.layers.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
    mixed = compiled(gan.generator, flat, "gan", seed=0)
    mixed.adapt(pictures.astype(np.uint8))
    mixed.fit(images(), batch_size=8, verbose=0)
    assert mixed.step == 2


def test_several_devices_are_refused():
    script = """
import keras, losses, models, tensorflow as tf
from models.gan import GAN
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    gan = GAN(*models.get("toy", (2,)), losses.get("gan"))
    gan.compile("adam", "adam")
"""
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert "a strategy of 2 replicas: this model trains on one device" in run.stderr.splitlines()[-1]


def test_shared_weights_are_refused():
    generator = Shift()
    critic = Slope()
    critic.generator = generator
    with pytest.raises(ValueError, match="share the weights"):
        GAN(generator, critic, "gan")


def test_a_penalty_and_batch_norm_in_the_critic_are_refused():
    with pytest.raises(ValueError, match=r"gradient_penalty.*batch_normalization.*=False"):
        dcgan_pair("wgan_gp")
    dcgan_pair("wgan_gp", discriminator_batch_norm=False)


@pytest.mark.parametrize(
    "wrong", [keras.layers.LayerNormalization, lambda name: keras.layers.GroupNormalization(2, name=name)]
)
def test_layers_that_tensorflow_differentiates_wrongly_the_second_time_are_refused(wrong):
    dense = keras.layers.Dense
    critic = keras.Sequential([keras.Input((1,)), dense(8), wrong(name="wrong"), dense(1)])
    with pytest.raises(ValueError, match="differentiates wrong wrongly the second time.*models.layers"):
        GAN(Shift(), critic, "wgan_gp")
    with pytest.raises(ValueError, match="differentiates wrong wrongly"):
        registry.find("unrolled")(Shift(), critic, "gan")
    GAN(Shift(), critic, "wgan")  # It differentiates once.
    mended = keras.Sequential([keras.Input((1,)), keras.layers.Dense(8), LayerNormalization()])
    GAN(Shift(), mended, "wgan_gp")


def test_every_trainable_variable_belongs_to_one_player():
    gan = dcgan_pair()
    players = gan.generator.trainable_variables + gan.discriminator.trainable_variables
    assert len({id(v) for v in players}) == len(players)
    assert {id(v) for v in players} == {id(v) for v in gan.trainable_variables}


def test_standard_keras_callbacks_work(tmp_path):
    gan = dcgan_pair()
    history = gan.fit(
        images(64),
        batch_size=16,
        epochs=3,
        verbose=0,
        callbacks=[
            keras.callbacks.BackupAndRestore(str(tmp_path / "backup")),
            keras.callbacks.CSVLogger(str(tmp_path / "log.csv")),
            keras.callbacks.EarlyStopping(monitor="generator_loss", mode="min", patience=5),
            keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1)),
            keras.callbacks.ModelCheckpoint(str(tmp_path / "gan.keras")),
            keras.callbacks.ReduceLROnPlateau(monitor="discriminator_loss", mode="min"),
            keras.callbacks.TensorBoard(str(tmp_path / "tensorboard")),
            keras.callbacks.TerminateOnNaN(),
        ],
    )
    assert len(history.history["discriminator_loss"]) == 3
    assert float(gan.generator_optimizer.learning_rate) == pytest.approx(0.1 / 3)
    restored = keras.saving.load_model(tmp_path / "gan.keras")
    z = gan.generator.sample_latent(4, 0)
    np.testing.assert_array_equal(restored(z), gan(z))
    assert restored.objective == gan.objective
    assert int(restored.generator_optimizer.iterations) == gan.step
    restored.fit(images(32), batch_size=16, verbose=0)
    assert restored.step == gan.step + 2


def test_a_file_is_read_by_a_process_that_has_made_no_network(tmp_path):
    gan = dcgan_pair(algorithm="simultaneous")
    gan.save(tmp_path / "gan.keras")
    script = f"import keras, models; print(keras.saving.load_model({str(tmp_path / 'gan.keras')!r}).name)"
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert run.stdout == f"{gan.name}\n", run.stderr


def test_a_file_keeps_the_precision_of_the_networks(tmp_path):
    with computing_in("mixed_bfloat16"):
        gan = dcgan_pair()
    gan.save(tmp_path / "gan.keras")
    restored = keras.saving.load_model(tmp_path / "gan.keras")
    z = gan.generator.sample_latent(4, 0)
    np.testing.assert_array_equal(restored(z), gan(z))
    policies = [layer.dtype_policy.name for layer in restored.generator.body.layers]
    assert policies == [layer.dtype_policy.name for layer in gan.generator.body.layers]
    assert "mixed_bfloat16" in policies and keras.config.dtype_policy().name == "float32"


def test_predict_and_export_give_the_images_of_averaged_weights(tmp_path):
    gan = dcgan_pair(generator_ema=0.9)
    gan.fit(images(32), batch_size=16, verbose=0)
    z = np.random.default_rng(0).normal(size=(3, 8)).astype(np.float32)
    averaged = gan.generator.finished(z)
    assert np.abs(averaged - gan.generator(z, training=False)).max() > 0.01
    gan.export(tmp_path / "exported", verbose=False)
    exported = tf.saved_model.load(str(tmp_path / "exported"))
    for seen in (gan.predict(z, verbose=0), exported.serve(z)):
        np.testing.assert_allclose(seen, averaged, atol=1e-6)


@pytest.mark.parametrize(
    "options",
    [{}, dict(discriminator_batch_norm=False), dict(minibatch_discrimination=3), dict(virtual_batch_norm=4)],
    ids=str,
)
def test_one_pass_of_real_and_generated_images_scores_as_two(options):
    """Where batch norm or another layer mixes examples, the batches stay apart."""
    gan = dcgan_pair(**options)
    for weight in gan.discriminator.trainable_variables:  # Larger than at the start, so that scores differ.
        weight.assign(10 * weight)
    real, fake = tf.constant(images(6)), tf.constant(0.1 * images(6, seed=1))
    apart = gan.discriminator(real, training=True), gan.discriminator(fake, training=True)
    assert not np.allclose(*apart, rtol=1e-2)
    for got, expected in zip(gan.scores(real, fake)[:2], apart, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)
