"""Variational divergence minimisation: a critic's bound on any f-divergence D_f(P_data || P_g).

Nowozin, Cseke and Tomioka 2016, f-GAN (arXiv 1606.00709). With the critic's score v and the output
activation g_f, T = g_f(v) lies in the domain of the conjugate f*, and

    D_f(P || Q) = E_Q f(p/q) >= E_P T(x) - E_Q f*(T(x)),

with equality at T = f'(p/q) (their equation 4; section 2.4 for g_f).
"""

import dataclasses
import math
from typing import Annotated, ClassVar

from keras import ops

from losses.numerics import exp, log_lambert_w_of_exp
from losses.objective import RADFORD, Objective, register
from support.options import Option

Saturating = Annotated[
    bool, Option("The generator minimises the bound itself instead of -E g_f(v) (f-GAN, section 3.2).")
]


@dataclasses.dataclass(frozen=True, kw_only=True)
class FGAN(Objective):
    """The game of one f-divergence. A subclass says what g_f and f* of it are.

    Args:
        saturating: Whether the generator minimises the bound itself, of which its part is -E f*(g_f(v)). By
            default it minimises -E g_f(v), the counterpart of -E log D, which the paper found useful for
            other divergences too (section 3.2).
    """

    saturating: Saturating = False

    # The batch of 4096 in the paper's MNIST run is for its perceptrons; 128 is Radford et al.'s.
    paper: ClassVar = RADFORD

    @property
    def zero_sum(self):
        return self.saturating

    def activation(self, scores):
        """T = g_f(v), per example."""
        raise NotImplementedError

    def conjugate(self, scores):
        """f*(g_f(v)), per example."""
        raise NotImplementedError

    def bound(self, real_scores, fake_scores):
        """E g_f(v(x)) - E f*(g_f(v(G(z)))) <= D_f(P_data || P_g)."""
        return ops.mean(self.activation(real_scores)) - ops.mean(self.conjugate(fake_scores))

    def discriminator_loss(self, real_scores, fake_scores):
        """-E g_f(v(x)) + E f*(g_f(v(G(z))))"""
        return -self.bound(real_scores, fake_scores)

    def generator_loss(self, real_scores, fake_scores):
        """-E g_f(v(G(z)))"""
        if self.saturating:
            return -ops.mean(self.conjugate(fake_scores))
        return -ops.mean(self.activation(fake_scores))

    def summaries(self, real_scores, fake_scores):
        return {
            **super().summaries(real_scores, fake_scores),
            "divergence_bound": self.bound(real_scores, fake_scores),
        }


@register("fgan_kl")
class KL(FGAN):
    """Kullback-Leibler divergence KL(P_data || P_g): f = u log u, g_f = v, f*(t) = e^(t - 1).

    Choose it to see maximum likelihood's divergence, which covers all modes, play as a game.
    """

    def activation(self, scores):
        return scores

    def conjugate(self, scores):
        return exp(scores - 1)


@register("fgan_reverse_kl")
class ReverseKL(FGAN):
    """Reverse KL(P_g || P_data): f = -log u, g_f = -e^(-v), f*(t) = -1 - log(-t).

    Choose it to see the divergence that prefers to miss modes rather than leave the data.
    """

    def activation(self, scores):
        return -exp(-scores)

    def conjugate(self, scores):
        return scores - 1


@register("fgan_pearson")
class Pearson(FGAN):
    """Pearson chi-square: f = (u - 1)^2, g_f = v, f*(t) = t^2 / 4 + t.

    Choose it for a bound that is quadratic in the score and needs no exponential.
    """

    def activation(self, scores):
        return scores

    def conjugate(self, scores):
        return ops.square(scores) / 4 + scores


@register("fgan_neyman")
class Neyman(FGAN):
    """Neyman chi-square: f = (1 - u)^2 / u, g_f = 1 - e^(-v), f*(t) = 2 - 2 sqrt(1 - t).

    Choose it beside Pearson's to see how hard a divergence can punish samples outside the data.
    """

    def activation(self, scores):
        return 1 - exp(-scores)

    def conjugate(self, scores):
        return 2 - 2 * exp(-scores / 2)


@register("fgan_squared_hellinger")
class SquaredHellinger(FGAN):
    """Squared Hellinger distance: f = (sqrt u - 1)^2, g_f = 1 - e^(-v), f*(t) = t / (1 - t).

    Choose it for a symmetric, bounded divergence other than Jensen-Shannon.
    """

    def activation(self, scores):
        return 1 - exp(-scores)

    def conjugate(self, scores):
        return exp(scores) - 1


@register("fgan_jeffrey")
class Jeffrey(FGAN):
    """Jeffrey's divergence, KL + reverse KL: f = (u - 1) log u, g_f = v, f*(t) = W + 1/W + t - 2.

    W is Lambert's function of e^(1 - t). Choose it to punish missed modes and strays alike.
    """

    def activation(self, scores):
        return scores

    def conjugate(self, scores):
        log_w = log_lambert_w_of_exp(1 - scores)
        return exp(log_w) + exp(-log_w) + scores - 2


@register("fgan_jensen_shannon")
class JensenShannon(FGAN):
    """Twice the Jensen-Shannon divergence: f = u log u - (u + 1) log((u + 1) / 2).

    g_f = log 2 - log(1 + e^(-v)), f*(t) = -log(2 - e^t). Choose it to read the divergence of the original
    GAN off the curve, from 0 to 2 log 2.
    """

    def activation(self, scores):
        return math.log(2) - ops.softplus(-scores)

    def conjugate(self, scores):
        return ops.softplus(scores) - math.log(2)


@register("fgan_gan")
class OriginalGAN(FGAN):
    """The original game: 2 JSD - log 4. f = u log u - (u + 1) log(u + 1).

    g_f = -log(1 + e^(-v)), f*(t) = -log(1 - e^t). The same losses as `non_saturating`, and as `minimax` with
    `saturating`. Choose it to check one theory against the other.
    """

    def activation(self, scores):
        return -ops.softplus(-scores)

    def conjugate(self, scores):
        return ops.softplus(scores)
