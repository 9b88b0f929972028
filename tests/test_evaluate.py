"""evaluate.py as a user runs it: run directories, SavedModels, folders of pictures."""

import csv
import json
import shutil

import numpy as np
import pytest
from conftest import assert_one_line_error
from PIL import Image

import data
from callbacks import Evaluation
from experiment import build
from experiment.settings import resolve
from metrics import frechet_distance
from support.errors import UserError

TINY = ("--model=dcgan", "--loss=wgan", "--batch_size=8", "--n_critic=2", "--filters=8", "--steps=12")
FEW = ("--num_samples=200",)


@pytest.fixture(scope="module")
def run(run_program, tmp_path_factory):
    """A run that was evaluated while it trained."""
    workdir = tmp_path_factory.mktemp("runs") / "run"
    result = run_program(
        "train.py",
        *TINY,
        "--eval_every=5",
        "--checkpoint_every=4",
        "--eval_metrics=inception_score,ms_ssim,critic",
        "--eval_features=classifier",
        "--eval_samples=64",
        f"--workdir={workdir}",
    )
    assert result.returncode == 0, result.stderr
    return workdir


def recorded(workdir):
    lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if any(name.startswith("eval/") for name in line)]


def test_a_run_records_what_it_measures_and_keeps_the_best(run):
    lines = recorded(run)
    assert [line["step"] for line in lines] == [5, 10, 12]
    names = {"eval/inception_score (classifier)", "eval/ms_ssim", "eval/critic wasserstein_estimate"}
    assert names <= lines[0].keys()
    seconds = [line["seconds"] for line in lines]
    assert seconds == sorted(seconds) and seconds[0] > 0
    best = max(lines, key=lambda line: line["eval/inception_score (classifier)"])
    assert (run / "checkpoints" / "best" / f"ckpt-{best['step']}.index").exists()


def test_every_measure_of_a_run(run_program, run):
    result = run_program("evaluate.py", f"--workdir={run}", *FEW)
    assert result.returncode == 0, result.stderr
    found = json.loads((run / "evaluation.json").read_text())
    assert found["step"] == 12 and found["num_samples"] == 200 and found["features"]["network"] == "digits"
    numbers = found["metrics"]
    assert {
        "frechet_distance",
        "frechet_infinity",
        "kernel_distance",
        "inception_score",
        "precision",
        "recall",
        "density",
        "coverage",
        "sliced_wasserstein",
        "ms_ssim",
        "class_imbalance",
        "parzen_log_likelihood",
        "data_copying",
        "critic wasserstein_estimate",
    } <= numbers.keys()
    assert np.isfinite([x["value"] for x in numbers.values()]).all()
    low, high = numbers["frechet_distance"]["interval"]
    assert low < numbers["frechet_distance"]["value"] < high
    # An untrained generator is far from the floor, which is that of real test data.
    assert numbers["frechet_distance"]["value"] > 5 * found["real_test_data"]["frechet_distance"]["value"]
    assert "frechet_distance ↓" in result.stdout and "real test data" in result.stdout
    assert "mode_coverage is for ring and grid" in result.stdout
    for name in ("evaluation.md", "evaluation.csv", "history.png", "neighbors.png"):
        assert (run / name).stat().st_size > 0
    with Image.open(run / "neighbors.png") as picture:
        assert picture.width > 4 * picture.height
    # The same command gives the same numbers.
    assert run_program("evaluate.py", f"--workdir={run}", *FEW).returncode == 0
    assert json.loads((run / "evaluation.json").read_text()) == found


def test_the_best_checkpoint_is_judged_where_it_is_asked_for(run_program, run, tmp_path):
    copy = shutil.copytree(run, tmp_path / "run")
    best = copy / "checkpoints" / "best"
    for path in best.iterdir():
        path.unlink()
    for path in copy.glob("checkpoints/ckpt-8.*"):
        path.rename(best / path.name)
    values = {}
    for checkpoint, step in (("latest", 12), ("best", 8)):
        asked = f"--checkpoint={checkpoint}", "--metrics=frechet_distance", *FEW
        result = run_program("evaluate.py", f"--workdir={copy}", *asked)
        assert result.returncode == 0, result.stderr
        found = json.loads((copy / "evaluation.json").read_text())
        assert (found["step"], found["checkpoint"]) == (step, checkpoint)
        values[checkpoint] = found["metrics"]["frechet_distance"]["value"]
    assert values["latest"] != values["best"]


