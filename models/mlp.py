"""The multilayer perceptrons of the original GAN.

Goodfellow et al. 2014 (arXiv 1406.2661), section 5, with the widths, initialisation and dropout of the
authors' published MNIST configuration.
"""

import dataclasses
import functools

import keras
import numpy as np
from keras import layers, ops

from models.network import Discriminator, Generator, Latent, Pair, register
from models.stabilisers import serializable


def _uniform(scale: float) -> keras.initializers.Initializer:
    return keras.initializers.RandomUniform(-scale, scale)


@serializable
class Maxout(layers.Layer):
    """max over `pieces` linear maps for each of `units` outputs: (batch, n) -> (batch, units)."""

    def __init__(self, units: int, pieces: int, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.pieces = pieces
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.linear = layers.Dense(units * pieces, kernel_initializer=self.kernel_initializer)

    def build(self, input_shape):
        self.linear.build(input_shape)

    def call(self, x):
        # Pairwise maxima: the derivative of `ops.max` compares, counts and divides.
        return functools.reduce(ops.maximum, ops.split(self.linear(x), self.pieces, axis=-1))

    def get_config(self):
        initializer = keras.initializers.serialize(self.kernel_initializer)
        own = dict(units=self.units, pieces=self.pieces, kernel_initializer=initializer)
        return {**super().get_config(), **own}


@serializable
class MLPGenerator(Generator):
    """z -> 1200 ReLU -> 1200 ReLU -> sigmoid pixels, here scaled from [0, 1] to [-1, 1]."""

    def __init__(self, **shared):
        super().__init__(**shared)
        self.pixels = layers.Dense(
            int(np.prod(self.image_shape)), activation="sigmoid", kernel_initializer=_uniform(0.05)
        )
        for layer in (
            layers.Dense(1200, activation="relu", kernel_initializer=_uniform(0.05)),
            layers.Dense(1200, activation="relu", kernel_initializer=_uniform(0.05)),
            self.pixels,
            layers.Rescaling(2, offset=-1),
            layers.Reshape(self.image_shape),
        ):
            self.add(layer)
        self.build((None, self.latent_dim))

    def adapt(self, images):
        """Output bias <- logit of the mean training image, so that training starts from it."""
        mean = images.reshape(len(images), -1).mean(axis=0, dtype=np.float64)
        mean = mean / 255 if images.dtype == np.uint8 else (mean + 1) / 2
        mean = mean.clip(1e-7, 1 - 1e-7)
        self.pixels.bias.assign(np.log(mean) - np.log1p(-mean))
        super().adapt(images)


@serializable
class MLPDiscriminator(Discriminator):
    """Two maxout layers of 240 units x 5 pieces, then one score; dropout on every layer's input."""

    def __init__(self, *, image_shape, **shared):
        super().__init__(image_shape=image_shape, head_initializer=_uniform(0.005), **shared)
        for layer in (
            layers.Rescaling(0.5, offset=0.5),  # The paper's pixels lie in [0, 1].
            layers.Flatten(),
            layers.Dropout(0.2),
            Maxout(240, 5, kernel_initializer=_uniform(0.005)),
            layers.Dropout(0.5),
            Maxout(240, 5, kernel_initializer=_uniform(0.005)),
            layers.Dropout(0.5),
        ):
            self.add(layer)
        self.build((None, *image_shape))


@register("mlp")
@dataclasses.dataclass(frozen=True, kw_only=True)
class MLP(Pair):
    """The original GAN's pair: 2,503,984 and 1,231,441 parameters at 28x28x1."""

    latent: Latent = "unit_uniform"

    def generator(self, **shared):
        return MLPGenerator(**shared)

    def discriminator(self, **shared):
        return MLPDiscriminator(**shared)
