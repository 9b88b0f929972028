"""Everything a run depends on, in one flat record, and where each value comes from.

What a flag leaves out comes from the paper's configuration (`--config`), then from the objective's own
paper, then from the network pair and the optimizer, then from the defaults below.
"""

import dataclasses
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import configs
import data
import losses
import models
from data.images import ImageShape
from experiment import optimizers
from losses.objective import registry as objectives
from models import latent as latents
from models.network import registry as pairs
from support.errors import UserError, unknown
from support.registry import Registry

#: Settings that every objective's `paper` holds.
_PAPERS = " (default: the objective's paper's)"


def _setting(
    default: Any,
    help: str,
    *,
    minimum: float = -math.inf,
    above: float = -math.inf,
    below: float = math.inf,
    maximum: float = math.inf,
    names: Callable[[], list[str]] | None = None,
    flag: bool = True,
) -> Any:
    """A field of `Settings`: default, the flag's help, the range or the names it must lie in."""
    metadata = dict(
        help=help,
        minimum=minimum,
        above=above,
        below=below,
        maximum=maximum,
        names=names,
        flag=flag,
    )
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one run. A field that its model, loss or optimizer has no use for is None."""

    model: str = _setting("dcgan", "Network pair.", names=models.names)
    loss: str = _setting("non_saturating", "Objective.", names=losses.names)

    dataset: str = _setting(
        "digits",
        "Pictures: digits (embedded), folder:PATH, or an image dataset of TFDS by its name "
        "(mnist, fashion_mnist, cifar10, celeb_a, ...).",
    )
    split: str = _setting("train", "Split of the dataset, in the dataset's own words.")
    data_dir: str | None = _setting(
        None, "Folder of prepared TFDS data (default: $TFDS_DATA_DIR, then TFDS's own)."
    )
    image_size: int | None = _setting(
        None, "Side of the pictures in pixels (default: the dataset's).", minimum=8
    )
    channels: int | None = _setting(
        None, "1 for grey, 3 for colour (default: the dataset's).", names=lambda: ["1", "3"]
    )
    image_shape: ImageShape = _setting(None, "", flag=False)

    steps: int = _setting(2000, "Generator updates in all.", minimum=1)
    batch_size: int = _setting(None, f"Real pictures in one turn of the discriminator{_PAPERS}.", minimum=1)
    n_critic: int = _setting(
        None, f"Turns of the discriminator for each of the generator{_PAPERS}.", minimum=1
    )
    seed: int = _setting(0, "Seed of weights, noise and order of the data.", minimum=0, maximum=2**31 - 1)

    latent_dim: int = _setting(100, "Number of entries of z.", minimum=1)
    latent: str | None = _setting(
        None,
        "Distribution of the entries of z (default: the network's paper's).",
        names=latents.registry.names,
    )
    generator_batch_norm: bool | None = _setting(None, "Batch norm in the generator.")
    discriminator_batch_norm: bool | None = _setting(None, "Batch norm in the discriminator.")

    filters: int | None = _setting(
        None, "Channels of the convolution next to the image (default: by its size).", minimum=1
    )
    kernel: int | None = _setting(None, "Side of the convolutions' kernels.", minimum=1)

    clip: float | None = _setting(
        None, "Clip the discriminator's weights to [-clip, clip]; 0 for none.", minimum=0
    )
    penalties: Mapping[str, float] | None = _setting(
        None, "Penalties in the discriminator's loss, as NAME:WEIGHT,...; none for none."
    )

    optimizer: str = _setting(None, f"Optimizer of both networks{_PAPERS}.", names=optimizers.registry.names)
    learning_rate: float = _setting(None, f"Learning rate of both networks{_PAPERS}.", above=0)
    discriminator_learning_rate: float = _setting(
        None, "Learning rate of the discriminator (default: --learning_rate).", above=0
    )
    learning_rate_decay: float = _setting(
        1.0, "The learning rate is divided by this after every update.", minimum=1
    )
    beta_1: float | None = _setting(None, "adam: decay of the mean.", minimum=0, below=1)
    beta_2: float | None = _setting(None, "adam: decay of the mean square.", minimum=0, below=1)
    rho: float | None = _setting(None, "rmsprop: decay of the mean square.", minimum=0, below=1)
    momentum: float | None = _setting(None, "sgd: momentum.", minimum=0, below=1)
    final_momentum: float | None = _setting(None, "sgd: momentum after --momentum_steps.", minimum=0, below=1)
    momentum_steps: int | None = _setting(None, "sgd: updates over which the momentum rises.", minimum=0)

    log_every: int = _setting(50, "Steps between two records of the scalars.", minimum=1)
    sample_every: int = _setting(200, "Steps between two pictures of samples.", minimum=1)
    checkpoint_every: int = _setting(500, "Steps between two checkpoints.", minimum=1)
    keep_checkpoints: int = _setting(3, "Latest checkpoints kept, beside the best.", minimum=1)

    def __post_init__(self):
        for field in dataclasses.fields(self):
            _check(field, getattr(self, field.name))

    def options(self, registry: Registry, name: str) -> dict[str, Any]:
        """The options that the thing of that name takes, with this run's values."""
        return {option: getattr(self, option) for option in registry.options(name)}

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Settings":
        known = {field.name for field in dataclasses.fields(cls)}
        values = {name: value for name, value in values.items() if name in known}
        if values.get("image_shape"):
            values["image_shape"] = tuple(values["image_shape"])
        return cls(**values)


