"""The networks of mode-coverage tables: points in the plane.

Lin et al. 2018, PacGAN (arXiv 1712.04086), section 4.1 and the authors' code: a generator of four hidden
layers of 400 ReLU units with batch norm, a discriminator of three maxout layers of 200 units and five pieces,
weights from N(0, 0.02), z from N(0, I).
"""

import dataclasses

from keras import layers

from models.dcgan import normal_weights
from models.mlp import Maxout
from models.network import Discriminator, Generator, Pair, register
from models.stabilisers import serializable


@serializable
class PacGANGenerator(Generator):
    """z -> 4 x (400, batch norm, ReLU) -> a point.

    Args:
        batch_norm: False for the decoder of an autoencoder: the discriminator has none.
    """

    def __init__(self, *, batch_norm: bool = True, **shared):
        super().__init__(batch_norm=batch_norm, **shared)
        for _ in range(4):
            self.add(layers.Dense(400, use_bias=not batch_norm, kernel_initializer=normal_weights()))
            if batch_norm:
                self.add(self.batch_norm(0.95, epsilon=1e-4))
            self.add(layers.ReLU())
        self.add(layers.Dense(self.image_shape[0], kernel_initializer=normal_weights()))
        self.build((None, self.latent_dim))


@serializable
class PacGANDiscriminator(Discriminator):
    """A point, or as many as are packed -> 3 maxout layers of 200 x 5 -> one score."""

    def __init__(self, *, image_shape, **shared):
        super().__init__(image_shape=image_shape, head_initializer=normal_weights(), **shared)
        for _ in range(3):
            self.add(Maxout(200, 5, kernel_initializer=normal_weights()))
        self.build((None, *image_shape))


@register("pacgan")
@dataclasses.dataclass(frozen=True, kw_only=True)
class PacGAN(Pair):
    """Perceptrons for points: the networks of PacGAN's synthetic experiments."""

    dimensions = 1
    latent_dim = 2

    def generator(self, **shared):
        return PacGANGenerator(**shared)

    def decoder(self, **shared):
        return PacGANGenerator(batch_norm=False, **shared)

    def discriminator(self, **shared):
        return PacGANDiscriminator(**shared)
