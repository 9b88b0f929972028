"""The multilayer perceptrons of the original GAN.

Goodfellow et al. 2014 (arXiv 1406.2661), section 5, with the widths, initialisation and dropout of the
authors' published MNIST configuration.
"""

import keras
import numpy as np
from keras import layers, ops

from models.network import Generator, ImageShape, Latent, Network, register, serializable


def _uniform(scale: float) -> keras.initializers.Initializer:
    return keras.initializers.RandomUniform(-scale, scale)


@serializable
class Maxout(layers.Layer):
    """max over `pieces` linear maps for each of `units` outputs: (batch, n) -> (batch, units)."""

    def __init__(self, units: int, pieces: int, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.pieces = pieces
        self.linear = layers.Dense(units * pieces, kernel_initializer=kernel_initializer)

    def build(self, input_shape):
        self.linear.build(input_shape)

    def call(self, x):
        return ops.max(ops.reshape(self.linear(x), (-1, self.units, self.pieces)), axis=-1)

    def get_config(self):
        initializer = keras.initializers.serialize(self.linear.kernel_initializer)
        own = dict(units=self.units, pieces=self.pieces, kernel_initializer=initializer)
        return {**super().get_config(), **own}


@serializable
class MLPGenerator(Generator):
    """z -> 1200 ReLU -> 1200 ReLU -> sigmoid pixels, here scaled from [0, 1] to [-1, 1]."""

    def __init__(self, *, image_shape: ImageShape, latent_dim: int, latent: str, name=None):
        super().__init__(image_shape=image_shape, latent_dim=latent_dim, latent=latent, name=name)
        self.pixels = layers.Dense(
            int(np.prod(image_shape)), activation="sigmoid", kernel_initializer=_uniform(0.05)
        )
        for layer in (
            layers.Dense(1200, activation="relu", kernel_initializer=_uniform(0.05)),
            layers.Dense(1200, activation="relu", kernel_initializer=_uniform(0.05)),
            self.pixels,
            layers.Rescaling(2, offset=-1),
            layers.Reshape(self.image_shape),
        ):
            self.body.add(layer)
        self.build((None, latent_dim))

    def adapt(self, images):
        """Output bias <- logit of the mean training image, so that training starts from it."""
        mean = images.reshape(len(images), -1).mean(axis=0, dtype=np.float64) / 255
        mean = mean.clip(1e-7, 1 - 1e-7)
        self.pixels.bias.assign(np.log(mean) - np.log1p(-mean))


@serializable
class MLPDiscriminator(Network):
    """Two maxout layers of 240 units x 5 pieces, then one score; dropout on every layer's input."""

    def __init__(self, *, image_shape: ImageShape, name=None):
        super().__init__(dict(image_shape=tuple(image_shape)), name=name)
        for layer in (
            layers.Rescaling(0.5, offset=0.5),  # The paper's pixels lie in [0, 1].
            layers.Flatten(),
            layers.Dropout(0.2),
            Maxout(240, 5, kernel_initializer=_uniform(0.005)),
            layers.Dropout(0.5),
            Maxout(240, 5, kernel_initializer=_uniform(0.005)),
            layers.Dropout(0.5),
            layers.Dense(1, kernel_initializer=_uniform(0.005)),
        ):
            self.body.add(layer)
        self.build((None, *image_shape))


@register("mlp")
def mlp(image_shape: ImageShape, latent_dim: int = 100, *, latent: Latent = "unit_uniform"):
    """The original GAN's pair: 2,503,984 and 1,231,441 parameters at 28x28x1."""
    generator = MLPGenerator(image_shape=image_shape, latent_dim=latent_dim, latent=latent)
    return generator, MLPDiscriminator(image_shape=image_shape)
