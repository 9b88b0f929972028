"""Judges samples: of runs, of exported generators, or pictures in folders.

python evaluate.py --workdir=runs/dcgan-wgan-digits
python evaluate.py --workdir=RUN,RUN/saved_model/2000,FOLDER --dataset=mnist --metrics=frechet_distance
"""

import support.environment  # isort: skip  # Before TensorFlow.  # noqa: F401

import dataclasses
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from absl import flags
from tqdm import tqdm

from callbacks.samples import grid, save_png
from evaluation import features, measures, report
from evaluation.judge import evidence, floor, left_out, measured, to_json
from evaluation.measures import Estimate
from evaluation.reference import Reference
from evaluation.samples import Samples, of_folder, of_gan, of_saved_model
from experiment import build, cli
from experiment.settings import Settings, resolve
from experiment.workdir import Workdir, versions
from metrics.modes import STACKED_SAMPLES
from support.errors import UserError
from support.files import atomic, expanded

flags.DEFINE_list(
    "workdir", None, "Run directories, SavedModels or folders of pictures, with commas between."
)
flags.DEFINE_list("metrics", None, f"Some of {', '.join(measures.names())} (default: all that apply).")
flags.DEFINE_string(
    "features",
    None,
    f"Feature space of distances: {', '.join(features.names())}, or a .keras file (default: classifier; of "
    "points pixels, their coordinates).",
)
flags.DEFINE_string("inception_weights", None, "Inception's weights: Keras's, or FID's graph of 2015 (.pb).")
flags.DEFINE_integer(
    "num_samples",
    None,
    "Samples judged (default: 10000, of stacked_mnist 26000, of small datasets as many as there are).",
    2,
)
flags.DEFINE_integer("seed", 0, "Seed of the samples and of what is random in metrics.", 0, 2**31 - 1)
flags.DEFINE_enum("checkpoint", "latest", ["latest", "best"], "Which checkpoint of a run: latest or best.")
flags.DEFINE_string("dataset", None, "Real data (default: the run's).")
flags.DEFINE_string("split", None, "Its split (default: the run's, or train).")
flags.DEFINE_string("data_dir", None, "Folder of prepared TFDS data (default: the run's).")
flags.DEFINE_string("output", None, "Folder of tables and plots (default: the run, or runs/evaluation).")
FLAGS = flags.FLAGS


@dataclasses.dataclass
class Result:
    """What was found of one set of samples."""

    place: Path
    samples: Samples
    numbers: dict[str, Estimate]
    left_out: dict[str, str]


def main() -> None:
    places = _places()
    names = FLAGS.metrics or measures.names()
    for name in names:
        measures.find(name)
    folder = _output(places)
    reference = _reference(places)
    _check_outside(folder, filter(None, [reference.source.folder]))
    results = [_judged(place, reference, names) for place in places]
    if FLAGS.metrics:
        _check_all_measured(results)
    lowest = floor(names, reference)
    columns = {report.FLOOR: lowest} if lowest else {}
    columns |= {result.samples.name: result.numbers for result in results}

    print(f"real: {len(reference.examples)} examples of {reference.dataset} ({reference.split})")
    for result in results:
        print(f"samples: {len(result.samples.examples)} of {result.samples.name}")
    if lowest:
        tested = min(len(reference.held_out), reference.size)
        print(f"{report.FLOOR}: {tested} in the samples' place (some numbers depend on how many there are)")
    print(f"features: {_described(reference.space)}\n\n{report.table(columns)}\n")
    for name, words in dict.fromkeys(pair for result in results for pair in result.left_out.items()):
        print(f"left out: {name} is {words}")
    _write(results, reference, lowest, columns, folder)


def _places() -> list[Path]:
    """What `--workdir` names."""
    if not FLAGS.workdir:
        raise UserError("name what to judge with --workdir", cli.USAGE_ERROR)
    if not all(FLAGS.workdir):
        raise UserError(f"--workdir={','.join(FLAGS.workdir)}: a place without a name", cli.USAGE_ERROR)
    places = [expanded(place) for place in FLAGS.workdir]
    if len({place.resolve() for place in places}) < len(places):
        raise UserError("--workdir names one place twice", cli.USAGE_ERROR)
    if absent := [str(place) for place in places if not place.exists()]:
        raise UserError(f"there is no {', '.join(absent)}: name a run, an export or a folder of pictures")
    return places


def _output(places: list[Path]) -> Path:
    """Where tables and plots go, if they can be written there, and what is found of runs in these."""
    runs = [place for place in places if _is_run(place)]
    alone = runs[0] if runs and len(places) == 1 else Path("runs/evaluation")
    folder = expanded(FLAGS.output) if FLAGS.output else alone
    for target in [folder] if FLAGS.output else [folder, *runs]:
        there = next(parent for parent in (target.absolute(), *target.absolute().parents) if parent.exists())
        if not (there.is_dir() and os.access(there, os.W_OK)):
            raise UserError(f"{target} is no folder that can be written: name one with --output")
    _check_outside(folder, [place for place in places if not _is_run(place)])
    return folder


def _check_outside(folder: Path, pictures: Iterable[Path]) -> None:
    """What is written must not be among the pictures of the next time."""
    for place in pictures:
        if folder.resolve().is_relative_to(place.resolve()):
            raise UserError(f"--output={folder} lies in {place}, whose pictures are judged: choose another")


