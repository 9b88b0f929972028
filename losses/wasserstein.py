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
    """Weights clipped to [-c, c]. Arjovsky, Chintala and Bottou 2017 (arXiv 1701.07875), Algorithm 1.

    Choose it for a loss that follows sample quality, and to see what clipping costs.
    """

    clip: Clip = 0.01

    paper: ClassVar = dict(
        optimizer="rmsprop",
        learning_rate=5e-5,
        rho=0.99,
        n_critic=5,
        batch_size=64,
        discriminator_batch_norm=True,
    )

    zero_sum = True

    def discriminator_loss(self, real_scores, fake_scores):
        """E f(g(z)) - E f(x)"""
        return -wasserstein_estimate(real_scores, fake_scores)

    def generator_loss(self, real_scores, fake_scores):
        """-E f(g(z))"""
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
    """A gradient penalty instead of clipping. Gulrajani et al. 2017 (arXiv 1704.00028), Algorithm 1.

    Choose it where training should simply work, at twice the cost of a critic's turn.
    """

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


@register("wgan_lp")
@dataclasses.dataclass(frozen=True, kw_only=True)
class WGANLP(WGANGP):
    """The one-sided penalty. Petzka, Fischer and Lukovnikov 2018 (arXiv 1709.08894), equation 8.

    Choose it over `wgan_gp` where a critic flatter than slope 1 should not be punished.
    """

    penalties: Penalties = dataclasses.field(default_factory=lambda: {"lipschitz_penalty": 10.0})


@register("wgan_div")
@dataclasses.dataclass(frozen=True, kw_only=True)
class WGANDiv(WGANGP):
    """The Wasserstein divergence, k = 2, p = 6. Wu et al. 2018 (arXiv 1712.01026), equation 8.

    Choose it for a Wasserstein-like game that needs no Lipschitz constraint.
    """

    penalties: Penalties = dataclasses.field(default_factory=lambda: {"wasserstein_divergence": 2.0})

    paper: ClassVar = {**WGANGP.paper, "learning_rate": 2e-4, "beta_1": 0.5, "beta_2": 0.999}
