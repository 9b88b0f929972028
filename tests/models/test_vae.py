"""The variational autoencoder against SciPy's densities, and against a closed form of its bound."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import bernoulli, norm

import models
from models.network import computing_in
from models.vae import VAE, divergence_from_prior, reconstruction_error


def test_the_divergence_is_the_mean_log_ratio_of_the_densities():
    mean, deviation = np.array([0.3, -1.2]), np.array([0.5, 2.0])
    z = mean + deviation * np.random.default_rng(0).normal(size=(400_000, 2))
    ratio = norm.logpdf(z, mean, deviation).sum(axis=1) - norm.logpdf(z).sum(axis=1)
    found = float(divergence_from_prior(mean[None], 2 * np.log(deviation)[None])[0])
    assert found == pytest.approx(ratio.mean(), abs=4 * ratio.std() / np.sqrt(len(z)))
    assert float(divergence_from_prior(np.zeros((1, 2)), np.zeros((1, 2)))[0]) == 0


def test_the_reconstruction_error_is_that_of_bernoulli_pixels():
    rng = np.random.default_rng(0)
    black_or_white = rng.integers(2, size=(3, 2, 2, 1)).astype(np.float32)
    probability = rng.uniform(0.1, 0.9, (3, 2, 2, 1)).astype(np.float32)
    found = reconstruction_error(2 * black_or_white - 1, 2 * probability - 1)
    expected = -bernoulli.logpmf(black_or_white, probability).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_a_step_goes_up_the_bound_of_one_draw():
    generator, encoder = models.get("infogan", (8, 8, 1), latent_dim=2, outputs=4, latent="normal")
    vae = VAE(encoder, generator, seed=5)
    vae.compile(keras.optimizers.SGD(0.0))
    images = np.random.default_rng(0).uniform(-1, 1, (6, 8, 8, 1)).astype(np.float32)
    logs = vae.train_step(tf.constant(images))

    mean, log_variance = np.split(encoder(images, training=True).numpy(), 2, axis=1)
    noise = keras.random.normal((6, 2), seed=keras.random.SeedGenerator(5)).numpy()
    rebuilt = generator(mean + np.exp(log_variance) ** 0.5 * noise, training=True)
    assert float(logs["reconstruction_error"]) == pytest.approx(
        float(np.mean(reconstruction_error(images, rebuilt))), rel=1e-5
    )
    divergence = float(np.mean(divergence_from_prior(mean, log_variance)))
    assert float(logs["divergence"]) == pytest.approx(divergence, rel=1e-5)
    assert float(logs["vae_loss"]) == pytest.approx(
        float(logs["reconstruction_error"]) + float(logs["divergence"]), rel=1e-6
    )


def test_what_is_asked_of_weights_and_what_follows_them_take_part():
    options = dict(orthogonal_regularization=0.01, generator_ema=0.5)
    generator, encoder = models.get("infogan", (8, 8, 1), latent_dim=2, outputs=4, latent="normal", **options)
    vae = VAE(encoder, generator, seed=0)
    vae.compile(keras.optimizers.SGD(1e-3))
    before = [weight.numpy() for weight in generator.trainable_variables]
    asked = float(sum(vae.losses))
    logs = vae.train_step(tf.constant(np.zeros((4, 8, 8, 1), np.float32)))
    bound = float(logs["reconstruction_error"]) + float(logs["divergence"])
    assert asked > 1 and float(logs["vae_loss"]) == pytest.approx(bound + asked, rel=1e-5)
    for old, weight, average in zip(before, generator.trainable_variables, generator.average, strict=True):
        np.testing.assert_allclose(average, (old + weight.numpy()) / 2, rtol=1e-4, atol=1e-6)


def test_it_learns_and_its_state_is_whole():
    generator, encoder = models.get("infogan", (8, 8, 1), latent_dim=2, outputs=4, latent="normal")
    vae = VAE(encoder, generator, seed=0)
    vae.compile(keras.optimizers.Adam(1e-3))
    images = np.full((16, 8, 8, 1), -1, np.float32)
    images[:8, :4] = 1
    stream = tf.data.Dataset.from_tensors(images).repeat(60)
    losses = np.ravel(vae.fit(stream, shuffle=False, verbose=0).history["vae_loss"])
    # At chance each of the 64 pixels costs log 2.
    assert losses[-1] < 0.5 * 64 * np.log(2)
    assert vae.step == 60
    assert {*map(id, vae.trainable_variables)} <= {*map(id, vae.state)}
    assert generator.finished(generator.sample_latent(5, 0)).shape == (5, 8, 8, 1)


def test_a_file_holds_it_whole(tmp_path):
    generator, encoder = models.get("infogan", (8, 8, 1), latent_dim=2, outputs=4, latent="normal")
    vae = VAE(encoder, generator, seed=0)
    vae.compile(keras.optimizers.Adam(1e-3))
    images = np.random.default_rng(0).uniform(-1, 1, (8, 8, 8, 1)).astype(np.float32)
    vae.fit(images, batch_size=4, verbose=0)
    vae.save(tmp_path / "vae.keras")
    again = keras.saving.load_model(tmp_path / "vae.keras")
    assert not again.compiled_by_xla
    np.testing.assert_array_equal(again.encoder(images), encoder(images))
    np.testing.assert_array_equal(again(np.ones((3, 2))), vae(np.ones((3, 2))))
    assert again.step == 2
    again.fit(images, batch_size=4, verbose=0)
    assert again.step == 4


def test_xla_compiles_the_step_where_it_is_asked_for(tmp_path):
    generator, encoder = models.get("mlp", (8, 8, 1), latent_dim=2, outputs=4, latent="normal")
    vae = VAE(encoder, generator, seed=0)
    vae.compile("adam", jit_compile=True)
    assert vae.compiled_by_xla
    vae.save(tmp_path / "vae.keras")
    assert keras.saving.load_model(tmp_path / "vae.keras").compiled_by_xla


def test_packs_have_no_z():
    generator, encoder = models.get("infogan", (8, 8, 1), latent_dim=2, outputs=4, packing=2)
    with pytest.raises(ValueError, match="packing has no place"):
        VAE(encoder, generator)


def test_it_asks_of_its_user_what_a_gan_does():
    options = dict(virtual_batch_norm=4)
    generator, encoder = models.get("infogan", (8, 8, 1), latent_dim=2, outputs=4, latent="normal", **options)
    vae = VAE(encoder, generator, seed=0)
    with pytest.raises(ValueError, match="gradient_accumulation_steps of an optimizer has no place"):
        vae.compile(keras.optimizers.Adam(gradient_accumulation_steps=2))
    vae.compile("adam")
    images = np.random.default_rng(0).uniform(-1, 1, (8, 8, 8, 1)).astype(np.float32)
    with pytest.raises(ValueError, match="call the model's adapt"):
        vae.fit(images, batch_size=4, verbose=0)
    vae.adapt(images)
    vae.fit(images, batch_size=4, verbose=0)
    assert vae.step == 2


def test_a_narrow_precision_makes_no_smaller_update():
    """Keras would wrap the optimizer for float16, and updates would be divided by a scale of the loss."""
    moves = []
    for policy in ("float32", "mixed_float16"):
        keras.utils.set_random_seed(0)
        with computing_in(policy):
            generator, encoder = models.get("infogan", (8, 8, 1), latent_dim=2, outputs=4, latent="normal")
            vae = VAE(encoder, generator, seed=0)
            vae.compile(keras.optimizers.SGD(1e-3))
        before = [w.numpy() for w in vae.trainable_variables]
        vae.train_step(tf.constant(np.zeros((4, 8, 8, 1), np.float32)))
        after = [w.numpy() for w in vae.trainable_variables]
        moves.append(sum(np.abs(a - b).sum() for a, b in zip(after, before, strict=True)))
    assert moves[1] == pytest.approx(moves[0], rel=0.1)