def _check_all_measured(results: list[Result]) -> None:
    """A metric that was asked for is refused if it was taken nowhere."""
    for name in set.intersection(*({*result.left_out} for result in results)):
        raise UserError(f"{name} is {results[0].left_out[name]}")


def _reference(places: list[Path]) -> Reference:
    """The real data that flags name, or those that the first run among the places was trained on."""
    runs = {place: Workdir(place).settings() for place in places if _is_run(place)}
    flags_given = {name: FLAGS[name].value for name in ("dataset", "split", "data_dir")}
    given: dict[str, Any] = {name: value for name, value in flags_given.items() if value}
    if not runs and "dataset" not in given:
        raise UserError(f"{places[0]} holds no run: name the real data with --dataset", cli.USAGE_ERROR)
    if not runs and FLAGS["checkpoint"].present:
        raise UserError("--checkpoint is of runs, and there is none: leave it out", cli.USAGE_ERROR)
    real = next(iter(runs.values())) if runs else resolve(given)
    for place, run in runs.items():
        if "dataset" not in given and run.dataset != real.dataset:
            raise UserError(f"{place} was trained on {run.dataset}: name the real data with --dataset")
    if given.get("dataset", real.dataset) != real.dataset:
        given.setdefault("split", "train")
    real = dataclasses.replace(real, **given)
    name = FLAGS.features or features.by_default(real.image_shape)
    space = features.find(name, real.dataset, FLAGS.inception_weights)
    count = FLAGS.num_samples or (STACKED_SAMPLES if real.dataset == "stacked_mnist" else None)
    found = Reference(real.dataset, real.split, real.data_dir, real.image_shape, space, count, FLAGS.seed)
    if not given:
        _say_what_changed(runs, found.source.identity)
    return found


def _say_what_changed(runs: Mapping[Path, Settings], identity: str) -> None:
    """Names the runs that were trained on other data than those of the same name now."""
    for place, run in runs.items():
        if run.data_identity != identity:
            print(
                f"{place} was trained on other data of that name ({run.data_identity}, now {identity}): "
                "it is judged by those of now",
                file=sys.stderr,
            )


def _is_run(place: Path) -> bool:
    return (place / "config.json").exists()


def _judged(place: Path, reference: Reference, names: list[str]) -> Result:
    samples = _samples(place, reference)
    found = evidence(reference, samples)
    missing = left_out(names, found)
    return Result(
        place, samples, measured(tqdm(names, "measuring", delay=2, leave=False), found, samples.name), missing
    )


def _samples(place: Path, reference: Reference) -> Samples:
    if _is_run(place):
        workdir = Workdir(place)
        gan = build.restored(workdir, FLAGS.checkpoint)
        turn = workdir.settings().batch_size
        about = {"step": gan.step, "checkpoint": FLAGS.checkpoint}
        return of_gan(gan, reference.size, reference.seed, turn, str(place), about)
    if (place / "saved_model.pb").exists():
        return of_saved_model(place, reference.size, reference.seed)
    if (place / "checkpoints").is_dir():
        raise UserError(f"--workdir={place} holds checkpoints but no config.json that says of what")
    if versions := sorted(file.parent for file in place.glob("*/saved_model.pb")):
        raise UserError(f"--workdir={place} holds several SavedModels: name one of them, as {versions[-1]}")
    if place.is_dir() and len(reference.shape) == 3:
        return of_folder(place, reference.shape, reference.size, reference.seed)
    raise UserError(f"--workdir={place}: no run directory, SavedModel or folder of pictures")


def _described(space: features.FeatureSpace) -> str:
    about = ", ".join(f"{name} {value}" for name, value in space.about.items())
    return f"{space.name} ({about})" if about else space.name


def _write(
    results: list[Result], reference: Reference, lowest: Mapping, columns: report.Columns, folder: Path
) -> None:
    """All in the output folder; without `--output`, JSON and pictures of a run in its own directory."""
    names = [re.sub(r"[^\w.-]+", "_", str(result.place)) for result in results]
    names = [f"{name}-{i}" if names.count(name) > 1 else name for i, name in enumerate(names, 1)]
    for name, result in zip(names, results, strict=True):
        target = result.place if _is_run(result.place) and not FLAGS.output else folder
        alone = target != folder or len(results) == 1
        prefix = "" if alone else f"{name}-"
        found = {
            "samples": str(result.place),
            **result.samples.about,
            "num_samples": len(result.samples.examples),
            "seed": reference.seed,
            "dataset": reference.dataset,
            "split": reference.split,
            "features": {"name": reference.space.name, **reference.space.about},
            "metrics": to_json(result.numbers),
            "real_test_data": to_json(lowest),
            "left_out": result.left_out,
            "versions": versions(),
        }
        with atomic(target / f"{prefix}evaluation.json") as temporary:
            temporary.write_text(json.dumps(found, indent=1) + "\n")
        if len(reference.shape) == 3:
            pictures = report.neighbors(result.samples.examples, reference.examples)
            save_png(grid(pictures, len(pictures) // 2), target / f"{prefix}neighbors.png")
    report.write_tables(columns, folder, "evaluation")
    runs = [place for place in (result.place for result in results) if _is_run(place)]
    drawn = report.plot_histories({str(run): report.history(run) for run in runs}, folder / "history.png")
    files = f"evaluation.md, evaluation.csv{', history.png' if drawn else ''}"
    beside = "in each run's own directory" if runs and not FLAGS.output else "of each"
    print(f"{folder}: {files}; {beside}: evaluation.json")


if __name__ == "__main__":
    cli.run(main)
