"""What an objective is: two losses over scores, the parts added to them, and its paper's settings."""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, ClassVar

import keras
from keras import ops

from losses import constraints, penalties, score_tricks
from losses.numerics import widen
from support.options import Option
from support.registry import Registry

registry = Registry("loss", "losses")
register = registry.register


#: Radford et al. 2016 (arXiv 1511.06434), section 4: the settings that most later papers start from.
RADFORD: Mapping[str, Any] = dict(
    optimizer="adam",
    learning_rate=2e-4,
    beta_1=0.5,
    beta_2=0.999,
    n_critic=1,
    batch_size=128,
    discriminator_batch_norm=True,
)

Penalties = Annotated[
    Mapping[str, float],
    Option(
        "Penalties in the discriminator's loss, as NAME:WEIGHT,...; none for none. Names: "
        f"{', '.join(sorted(penalties.NAMES))}."
    ),
]
Clip = Annotated[
    float | None, Option("Clip the discriminator's weights to [-clip, clip]; 0 for none.", minimum=0)
]


def _widened(loss: Callable) -> Callable:
    """The loss, computed in float32 at least whatever precision its scores have."""

    @functools.wraps(loss)
    def of_widened(self, real_scores, fake_scores):
        return loss(self, widen(real_scores), widen(fake_scores))

    return of_widened


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
        penalty_every: Lazy regularisation (Karras et al. 2020, arXiv 1912.04958, appendix B): the
            penalties act on every k-th turn of the discriminator alone, k times as strongly.
        label_flipping: Probability that a real and a generated example swap their labels in the
            discriminator's loss.
        top_k: Share of a batch, its best-scored samples, that the generator ends up learning from
            (Sinha et al. 2020, arXiv 2002.06224). 1: all.
        top_k_decay: Factor by which the share falls, from 1, with every update of the generator.
    """

    penalties: Penalties = dataclasses.field(default_factory=dict)
    clip: Clip = None
    penalty_every: Annotated[
        int,
        Option(
            "Lazy regularisation: penalties act every k-th turn, k times as strongly.",
            minimum=1,
            needs="penalties",
        ),
    ] = 1
    label_flipping: Annotated[
        float,
        Option("Label flipping: probability that a pair of real and fake is swapped.", minimum=0, maximum=1),
    ] = 0.0
    top_k: Annotated[
        float,
        Option(
            "Top-k training: share of the best samples that the generator keeps.", above=0, maximum=1, off=1
        ),
    ] = 1.0
    top_k_decay: Annotated[
        float,
        # The paper's 0.99 an epoch, for its 50,000 images in batches of 128.
        Option(
            "Factor by which the share falls to --top_k with every update.",
            above=0,
            maximum=1,
            needs="top_k",
        ),
    ] = 0.99997

    #: The settings the objective's paper trains with. A flag or a config overrides each of them.
    paper: ClassVar[Mapping[str, Any]] = {}
    #: Whether scores are energies, >= 0 and low for data, which only an autoencoder gives.
    needs_energy: ClassVar[bool] = False
    #: Whether the discriminator's loss needs a weight that moves with the game, as `began` gives it.
    needs_balance: ClassVar[bool] = False
    #: Whether an example may have several scores: features.
    takes_vectors: ClassVar[bool] = False
    #: Scores a batch must have at least.
    smallest_batch: ClassVar[int] = 1

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        for name in ("discriminator_loss", "generator_loss"):
            if name in cls.__dict__:
                setattr(cls, name, _widened(cls.__dict__[name]))

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

    def discriminator_cost(self, real_scores, fake_scores, seed=None):
        """The discriminator's loss as it is trained with: labels may be flipped."""
        return self.discriminator_loss(*self.labelled(real_scores, fake_scores, seed))

    def labelled(self, real_scores, fake_scores, seed=None):
        """The scores under the labels that the discriminator is told: of data, of samples."""
        if not self.label_flipping:
            return real_scores, fake_scores
        return score_tricks.flip_labels(real_scores, fake_scores, self.label_flipping, seed)

    @property
    def zero_sum(self) -> bool:
        """Whether the generator minimises what the discriminator maximises."""
        return False

    def generator_cost(self, real_scores, fake_scores, step=0, unrolled=False):
        """The generator's loss after `step` updates as it is trained with: on all samples or the best.

        `unrolled`: The discriminator's weights depend on the generator, and so do the scores of data. A
        zero-sum game then has its whole value for a loss.
        """
        if self.top_k < 1:
            share = ops.maximum(self.top_k, self.top_k_decay ** ops.cast(step, "float32"))
            better = -1 if self.needs_energy else 1
            real_scores, fake_scores = score_tricks.keep_best(real_scores, fake_scores, share, better)
        if unrolled and self.zero_sum:
            return -self.discriminator_loss(real_scores, fake_scores)
        return self.generator_loss(real_scores, fake_scores)

    def penalty(self, discriminator: Callable, real, fake, *, seed=None, step=0, packing=1):
        """Weighted sum of the objective's penalties after `step` updates of the discriminator.

        A scalar, added to the discriminator's loss. `packing`: examples that get one score.
        """

        def weighted():
            function = self.penalized(discriminator, real, fake)
            return sum(
                weight * penalties.registry.find(name)(function, real, fake, seed, packing)
                for name, weight in self.penalties.items()
            )

        if not self.penalties or self.penalty_every == 1:
            return weighted()
        return ops.cond(
            ops.equal(step % self.penalty_every, 0),
            lambda: self.penalty_every * weighted(),
            lambda: ops.zeros((), dtype=keras.config.floatx()),
        )

    def penalized(self, discriminator: Callable, real, fake) -> Callable:
        """The function of examples that penalties act on."""
        return discriminator

    def constrain(self, variables: Sequence) -> None:
        """Applies the objective's constraint to the discriminator's trainable variables, in place."""
        if self.clip:
            constraints.clip_weights(variables, self.clip)

    def get_config(self) -> dict[str, Any]:
        """Arguments of `losses.get` that give an equal objective."""
        options = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {"name": registry.name_of(type(self)), **options}

    @property
    def penalizes_gradients(self) -> bool:
        """Whether a penalty takes the gradient of scores by their input."""
        return any(weight and name in penalties.PER_EXAMPLE for name, weight in self.penalties.items())

    @property
    def allows_batch_norm(self) -> bool:
        """Whether the discriminator may hold batch norm, or anything else that mixes a batch.

        A penalty on the gradient of each score by its own input has no meaning where the scores of
        a batch depend on one another (Gulrajani et al. 2017, section 4).
        """
        return not self.penalizes_gradients
