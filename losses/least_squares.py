"""Least squares GAN: Mao et al. 2017 (arXiv 1611.04076), equations 2 and 9."""

import dataclasses
from typing import Annotated, ClassVar

from keras import ops

from losses.objective import RADFORD, Objective, register
from support.errors import UserError
from support.options import Option


@register("lsgan")
@dataclasses.dataclass(frozen=True, kw_only=True)
class LSGAN(Objective):
    """Scores are drawn to labels by least squares: Mao et al. 2017 (arXiv 1611.04076), equation 2.

    The labels default to the 0-1 coding of their equation 9; a = -1, b = 1, c = 0 minimises a Pearson
    chi-square divergence (equation 8). Choose it where samples far on the real side of the boundary
    should still be pulled to the data.

    Args:
        a, b: Labels of generated and real examples.
        c: Label that the generator wants its samples to get.

    Raises:
        ValueError: a equals b.
    """

    a: Annotated[float, Option("Label of generated examples.")] = 0.0
    b: Annotated[float, Option("Label of real examples.")] = 1.0
    c: Annotated[float, Option("Label that the generator wants for its samples.")] = 1.0

    def __post_init__(self):
        if self.a == self.b:
            raise UserError(f"a = b = {self.a:g}: real and generated examples need different labels")

    paper: ClassVar = {**RADFORD, "batch_size": 64}

    def discriminator_loss(self, real_scores, fake_scores):
        """1/2 E (D(x) - b)^2 + 1/2 E (D(G(z)) - a)^2"""
        real_loss = ops.mean(ops.square(real_scores - self.b))
        return 0.5 * real_loss + 0.5 * ops.mean(ops.square(fake_scores - self.a))

    def generator_loss(self, real_scores, fake_scores):
        """1/2 E (D(G(z)) - c)^2"""
        return 0.5 * ops.mean(ops.square(fake_scores - self.c))
