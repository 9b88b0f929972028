"""Everything a run depends on, in one flat record, and where each value comes from.

What a flag leaves out comes from the paper's configuration (`--config`), then from the objective's own
paper, then from the network pair and the optimizer, then from the defaults below.
"""

import dataclasses
import json
from collections.abc import Mapping
from typing import Annotated, Any

import configs
import data
import losses
from data.images import ImageShape
from evaluation import features, measures
from experiment import acceleration, optimizers
from losses.objective import registry as objectives
from models.gan import registry as algorithms
from models.network import pair
from models.network import registry as pairs
from support.errors import UserError, unknown
from support.options import Option, Parameter, parameters
from support.registry import Registry

#: What has options of its own, by the setting that names it.
KINDS = {
    "loss": objectives,
    "model": pairs,
    "optimizer": optimizers.registry,
    "algorithm": algorithms,
}

_PAPERS = "(default: the objective's paper's)"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one run: those of every run, and the options of its model, loss and optimizer."""

    model: Annotated[str, Option("Network pair.", names=pairs.names)] = "dcgan"
    loss: Annotated[str, Option("Objective.", names=objectives.names)] = "non_saturating"
    algorithm: Annotated[str, Option("What one step does.", names=algorithms.names)] = "alternating"
    dataset: Annotated[
        str,
        Option(
            "Examples: digits (embedded), folder:PATH, an image dataset of TFDS by its name (mnist, "
            "fashion_mnist, cifar10, celeb_a, ...), stacked_mnist, or points of ring, grid or swiss_roll."
        ),
    ] = "digits"
    split: Annotated[str, Option("Split of the dataset, in the dataset's own words.")] = "train"
    data_dir: Annotated[
        str | None, Option("Folder of prepared TFDS data (default: $TFDS_DATA_DIR, then TFDS's own).")
    ] = None
    image_size: Annotated[
        int | None,
        Option("Side of the pictures in pixels (default: the dataset's).", minimum=8, maximum=1024),
    ] = None
    channels: Annotated[
        int | None,
        Option("1 for grey, 3 for colour (default: the dataset's).", names=lambda: ["1", "3"]),
    ] = None
    #: (H, W, C) that the settings above come to; (D,) for points.
    image_shape: ImageShape
    #: What tells these pictures from others: the dataset's version, or a hash of the folder's listing.
    data_identity: str

    steps: Annotated[int, Option("Generator updates in all.", minimum=1, maximum=2**31 - 1)] = 2000
    batch_size: Annotated[
        int, Option(f"Real pictures a turn of the discriminator {_PAPERS}.", minimum=1, maximum=65_536)
    ]
    n_critic: Annotated[
        int,
        Option(f"Turns of the discriminator for one of the generator {_PAPERS}.", minimum=1, maximum=1000),
    ]
    seed: Annotated[
        int, Option("Seed of weights, noise and order of the data.", minimum=0, maximum=2**31 - 1)
    ] = 0
    latent_dim: Annotated[
        int, Option("Number of entries of z (default: the networks' own).", minimum=1, maximum=65_536)
    ]

    optimizer: Annotated[
        str, Option(f"Optimizer of both networks {_PAPERS}.", names=optimizers.registry.names)
    ]
    learning_rate: Annotated[float, Option(f"Learning rate of both networks {_PAPERS}.", above=0)]
    discriminator_learning_rate: Annotated[
        float, Option("Learning rate of the discriminator (default: --learning_rate).", above=0)
    ]
    learning_rate_decay: Annotated[
        float, Option("The learning rate is divided by this after every step.", minimum=1)
    ] = 1.0

    precision: Annotated[
        str,
        Option(
            "What layers compute in; auto: bfloat16 for pictures where the machine gains by it.",
            names=lambda: [*acceleration.PRECISIONS, acceleration.AUTO],
        ),
    ] = "float32"
    jit_compile: Annotated[
        str,
        Option(
            "Whether XLA compiles the step; auto: on a GPU.", names=lambda: [acceleration.AUTO, "on", "off"]
        ),
    ] = acceleration.AUTO

    log_every: Annotated[int, Option("Steps between two records of the scalars.", minimum=1)] = 50
    sample_every: Annotated[int, Option("Steps between two pictures of samples.", minimum=1)] = 200
    checkpoint_every: Annotated[int, Option("Steps between two checkpoints.", minimum=1)] = 500
    keep_checkpoints: Annotated[int, Option("Latest checkpoints kept, beside the best.", minimum=1)] = 3

    eval_every: Annotated[
        int, Option("Steps between two evaluations (default: --checkpoint_every).", minimum=1)
    ]
    eval_metrics: Annotated[
        str,
        Option(
            f"What is measured then, with commas between; the first tells the best checkpoint. "
            f"Some of {', '.join(measures.names())}."
        ),
    ] = "frechet_distance"
    eval_features: Annotated[
        str,
        Option(f"Feature space of distances: {', '.join(features.names())}, or a .keras file."),
    ] = "thumbnail"
    eval_samples: Annotated[int, Option("Samples drawn then.", minimum=2, maximum=1_000_000)] = 1024

    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def measures(self) -> list[str]:
        """The names in `eval_metrics`."""
        return self.eval_metrics.split(",")

    def options_of(self, registry: Registry, name: str) -> dict[str, Any]:
        """The options that the thing of that name takes, with this run's values."""
        return {option: self.options[option] for option in registry.options(name)}

    def to_json(self) -> dict[str, Any]:
        """Settings and options in one flat record."""
        values = dataclasses.asdict(self)
        options = values.pop("options")
        return {**values, **options}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Settings":
        """The inverse of `to_json`; what it does not know is passed over.

        Options that came after the record was written have their defaults: so things were before.

        Raises:
            KeyError, TypeError, ValueError: A value is missing, or is not what `to_json` writes.
        """
        settings = {name: values[name] for name in [*parameters(cls), "data_identity"]}
        options = {name: values.get(name, default) for name, default in _defaults(values).items()}
        for name, found in {**parameters(cls), **all_options()}.items():
            found.check(name, values.get(name))
        return cls(**settings, image_shape=tuple(values["image_shape"]), options=options)


