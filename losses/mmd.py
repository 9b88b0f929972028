"""Maximum mean discrepancy: all moments of the critic's features at once, through a kernel."""

import dataclasses
from collections.abc import Callable
from typing import ClassVar

from keras import ops

from losses.objective import Objective, Penalties, register
from support.errors import UserError

#: Binkowski et al. 2018, section 3: one kernel is not enough for features whose scale moves.
ALPHAS = (0.2, 0.5, 1.0, 2.0, 5.0)


def rational_quadratic(x, y):
    """sum over alpha of (1 + ||x_i - y_j||^2 / (2 alpha))^-alpha: (n, d) and (m, d) -> (n, m)."""
    inner = ops.matmul(x, ops.transpose(y))
    squares = ops.sum(ops.square(x), axis=1)[:, None] + ops.sum(ops.square(y), axis=1)[None, :]
    distance = ops.maximum(squares - 2 * inner, 0)
    # x^-alpha as exp and log, for which processors have vector instructions.
    return sum(ops.exp(-alpha * ops.log1p(distance / (2 * alpha))) for alpha in ALPHAS)


def squared_mmd(x, y, kernel: Callable = rational_quadratic):
    """Unbiased estimate of MMD^2 from features (n, d) and (m, d). Gretton et al. 2012, equation 3.

    It may be below 0. n and m are at least 2.
    """

    def off_diagonal_mean(k):
        count = ops.cast(ops.shape(k)[0], k.dtype)
        return (ops.sum(k) - ops.sum(ops.diagonal(k))) / (count * (count - 1))

    return off_diagonal_mean(kernel(x, x)) + off_diagonal_mean(kernel(y, y)) - 2 * ops.mean(kernel(x, y))


@register("mmd_gan")
@dataclasses.dataclass(frozen=True, kw_only=True)
class MMDGAN(Objective):
    """Binkowski et al. 2018, Demystifying MMD GANs (arXiv 1801.01401), section 3.

    The scores are features h(x), (batch, d), here 16 of them, under a mixture of rational quadratic kernels
    (the authors' code adds a linear one); the gradient penalty acts on the kernel's witness function. Choose
    it where a small critic must do.
    """

    penalties: Penalties = dataclasses.field(default_factory=lambda: {"gradient_penalty": 1.0})

    takes_vectors: ClassVar = True
    smallest_batch: ClassVar = 2

    paper: ClassVar = dict(
        optimizer="adam",
        learning_rate=1e-4,
        beta_1=0.5,
        beta_2=0.9,
        n_critic=5,
        batch_size=64,
        discriminator_batch_norm=False,
        outputs=16,
    )

    zero_sum = True

    def __post_init__(self):
        if self.top_k < 1:
            raise UserError("mmd_gan has no top_k: it compares distributions, and scores no sample by itself")

    def discriminator_loss(self, real_scores, fake_scores):
        """-MMD^2(h(x), h(G(z)))"""
        return -self.generator_loss(real_scores, fake_scores)

    def generator_loss(self, real_scores, fake_scores):
        """MMD^2(h(x), h(G(z)))"""
        return squared_mmd(_features(real_scores), _features(fake_scores))

    def penalized(self, discriminator, real, fake):
        real_features, fake_features = _features(discriminator(real)), _features(discriminator(fake))

        def witness(x):
            """E k(h(x), h(real)) - E k(h(x), h(fake)), per example: equation 3 of their appendix."""
            features = _features(discriminator(x))
            near_real = ops.mean(rational_quadratic(features, real_features), axis=1)
            return near_real - ops.mean(rational_quadratic(features, fake_features), axis=1)

        return witness

    def summaries(self, real_scores, fake_scores):
        return {
            **super().summaries(real_scores, fake_scores),
            "squared_mmd": self.generator_loss(real_scores, fake_scores),
        }


def _features(scores):
    return ops.reshape(scores, (ops.shape(scores)[0], -1))
