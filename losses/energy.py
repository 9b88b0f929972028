"""Energy-based games: the discriminator is an autoencoder, its score an error of reconstruction."""

import dataclasses
from typing import Annotated, ClassVar

from keras import ops

from losses.numerics import widen
from losses.objective import RADFORD, Objective, register
from support.options import Option


@register("ebgan")
@dataclasses.dataclass(frozen=True, kw_only=True)
class EBGAN(Objective):
    """Zhao, Mathieu and LeCun 2017 (arXiv 1609.03126), equations 1 and 2.

    The score is the energy D(x) = ||Dec(Enc(x)) - x|| >= 0: high for what is *not* data. Choose it to see
    a game without any probability in it. `--algorithm=pulling_away` makes it EBGAN-PT.

    Args:
        margin: Energy that generated examples are pushed up to, of the size of images' distances.
    """

    margin: Annotated[float, Option("Energy that generated examples are pushed up to.", above=0)] = 10.0

    needs_energy: ClassVar = True

    paper: ClassVar = {**RADFORD, "learning_rate": 1e-3, "autoencoder": 64}

    def discriminator_loss(self, real_scores, fake_scores):
        """E D(x) + E max(0, m - D(G(z)))"""
        return ops.mean(real_scores) + ops.mean(ops.relu(self.margin - fake_scores))

    def generator_loss(self, real_scores, fake_scores):
        """E D(G(z))"""
        return ops.mean(fake_scores)


@register("began")
@dataclasses.dataclass(frozen=True, kw_only=True)
class BEGAN(Objective):
    """Berthelot, Schumm and Metz 2017 (arXiv 1703.10717), section 3.4, for k_t = 1.

    The score is the energy D(x) = mean |Dec(Enc(x)) - x|. `--algorithm=began` (`models.variants.BEGANGAN`)
    weights the generated examples with k_t in the discriminator's loss, and moves k_t. Adam's moments and
    batch norm are DCGAN's; the paper's own networks have no batch norm.
    """

    needs_energy: ClassVar = True
    needs_balance: ClassVar = True

    paper: ClassVar = {
        **RADFORD,
        "algorithm": "began",
        "learning_rate": 1e-4,
        "batch_size": 16,
        "autoencoder": 64,
        "reconstruction": "l1",
    }

    def discriminator_loss(self, real_scores, fake_scores):
        """E D(x) - k E D(G(z)), k = 1"""
        return ops.mean(real_scores) - ops.mean(fake_scores)

    def generator_loss(self, real_scores, fake_scores):
        """E D(G(z))"""
        return ops.mean(fake_scores)


def pulling_away(codes):
    """1 / (N (N - 1)) sum over i != j of (s_i . s_j / (|s_i| |s_j|))^2, 0 (orthogonal codes) to 1 (parallel).

    Zhao, Mathieu and LeCun 2017, EBGAN (arXiv 1609.03126), section 2.4. 0 of a single code.

    Args:
        codes: Of a batch of samples, (N, entries).
    """
    codes = widen(codes)
    unit = codes / ops.sqrt(ops.sum(ops.square(codes), axis=1, keepdims=True) + 1e-12)
    squared_cosines = ops.square(ops.matmul(unit, ops.transpose(unit)))
    count = ops.cast(ops.shape(codes)[0], codes.dtype)
    others = ops.sum(squared_cosines) - ops.trace(squared_cosines)
    return others / ops.maximum(count * (count - 1), 1)
