"""The perceptron generator that WGAN trains against a DCGAN critic.

Arjovsky, Chintala and Bottou 2017 (arXiv 1701.07875), Figures 3 and 7: "a 4-layer ReLU-MLP with 512
hidden units".
"""

import dataclasses

import numpy as np
from keras import layers

from models.dcgan import DCGANDiscriminator
from models.network import DiscriminatorBatchNorm, Filters, Generator, Kernel, Pair, register
from models.stabilisers import serializable


@serializable
class WGANMLPGenerator(Generator):
    """z -> 512 ReLU -> 512 ReLU -> 512 ReLU -> linear pixels.

    As in the authors' code nothing squashes the output: training, not the network, keeps it near
    [-1, 1]. Pictures and exports clip it.
    """

    def __init__(self, **shared):
        super().__init__(**shared)
        for _ in range(3):
            self.add(layers.Dense(512, activation="relu"))
        self.add(layers.Dense(int(np.prod(self.image_shape))))
        self.add(layers.Reshape(self.image_shape))
        self.build((None, self.latent_dim))


@register("wgan_mlp")
@dataclasses.dataclass(frozen=True, kw_only=True)
class WGANMLP(Pair):
    """The MLP generator with the DCGAN critic, which a standard GAN fails to train."""

    discriminator_batch_norm: DiscriminatorBatchNorm = True
    filters: Filters = None
    kernel: Kernel = 5

    def generator(self, **shared):
        return WGANMLPGenerator(**shared)

    def discriminator(self, **shared):
        own = dict(batch_norm=self.discriminator_batch_norm, filters=self.filters, kernel=self.kernel)
        return DCGANDiscriminator(**own, **shared)
