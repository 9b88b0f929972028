"""The networks that "Are GANs created equal?" compares all objectives with.

Lucic et al. 2018 (arXiv 1711.10337), section 5 and the authors' code, after InfoGAN's for MNIST (Chen et al.
2016, arXiv 1606.03657): two convolutions of 64 and 128 channels and a dense layer of 1024 units, and the
generator the other way round. Kernels are 4x4, weights from N(0, 0.02), z from U(-1, 1).
"""

import dataclasses

import keras
from keras import layers

from models.dcgan import normal_weights
from models.layers import Conv2D, Conv2DTranspose, Cropping2D, LeakyReLU
from models.network import Discriminator, DiscriminatorBatchNorm, Generator, Latent, Network, Pair, register
from models.stabilisers import serializable

KERNEL = 4


def _normalised(network: Network, layer: layers.Layer, batch_norm: bool) -> None:
    network.add(layer)
    if batch_norm:
        # The authors' 0.999 still holds 6 % of the initial variance of 1 after 2,800 updates, where the true
        # one is a hundredth of it: samples would be grey.
        network.add(network.batch_norm(0.9, epsilon=1e-5))
    network.add(LeakyReLU(0.2))


# An initializer of Keras gives the same numbers whenever it is called: each layer has one of its own.
def _dense(units: int) -> layers.Layer:
    return layers.Dense(units, kernel_initializer=normal_weights())


def _upsampling(filters: int, **options) -> layers.Layer:
    options |= dict(strides=2, padding="same", kernel_initializer=normal_weights())
    return Conv2DTranspose(filters, KERNEL, **options)


def _downsampling(filters: int) -> layers.Layer:
    truncated = keras.initializers.TruncatedNormal(0, 0.02)
    return Conv2D(filters, KERNEL, strides=2, padding="same", kernel_initializer=truncated)


@serializable
class InfoGANGenerator(Generator):
    """z -> 1024 -> h/4 x w/4 x 128 -> h/2 x w/2 x 64 -> sigmoid pixels, here scaled to [-1, 1].

    Args:
        batch_norm: False for the decoder of an autoencoder without it.
    """

    def __init__(self, *, batch_norm: bool = True, **shared):
        super().__init__(batch_norm=batch_norm, **shared)
        height, width, channels = self.image_shape
        side = -(-height // 4), -(-width // 4)
        _normalised(self, _dense(1024), batch_norm)
        _normalised(self, _dense(side[0] * side[1] * 128), batch_norm)
        self.add(layers.Reshape((*side, 128)))
        _normalised(self, _upsampling(64), batch_norm)
        self.add(_upsampling(channels, activation="sigmoid"))
        surplus = [(0, 4 * small - large) for small, large in zip(side, (height, width), strict=True)]
        if surplus != [(0, 0), (0, 0)]:
            self.add(Cropping2D(surplus))
        self.add(layers.Rescaling(2, offset=-1))
        self.build((None, self.latent_dim))


@serializable
class InfoGANDiscriminator(Discriminator):
    """Image -> 64 -> 128 channels -> 1024 units -> one score.

    Args:
        batch_norm: Of the second convolution and the dense layer.
    """

    def __init__(self, *, image_shape, batch_norm: bool = True, **shared):
        super().__init__(
            image_shape=image_shape, head_initializer=normal_weights(), batch_norm=batch_norm, **shared
        )
        _normalised(self, _downsampling(64), False)
        _normalised(self, _downsampling(128), batch_norm)
        self.add(layers.Flatten())
        _normalised(self, _dense(1024), batch_norm)
        self.build((None, *image_shape))


@register("infogan")
@dataclasses.dataclass(frozen=True, kw_only=True)
class InfoGAN(Pair):
    """One architecture for every objective: InfoGAN's for MNIST, as Lucic et al. 2018 use it."""

    latent: Latent = "uniform"
    discriminator_batch_norm: DiscriminatorBatchNorm = True

    latent_dim = 64

    def generator(self, **shared):
        return InfoGANGenerator(**shared)

    def decoder(self, **shared):
        return InfoGANGenerator(batch_norm=self.discriminator_batch_norm, **shared)

    def discriminator(self, **shared):
        return InfoGANDiscriminator(batch_norm=self.discriminator_batch_norm, **shared)
