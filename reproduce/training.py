"""Training a case as `train.py` would, and looking at what came of it.

What brings TensorFlow along is imported in functions: the command itself, which lists and starts runs, does
without.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from reproduce.experiment import Run
from support.errors import UserError

if TYPE_CHECKING:
    from evaluation.measures import Estimate
    from experiment.settings import Settings
    from models.gan import GAN

#: Steps between two checkpoints.
EVERY = 1000


def trained(settings: Mapping[str, Any], run: Run) -> tuple[GAN, Settings]:
    """The GAN of a run, trained to its last step in the run's own directory, from where it left off.

    Raises:
        UserError: The settings make no sense, or a signal ended the training early.
    """
    from experiment.settings import resolve
    from experiment.training import train
    from experiment.workdir import Workdir

    # Pictures and evaluations of the last step alone, where nothing else is asked for.
    seldom = dict.fromkeys(("sample_every", "eval_every"), settings["steps"])
    resolved = resolve({**seldom, **settings, "seed": run.seed})
    gan, stopped_by = train(resolved, Workdir(run.workdir / "run"))
    if stopped_by:
        raise _stopped(gan)
    return gan, resolved


def carried_on(gan: GAN, images: np.ndarray, batches: Callable, steps: int, run: Run) -> None:
    """Trains a GAN that no settings describe up to a step, from the last checkpoint in the run's directory.

    Args:
        gan: Compiled, and not trained yet.
        images: The training images, by which its networks are adapted.
        batches: Step to start at -> the batches from there on.
        steps: Last step.
        run: The run.

    Raises:
        UserError: A signal ended the training early, or the losses are no longer finite.
    """
    import callbacks

    store = callbacks.CheckpointStore(gan, run.workdir / "checkpoints", keep=1)
    if not store.restore():
        gan.adapt(images)
    progress = callbacks.ProgressBar(steps, gan.step)
    checkpoints = callbacks.Checkpoints(store, EVERY)
    beside = [callbacks.StopOnNonFinite(), progress, checkpoints]
    try:
        if gan.step < steps:
            every = [callbacks.Pace(beside, steps), *beside]
            gan.fit(batches(gan.step), shuffle=False, verbose=0, callbacks=every)
    finally:
        checkpoints.close()
        progress.close()
    if gan.step < steps:
        raise _stopped(gan)


def _stopped(gan: GAN) -> UserError:
    return UserError(f"stopped after step {gan.step}; the same command goes on from there")


class Judge:
    """Measures samples as `evaluate.py` does.

    Args:
        settings: Of the runs whose samples are judged.
        count: Samples; by default 10,000, or as many as there are real examples.
    """

    def __init__(self, settings: Settings, count: int | None = None):
        from evaluation import features
        from evaluation.reference import Reference

        place = settings.dataset, settings.split, settings.data_dir, settings.image_shape
        space = features.find(features.by_default(settings.image_shape), settings.dataset)
        self.seed = settings.seed
        self.turn = settings.batch_size
        self.reference = Reference(*place, space, count)

    def numbers(self, gan: GAN, names: Sequence[str]) -> dict[str, float]:
        """Of a GAN's samples: values by name, and NAME_error where a standard error is known."""
        from evaluation.judge import evidence, measured
        from evaluation.samples import of_gan

        samples = of_gan(gan, self.reference.size, self.seed, self.turn)
        return _flat(measured(names, evidence(self.reference, samples), "the samples"))

    def of_real(self, names: Sequence[str]) -> dict[str, float]:
        """Of real examples in the samples' place."""
        from evaluation.judge import floor

        return _flat(floor(names, self.reference))


def _flat(found: Mapping[str, Estimate]) -> dict[str, float]:
    values = {name: float(estimate.value) for name, estimate in found.items()}
    errors = {f"{name}_error": float(x.error) for name, x in found.items() if x.error is not None}
    return {**values, **errors}
