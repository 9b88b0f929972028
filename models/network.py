"""What every generator and discriminator has in common, and the registry of network pairs."""

from typing import Annotated, Any

import keras
import numpy as np

from models import latent as latents
from support.errors import UserError
from support.options import Option
from support.registry import Registry

registry = Registry("model", "models")
register = registry.register
serializable = keras.saving.register_keras_serializable(package="gan")

ImageShape = tuple[int, ...]
Latent = Annotated[str, Option("Distribution of the entries of z.", names=latents.registry.names)]
DiscriminatorBatchNorm = Annotated[bool, Option("Batch norm in the discriminator.")]


class Network(keras.Model):
    """A network that reads from input to output in `body`, and whose arguments are its configuration.

    A subclass fills `self.body` and then calls `self.build`; one that is no chain of layers overrides
    `build` and `call`.
    """

    def __init__(self, config: dict[str, Any], name: str | None = None):
        super().__init__(name=name)
        self._config = config
        self.body = keras.Sequential()

    def build(self, input_shape):
        self.body.build(input_shape)
        self.built = True

    def call(self, inputs, training=None):
        return self.body(inputs, training=training)

    def get_config(self) -> dict[str, Any]:
        return {**self._config, "name": self.name}


class Generator(Network):
    """x = G(z): z (batch, latent_dim) -> images (batch, H, W, C) in [-1, 1].

    Args:
        image_shape: (H, W, C).
        latent_dim: Number of entries of z.
        latent: Name of their distribution, one of `models.latent.registry.names()`.
    """

    def __init__(self, *, image_shape: ImageShape, latent_dim: int, latent: str, name=None, **config):
        self.image_shape = tuple(image_shape)
        self.latent_dim = latent_dim
        self.latent = latent
        own = dict(image_shape=self.image_shape, latent_dim=latent_dim, latent=latent)
        super().__init__({**own, **config}, name=name)

    def sample_latent(self, count, seed=None):
        """`count` draws of z, shape (count, latent_dim)."""
        return latents.registry.find(self.latent)((count, self.latent_dim), seed=seed)

    def adapt(self, images: np.ndarray) -> None:
        """Sets what the paper derives from the training images (uint8, (N, H, W, C)) before training."""


def stages(image_shape: ImageShape, most: int = 4) -> int:
    """How often a convolutional network halves the image: down to 4 pixels a side, at least twice.

    8x8 -> 2, 28x28 -> 2 (7 is odd), 32x32 -> 3, 64x64 -> 4.
    """
    height, width, _ = image_shape
    count = 0
    while count < most and height % 2 == width % 2 == 0 and (min(height, width) > 4 or count < 2):
        height, width, count = height // 2, width // 2, count + 1
    if count < 2:
        raise UserError(
            f"images of {image_shape[0]}x{image_shape[1]} cannot be halved twice: "
            "choose an --image_size divisible by 4"
        )
    return count


def filters_near_image(image_shape: ImageShape) -> int:
    """Channels of the layer next to the image: 128 from 64x64 on as in Radford et al. 2016, else 64.

    64 is what the same authors' code uses for MNIST. Each stage away from the image doubles it.
    """
    return 128 if min(image_shape[:2]) >= 64 else 64
