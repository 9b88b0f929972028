"""The hinge game of Geometric GAN, made standard by spectral normalisation."""

from typing import ClassVar

from keras import ops

from losses.objective import Objective, register


@register("hinge")
class Hinge(Objective):
    """Lim and Ye 2017 (arXiv 1705.02894); Miyato et al. 2018 (arXiv 1802.05957), equations 16 and 17.

    At the best discriminator its loss is 2 - 2 TV(P_data, P_g). Choose it with `spectral_norm`, the pair of
    SN-GAN, SAGAN and BigGAN.
    """

    paper: ClassVar = dict(
        optimizer="adam",
        learning_rate=2e-4,
        beta_1=0.0,
        beta_2=0.9,
        n_critic=5,
        batch_size=64,
    )

    def discriminator_loss(self, real_scores, fake_scores):
        """E max(0, 1 - D(x)) + E max(0, 1 + D(G(z)))"""
        return ops.mean(ops.relu(1 - real_scores)) + ops.mean(ops.relu(1 + fake_scores))

    def generator_loss(self, real_scores, fake_scores):
        """-E D(G(z))"""
        return -ops.mean(fake_scores)
