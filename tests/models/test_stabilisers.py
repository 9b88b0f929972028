"""Each stabiliser against its definition written out, and what it must leave alone."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import losses
import models
from callbacks import CheckpointStore
from models.gan import GAN
from models.network import Discriminator, computing_in
from models.stabilisers import (
    DiffAugment,
    InstanceNoise,
    MinibatchDiscrimination,
    Packing,
    SpectralNormalization,
    Stabilisers,
    VirtualBatchNormalization,
    mixes_examples,
    squared_distance_from_orthogonal,
)


def pictures(count=12, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (count, 8, 8, 1)).astype(np.float32)


def pair(objective="gan", model="dcgan", **options):
    shape = (2,) if model == "toy" else (8, 8, 1)
    small = {"toy": dict(units=16), "dcgan": dict(filters=4), "mlp": {}}[model]
    generator, discriminator = models.get(model, shape, latent_dim=4, **small, **options)
    gan = GAN(generator, discriminator, objective, n_critic=1, seed=0)
    gan.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1))
    return gan


def normalised_dense(units=5, seed=0):
    layer = SpectralNormalization(keras.layers.Dense(units, kernel_initializer="glorot_normal"))
    layer.build((None, 7))
    return layer


def test_spectral_norm_is_w_over_sigma_and_leaves_the_kernel():
    layer = normalised_dense()
    kernel = layer.layer.kernel.numpy()
    u = layer.u.numpy()
    for _ in range(60):
        layer.after_update()
    x = np.random.default_rng(1).normal(size=(3, 7)).astype(np.float32)
    largest = np.linalg.svd(kernel, compute_uv=False)[0]
    assert float(layer.sigma()) == pytest.approx(largest, rel=1e-5)
    np.testing.assert_allclose(layer(x, training=True), x @ kernel / largest, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(layer.layer.kernel, kernel)
    assert not np.array_equal(layer.u, u)


def test_one_power_iteration_is_algorithm_1_of_its_paper():
    layer = normalised_dense()
    w, u = layer.layer.kernel.numpy().astype(np.float64).T, layer.u.numpy().astype(np.float64)
    layer.after_update()
    v = w.T @ u / np.linalg.norm(w.T @ u)
    u = w @ v / np.linalg.norm(w @ v)
    np.testing.assert_allclose(layer.v, v, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(layer.u, u, rtol=1e-5, atol=1e-7)
    assert float(layer.sigma()) == pytest.approx(u @ w @ v, rel=1e-5)


def test_the_gradient_flows_through_sigma():
    """W / sigma(W) does not change with the scale of W, so <dL/dW, W> = 0."""
    layer = normalised_dense()
    kernel, u, v = layer.layer.kernel, layer.u.numpy(), layer.v.numpy()
    x = np.random.default_rng(1).normal(size=(3, 7)).astype(np.float32)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x, training=True) ** 2)
    gradient = tape.gradient(loss, kernel.value)
    with tf.GradientTape() as tape:
        w = tf.constant(kernel)
        tape.watch(w)
        loss = tf.reduce_sum((x @ w / tf.einsum("i,ij,j->", v, w, u)) ** 2)
    np.testing.assert_allclose(gradient, tape.gradient(loss, w), rtol=1e-4, atol=1e-5)
    assert abs(np.sum(gradient * kernel.numpy())) < 1e-4 * np.linalg.norm(gradient)


def test_a_step_makes_one_power_iteration_per_update_and_all_its_batches_see_one_sigma():
    gan = pair("wgan_gp", spectral_norm=True, discriminator_batch_norm=False)
    layers = [x for x in gan.discriminator._flatten_layers() if isinstance(x, SpectralNormalization)]
    assert len(layers) == 3  # Two convolutions and the score.
    before = [layer.u.numpy() for layer in layers]
    z = gan.generator.sample_latent(len(pictures()), seed=0)
    gan.generator_turn(pictures(), z)
    for layer, u in zip(layers, before, strict=True):
        np.testing.assert_array_equal(layer.u, u)
    gan.discriminator_turn(tf.constant(pictures()), z)
    for layer, u in zip(layers, before, strict=True):
        matrix = layer._kernel().numpy().reshape(-1, len(u))
        v = matrix @ u / np.linalg.norm(matrix @ u)
        expected = v @ matrix / np.linalg.norm(v @ matrix)
        np.testing.assert_allclose(layer.u, expected, rtol=1e-4, atol=1e-6)


def test_orthogonal_regularisation_is_zero_for_orthonormal_columns_alone():
    columns, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(12, 4)))
    assert float(squared_distance_from_orthogonal(tf.constant(columns.reshape(2, 2, 3, 4)))) < 1e-20
    assert float(squared_distance_from_orthogonal(tf.constant(3 * columns))) == pytest.approx(4 * 64)


def test_rows_of_a_wide_kernel_become_orthonormal():
    """Its columns cannot; with them the loss is larger by a constant, and the gradient the same."""
    rows = np.linalg.qr(np.random.default_rng(0).normal(size=(12, 4)))[0].T
    assert float(squared_distance_from_orthogonal(tf.constant(rows))) < 1e-20
    kernel = tf.constant(np.random.default_rng(1).normal(size=(3, 7)))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(kernel)
        ours = squared_distance_from_orthogonal(kernel)
        of_columns = tf.reduce_sum((tf.transpose(kernel) @ kernel - np.eye(7)) ** 2)
    assert float(of_columns - ours) == pytest.approx(7 - 3)
    np.testing.assert_allclose(tape.gradient(ours, kernel), tape.gradient(of_columns, kernel), rtol=1e-10)


def test_regularisation_enters_both_players_losses():
    plain, regular = pair("wgan"), pair("wgan", orthogonal_regularization=0.5)
    regular.set_weights(plain.get_weights())
    real = tf.constant(pictures())
    z = plain.generator.sample_latent(len(real), seed=0)
    for turn, key, player in (
        ("discriminator_turn", "discriminator_loss", "discriminator"),
        ("generator_turn", "generator_loss", "generator"),
    ):
        kernels = [w for w in getattr(plain, player).trainable_variables if len(w.shape) > 1]
        expected = 0.5 * sum(float(squared_distance_from_orthogonal(w)) for w in kernels)
        ours, theirs = getattr(regular, turn)(real, z)[key], getattr(plain, turn)(real, z)[key]
        assert float(ours - theirs) == pytest.approx(expected, rel=1e-3)
        regular.set_weights(plain.get_weights())


def test_historical_averaging_pulls_towards_the_mean_of_all_past_weights():
    gan = pair("wgan", model="toy", historical_averaging=0.3)
    real = tf.random.normal((8, 2))
    past = []
    for _ in range(4):
        past.append([w.numpy() for w in gan.discriminator.trainable_variables])
        gan.discriminator_turn(real, tf.random.normal((8, gan.generator.latent_dim)))
    now = [w.numpy() for w in gan.discriminator.trainable_variables]
    means = [np.mean(weights, axis=0) for weights in zip(*past, now, strict=True)]
    for mean, kept in zip(means, gan.discriminator.past, strict=True):
        np.testing.assert_allclose(kept, mean, rtol=1e-4, atol=1e-6)
    expected = 0.3 * sum(np.sum((w - mean) ** 2) for w, mean in zip(now, means, strict=True))
    assert float(sum(gan.discriminator.losses)) == pytest.approx(expected, rel=1e-4)


def test_moving_average_of_the_generator_is_what_users_see():
    gan = pair(model="toy", generator_ema=0.8)
    generator = gan.generator
    average = [w.numpy() for w in generator.trainable_variables]
    for _ in range(3):
        gan.generator_turn(tf.random.normal((8, 2)), tf.random.normal((8, generator.latent_dim)))
        average = [
            0.8 * a + 0.2 * w.numpy() for a, w in zip(average, generator.trainable_variables, strict=True)
        ]
    z = generator.sample_latent(5, 1)
    shown, raw = generator.finished(z).numpy(), generator(z, training=False).numpy()
    assert not np.allclose(shown, raw)
    for weight, value in zip(generator.trainable_variables, average, strict=True):
        weight.assign(value)
    np.testing.assert_allclose(shown, generator(z, training=False), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_averaged_weights_have_batch_norms_statistics_of_their_own(policy):
    """Those that a second generator has, which is given the average before each turn and sees the same z."""
    with computing_in(policy):
        gan = pair(generator_ema=0.5)
        other = pair().generator
    generator = gan.generator
    copies = {id(raw): copy for raw, copy in generator.average_statistics.pairs()}
    raw = [v for layer in generator.body.layers for v in layer.non_trainable_variables]
    averaged = [copies[id(v)] for v in raw]
    for seed in range(4):
        for weight, average in zip(other.trainable_variables, generator.average, strict=True):
            weight.assign(average)
        z = generator.sample_latent(32, seed)
        gan.discriminator_turn(pictures(32), z)
        gan.generator_turn(pictures(32), z)
        other(z, training=True)
        for mine, expected in zip(averaged, other.non_trainable_variables, strict=True):
            np.testing.assert_allclose(mine, expected, rtol=1e-5, atol=1e-6)
    assert len(raw) == len(copies) > 0 and not np.allclose(raw[0], averaged[0], rtol=0.01)
    for weight, average in zip(other.trainable_variables, generator.average, strict=True):
        weight.assign(average)
    z = generator.sample_latent(5, 9)
    np.testing.assert_allclose(generator.finished(z), other(z, training=False), atol=1e-6)


def test_frozen_networks_are_shown_and_train_what_is_left():
    """Freezing all of a network is how Keras users keep one player still; some of its layers, Freeze-D."""
    gan = pair(generator_ema=0.5, historical_averaging=0.1)
    z = gan.generator.sample_latent(4, 0)
    shown = gan.generator.finished(z)
    gan.generator.trainable = False
    np.testing.assert_array_equal(gan.generator.finished(z), shown)

    gan = pair(generator_ema=0.5, spectral_norm=True)
    scores = gan.discriminator(pictures())
    gan.discriminator.trainable = False
    np.testing.assert_array_equal(gan.discriminator(pictures()), scores)
    gan.discriminator.trainable = True
    still, normalised = gan.discriminator.body.layers[0], gan.generator.body.layers[2]
    assert isinstance(still, SpectralNormalization)
    assert isinstance(normalised, keras.layers.BatchNormalization)
    still.trainable = normalised.trainable = False
    gan.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1))
    kernel, gamma = still.layer.kernel.numpy(), normalised.gamma.numpy()
    gan.fit(pictures(), batch_size=4, verbose=0)
    np.testing.assert_array_equal(still.layer.kernel, kernel)
    np.testing.assert_array_equal(normalised.gamma, gamma)
    assert np.all(np.isfinite(gan.generator.finished(z)))


@pytest.mark.parametrize("spectral_norm", [False, True])
def test_scores_of_mixed_precision_are_exact_in_the_last_layer(spectral_norm):
    with computing_in("mixed_bfloat16"):
        discriminator = pair(spectral_norm=spectral_norm).discriminator
    (head,) = discriminator.head.layers
    layer = head.layer if spectral_norm else head
    layer.bias.assign([100.1])
    layer.kernel.assign(1e-6 * layer.kernel)
    scores = discriminator(pictures())
    assert scores.dtype == "float32"
    limit = 20 if spectral_norm else 1e-2  # W / sigma(W) undoes the factor.
    assert np.abs(scores - 100.1).max() < limit
    if spectral_norm:
        largest = np.linalg.svd(layer.kernel.numpy().reshape(-1, 1), compute_uv=False)[0]
        assert float(head.sigma()) == pytest.approx(largest, rel=1e-5)
        x = np.random.default_rng(0).normal(size=(3, layer.kernel.shape[0])).astype(np.float32)
        expected = x @ layer.kernel.numpy() / largest + 100.1
        np.testing.assert_allclose(head(x), expected, rtol=1e-6)


def test_a_long_average_of_weights_at_rest_is_these_weights():
    """float32(0.99998) + float32(1 - 0.99998) is less than 1."""
    generator = pair(model="toy", generator_ema=0.99998).generator
    for _ in range(200):
        generator.after_update()
    for average, weight in zip(generator.average, generator.trainable_variables, strict=True):
        np.testing.assert_array_equal(average, weight)


def test_averages_start_from_the_weights_that_training_starts_from():
    """The MLP generator sets its output bias from the data after it is built."""
    gan = pair(model="mlp", generator_ema=0.9, historical_averaging=0.1)
    gan.adapt((127.5 * (pictures(20) + 1)).astype(np.uint8))
    assert np.any(gan.generator.pixels.bias)
    for copies in (gan.generator.average, gan.generator.past):
        for copy, weight in zip(copies, gan.generator.trainable_variables, strict=True):
            np.testing.assert_array_equal(copy, weight)


def test_instance_noise_has_its_deviation_and_fades_with_the_discriminators_updates():
    noise = InstanceNoise(0.5, steps=4)
    x = np.zeros((2000, 4), np.float32)
    for expected in (0.5, 0.375, 0.25, 0.125, 0, 0):
        assert np.std(noise(x, training=True)) == pytest.approx(expected, rel=0.03)
        noise.after_update()
    np.testing.assert_array_equal(noise(x, training=False), x)
    assert np.std(InstanceNoise(0.5)(x, training=True)) == pytest.approx(0.5, rel=0.03)

    gan = pair(instance_noise=0.1, instance_noise_steps=10)
    gan.fit(pictures(), batch_size=4, verbose=0)
    (layer,) = [x for x in gan.discriminator._flatten_layers() if isinstance(x, InstanceNoise)]
    assert int(layer.updates) == 3


def test_packing_joins_successive_examples_along_the_channels():
    x = pictures(6)
    packed = Packing(3)(x).numpy()
    assert packed.shape == (2, 8, 8, 3)
    np.testing.assert_array_equal(packed[1, ..., 2], x[5, ..., 0])
    points = Packing(2)(np.arange(8.0).reshape(4, 2)).numpy()
    np.testing.assert_array_equal(points, [[0, 1, 2, 3], [4, 5, 6, 7]])
    gan = pair("wgan_gp", packing=3, discriminator_batch_norm=False)
    assert gan.discriminator(x).shape == (2, 1)
    gan.fit(x, batch_size=6, verbose=0)


def test_minibatch_discrimination_is_its_equation():
    layer = MinibatchDiscrimination(3, 2)
    features = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    out = layer(features).numpy()
    m = (features @ layer.tensor.numpy()).reshape(5, 3, 2)
    for i in range(5):
        for b in range(3):
            others = [np.exp(-np.abs(m[i, b] - m[j, b]).sum()) for j in range(5) if j != i]
            assert out[i, 4 + b] == pytest.approx(sum(others), rel=1e-4)
    np.testing.assert_array_equal(out[:, :4], features)
    half = MinibatchDiscrimination(1, 1, dtype="mixed_bfloat16")
    half.build((2, 1))
    half.set_weights([np.ones((1, 1))])
    far = np.float32(half(np.array([[0.0], [6.0]])))  # Beside 1 less than one of its steps.
    np.testing.assert_allclose(far[:, 1], np.exp(-6), rtol=0.01)


@pytest.mark.parametrize("shape", [(6,), (3, 3, 2)])
def test_virtual_batch_norm_uses_the_reference_batch_and_the_example_itself(shape):
    references, axes = 4, tuple(range(len(shape) - 1))
    layer = VirtualBatchNormalization(references, epsilon=1e-5)
    x = np.random.default_rng(0).normal(2, 3, (references + 2, *shape)).astype(np.float32)
    out = layer(x).numpy()
    reference_mean = np.mean([r.mean(axis=axes) for r in x[:references]], axis=0)
    reference_square = np.mean([(r**2).mean(axis=axes) for r in x[:references]], axis=0)
    for i in (4, 5):
        mean = (x[i].mean(axis=axes) + references * reference_mean) / (references + 1)
        square = ((x[i] ** 2).mean(axis=axes) + references * reference_square) / (references + 1)
        expected = (x[i] - mean) / np.sqrt(square - mean**2 + 1e-5)
        np.testing.assert_allclose(out[i], expected, rtol=1e-3, atol=1e-4)


def test_virtual_batch_norm_of_narrow_activations_keeps_its_variance():
    """Where the mean is twenty deviations away, as bfloat16 could not tell from the squares."""
    layer = VirtualBatchNormalization(4, dtype="mixed_bfloat16")
    x = np.random.default_rng(0).normal(20, 1, (6, 16, 3)).astype(np.float32)
    layer.build(x.shape)
    x = tf.cast(x, tf.bfloat16)
    found = tf.cast(layer(x), tf.float32)
    expected = VirtualBatchNormalization(4)(tf.cast(x, tf.float32))
    np.testing.assert_allclose(found, expected, rtol=0.01, atol=0.01)


def test_under_virtual_batch_norm_an_example_does_not_depend_on_the_rest_of_its_batch():
    gan = pair(virtual_batch_norm=8)
    examples = np.random.default_rng(3).integers(0, 256, (20, 8, 8, 1), np.uint8)
    gan.discriminator.adapt(examples)
    distances = np.abs(gan.discriminator.reference.numpy()[:, None] - (examples / 127.5 - 1)).max(
        axis=(2, 3, 4)
    )
    assert len({*distances.argmin(axis=1)}) == 8 and distances.min(axis=1).max() < 1e-6
    gan.adapt((127.5 * (pictures(20) + 1)).astype(np.uint8))
    x = pictures(6, seed=1)
    together = gan.discriminator(x, training=True).numpy()
    alone = np.concatenate([gan.discriminator(x[i : i + 1], training=True) for i in range(6)])
    np.testing.assert_allclose(together, alone, rtol=1e-3, atol=1e-4)
    plain = pair()
    assert not np.allclose(
        plain.discriminator(x, training=True)[:1], plain.discriminator(x[:1], training=True), rtol=1e-2
    )


def test_the_reference_batch_is_of_all_classes_of_sorted_data():
    classes = np.repeat(np.array([0, 255], np.uint8), 500)
    discriminator = pair(virtual_batch_norm=16).discriminator
    discriminator.adapt(np.broadcast_to(classes[:, None, None, None], (1000, 8, 8, 1)))
    assert {*discriminator.reference.numpy().ravel()} == {-1, 1}


def test_virtual_batch_norm_may_stand_under_a_gradient_penalty():
    pair("wgan_gp", virtual_batch_norm=4)
    with pytest.raises(ValueError, match="rest of the batch.*minibatch_discrimination"):
        pair("wgan_gp", minibatch_discrimination=4, discriminator_batch_norm=False)


def test_diff_augment_changes_what_its_policy_says():
    x = np.full((400, 8, 8, 3), 0.5, np.float32)
    x[:, :, :, 0] = -0.25
    moved = DiffAugment("translation")(x, training=True).numpy()
    assert set(np.unique(moved)) == {-0.25, 0, 0.5}
    rows = (moved[..., 1] != 0).any(axis=2).sum(axis=1)
    assert set(rows) == {7, 8}  # By one eighth of the side, or not at all.
    far = DiffAugment("translation")(np.ones((200, 20, 4, 1), np.float32), training=True).numpy()
    assert min((far[..., 0] != 0).any(axis=2).sum(axis=1)) == 17  # Half pixels count as whole ones.
    cut = DiffAugment("cutout")(x, training=True).numpy()
    holes = (cut[..., 1] == 0).sum(axis=(1, 2))
    assert holes.max() == 16 and holes.min() >= 4  # Squares of 4x4, some of them partly outside.
    tall = DiffAugment("cutout", dtype="mixed_bfloat16")(np.ones((100, 256, 1, 1)), training=True)
    starts = np.argmin(np.float32(tall)[:, :, 0, 0], axis=1)
    assert set(starts % 2) == {0, 1}
    colored = DiffAugment("color")(x, training=True).numpy()
    np.testing.assert_allclose(np.ptp(colored, axis=(1, 2)), 0, atol=1e-5)
    assert 0.1 < np.std(colored.mean(axis=(1, 2, 3))) < 0.5
    np.testing.assert_array_equal(DiffAugment("color,cutout")(x, training=False), x)


def test_the_generator_learns_through_diff_augment():
    layer = DiffAugment("color,translation,cutout")
    x = tf.constant(pictures())
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(layer(x, training=True))
    gradient = tape.gradient(total, x)
    assert np.all(np.isfinite(gradient)) and np.any(gradient)
    with pytest.raises(ValueError, match="diff_augment"):
        models.get("toy", (2,), diff_augment="color")


def test_what_is_asked_of_weights_comes_beside_their_own_regularizer():
    class Regular(Discriminator):
        def __init__(self, **shared):
            super().__init__(image_shape=(3,), head_initializer="ones", **shared)
            self.add(
                keras.layers.Dense(
                    2, kernel_initializer="ones", kernel_regularizer=keras.regularizers.L2(0.5)
                )
            )
            self.build((None, 3))

    plain = Regular()
    both = Regular(stabilisers=Stabilisers(historical_averaging=1.0))
    assert float(sum(plain.losses)) == float(sum(both.losses)) == 3.0
    for weight in both.trainable_variables:
        weight.assign(weight + 1)  # Away from their past by 1: six, two, two and one of them.
    assert float(sum(both.losses)) == pytest.approx(0.5 * 6 * 4 + 6 + 2 + 2 + 1)


def test_of_two_generators_the_one_in_the_discriminator_keeps_no_average():
    gan = pair("ebgan", autoencoder=6, generator_ema=0.9)
    assert gan.generator.average and not gan.discriminator.decoder.average


def test_an_autoencoder_gives_the_distance_of_its_reconstruction():
    gan = pair("ebgan", autoencoder=6)
    x = pictures(3)
    rebuilt = gan.discriminator.decoder(gan.discriminator.encoder(x)).numpy()
    expected = np.linalg.norm((rebuilt - x).reshape(3, -1), axis=1)
    np.testing.assert_allclose(gan.discriminator(x)[:, 0], expected, rtol=1e-5)
    gan.discriminator.error = "l1"
    expected = np.abs(rebuilt - x).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(gan.discriminator(x)[:, 0], expected, rtol=1e-5)
    with pytest.raises(ValueError, match="needs an energy"):
        pair("ebgan")
    with pytest.raises(ValueError, match="low for data"):
        pair("gan", autoencoder=6)


@pytest.mark.parametrize(("model", "shape"), [("dcgan", (8, 8, 1)), ("infogan", (8, 8, 1)), ("pacgan", (2,))])
def test_no_part_of_an_autoencoder_has_batch_norm_where_the_discriminator_has_none(model, shape):
    own = {} if model == "pacgan" else dict(discriminator_batch_norm=False)
    generator, discriminator = models.get(model, shape, latent_dim=4, autoencoder=6, **own)
    assert any(mixes_examples(layer) for layer in generator._flatten_layers())
    assert not any(mixes_examples(layer) for layer in discriminator._flatten_layers())
    GAN(generator, discriminator, losses.get("ebgan", penalties={"r1": 1.0}))


def test_vectors_of_scores_are_for_objectives_that_take_them():
    assert pair("mmd_gan", outputs=5, discriminator_batch_norm=False).discriminator(pictures()).shape == (
        12,
        5,
    )
    with pytest.raises(ValueError, match="one score per example"):
        pair("hinge", outputs=5)


EVERYTHING = dict(
    instance_noise=0.1,
    instance_noise_steps=5,
    diff_augment="color,translation,cutout",
    packing=2,
    spectral_norm=True,
    virtual_batch_norm=4,
    orthogonal_regularization=1e-4,
    historical_averaging=1e-3,
    generator_ema=0.9,
)


def test_all_of_them_combine_train_and_survive_a_file(tmp_path):
    objective = losses.get(
        "non_saturating",
        penalties={"r1": 0.1, "consistency": 1.0},
        penalty_every=2,
        real_label=0.9,
        label_flipping=0.1,
        top_k=0.5,
    )
    gan = pair(objective, **EVERYTHING)
    gan.adapt(pictures())
    gan.fit(pictures(), batch_size=6, epochs=2, verbose=0)
    assert all(np.all(np.isfinite(v)) for v in gan.trainable_variables)
    gan.save(tmp_path / "gan.keras")
    again = keras.models.load_model(tmp_path / "gan.keras")
    assert again.objective == gan.objective
    z = gan.generator.sample_latent(4, 0)
    np.testing.assert_allclose(again.generator.finished(z), gan.generator.finished(z), rtol=1e-5, atol=1e-6)
    x = pictures(4)
    np.testing.assert_allclose(again.discriminator(x), gan.discriminator(x), rtol=1e-4, atol=1e-6)


def test_a_resumed_run_with_all_of_them_ends_with_the_same_weights(tmp_path):
    """Noise, augmentations, power iterations and averages go on where they were."""

    def fresh():
        keras.utils.set_random_seed(0)
        objective = losses.get("gan", label_flipping=0.2, top_k=0.5, penalties={"r1": 0.1}, penalty_every=2)
        gan = pair(objective, **EVERYTHING)
        gan.adapt(pictures())
        gan.run_eagerly = True
        return gan

    def train(gan, first, last):
        for step in range(first, last):
            gan.fit(pictures(6, seed=step), batch_size=6, verbose=0)

    whole = fresh()
    train(whole, 0, 2)
    half = fresh()
    train(half, 0, 1)
    CheckpointStore(half, tmp_path).save(1)
    resumed = fresh()
    assert CheckpointStore(resumed, tmp_path).restore() == 1
    train(resumed, 1, 2)
    for expected, got in zip(whole.state, resumed.state, strict=True):
        np.testing.assert_array_equal(expected, got, err_msg=expected.path)


@pytest.mark.parametrize("model", ["dcgan", "mlp", "toy"])
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_scores_are_float32_under_mixed_precision(model, policy):
    keras.mixed_precision.set_dtype_policy(policy)
    try:
        gan = pair(
            "wgan_gp", model=model, **({} if model != "dcgan" else dict(discriminator_batch_norm=False))
        )
        data = (
            np.random.default_rng(0).normal(size=(8, 2)).astype(np.float32) if model == "toy" else pictures(8)
        )
        assert gan.discriminator(data).dtype == tf.float32
        gan.fit(data, batch_size=8, verbose=0)
        assert all(np.all(np.isfinite(v)) for v in gan.trainable_variables)
    finally:
        keras.mixed_precision.set_dtype_policy("float32")
