"""The classifier that a user trains: made, kept, and found again."""

import dataclasses
import json

import keras
import numpy as np
import pytest
from conftest import assert_one_line_error

import data
from evaluation import classifier, features
from support.errors import UserError


def test_a_trained_classifier_is_found_by_its_dataset(monkeypatch, tmp_path):
    monkeypatch.setenv("GAN_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(classifier, "SHIPPED", tmp_path / "none")
    monkeypatch.setattr(classifier, "LEAST_EXAMPLES", 60_000)
    model, about = classifier.train("digits", epochs=1)
    assert about["test_accuracy"] > 0.8 and about["epochs"] * len(data.load("digits")) >= 60_000
    _, path = classifier.paths("digits")
    classifier.save(model, about, path)
    assert json.loads(path.with_suffix(".json").read_text()).items() > about.items()

    space = features.find("classifier", "digits")
    found = space(data.load("digits", "test")).probabilities
    right = np.mean(found.argmax(axis=1) == data.find("digits", "test").labels())
    assert right == pytest.approx(about["test_accuracy"], abs=1e-4)


def test_what_cannot_be_written_leaves_the_earlier_classifier_whole(tmp_path):
    path = tmp_path / "digits.keras"
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
    classifier.save(model, {"seed": 0}, path)
    before, beside = path.read_bytes(), path.with_suffix(".json").read_bytes()

    class Broken(keras.Sequential):
        def save(self, *arguments, **options):
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        classifier.save(Broken(), {"seed": 1}, path)
    assert path.with_suffix(".json").read_bytes() == beside
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 2


def test_a_network_beside_the_description_of_another_is_not_taken(monkeypatch, tmp_path):
    """As a process leaves it that is killed between the two files."""
    monkeypatch.setenv("GAN_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(classifier, "SHIPPED", tmp_path / "none")
    _, path = classifier.paths("digits")
    network = classifier.build((8, 8, 1), 10)
    classifier.save(network, {"seed": 0}, path)
    assert features.find("classifier", "digits").about["seed"] == 0
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(UserError, match="is not the network that its .json is of: train it anew"):
        features.find("classifier", "digits")
    path.with_suffix(".json").unlink()
    with pytest.raises(UserError, match="lacks its .json"):
        features.find("classifier", "digits")


def test_a_dataset_smaller_than_a_batch_is_trained_on(monkeypatch):
    found = data.find("digits")
    few = dataclasses.replace(found, identity="few", images=lambda: found.images().take(40))
    few = dataclasses.replace(few, labels=lambda: found.labels()[:40])
    monkeypatch.setattr(data, "find", lambda dataset, split, data_dir: few)
    monkeypatch.setattr(classifier, "LEAST_EXAMPLES", 400)
    _, about = classifier.train("digits", epochs=1)
    assert about["epochs"] == 10 and 0 <= about["test_accuracy"] <= 1


def test_an_output_that_cannot_be_written_is_refused_before_the_training(run_program, tmp_path):
    (tmp_path / "file").write_text("kept")
    run = run_program("train_classifier.py", "--dataset=digits", f"--output={tmp_path}/file/digits.keras")
    assert_one_line_error(run, f"--output={tmp_path}/file cannot be written")
    assert "epoch" not in run.stdout.lower()


def test_points_are_not_sent_to_train_a_classifier():
    with pytest.raises(ValueError, match="points have no classes.*--features=pixels"):
        features.find("classifier", "ring")


def test_no_classifier_is_trained_that_nothing_would_read(run_program):
    """Stacked MNIST is judged by that of MNIST, colour by colour."""
    run = run_program("train_classifier.py", "--dataset=stacked_mnist")
    assert_one_line_error(run, "has a classifier of stacked_mnist", "--output=FILE.keras")
