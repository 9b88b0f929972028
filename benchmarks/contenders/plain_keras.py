"""The GAN of Keras's documentation: two models, a `train_step`, `GradientTape`, Keras's own optimizers.

Its networks, objective and optimizers are those of the workload. Real and generated images pass the
discriminator apart, for batch norm is to see them so.
"""

import math

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from benchmarks.contenders.common import set_out
from benchmarks.workloads import LATENT_DIM, Workload


class Maxout(layers.Layer):
    def __init__(self, units: int, pieces: int):
        super().__init__()
        self.pieces = pieces
        self.linear = layers.Dense(units * pieces)

    def build(self, input_shape):
        self.linear.build(input_shape)

    def call(self, x):
        linear = self.linear(x)
        pieces = tf.reshape(linear, (-1, self.pieces, linear.shape[1] // self.pieces))
        return tf.reduce_max(pieces, axis=1)


def mlp(workload: Workload) -> tuple[keras.Model, keras.Model]:
    shape = workload.image_shape
    generator = keras.Sequential([
        keras.Input((LATENT_DIM,)),
        layers.Dense(1200, activation="relu"),
        layers.Dense(1200, activation="relu"),
        layers.Dense(math.prod(shape), activation="sigmoid"),
        layers.Rescaling(2, offset=-1),
        layers.Reshape(shape),
    ])  # fmt: skip
    discriminator = keras.Sequential([
        keras.Input(shape),
        layers.Rescaling(0.5, offset=0.5),
        layers.Flatten(),
        layers.Dropout(0.2),
        Maxout(240, 5),
        layers.Dropout(0.5),
        Maxout(240, 5),
        layers.Dropout(0.5),
        layers.Dense(1, dtype="float32"),
    ])  # fmt: skip
    return generator, discriminator


def dcgan(workload: Workload) -> tuple[keras.Model, keras.Model]:
    channels, sides, widths = workload.image_shape[2], workload.sides, workload.widths

    generator = keras.Sequential([keras.Input((LATENT_DIM,))])
    generator.add(layers.Dense(widths[-1] * sides[-1] ** 2, use_bias=False))
    generator.add(layers.Reshape((sides[-1], sides[-1], widths[-1])))
    for stage in reversed(range(len(widths))):
        last = stage == 0
        out = channels if last else widths[stage - 1]
        generator.add(layers.BatchNormalization(momentum=0.9, epsilon=1e-5))
        generator.add(layers.ReLU())
        activation = "tanh" if last else None
        generator.add(layers.Conv2DTranspose(out, 5, 2, padding="same", use_bias=last, activation=activation))
        if 2 * sides[stage + 1] > sides[stage]:
            generator.add(layers.Cropping2D(((0, 1), (0, 1))))

    discriminator = keras.Sequential([keras.Input(workload.image_shape)])
    for stage, width in enumerate(widths):
        plain = stage == 0 or not workload.batch_norm
        discriminator.add(layers.Conv2D(width, 5, 2, padding="same", use_bias=plain))
        if not plain:
            discriminator.add(layers.BatchNormalization(momentum=0.9, epsilon=1e-5))
        discriminator.add(layers.LeakyReLU(0.2))
    discriminator.add(layers.Flatten())
    discriminator.add(layers.Dense(1, dtype="float32"))
    return generator, discriminator


class GAN(keras.Model):
    def __init__(self, generator, discriminator, workload: Workload):
        super().__init__()
        self.generator = generator
        self.discriminator = discriminator
        self.workload = workload
        self.seed_generator = keras.random.SeedGenerator(0)
        self.d_loss_tracker = keras.metrics.Mean(name="d_loss")
        self.g_loss_tracker = keras.metrics.Mean(name="g_loss")
        self.built = True

    def compile(self, d_optimizer, g_optimizer, **options):
        super().compile(**options)
        self.d_optimizer = d_optimizer
        self.g_optimizer = g_optimizer
        self.d_optimizer.build(self.discriminator.trainable_variables)
        self.g_optimizer.build(self.generator.trainable_variables)

    @property
    def metrics(self):
        return [self.d_loss_tracker, self.g_loss_tracker]

    def noise(self, count):
        width = math.sqrt(3) if self.workload.model == "mlp" else 1.0
        return keras.random.uniform((count, LATENT_DIM), -width, width, seed=self.seed_generator)

    def shares(self, count):
        return keras.random.uniform((count, 1, 1, 1), seed=self.seed_generator)

    def gradient_penalty(self, real, fake):
        shares = self.shares(tf.shape(real)[0])
        between = shares * real + (1 - shares) * tf.cast(fake, real.dtype)
        with tf.GradientTape() as tape:
            tape.watch(between)
            scores = self.discriminator(between, training=True)
        gradient = tape.gradient(scores, between)
        norm = tf.sqrt(tf.reduce_sum(tf.square(gradient), axis=[1, 2, 3]) + 1e-12)
        return tf.reduce_mean(tf.square(norm - 1))

    def d_loss(self, real, fake):
        real_scores = self.discriminator(real, training=True)
        fake_scores = self.discriminator(fake, training=True)
        if self.workload.loss == "non_saturating":
            return tf.reduce_mean(tf.nn.softplus(-real_scores)) + tf.reduce_mean(tf.nn.softplus(fake_scores))
        loss = tf.reduce_mean(fake_scores) - tf.reduce_mean(real_scores)
        if self.workload.gradient_penalty:
            loss += self.workload.gradient_penalty * self.gradient_penalty(real, fake)
        return loss

    def g_loss(self, scores):
        if self.workload.loss == "non_saturating":
            return tf.reduce_mean(tf.nn.softplus(-scores))
        return -tf.reduce_mean(scores)

    def train_step(self, images):
        workload = self.workload
        for turn in range(workload.n_critic):
            real = images[turn * workload.batch_size : (turn + 1) * workload.batch_size]
            fake = self.generator(self.noise(tf.shape(real)[0]), training=True)
            with tf.GradientTape() as tape:
                d_loss = self.d_loss(real, fake)
            weights = self.discriminator.trainable_weights
            self.d_optimizer.apply_gradients(zip(tape.gradient(d_loss, weights), weights, strict=True))
            if workload.clip:
                for weight in weights:
                    weight.assign(tf.clip_by_value(weight, -workload.clip, workload.clip))
        with tf.GradientTape() as tape:
            fake = self.generator(self.noise(tf.shape(real)[0]), training=True)
            g_loss = self.g_loss(self.discriminator(fake, training=True))
        weights = self.generator.trainable_weights
        self.g_optimizer.apply_gradients(zip(tape.gradient(g_loss, weights), weights, strict=True))
        self.d_loss_tracker.update_state(d_loss)
        self.g_loss_tracker.update_state(g_loss)
        return {"d_loss": d_loss, "g_loss": g_loss}


class PlainKeras:
    """Trains a workload.

    Args:
        workload: What to train.
        pictures: uint8 (N, H, W, C).
        jit_compile: As `keras.Model.compile` takes it; Keras's own default is "auto".
        bfloat16: Whether the layers compute in bfloat16.
    """

    def __init__(self, workload: Workload, pictures: np.ndarray, *, jit_compile="auto", bfloat16=False):
        if bfloat16:
            keras.config.set_dtype_policy("mixed_bfloat16")
        self.workload = workload
        networks = {"mlp": mlp, "dcgan": dcgan}[workload.model](workload)
        self.gan = GAN(*networks, workload)
        self.gan.compile(self._optimizer(), self._optimizer(), jit_compile=jit_compile)
        images = pictures.astype(np.float32) / 127.5 - 1
        dataset = tf.data.Dataset.from_tensor_slices(images).shuffle(1024).repeat()
        dataset = dataset.batch(workload.images_per_step, drop_remainder=True).prefetch(tf.data.AUTOTUNE)
        self._iterator = iter(dataset)
        self.gan.make_train_function()

    def _optimizer(self):
        rate = self.workload.learning_rate
        if self.workload.optimizer == "rmsprop":
            return keras.optimizers.RMSprop(rate, rho=self.workload.rho, epsilon=1e-16)
        return keras.optimizers.Adam(
            rate, beta_1=self.workload.beta_1, beta_2=self.workload.beta_2, epsilon=1e-8
        )

    def run(self, steps: int) -> None:
        """Takes so many steps, as `fit` does without callbacks: it reads the logs of each."""
        for _ in range(steps):
            logs = self.gan.train_function(self._iterator)
            {name: float(value) for name, value in logs.items()}

    def losses(self, weights, pictures, noise, shares) -> list[float]:
        """Losses of both players in every step from given weights, data and noise, without dropout."""
        set_out(self.gan, weights)
        parts, mixtures = iter(noise), iter(shares)
        self.gan.noise = lambda count: tf.constant(next(parts))
        self.gan.shares = lambda count: tf.constant(next(mixtures))
        found = []
        for batch in pictures:
            logs = self.gan.train_step(tf.constant(batch))
            found += [float(logs["d_loss"]), float(logs["g_loss"])]
        return found
