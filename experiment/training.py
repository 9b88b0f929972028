"""Training a run in its directory, from where it left off."""

import signal

import tensorflow as tf

import callbacks
import data
from evaluation.reference import Reference
from experiment import build
from experiment.beside import callbacks_of
from experiment.settings import Settings
from experiment.workdir import Workdir
from models.gan import GAN
from support.errors import UserError


def train(settings: Settings, workdir: Workdir) -> tuple[GAN, signal.Signals | None]:
    """Trains up to `settings.steps`, and says on stdout what it does.

    Returns:
        The GAN, and the signal that ended the training before its last step, if one did.

    Raises:
        UserError: The settings make no GAN, the directory is another run's or cannot be written, or the
            losses are no longer finite.
    """
    tf.config.experimental.enable_op_determinism()
    gan = build.gan(settings)
    reference = build.reference(settings)
    _check_outside(workdir, reference)
    callbacks.Evaluation.check(reference, settings.measures)
    images = reference.examples
    workdir.adopt(settings)
    kind = "pictures" if images.ndim == 4 else "points"
    print(
        f"{settings.model} with {settings.loss} on {len(images)} {kind} of {settings.dataset} "
        f"{'x'.join(map(str, settings.image_shape))} -> {workdir.path}"
    )

    store = callbacks.CheckpointStore(gan, workdir.checkpoints, settings.keep_checkpoints)
    step = store.restore()
    if step >= settings.steps:
        print(f"trained to step {step} already; a larger --steps goes on from there")
        return gan, None
    if step == 0:
        gan.adapt(images)
    else:
        print(f"resuming after step {step}")
    stopped_by = _fit(gan, reference, settings, workdir, store)
    return gan, stopped_by if gan.step < settings.steps else None


def _check_outside(workdir: Workdir, reference: Reference) -> None:
    """The pictures that a run writes must not become its data."""
    folder = reference.source.folder
    if folder and workdir.path.resolve().is_relative_to(folder.resolve()):
        raise UserError(
            f"--workdir={workdir.path} lies in {folder}, whose pictures it would train on: choose another"
        )


def _fit(gan, reference: Reference, settings: Settings, workdir: Workdir, store) -> signal.Signals | None:
    """Trains from the GAN's step to the last one. Returns the signal that ended it early, if any."""
    batch_size = settings.n_critic * settings.batch_size
    with callbacks_of(gan, reference, settings, workdir, store) as beside:
        batches = data.batches(reference.examples, batch_size, settings.seed, gan.step)
        gan.fit(batches, shuffle=False, verbose=0, callbacks=beside)
    interrupted = beside[-1].signal
    return signal.Signals(interrupted) if interrupted else None
