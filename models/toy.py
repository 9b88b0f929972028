"""Small perceptrons for densities in the plane.

Gulrajani et al. 2017 (arXiv 1704.00028), toy experiments of the authors' code: three hidden layers of 512
ReLU units in both networks (He initialisation), a linear output, z from N(0, I).
"""

import dataclasses
from typing import Annotated, Any

from keras import layers

from models.network import Discriminator, Generator, Network, Pair, register
from models.stabilisers import serializable
from support.options import Option


def _add_hidden(network: Network, depth: int, units: int, activation: str) -> None:
    for _ in range(depth):
        network.add(layers.Dense(units, activation=activation, kernel_initializer="he_uniform"))


@serializable
class ToyGenerator(Generator):
    """z -> `depth` hidden layers of `units` -> a point."""

    def __init__(self, *, depth: int, units: int, activation: str, **shared):
        super().__init__(depth=depth, units=units, activation=activation, **shared)
        _add_hidden(self, depth, units, activation)
        self.add(layers.Dense(self.image_shape[0]))
        self.build((None, self.latent_dim))


@serializable
class ToyDiscriminator(Discriminator):
    """A point -> `depth` hidden layers of `units` -> one score."""

    def __init__(self, *, image_shape, depth: int, units: int, activation: str, **shared):
        own: dict[str, Any] = dict(depth=depth, units=units, activation=activation)
        super().__init__(image_shape=image_shape, **own, **shared)
        _add_hidden(self, depth, units, activation)
        self.build((None, *image_shape))


@register("toy")
@dataclasses.dataclass(frozen=True, kw_only=True)
class Toy(Pair):
    """Perceptrons for points: the networks of WGAN-GP's toy experiments."""

    depth: Annotated[int, Option("Hidden layers of both networks.", minimum=1, maximum=100)] = 3
    units: Annotated[int, Option("Units of a hidden layer.", minimum=1, maximum=65_536)] = 512
    activation: Annotated[
        str, Option("Activation of the hidden layers.", names=lambda: ["relu", "tanh", "leaky_relu", "elu"])
    ] = "relu"

    dimensions = 1
    latent_dim = 2

    def generator(self, **shared):
        return ToyGenerator(depth=self.depth, units=self.units, activation=self.activation, **shared)

    def discriminator(self, **shared):
        return ToyDiscriminator(depth=self.depth, units=self.units, activation=self.activation, **shared)
