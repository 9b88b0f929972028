"""The classifier that a user trains: made, kept, and found again."""

import json

import numpy as np
import pytest

import data
from evaluation import classifier, features


def test_a_trained_classifier_is_found_by_its_dataset(monkeypatch, tmp_path):
    monkeypatch.setenv("GAN_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(classifier, "SHIPPED", tmp_path / "none")
    monkeypatch.setattr(classifier, "LEAST_EXAMPLES", 60_000)
    model, about = classifier.train("digits", epochs=1)
    assert about["test_accuracy"] > 0.8 and about["epochs"] * len(data.load("digits")) >= 60_000
    _, path = classifier.paths("digits")
    classifier.save(model, about, path)
    assert json.loads(path.with_suffix(".json").read_text()) == about

    space = features.find("classifier", "digits")
    found = space(data.load("digits", "test")).probabilities
    right = np.mean(found.argmax(axis=1) == data.find("digits", "test").labels())
    assert right == pytest.approx(about["test_accuracy"], abs=1e-4)
