"""The variational autoencoder that tables of GANs compare with."""

import keras
import tensorflow as tf
from keras import ops

from models import calls
from models.network import Discriminator, Generator, as_examples, moved, with_parts
from models.stabilisers import serializable
from support.errors import UserError


def divergence_from_prior(mean, log_variance):
    """KL(N(mean, exp(log_variance)) || N(0, I)), nats: (batch, latent_dim) each -> (batch,)."""
    return 0.5 * ops.sum(ops.exp(log_variance) + ops.square(mean) - 1 - log_variance, axis=1)


def reconstruction_error(images, rebuilt):
    """-log p(images | rebuilt) of each example under independent Bernoulli pixels, nats: (batch,).

    Args:
        images, rebuilt: (batch, H, W, C) in [-1, 1]; as probabilities they lie in [0, 1].
    """
    target, probability = (images + 1) / 2, ops.clip((rebuilt + 1) / 2, 1e-6, 1 - 1e-6)
    terms = target * ops.log(probability) + (1 - target) * ops.log(1 - probability)
    return -ops.sum(ops.reshape(terms, (ops.shape(images)[0], -1)), axis=1)


@serializable
class VAE(calls.StepModel):
    """Kingma and Welling 2014, Auto-encoding variational Bayes (arXiv 1312.6114): Gaussian q, Bernoulli p.

    Lucic et al. 2018 (arXiv 1711.10337) take a discriminator for the encoder, with a mean and a log-variance
    for each entry of z in place of the score, and a generator for the decoder.

    Args:
        encoder: A `models.Discriminator` with 2 latent_dim outputs.
        generator: A `models.Generator` with z from N(0, I).
        seed: Seed of the noise.

    Raises:
        UserError: A score of the encoder is of several examples.
    """

    def __init__(self, encoder: Discriminator, generator: Generator, seed: int | None = None, name=None):
        super().__init__(name=name)
        if encoder.stabilisers.packing > 1:
            raise UserError("packing has no place in an encoder: each example has its own z")
        self.encoder = encoder
        self.generator = generator
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def compile(self, optimizer, **options):
        super().compile(optimizer=calls.optimizer(optimizer), **options)
        self.optimizer.build(self.trainable_variables)

    @property
    def step(self) -> int:
        """Updates made so far."""
        return int(self.optimizer.iterations)

    @property
    def state(self) -> list[keras.Variable]:
        """Every variable that the next step depends on."""
        return [*self.variables, *self.optimizer.variables]

    def train_step(self, data):
        """One step up the bound: E_q log p(x | z) - KL(q(z | x) || p(z)), its equation 10 with one sample."""
        images, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        images = as_examples(images)
        with tf.GradientTape() as tape:
            mean, log_variance = tf.split(self.encoder(images, training=True), 2, axis=1)
            noise = keras.random.normal(tf.shape(mean), seed=self.seed_generator)
            rebuilt = self.generator(mean + tf.exp(log_variance / 2) * noise, training=True)
            error = tf.reduce_mean(reconstruction_error(images, rebuilt))
            divergence = tf.reduce_mean(divergence_from_prior(mean, log_variance))
            loss = error + divergence + sum(self.losses)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        moved(self)
        return {"vae_loss": loss, "reconstruction_error": error, "divergence": divergence}

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        players = {"encoder": serialize(self.encoder), "generator": serialize(self.generator)}
        return {**players, "name": self.name}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(**with_parts(config, ("encoder", "generator"), custom_objects))

    def get_compile_config(self):
        optimizer = keras.saving.serialize_keras_object(self.optimizer)
        return {"optimizer": optimizer, "jit_compile": self.compiled_by_xla}

    def compile_from_config(self, config):
        optimizer = keras.saving.deserialize_keras_object(config["optimizer"])
        self.compile(optimizer, jit_compile=config.get("jit_compile", False))