def _check(field: dataclasses.Field, value: Any) -> None:
    rules, flag = field.metadata, f"--{field.name}={value}"
    if value is None:
        return
    if rules["names"] and str(value) not in rules["names"]():
        raise unknown(f"--{field.name}", str(value), rules["names"]())
    if isinstance(value, float) and not math.isfinite(value):
        raise UserError(f"{flag}: must be a finite number")
    if isinstance(value, (int, float)):
        if value < rules["minimum"]:
            raise UserError(f"{flag}: must be at least {rules['minimum']}")
        if value <= rules["above"]:
            raise UserError(f"{flag}: must be greater than {rules['above']}")
        if value >= rules["below"]:
            raise UserError(f"{flag}: must be less than {rules['below']}")
        if value > rules["maximum"]:
            raise UserError(f"{flag}: must be at most {rules['maximum']}")


def resolve(flags: Mapping[str, Any], config: str | None = None) -> Settings:
    """The settings of a run.

    Args:
        flags: What the user gave, by name.
        config: Name of a paper's configuration, or None.

    Raises:
        UserError: A name is unknown, a value out of its range, or two of them make no sense together.
    """
    published = configs.get(config).settings if config else {}
    defaults = {field.name: field.default for field in dataclasses.fields(Settings)}
    chosen = {**defaults, **published, **flags}
    Settings(**chosen)  # Every single value is checked before values are combined.

    chosen["loss"] = objectives.canonical(chosen["loss"])
    paper = losses.get(chosen["loss"]).paper
    chosen = {**defaults, **paper, **published, **flags, "loss": chosen["loss"]}

    for kind, registry in (
        ("loss", objectives),
        ("model", pairs),
        ("optimizer", optimizers.registry),
    ):
        _resolve_options(chosen, flags, kind, registry)
    chosen["discriminator_learning_rate"] = chosen["discriminator_learning_rate"] or chosen["learning_rate"]
    _resolve_batch_norm(chosen, flags)
    _resolve_image_shape(chosen)
    return Settings(**chosen)


def _resolve_options(chosen: dict[str, Any], flags, kind: str, registry: Registry) -> None:
    """Settles what belongs to the chosen thing of one kind: its options' defaults, and no others'."""
    name = chosen[kind]
    taken = registry.defaults(name)
    for option in {option for other in registry.names() for option in registry.options(other)}:
        if option in taken:
            if chosen[option] is None:
                chosen[option] = taken[option]
        elif flags.get(option) is not None:
            valid = ", ".join(f"--{other}" for other in taken) or "none"
            raise UserError(f"--{option} has no meaning for --{kind}={name} (its options: {valid})")
        else:
            chosen[option] = None


def _resolve_batch_norm(chosen: dict[str, Any], flags) -> None:
    objective = losses.get(chosen["loss"], clip=chosen["clip"], penalties=chosen["penalties"])
    if objective.allows_batch_norm or chosen["discriminator_batch_norm"] is None:
        return
    if flags.get("discriminator_batch_norm"):
        raise UserError(
            f"--discriminator_batch_norm and the penalty {', '.join(objective.penalties)} exclude each "
            "other: a gradient penalty needs scores that do not depend on the rest of the batch"
        )
    chosen["discriminator_batch_norm"] = False


def _resolve_image_shape(chosen: dict[str, Any]) -> None:
    shape = data.find(chosen["dataset"], chosen["split"], chosen["data_dir"]).shape
    chosen["image_shape"] = data.wanted_shape(shape, chosen["image_size"], chosen["channels"])


def parse_penalties(text: str) -> dict[str, float]:
    """From "gradient_penalty:10,r1:0.5" to {"gradient_penalty": 10.0, "r1": 0.5}; from "none" to {}.

    Raises:
        UserError: A name is unknown, or a weight is missing, negative or no number.
    """
    weights: dict[str, float] = {}
    for part in text.split(",") if text != "none" else ():
        name, _, weight = part.partition(":")
        losses.penalties.registry.canonical(name)
        try:
            weights[name] = float(weight)
        except ValueError:
            weights[name] = math.nan
        if not 0 <= weights[name] < math.inf:
            raise UserError(f"--penalties={text}: give each penalty a weight, as in {name}:10")
    return weights


def differences(old: Mapping[str, Any], new: Settings) -> list[str]:
    """How the settings of a run directory differ from those asked for, apart from what may differ.

    More steps continue a run, and the place where the data lies does not change them.
    """
    wanted = json.loads(json.dumps(new.to_json()))
    for free in ("steps", "data_dir"):
        wanted.pop(free)
    return [
        f"{name} was {json.dumps(old.get(name))}, now {json.dumps(value)}"
        for name, value in wanted.items()
        if old.get(name) != value
    ]
