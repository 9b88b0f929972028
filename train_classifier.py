"""Trains the classifier of a dataset, for `--features=classifier`.

python train_classifier.py --dataset=cifar10
"""

import support.environment  # isort: skip  # Before TensorFlow.  # noqa: F401

from absl import flags

from evaluation.classifier import paths, save, train
from experiment import cli
from support import pages
from support.errors import UserError
from support.files import expanded


def main() -> None:
    given = flags.FLAGS
    if not given.dataset:
        raise UserError("name the dataset with --dataset", cli.USAGE_ERROR)
    shipped, path = paths(given.dataset)
    if given.output:
        path = expanded(given.output)
    elif shipped.exists():
        raise UserError(
            f"the suite has a classifier of {given.dataset}: name a file with --output=FILE.keras, for "
            "--features=FILE.keras"
        )
    if path.suffix != ".keras":
        raise UserError(f"--output={path}: the file's name must end in .keras")
    pages.make(path.parent)
    model, about = train(given.dataset, given.data_dir, given.seed)
    save(model, about, path)
    print(f"{path}: {about['test_accuracy']:.2%} of the test split right")


if __name__ == "__main__":
    flags.DEFINE_string("dataset", None, "Dataset with labels and the splits train and test.")
    flags.DEFINE_string("data_dir", None, "Folder of prepared TFDS data (default: as train.py's).")
    flags.DEFINE_integer("seed", 0, "Seed of weights and order.", 0, 2**31 - 1)
    flags.DEFINE_string("output", None, "File to write (default: in the cache, where evaluate.py finds it).")
    cli.run(main)
