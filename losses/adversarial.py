"""The original game and its variants: D is the probability sigmoid(score).

Goodfellow et al. 2014, Generative Adversarial Nets (arXiv 1406.2661), equation 1 and Algorithm 1,
and Goodfellow 2016, NIPS tutorial (arXiv 1701.00160), section 3.2.
"""

import dataclasses
import math
from typing import Annotated, ClassVar

from keras import ops

from losses.numerics import exp
from losses.objective import RADFORD, Objective, register
from support.options import Option


def log_sigmoid_loss(scores):
    """-log D, per example: -log(sigmoid(scores))."""
    return ops.softplus(-scores)


def log_one_minus_sigmoid_loss(scores):
    """-log(1 - D), per example: -log(1 - sigmoid(scores))."""
    return ops.softplus(scores)


def jsd_estimate(real_scores, fake_scores):
    """log 2 + 1/2 (E log D(x) + E log(1 - D(G(z)))): for the best D the Jensen-Shannon divergence.

    Goodfellow et al. 2014, theorem 1; below the divergence for any other D.
    """
    value = ops.mean(log_sigmoid_loss(real_scores)) + ops.mean(log_one_minus_sigmoid_loss(fake_scores))
    return math.log(2) - value / 2


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Adversarial(Objective):
    """The discriminator's side of equation 1, shared by the generator's three costs.

    Args:
        real_label: The discriminator's target for real examples, alpha in (0, 1]: one-sided label
            smoothing below 1 (Salimans et al. 2016, section 3.4; the target for generated ones stays 0).
    """

    real_label: Annotated[
        float,
        Option(
            "Target for real examples: 0.9 is the one-sided label smoothing of Salimans et al. 2016.",
            above=0,
            maximum=1,
        ),
    ] = 1.0

    # The 2014 paper trains maxout networks with momentum SGD (see configs/gan_mnist.py). These are
    # Radford et al. 2016, section 4: the settings with which every network of this suite trains.
    paper: ClassVar = RADFORD

    def discriminator_loss(self, real_scores, fake_scores):
        """-E log D(x) - E log(1 - D(G(z)))"""
        real_loss = ops.mean(log_sigmoid_loss(real_scores))
        if self.real_label < 1:
            smoothed = ops.mean(log_one_minus_sigmoid_loss(real_scores))
            real_loss = self.real_label * real_loss + (1 - self.real_label) * smoothed
        return real_loss + ops.mean(log_one_minus_sigmoid_loss(fake_scores))

    def summaries(self, real_scores, fake_scores):
        return {
            "D(x)": ops.mean(ops.sigmoid(real_scores)),
            "D(G(z))": ops.mean(ops.sigmoid(fake_scores)),
            "jsd_estimate": jsd_estimate(real_scores, fake_scores),
        }


@register("minimax")
class Minimax(_Adversarial):
    """The zero-sum game. Goodfellow et al. 2014 (arXiv 1406.2661), equation 1 and Algorithm 1.

    Choose it to follow the theory: the generator's loss saturates where the discriminator is sure.
    """

    zero_sum = True

    def generator_loss(self, real_scores, fake_scores):
        """E log(1 - D(G(z)))"""
        return -ops.mean(log_one_minus_sigmoid_loss(fake_scores))


@register("non_saturating", aliases=("gan",))
class NonSaturating(_Adversarial):
    """The same discriminator, a generator that raises log D(G(z)). Goodfellow et al. 2014, section 3.

    Choose it first: it is what "GAN" means in practice, with strong gradients while samples are still bad.
    """

    def generator_loss(self, real_scores, fake_scores):
        """-E log D(G(z))"""
        return ops.mean(log_sigmoid_loss(fake_scores))


@register("maximum_likelihood")
class MaximumLikelihood(_Adversarial):
    """The tutorial's third game. Goodfellow 2016 (arXiv 1701.00160), section 3.2.4.

    With an optimal discriminator its gradient is half that of KL(p_data || p_g), for both costs carry the
    tutorial's factor 1/2. Above a score of 30 the exponential goes on along its tangent. Choose it to see why
    few samples then carry the whole gradient.
    """

    def discriminator_loss(self, real_scores, fake_scores):
        """-1/2 E log D(x) - 1/2 E log(1 - D(G(z)))"""
        return 0.5 * super().discriminator_loss(real_scores, fake_scores)

    def generator_loss(self, real_scores, fake_scores):
        """-1/2 E exp(sigma^-1(D(G(z)))) = -1/2 E D/(1 - D)"""
        return -0.5 * ops.mean(exp(fake_scores))
