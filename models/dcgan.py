"""Deep convolutional GAN.

Radford, Metz and Chintala 2016 (arXiv 1511.06434), section 3: strided convolutions instead of pooling,
batch norm except at the generator's output and the discriminator's input, no hidden dense layers, ReLU
and tanh in the generator, LeakyReLU 0.2 in the discriminator, weights from N(0, 0.02). Kernels are 5x5;
at 64x64 the channels are the paper's 1024-512-256-128 and, in the authors' code, 128-256-512-1024.

`filters` and `kernel` are the channels of the layer next to the image, which every stage away from it
doubles, and the side of the kernels: WGAN's authors use 64 and 4.
"""

from typing import Annotated, Any

import keras
from keras import layers

from models.network import (
    DiscriminatorBatchNorm,
    Generator,
    ImageShape,
    Latent,
    Network,
    filters_near_image,
    register,
    serializable,
    stages,
)
from support.options import Option


def normal_weights(mean: float = 0.0) -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(mean, 0.02)


def batch_norm() -> layers.Layer:
    """Gain from N(1, 0.02); momentum and epsilon of the Torch version of the authors' code."""
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, gamma_initializer=normal_weights(1.0))


@serializable
class DCGANGenerator(Generator):
    """z -> h x w x f -> transposed convolutions, each doubling the side and halving f -> tanh image.

    Args:
        batch_norm: False for the generator without batch norm of WGAN's Figure 6.
    """

    def __init__(
        self,
        *,
        image_shape: ImageShape,
        latent_dim: int,
        latent: str,
        batch_norm: bool = True,
        filters: int | None = None,
        kernel: int = 5,
        name=None,
    ):
        super().__init__(
            image_shape=image_shape,
            latent_dim=latent_dim,
            latent=latent,
            batch_norm=batch_norm,
            filters=filters,
            kernel=kernel,
            name=name,
        )
        height, width, channels = image_shape
        count = stages(image_shape)
        filters = (filters or filters_near_image(image_shape)) * 2 ** (count - 1)
        shape = (height // 2**count, width // 2**count, filters)

        self.body.add(layers.Dense(shape[0] * shape[1] * filters, **_weights(batch_norm)))
        self.body.add(layers.Reshape(shape))
        for _ in range(count - 1):
            _normalise(self.body, batch_norm, layers.ReLU())
            filters //= 2
            self.body.add(_upsample(filters, kernel, **_weights(batch_norm)))
        _normalise(self.body, batch_norm, layers.ReLU())
        self.body.add(_upsample(channels, kernel, activation="tanh", **_weights(batch_norm=False)))
        self.build((None, latent_dim))


@serializable
class DCGANDiscriminator(Network):
    """Image -> strided convolutions, each halving the side and doubling the channels -> one score.

    Args:
        batch_norm: False for a critic under a gradient penalty. Its input layer never has any.
    """

    def __init__(
        self,
        *,
        image_shape: ImageShape,
        batch_norm: bool = True,
        filters: int | None = None,
        kernel: int = 5,
        name=None,
    ):
        own = dict(image_shape=tuple(image_shape), batch_norm=batch_norm, filters=filters, kernel=kernel)
        super().__init__(own, name=name)
        filters = filters or filters_near_image(image_shape)
        self.body.add(_downsample(filters, kernel, **_weights(batch_norm=False)))
        self.body.add(layers.LeakyReLU(0.2))
        for _ in range(stages(image_shape) - 1):
            filters *= 2
            self.body.add(_downsample(filters, kernel, **_weights(batch_norm)))
            _normalise(self.body, batch_norm, layers.LeakyReLU(0.2))
        self.body.add(layers.Flatten())
        self.body.add(layers.Dense(1, kernel_initializer=normal_weights()))
        self.build((None, *image_shape))


def _weights(batch_norm: bool) -> dict:
    """A layer's weights; batch norm behind it makes its bias redundant."""
    return dict(kernel_initializer=normal_weights(), use_bias=not batch_norm)


def _normalise(body: keras.Sequential, normalised: bool, activation: layers.Layer) -> None:
    if normalised:
        body.add(batch_norm())
    body.add(activation)


def _upsample(filters: int, kernel: int, **options) -> layers.Layer:
    return layers.Conv2DTranspose(filters, kernel, strides=2, padding="same", **options)


def _downsample(filters: int, kernel: int, **options) -> layers.Layer:
    return layers.Conv2D(filters, kernel, strides=2, padding="same", **options)


@register("dcgan")
def dcgan(
    image_shape: ImageShape,
    latent_dim: int = 100,
    *,
    latent: Latent = "uniform",
    generator_batch_norm: Annotated[bool, Option("Batch norm in the generator.")] = True,
    discriminator_batch_norm: DiscriminatorBatchNorm = True,
    filters: Annotated[
        int | None,
        Option("Channels next to the image (default: 128 from 64x64 on, else 64).", minimum=1, maximum=4096),
    ] = None,
    kernel: Annotated[int, Option("Side of the convolutions' kernels.", minimum=1, maximum=63)] = 5,
):
    """The DCGAN pair. `filters` defaults to 128 from 64x64 pixels on, 64 below."""
    shared: dict[str, Any] = dict(image_shape=image_shape, filters=filters, kernel=kernel)
    generator = DCGANGenerator(
        latent_dim=latent_dim, latent=latent, batch_norm=generator_batch_norm, **shared
    )
    return generator, DCGANDiscriminator(batch_norm=discriminator_batch_norm, **shared)
