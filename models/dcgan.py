"""Deep convolutional GAN.

Radford, Metz and Chintala 2016 (arXiv 1511.06434), section 3: strided convolutions instead of pooling,
batch norm except at the generator's output and the discriminator's input, no hidden dense layers, ReLU
and tanh in the generator, LeakyReLU 0.2 in the discriminator, weights from N(0, 0.02). Kernels are 5x5;
at 64x64 the channels are the paper's 1024-512-256-128 and, in the authors' code, 128-256-512-1024.

`filters` and `kernel` are the channels of the layer next to the image, which every stage away from it
doubles, and the side of the kernels: WGAN's authors use 64 and 4.
"""

import dataclasses
from typing import Annotated, Any

import keras
from keras import layers

from models.layers import Conv2D, Conv2DTranspose, Cropping2D, LeakyReLU
from models.network import (
    Discriminator,
    DiscriminatorBatchNorm,
    Filters,
    Generator,
    Kernel,
    Latent,
    Network,
    Pair,
    filters_near_image,
    halvings,
    register,
)
from models.stabilisers import serializable
from support.options import Option


def normal_weights(mean: float = 0.0) -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(mean, 0.02)


@serializable
class DCGANGenerator(Generator):
    """z -> h x w x f -> transposed convolutions, each doubling the side and halving f -> tanh image.

    Args:
        batch_norm: False for the generator without batch norm of WGAN's Figure 6.
        constant_filters: All layers have as many filters as the one next to the image, as in that figure.
    """

    def __init__(
        self,
        *,
        batch_norm: bool = True,
        constant_filters: bool = False,
        filters: int | None = None,
        kernel: int = 5,
        **shared,
    ):
        own: dict[str, Any] = dict(batch_norm=batch_norm, constant_filters=constant_filters)
        super().__init__(filters=filters, kernel=kernel, **own, **shared)
        side, *larger, image = reversed(halvings(self.image_shape))
        growth = 1 if constant_filters else 2
        filters = (filters or filters_near_image(self.image_shape)) * growth ** len(larger)

        self.add(layers.Dense(side[0] * side[1] * filters, **_weights(batch_norm)))
        self.add(layers.Reshape((*side, filters)))
        for larger_side in larger:
            _normalise(self, batch_norm, layers.ReLU())
            filters //= growth
            _upsample(self, side, larger_side, filters, kernel, **_weights(batch_norm))
            side = larger_side
        _normalise(self, batch_norm, layers.ReLU())
        channels = self.image_shape[2]
        _upsample(self, side, image, channels, kernel, **_weights(False), activation="tanh")
        self.build((None, self.latent_dim))


@serializable
class DCGANDiscriminator(Discriminator):
    """Image -> strided convolutions, each halving the side and doubling the channels -> one score.

    Args:
        batch_norm: False for a critic under a gradient penalty. Its input layer never has any.
    """

    def __init__(
        self,
        *,
        image_shape,
        batch_norm: bool = True,
        filters: int | None = None,
        kernel: int = 5,
        **shared,
    ):
        own: dict[str, Any] = dict(batch_norm=batch_norm, filters=filters, kernel=kernel)
        super().__init__(image_shape=image_shape, head_initializer=normal_weights(), **own, **shared)
        filters = filters or filters_near_image(image_shape)
        self.add(_downsample(filters, kernel, **_weights(batch_norm=False)))
        self.add(LeakyReLU(0.2))
        for _ in halvings(image_shape)[2:]:
            filters *= 2
            self.add(_downsample(filters, kernel, **_weights(batch_norm)))
            _normalise(self, batch_norm, LeakyReLU(0.2))
        self.add(layers.Flatten())
        self.build((None, *image_shape))


def _weights(batch_norm: bool) -> dict:
    """A layer's weights; batch norm behind it makes its bias redundant."""
    return dict(kernel_initializer=normal_weights(), use_bias=not batch_norm)


def _normalise(network: Network, normalised: bool, activation: layers.Layer) -> None:
    """Batch norm with gain from N(1, 0.02), momentum and epsilon of the authors' Torch code; activation."""
    if normalised:
        network.add(network.batch_norm(0.9, epsilon=1e-5, gamma_initializer=normal_weights(1.0)))
    network.add(activation)


def _upsample(network: Network, side, larger_side, filters: int, kernel: int, **options) -> None:
    """Doubles the side; where halving had rounded up, the last row or column is cut off again."""
    network.add(Conv2DTranspose(filters, kernel, strides=2, padding="same", **options))
    surplus = [(0, 2 * small - large) for small, large in zip(side, larger_side, strict=True)]
    if surplus != [(0, 0), (0, 0)]:
        network.add(Cropping2D(surplus))


def _downsample(filters: int, kernel: int, **options) -> layers.Layer:
    return Conv2D(filters, kernel, strides=2, padding="same", **options)


@register("dcgan")
@dataclasses.dataclass(frozen=True, kw_only=True)
class DCGAN(Pair):
    """The DCGAN pair. `filters` defaults to 128 from 64x64 pixels on, 64 below."""

    latent: Latent = "uniform"
    generator_batch_norm: Annotated[bool, Option("Batch norm in the generator.")] = True
    discriminator_batch_norm: DiscriminatorBatchNorm = True
    generator_constant_filters: Annotated[bool, Option("As many filters in all of the generator.")] = False
    filters: Filters = None
    kernel: Kernel = 5

    def generator(self, **shared):
        constant = self.generator_constant_filters
        return self._generator(self.generator_batch_norm, constant_filters=constant, **shared)

    def decoder(self, **shared):
        return self._generator(self.discriminator_batch_norm, **shared)

    def _generator(self, batch_norm: bool, **own) -> DCGANGenerator:
        return DCGANGenerator(batch_norm=batch_norm, filters=self.filters, kernel=self.kernel, **own)

    def discriminator(self, **shared):
        own = dict(batch_norm=self.discriminator_batch_norm, filters=self.filters, kernel=self.kernel)
        return DCGANDiscriminator(**own, **shared)
