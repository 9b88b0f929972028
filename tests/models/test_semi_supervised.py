"""The classifying discriminator: against NumPy's own formulas."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from scipy.special import expit, log_softmax, logsumexp

import losses
from models.network import computing_in
from models.semi_supervised import ClassDiscriminator, ClassGenerator, SemiSupervisedGAN, WeightNormDense

SHAPE = (4, 4, 1)


def images(count, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (count, *SHAPE)).astype(np.float32)


def discriminator(decay=0.9):
    made = ClassDiscriminator(image_shape=SHAPE, classes=3, units=(8, 5), decay=decay)
    for layer in [*made.body.layers, *made.head.layers]:
        if isinstance(layer, layers.GaussianNoise):
            layer.stddev = 0
    return made


def test_a_weight_normalised_layer_depends_on_the_direction_of_its_kernel_alone():
    layer = WeightNormDense(3, trains_scale=True)
    x = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    before = layer(x)
    kernel = np.asarray(layer.kernel)
    np.testing.assert_allclose(before, x @ (kernel / np.sqrt((kernel**2).sum(axis=0))), rtol=1e-5)
    layer.kernel.assign(7 * kernel)
    np.testing.assert_allclose(layer(x), before, rtol=1e-4, atol=1e-6)
    layer.scale.assign([1, 2, 3])
    layer.bias.assign([0, 0, 1])
    np.testing.assert_allclose(layer(x), np.asarray(before) * [1, 2, 3] + [0, 0, 1], rtol=1e-4, atol=1e-6)
    assert len(layer.trainable_variables) == 3
    again = WeightNormDense.from_config(layer.get_config())
    assert again.trains_scale and again.units == 3


def test_its_initialisation_gives_outputs_of_mean_0_and_deviation_1():
    layer = WeightNormDense(6)
    x = np.random.default_rng(0).normal(3, 2, (200, 4)).astype(np.float32)
    layer.build(x.shape)
    layer.initialize(x)
    y = np.asarray(layer(x))
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(y.std(axis=0), 1, rtol=1e-4)


def test_the_score_is_log_z():
    network, x = discriminator(), images(6)
    network.adapt(np.rint((x + 1) * 127.5).astype(np.uint8))
    scores = np.asarray(network.class_scores(x))
    score = np.asarray(network(x))
    np.testing.assert_allclose(score[:, 0], logsumexp(scores, axis=1), rtol=1e-5)
    z = np.exp(scores).sum(axis=1)
    np.testing.assert_allclose(expit(score[:, 0]), z / (z + 1), rtol=1e-5)


def test_it_classifies_by_the_average_of_its_weights():
    network, x = discriminator(decay=0.9), images(50)
    network.adapt(np.rint((x + 1) * 127.5).astype(np.uint8))
    start = [weight.numpy() for weight in network.trainable_variables]
    before = network.classify(x)
    other = np.random.default_rng(1)
    for weight in network.trainable_variables:
        weight.assign(other.normal(size=weight.shape))
    np.testing.assert_array_equal(network.classify(x), before)
    network.after_update()
    for old, weight, average in zip(start, network.trainable_variables, network.average, strict=True):
        np.testing.assert_allclose(average, 0.9 * old + 0.1 * np.asarray(weight), rtol=1e-5, atol=1e-6)


def test_a_step_minimises_cross_entropy_and_half_of_the_game():
    network = discriminator()
    generator = ClassGenerator(image_shape=SHAPE, latent_dim=2, latent="uniform", units=4)
    gan = SemiSupervisedGAN(generator, network, "minimax", n_critic=1, seed=0)
    gan.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1))
    labelled, labels = images(4, 1), np.array([0, 1, 2, 1])
    real, fake = images(6, 2), images(6, 3)
    scores = [np.asarray(network.class_scores(x), np.float64) for x in (labelled, real, fake)]
    entropy = -log_softmax(scores[0], axis=1)[np.arange(4), labels].mean()
    d_real, d_fake = (expit(logsumexp(each, axis=1)) for each in scores[1:])
    expected = entropy - 0.5 * np.log(d_real).mean() - 0.5 * np.log(1 - d_fake).mean()
    tensors = [tf.constant(each) for each in (real, fake, labelled, labels)]
    logs = gan.update_classes(*tensors)
    assert float(logs["discriminator_loss"]) == pytest.approx(expected, rel=1e-4)
    assert float(logs["class_loss"]) == pytest.approx(entropy, rel=1e-4)
    assert float(gan.update_classes(*tensors)["discriminator_loss"]) < expected


def test_what_has_no_part_in_its_step_is_refused():
    generator = ClassGenerator(image_shape=SHAPE, latent_dim=2, latent="uniform", units=4)
    for options, name in (
        (dict(penalties={"r1": 1.0}), "penalties"),
        (dict(label_flipping=0.1), "label_flipping"),
    ):
        with pytest.raises(ValueError, match=name):
            SemiSupervisedGAN(generator, discriminator(), losses.get("minimax", **options))
    with pytest.raises(ValueError, match="n_critic=5"):
        SemiSupervisedGAN(generator, discriminator(), "minimax", n_critic=5)
    for option in (dict(spectral_norm=True), dict(minibatch_discrimination=2), dict(packing=2)):
        with pytest.raises(ValueError, match=next(iter(option))):
            ClassDiscriminator(image_shape=SHAPE, classes=3, units=[4], stabilisers=option)


def semi_supervised(**options):
    generator = ClassGenerator(image_shape=SHAPE, latent_dim=2, latent="uniform", units=4, **options)
    gan = SemiSupervisedGAN(generator, discriminator(), "minimax", n_critic=1, seed=0)
    gan.compile(keras.optimizers.Adam(1e-2), keras.optimizers.Adam(1e-2))
    return gan


def test_a_file_keeps_the_learned_scales(tmp_path):
    gan = semi_supervised()
    for number, weight in enumerate(gan.variables[:-1]):  # The last is the state of the noise.
        weight.assign(np.random.default_rng(number).normal(size=weight.shape))
    gan.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras")
    np.testing.assert_array_equal(again.discriminator(images(6)), gan.discriminator(images(6)))
    z = gan.generator.sample_latent(3, 0)
    np.testing.assert_array_equal(again.generator(z), gan.generator(z))


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_it_takes_odd_batches_in_any_precision(policy):
    with computing_in(policy):
        gan = semi_supervised(stabilisers=dict(virtual_batch_norm=4))
    gan.adapt(np.rint((images(8) + 1) * 127.5).astype(np.uint8))
    x = (images(9), images(4)), np.array([0, 1, 2, 1])
    gan.fit(tf.data.Dataset.from_tensors(x), shuffle=False, verbose=0)
    assert gan.step == 1 and all(np.all(np.isfinite(weight)) for weight in gan.trainable_variables)


def test_a_batch_that_leaves_a_player_nothing_ends_the_run():
    x = (images(1), images(4)), np.array([0, 1, 2, 1])
    with pytest.raises(tf.errors.InvalidArgumentError, match="needs 2 images without labels"):
        semi_supervised().fit(tf.data.Dataset.from_tensors(x), shuffle=False, verbose=0)


def test_it_trains_on_labelled_and_other_images():
    gan = semi_supervised()
    x = (images(8), images(4)), np.array([0, 1, 2, 1])
    found = gan.fit(tf.data.Dataset.from_tensors(x).repeat(60), shuffle=False, verbose=0)
    assert np.ravel(found.history["class_loss"])[-1] < 0.6  # log 3 = 1.1 by chance.
    assert gan.step == 60
