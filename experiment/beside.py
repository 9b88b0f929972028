"""What happens beside the steps of a run: its callbacks, in their order."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras

import callbacks
from evaluation.reference import Reference
from experiment.settings import Settings
from experiment.workdir import Workdir
from models.gan import GAN


@contextmanager
def callbacks_of(
    gan: GAN, reference: Reference, settings: Settings, workdir: Workdir, store: callbacks.CheckpointStore
) -> Iterator[list[keras.callbacks.Callback]]:
    """The callbacks that `gan.fit` trains a run with, up to its last step; the last saves checkpoints.

    Closes what they write to when the run has ended, be it in an error.
    """
    record = callbacks.Record(workdir.path, gan.step)
    if gan.step == 0:
        record.hyperparameters(settings.to_json())
        z = gan.generator.sample_latent(settings.options["packing"], settings.seed)
        record.graph(lambda z: gan.discriminator(gan.generator(z)), z)
    progress = callbacks.ProgressBar(settings.steps, gan.step)
    images, last, seed = reference.examples, settings.steps, settings.seed
    checkpoints = callbacks.Checkpoints(store, settings.checkpoint_every)
    others = [
        callbacks.StopOnNonFinite(),
        progress,
        callbacks.Scalars(record, settings.log_every),
        callbacks.Samples(record, workdir.samples, images, settings.sample_every, last, seed),
        # Before the checkpoint of the same step, which holds the best score.
        callbacks.Evaluation(
            record, store, reference, settings.measures, settings.batch_size, settings.eval_every, last
        ),
        checkpoints,
    ]
    try:
        yield [callbacks.Pace(others, last), *others]
    finally:
        checkpoints.close()
        progress.close()
        record.close()
