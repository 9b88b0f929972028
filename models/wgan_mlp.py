"""The perceptron generator that WGAN trains against a DCGAN critic.

Arjovsky, Chintala and Bottou 2017 (arXiv 1701.07875), Figures 3 and 7: "a 4-layer ReLU-MLP with 512
hidden units".
"""

import numpy as np
from keras import layers

from models.dcgan import DCGANDiscriminator
from models.network import (
    DiscriminatorBatchNorm,
    Generator,
    ImageShape,
    Latent,
    register,
    serializable,
)


@serializable
class WGANMLPGenerator(Generator):
    """z -> 512 ReLU -> 512 ReLU -> 512 ReLU -> linear pixels.

    As in the authors' code nothing squashes the output: training, not the network, keeps it near
    [-1, 1]. Pictures and exports clip it.
    """

    def __init__(self, *, image_shape: ImageShape, latent_dim: int, latent: str, name=None):
        super().__init__(image_shape=image_shape, latent_dim=latent_dim, latent=latent, name=name)
        for _ in range(3):
            self.body.add(layers.Dense(512, activation="relu"))
        self.body.add(layers.Dense(int(np.prod(image_shape))))
        self.body.add(layers.Reshape(self.image_shape))
        self.build((None, latent_dim))


@register("wgan_mlp")
def wgan_mlp(
    image_shape: ImageShape,
    latent_dim: int = 100,
    *,
    latent: Latent = "normal",
    discriminator_batch_norm: DiscriminatorBatchNorm = True,
):
    """The MLP generator with the DCGAN critic, which a standard GAN fails to train."""
    generator = WGANMLPGenerator(image_shape=image_shape, latent_dim=latent_dim, latent=latent)
    discriminator = DCGANDiscriminator(image_shape=image_shape, batch_norm=discriminator_batch_norm)
    return generator, discriminator
