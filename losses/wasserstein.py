"""Objectives that estimate the Wasserstein-1 distance with a Lipschitz critic."""

import dataclasses
from typing import ClassVar

from keras import ops

from losses.objective import Clip, Objective, Penalties, register


def wasserstein_estimate(real_scores, fake_scores):
    """E f(x) - E f(g(z)): for the best 1-Lipschitz f the distance W1(P_r, P_g)."""
    return ops.mean(real_scores) - ops.mean(fake_scores)


@register("wgan")
@dataclasses.dataclass(frozen=True, kw_only=True)
class WGAN(Objective):
    """Arjovsky, Chintala and Bottou 2017 (arXiv 1701.07875), Algorithm 1: weights clipped to [-c, c]."""

    clip: Clip = 0.01

    paper: ClassVar = dict(
        optimizer="rmsprop",
        learning_rate=5e-5,
        rho=0.99,
        n_critic=5,
        batch_size=64,
        discriminator_batch_norm=True,
    )

    def discriminator_loss(self, real_scores, fake_scores):
        """E f(g(z)) - E f(x): minus the estimate of W1, which the critic raises."""
        return -wasserstein_estimate(real_scores, fake_scores)

    def generator_loss(self, real_scores, fake_scores):
        """-E f(g(z))."""
        return -ops.mean(fake_scores)

    def summaries(self, real_scores, fake_scores):
        return {
            "critic(x)": ops.mean(real_scores),
            "critic(G(z))": ops.mean(fake_scores),
            "wasserstein_estimate": wasserstein_estimate(real_scores, fake_scores),
        }


@register("wgan_gp")
@dataclasses.dataclass(frozen=True, kw_only=True)
class WGANGP(WGAN):
    """Gulrajani et al. 2017 (arXiv 1704.00028), Algorithm 1: a gradient penalty instead of clipping."""

    penalties: Penalties = dataclasses.field(default_factory=lambda: {"gradient_penalty": 10.0})
    clip: Clip = None

    paper: ClassVar = dict(
        optimizer="adam",
        learning_rate=1e-4,
        beta_1=0.0,
        beta_2=0.9,
        n_critic=5,
        batch_size=64,
        discriminator_batch_norm=False,
    )