def test_a_comparison_of_a_run_its_export_and_a_folder(run_program, run, tmp_path):
    pictures = data.load("digits", "test")[:150]
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i, picture in enumerate(pictures):
        Image.fromarray(picture[..., 0]).save(folder / f"{i:03}.png")
    exported = run / "saved_model" / "12"
    before = {file: file.stat().st_mtime_ns for file in run.rglob("*")}
    result = run_program(
        "evaluate.py",
        f"--workdir={run},{exported},{folder}",
        "--metrics=frechet_distance,precision_recall",
        "--features=pixels",
        f"--output={tmp_path / 'out'}",
        *FEW,
    )
    assert result.returncode == 0, result.stderr
    with (tmp_path / "out" / "evaluation.csv").open() as file:
        rows = {(row["metric"], row["samples"]): row for row in csv.DictReader(file)}
    value = float(rows["frechet_distance", str(folder)]["value"])
    train = data.load("digits")
    flat = [x.reshape(len(x), -1) / 255 for x in (train, pictures)]
    assert value == pytest.approx(frechet_distance(*flat), rel=1e-4)
    # The same generator and the same z; after twelve steps its samples lie far from the data.
    trained, served = (float(rows["frechet_distance", str(place)]["value"]) for place in (run, exported))
    assert served == pytest.approx(trained, rel=1e-3) and trained > 10 * value
    table = (tmp_path / "out" / "evaluation.md").read_text()
    assert table.count("\n") == 5 and str(folder) in table
    assert len([*(tmp_path / "out").glob("*pictures-evaluation.json")]) == 1
    assert len([*(tmp_path / "out").glob("*-evaluation.json")]) == 3
    assert {file: file.stat().st_mtime_ns for file in run.rglob("*")} == before


def test_places_of_like_names_write_a_file_each(run_program, tmp_path):
    for i, name in enumerate(("a b", "a+b")):
        (tmp_path / name).mkdir()
        for j, picture in enumerate(data.load("digits")[10 * i : 10 * i + 10]):
            Image.fromarray(picture[..., 0]).save(tmp_path / name / f"{j}.png")
    places = [str(tmp_path / name) for name in ("a b", "a+b")]
    result = run_program(
        "evaluate.py",
        f"--workdir={','.join(places)}",
        "--dataset=digits",
        "--metrics=ms_ssim",
        f"--output={tmp_path / 'out'}",
    )
    assert result.returncode == 0, result.stderr
    files = (tmp_path / "out").glob("*evaluation.json")
    assert sorted(json.loads(file.read_text())["samples"] for file in files) == places


def test_data_that_are_no_longer_those_of_the_run_are_named(run_program, tmp_path):
    pictures, workdir = tmp_path / "pictures", tmp_path / "run"
    pictures.mkdir()
    for index in range(8):
        Image.new("L", (8, 8), 30 * index).save(pictures / f"{index}.png")
    small = ("--image_size=8", "--filters=4", "--batch_size=4", "--eval_samples=8", "--steps=1")
    trained = run_program("train.py", f"--dataset=folder:{pictures}", *small, f"--workdir={workdir}")
    assert trained.returncode == 0
    judge = ("evaluate.py", f"--workdir={workdir}", "--features=thumbnail", "--metrics=frechet_distance")
    for other in (False, True):
        if other:
            Image.new("L", (8, 8), 250).save(pictures / "8.png")
        result = run_program(*judge)
        assert result.returncode == 0
        assert ("was trained on other data of that name" in result.stderr) == other


def test_points_are_judged_by_their_coordinates(run_program, tmp_path):
    trained = run_program(
        "train.py", "--model=toy", "--dataset=ring", "--units=16", "--steps=3", f"--workdir={tmp_path}"
    )
    assert trained.returncode == 0, trained.stderr
    result = run_program(
        "evaluate.py", f"--workdir={tmp_path}", "--num_samples=2500", "--metrics=mode_coverage"
    )
    assert result.returncode == 0, result.stderr
    found = json.loads((tmp_path / "evaluation.json").read_text())
    assert found["real_test_data"]["modes"]["value"] == 8
    assert 0 <= found["metrics"]["modes"]["value"] <= 8


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["--workdir"]),
        (["--workdir={tmp}/none"], ["there is no", "none: name a run"]),
        (["--workdir={tmp}"], ["--dataset"]),
        (["--workdir={run}", "--metrics=fid"], ["unknown metric 'fid'", "frechet_distance"]),
        (["--workdir={run}", "--metrics=mode_coverage"], ["for ring and grid"]),
        (["--workdir={run}", "--num_samples=5", "--metrics=density_coverage"], ["6 samples"]),
        (["--workdir={run}", "--output={run}/config.json"], ["--output", "no folder"]),
        (["--workdir={run},{run}/../run"], ["twice"]),
        (["--workdir={tmp}", "--dataset=digits", "--checkpoint=best"], ["--checkpoint is of runs"]),
        (["--workdir={run}", "--dataset=folder:{run}/samples"], ["no classes", "--features=thumbnail"]),
        (
            [
                "--workdir={run}",
                "--dataset=folder:{run}/samples",
                "--features=thumbnail",
                "--output={run}/samples/new",
            ],
            ["--output=", "lies in"],
        ),
    ],
    ids=str,
)
def test_bad_input_is_one_line(run_program, run, tmp_path, arguments, words):
    filled = [argument.format(run=run, tmp=tmp_path) for argument in arguments]
    assert_one_line_error(run_program("evaluate.py", *filled), *words)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (dict(eval_metrics="fid"), "unknown metric 'fid'"),
        (
            dict(eval_metrics="frechet_distance,inception_score"),
            "inception_score is for features with classes",
        ),
        (dict(eval_features="classifer"), "did you mean 'classifier'"),
        (dict(eval_every=0), "--eval_every=0: must be at least 1"),
    ],
    ids=str,
)
def test_an_evaluation_that_cannot_be_made_is_refused_before_the_run_starts(flags, words):
    with pytest.raises(UserError, match=words):
        settings = resolve(flags)
        Evaluation.check(build.reference(settings), settings.measures)
