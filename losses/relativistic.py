"""Relativistic games: how much more real is this example than one of the other kind?

Jolicoeur-Martineau 2019, The relativistic discriminator (arXiv 1807.00734), and Huang et al. 2024, R3GAN
(arXiv 2501.05441), which makes the paired form a baseline without any other trick.
"""

import dataclasses
from collections.abc import Callable
from typing import ClassVar

from keras import ops

from losses.objective import RADFORD, Objective, Penalties, register


def logistic(margins):
    """-log sigmoid(margin), per example."""
    return ops.softplus(-margins)


def least_squares(margins):
    """(margin - 1)^2, per example."""
    return ops.square(margins - 1)


def hinge(margins):
    """max(0, 1 - margin), per example."""
    return ops.relu(1 - margins)


class _Relativistic(Objective):
    """What both forms share: `loss` of the margin by which one side should be ahead of the other."""

    loss: ClassVar[Callable]

    # Of the author's code for CIFAR-10, but for spectral norm in the place of batch norm.
    paper: ClassVar = {**RADFORD, "batch_size": 32}


class _Paired(_Relativistic):
    """Pairs are formed by index: example i of one batch with example i of the other."""

    def discriminator_loss(self, real_scores, fake_scores):
        """E l(C(x) - C(G(z)))"""
        return ops.mean(type(self).loss(real_scores - fake_scores))

    def generator_loss(self, real_scores, fake_scores):
        """E l(C(G(z)) - C(x))"""
        return self.discriminator_loss(fake_scores, real_scores)


class _Average(_Relativistic):
    """Each example against the mean score of the other batch; half the sum, as in the author's code."""

    def discriminator_loss(self, real_scores, fake_scores):
        """1/2 E l(C(x) - E C(G(z))) + 1/2 E l(E C(x) - C(G(z)))"""
        loss = type(self).loss
        real_loss = ops.mean(loss(real_scores - ops.mean(fake_scores)))
        return 0.5 * real_loss + 0.5 * ops.mean(loss(ops.mean(real_scores) - fake_scores))

    def generator_loss(self, real_scores, fake_scores):
        """1/2 E l(C(G(z)) - E C(x)) + 1/2 E l(E C(G(z)) - C(x))"""
        return self.discriminator_loss(fake_scores, real_scores)


@register("rsgan")
class RSGAN(_Paired):
    """Relativistic standard GAN: l(m) = log(1 + e^-m). Jolicoeur-Martineau 2019 (arXiv 1807.00734).

    Choose it where the discriminator of the original game gets too sure: its loss needs both sides.
    """

    loss = logistic


@register("rlsgan")
class RLSGAN(_Paired):
    """Relativistic least squares GAN: l(m) = (m - 1)^2. Jolicoeur-Martineau 2019 (arXiv 1807.00734).

    Choose it to tell what pairing does to least squares from what averaging does.
    """

    loss = least_squares


@register("rasgan")
class RaSGAN(_Average):
    """Relativistic average standard GAN: l(m) = log(1 + e^-m). Jolicoeur-Martineau 2019 (arXiv 1807.00734).

    Choose it for the form that super-resolution and many later systems use.
    """

    loss = logistic


@register("ralsgan")
class RaLSGAN(_Average):
    """Relativistic average least squares GAN: l(m) = (m - 1)^2. Jolicoeur-Martineau 2019 (arXiv 1807.00734).

    Choose it first among the relativistic games for small data sets of large pictures, as its paper does.
    """

    loss = least_squares


@register("rahinge")
class RaHinge(_Average):
    """Relativistic average hinge GAN: l(m) = max(0, 1 - m). Jolicoeur-Martineau 2019 (arXiv 1807.00734).

    Choose it with `spectral_norm`, as the hinge game.
    """

    loss = hinge


@register("r3gan")
@dataclasses.dataclass(frozen=True, kw_only=True)
class R3GAN(RSGAN):
    """The paired logistic game, l(m) = log(1 + e^-m), with R1 and R2. Huang et al. 2024 (arXiv 2501.05441),
    section 2.

    gamma = 0.05, the weight of both penalties, is where the paper's CIFAR-10 run starts. Choose it as the
    modern baseline: it is proved to converge locally and needs none of the older tricks.
    """

    penalties: Penalties = dataclasses.field(default_factory=lambda: {"r1": 0.05, "r2": 0.05})

    paper: ClassVar = dict(
        optimizer="adam",
        learning_rate=2e-4,
        beta_1=0.0,
        beta_2=0.9,
        n_critic=1,
        batch_size=512,
        discriminator_batch_norm=False,
    )
