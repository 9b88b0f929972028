"""Trains a GAN and leaves a run directory: checkpoints, samples, TensorBoard, a servable generator.

python train.py --model=dcgan --loss=wgan --dataset=digits
python train.py --config=list
"""

import support.environment  # isort: skip  # Before TensorFlow.  # noqa: F401

import signal

import tensorflow as tf
from absl import flags

import callbacks
import configs
import data
from evaluation.reference import Reference
from experiment import build, cli
from experiment.beside import callbacks_of
from experiment.serving import export_saved_model
from experiment.settings import Settings, resolve
from experiment.workdir import Workdir

flags.DEFINE_string("config", None, "A published run's settings, or a quick one's; 'list' prints them.")
flags.DEFINE_string("workdir", None, "Run directory (default: runs/CONFIG, or runs/MODEL-LOSS-DATASET).")
cli.define_settings()
FLAGS = flags.FLAGS


def main() -> int:
    if FLAGS.config == "list":
        print(configs.table())
        return 0
    settings = resolve(cli.given_settings(), FLAGS.config)
    workdir = Workdir(FLAGS.workdir) if FLAGS.workdir else Workdir.default(settings, FLAGS.config)
    return train(settings, workdir)


def train(settings: Settings, workdir: Workdir) -> int:
    """Trains up to `settings.steps`, from where the run directory left off. Returns the exit code."""
    tf.config.experimental.enable_op_determinism()
    gan = build.gan(settings)
    reference = build.reference(settings)
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
    if step == 0:
        gan.adapt(images)
    elif step < settings.steps:
        print(f"resuming after step {step}")
    if step >= settings.steps:
        print(f"trained to step {step} already; a larger --steps goes on from there")
    else:
        stopped_by = fit(gan, reference, settings, workdir, store)
        if stopped_by and gan.step < settings.steps:
            print(f"stopped after step {gan.step}; the same command goes on from there")
            return 128 + stopped_by
    callbacks.animate(workdir.samples)
    path = export_saved_model(gan.generator, workdir.saved_model, gan.step)
    print(f"samples: {workdir.samples}\nserving: {path}\ntensorboard --logdir={workdir.path}")
    return 0


def fit(gan, reference: Reference, settings: Settings, workdir: Workdir, store) -> signal.Signals | None:
    """Trains from the GAN's step to the last one. Returns the signal that ended it early, if any."""
    batch_size = settings.n_critic * settings.batch_size
    with callbacks_of(gan, reference, settings, workdir, store) as beside:
        batches = data.batches(reference.examples, batch_size, settings.seed, gan.step)
        gan.fit(batches, shuffle=False, verbose=0, callbacks=beside)
    interrupted = beside[-1].signal
    return signal.Signals(interrupted) if interrupted else None


if __name__ == "__main__":
    cli.run(main)
