"""The original game and its variants: D is the probability sigmoid(score).

Goodfellow et al. 2014, Generative Adversarial Nets (arXiv 1406.2661), equation 1 and Algorithm 1,
and Goodfellow 2016, NIPS tutorial (arXiv 1701.00160), section 3.2.
"""

from typing import ClassVar

from keras import ops

from losses.objective import Objective, register


def log_sigmoid_loss(scores):
    """-log D, per example: -log(sigmoid(scores))."""
    return ops.softplus(-scores)


def log_one_minus_sigmoid_loss(scores):
    """-log(1 - D), per example: -log(1 - sigmoid(scores))."""
    return ops.softplus(scores)


class _Adversarial(Objective):
    """The discriminator's side of equation 1, shared by the generator's three costs."""

    # The 2014 paper trains maxout networks with momentum SGD (see configs/gan_mnist.py). These are
    # Radford et al. 2016, section 4: the settings with which every network of this suite trains.
    paper: ClassVar = dict(
        optimizer="adam",
        learning_rate=2e-4,
        beta_1=0.5,
        beta_2=0.999,
        n_critic=1,
        batch_size=128,
        discriminator_batch_norm=True,
    )

    def discriminator_loss(self, real_scores, fake_scores):
        """-E log D(x) - E log(1 - D(G(z))): the negative of V(D, G), without factor 1/2."""
        return ops.mean(log_sigmoid_loss(real_scores)) + ops.mean(log_one_minus_sigmoid_loss(fake_scores))

    def summaries(self, real_scores, fake_scores):
        return {
            "D(x)": ops.mean(ops.sigmoid(real_scores)),
            "D(G(z))": ops.mean(ops.sigmoid(fake_scores)),
        }


@register("minimax")
class Minimax(_Adversarial):
    """The zero-sum game of Goodfellow et al. 2014, equation 1: the generator's loss saturates."""

    def generator_loss(self, real_scores, fake_scores):
        """E log(1 - D(G(z))), Algorithm 1."""
        return -ops.mean(log_one_minus_sigmoid_loss(fake_scores))


@register("non_saturating", aliases=("gan",))
class NonSaturating(_Adversarial):
    """Goodfellow et al. 2014, section 3: the same discriminator, a generator that maximises log D(G(z))."""

    def generator_loss(self, real_scores, fake_scores):
        """-E log D(G(z))."""
        return ops.mean(log_sigmoid_loss(fake_scores))


@register("maximum_likelihood")
class MaximumLikelihood(_Adversarial):
    """The tutorial's third game: with an optimal discriminator, the gradient of KL(p_data || p_g).

    Goodfellow 2016, section 3.2.4. Both costs carry the tutorial's factor 1/2.
    """

    #: Beyond this score exp goes on along its tangent: a batch of scores of 1e4 stays finite in
    #: float32, and a sample that D takes for data beyond doubt still has a gradient.
    TANGENT_FROM: ClassVar[float] = 60.0

    def discriminator_loss(self, real_scores, fake_scores):
        """-1/2 E log D(x) - 1/2 E log(1 - D(G(z)))."""
        return 0.5 * super().discriminator_loss(real_scores, fake_scores)

    def generator_loss(self, real_scores, fake_scores):
        """-1/2 E exp(sigma^-1(D(G(z)))) = -1/2 E D/(1 - D)."""
        bounded = ops.minimum(fake_scores, self.TANGENT_FROM)
        return -0.5 * ops.mean(ops.exp(bounded) * (1 + fake_scores - bounded))
