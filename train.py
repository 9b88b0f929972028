"""Trains a GAN and leaves a run directory: checkpoints, samples, TensorBoard, a servable generator.

python train.py --model=dcgan --loss=wgan --dataset=digits
python train.py --config=list
"""

import support.environment  # isort: skip  # Before TensorFlow.  # noqa: F401

from absl import flags

import callbacks
import configs
from experiment import cli
from experiment.serving import export_saved_model
from experiment.settings import Settings, resolve
from experiment.training import train
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
    return run(settings, workdir)


def run(settings: Settings, workdir: Workdir) -> int:
    """Trains, and exports what was trained. Returns the exit code."""
    gan, stopped_by = train(settings, workdir)
    if stopped_by:
        print(f"stopped after step {gan.step}; the same command goes on from there")
        return 128 + stopped_by
    path = export_saved_model(gan.generator, workdir.saved_model, gan.step)
    callbacks.animate(workdir.samples)
    print(f"samples: {workdir.samples}\nserving: {path}\ntensorboard --logdir={workdir.path}")
    return 0


if __name__ == "__main__":
    cli.run(main)