def _defaults(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults of the options that what is chosen takes: model, loss and so on, by name."""
    return {
        name: found.default
        for kind, registry in KINDS.items()
        for name, found in registry.options(chosen[kind]).items()
    }


def all_options() -> dict[str, Parameter]:
    """The options that some model, loss or optimizer takes, by name."""
    return {name: found for registry in KINDS.values() for name, found in registry.all_options().items()}


def resolve(flags: Mapping[str, Any], config: str | None = None) -> Settings:
    """The settings of a run.

    Args:
        flags: What the user gave, by name.
        config: Name of a paper's configuration, or None.

    Raises:
        UserError: A name is unknown, a value out of its range, or two of them make no sense together.
    """
    published = configs.get(config).settings if config is not None else {}
    own, options = parameters(Settings), all_options()
    for name, value in {**published, **flags}.items():
        if name not in own and name not in options:
            raise unknown("setting", name, [*own, *options])
        (own.get(name) or options[name]).option.check(name, value)

    loss = objectives.canonical(flags.get("loss") or published.get("loss") or own["loss"].default)
    published = _without_overruled(published, {**flags, "loss": loss})
    given = {**losses.get(loss).paper, **published, **flags, "loss": loss}
    given.setdefault("discriminator_learning_rate", given["learning_rate"])
    given.setdefault("eval_every", given.get("checkpoint_every", own["checkpoint_every"].default))
    given.setdefault("latent_dim", pair(given.get("model", own["model"].default)).latent_dim)
    chosen = {name: given.get(name, found.default) for name, found in own.items()}
    source = data.find(chosen["dataset"], chosen["split"], chosen["data_dir"])
    if len(source.shape) == 1:  # A configuration's size is of pictures; a flag's is refused.
        chosen |= {name: flags.get(name) for name in ("image_size", "channels")}
    chosen["image_shape"] = data.wanted_shape(source.shape, chosen["image_size"], chosen["channels"])
    chosen["precision"] = acceleration.precision(
        chosen["precision"], pictures=len(chosen["image_shape"]) == 3
    )
    chosen["data_identity"] = source.identity
    chosen["options"] = {}
    for kind, registry in KINDS.items():
        chosen["options"] |= _options(kind, registry, chosen[kind], given, flags)
    _settle_batch_norm(chosen, flags)
    _check_clip(chosen["options"], flags)
    _check_batch(chosen)
    settings = Settings(**chosen)
    for metric in settings.measures:
        measures.find(metric)
    return settings


def _without_overruled(published: Mapping[str, Any], flags: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of a configuration where flags choose another loss, dataset, optimizer or learning rate.

    Settings of one objective make no sense for the next, a split is one of its dataset, and a learning
    rate one of its optimizer.
    """

    def overruled(name: str) -> bool:
        return name in published and flags.get(name, published[name]) != published[name]

    gone: set[str] = set()
    if overruled("loss"):
        gone |= {*losses.get(published["loss"]).paper, *losses.get(flags["loss"]).paper}
        gone |= {*objectives.all_options(), *optimizers.registry.all_options()}
        gone |= {"discriminator_learning_rate", "learning_rate_decay"}
    if overruled("dataset"):
        gone |= {"split"}
    if overruled("optimizer"):
        gone |= {"learning_rate", "discriminator_learning_rate", "learning_rate_decay"}
    if overruled("learning_rate"):
        gone |= {"discriminator_learning_rate"}
    return {name: value for name, value in published.items() if name not in gone}


def _options(kind: str, registry: Registry, name: str, given, flags) -> dict[str, Any]:
    """Values of the options that the chosen thing takes. A flag that it does not take is refused."""
    taken = registry.options(name)
    for option in registry.all_options():
        if option in flags and option not in taken:
            valid = ", ".join(f"--{other}" for other in taken) or "none"
            raise UserError(f"--{option} has no meaning for --{kind}={name} (its options: {valid})")
    values = {option: given.get(option, found.default) for option, found in taken.items()}
    for option, found in taken.items():
        needed = found.option.needs
        if option in flags and needed and taken[needed].option.is_off(values[needed]):
            raise UserError(f"--{option} has no effect without --{needed}")
    return values


def _check_clip(options: Mapping[str, Any], flags: Mapping[str, Any]) -> None:
    """Whoever adds a penalty to an objective that clips must say whether both are meant."""
    if "penalties" in flags and options["penalties"] and options["clip"] and "clip" not in flags:
        raise UserError(
            f"--penalties leaves this loss's clipping on: pass --clip=0 for the penalty alone, "
            f"--clip={options['clip']:g} for both"
        )


def _check_batch(chosen: Mapping[str, Any]) -> None:
    """Every score is of `packing` examples, and some objectives compare scores with each other."""
    batch_size, packing = chosen["batch_size"], chosen["options"]["packing"]
    smallest = losses.get(chosen["loss"]).smallest_batch * packing
    if batch_size % packing:
        raise UserError(f"--batch_size={batch_size} is no multiple of --packing={packing}")
    if batch_size < smallest:
        raise UserError(
            f"--batch_size={batch_size} is too small for --loss={chosen['loss']}: {smallest} at least"
        )


def _settle_batch_norm(chosen: dict[str, Any], flags) -> None:
    """Leaves batch norm out of the discriminator where a penalty forbids it, or spectral norm is there.

    The scale that spectral norm fixes is what batch norm takes out again: SN-GAN's discriminators have none.
    """
    options = chosen["options"]
    objective = losses.get(chosen["loss"], clip=options["clip"], penalties=options["penalties"])
    if "discriminator_batch_norm" not in options:
        return
    asked_for = flags.get("discriminator_batch_norm")
    # With virtual batch norm an example's score does not depend on the rest of the batch.
    forbidden = not (objective.allows_batch_norm or options["virtual_batch_norm"])
    if asked_for and forbidden:
        raise UserError(
            f"--discriminator_batch_norm and the penalty {', '.join(objective.penalties)} exclude each "
            "other: a gradient penalty needs scores that do not depend on the rest of the batch"
        )
    if forbidden or (options["spectral_norm"] and not asked_for):
        options["discriminator_batch_norm"] = False


def parse_penalties(text: str) -> dict[str, float]:
    """From "gradient_penalty:10" (more, after commas) to {"gradient_penalty": 10.0}; from "none" to {}.

    Which names and weights there are is for `losses.get` to say.

    Raises:
        UserError: A name is given twice, or a weight is missing or no number.
    """
    weights: dict[str, float] = {}
    for part in text.split(",") if text != "none" else ():
        name, _, weight = part.partition(":")
        if name in weights:
            raise UserError(f"--penalties={text}: {name} is given twice")
        try:
            weights[name] = float(weight)
        except ValueError:
            raise UserError(
                f"--penalties={text}: give NAME:WEIGHT of each penalty, as in gradient_penalty:10"
            ) from None
    return weights


def differences(old: Mapping[str, Any], new: Settings) -> list[str]:
    """How the settings of a run directory differ from those asked for, apart from what may differ.

    More steps continue a run, and the place where the data lies does not change them.
    """
    wanted, defaults = (json.loads(json.dumps(each)) for each in (new.to_json(), _defaults(new.to_json())))
    old = {**defaults, **old}
    for free in ("steps", "data_dir"):
        wanted.pop(free)
    return [
        f"{name} was {json.dumps(old.get(name))}, now {json.dumps(value)}"
        for name, value in wanted.items()
        if old.get(name) != value
    ]
