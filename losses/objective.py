"""What an objective is: two losses over scores, the parts added to them, and its paper's settings."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, ClassVar

from keras import ops

from losses import constraints, penalties
from support.options import Option
from support.registry import Registry

registry = Registry("loss", "losses")
register = registry.register


Penalties = Annotated[
    Mapping[str, float],
    Option("Penalties in the discriminator's loss, as NAME:WEIGHT,...; none for none."),
]
Clip = Annotated[
    float | None, Option("Clip the discriminator's weights to [-clip, clip]; 0 for none.", minimum=0)
]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Objective:
    """A game between a generator and a discriminator (or critic).

    Scores are raw outputs of the discriminator, float (batch, 1) or (batch,); "real" always comes
    before "fake". Both losses are scalars to be minimised, means over the batch, in the published
    form: signs and factors of 1/2 included.

    Args:
        penalties: Weight of each penalty of `losses.penalties` in the discriminator's loss, by name.
        clip: The c of weight clipping: after each of its updates the discriminator's weights are
            clipped to [-c, c]. None or 0: no clipping.
    """

    penalties: Penalties = dataclasses.field(default_factory=dict)
    clip: Clip = None

    #: The settings the objective's paper trains with. A flag or a config overrides each of them.
    paper: ClassVar[Mapping[str, Any]] = {}

    def discriminator_loss(self, real_scores, fake_scores):
        raise NotImplementedError

    def generator_loss(self, real_scores, fake_scores):
        raise NotImplementedError

    def summaries(self, real_scores, fake_scores) -> dict[str, Any]:
        """Scalars that show how the game stands, by the name they are logged under."""
        return {
            "score_real": ops.mean(real_scores),
            "score_fake": ops.mean(fake_scores),
        }

    def penalty(self, discriminator: Callable, real, fake, seed=None):
        """Weighted sum of the objective's penalties: scalar, added to the discriminator's loss."""
        return sum(
            weight * penalties.registry.find(name)(discriminator, real, fake, seed=seed)
            for name, weight in self.penalties.items()
        )

    def constrain(self, variables: Sequence) -> None:
        """Applies the objective's constraint to the discriminator's trainable variables, in place."""
        if self.clip:
            constraints.clip_weights(variables, self.clip)

    def get_config(self) -> dict[str, Any]:
        """Arguments of `losses.get` that give an equal objective."""
        options = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {"name": registry.name_of(type(self)), **options}

    @property
    def allows_batch_norm(self) -> bool:
        """Whether the discriminator may hold batch norm.

        A penalty on the gradient of each score by its own input has no meaning where the scores of
        a batch depend on one another (Gulrajani et al. 2017, section 4).
        """
        return not any(self.penalties.values())
