"""Exports a run's generator as a SavedModel that runs without this suite.

python export.py --workdir=runs/dcgan-wgan-digits
"""

import support.environment  # isort: skip  # Before TensorFlow.  # noqa: F401

from absl import flags

from experiment import build, cli
from experiment.serving import export_saved_model
from experiment.workdir import Workdir
from support.errors import UserError

flags.DEFINE_string("workdir", None, "Run directory that train.py left.")
flags.DEFINE_enum("format", "saved_model", ["saved_model"], "What to export.")
flags.DEFINE_enum("checkpoint", "latest", ["latest", "best"], "Which checkpoint to export.")
FLAGS = flags.FLAGS


def main() -> None:
    if not FLAGS.workdir:
        raise UserError("name the run directory with --workdir", cli.USAGE_ERROR)
    workdir = Workdir(FLAGS.workdir)
    gan = build.restored(workdir, FLAGS.checkpoint)
    print(export_saved_model(gan.generator, workdir.saved_model, gan.step))


if __name__ == "__main__":
    cli.run(main)
