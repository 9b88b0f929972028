"""A small classifier of the evaluated dataset, whose features distances are taken in.

Those of digits, MNIST and Fashion-MNIST come with the suite, so that numbers compare across machines;
`python train_classifier.py` makes others.
"""

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

import data
from data.cache import folder
from data.images import from_uint8
from data.source import Points
from evaluation.features import FeatureSpace, Network, PerColour, registry
from support.errors import UserError
from support.files import atomic, sha256

SHIPPED = Path(__file__).parent / "weights"
EPOCHS = 8
#: Small datasets are seen more often.
LEAST_EXAMPLES = 200_000
BATCH = 128


def build(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """Four convolutions, batch norm, the mean over the picture: 128 features, then the classes.

    Takes pictures in [-1, 1]; gives "features" (batch, 128) and "probabilities" (batch, classes).
    """
    x = images = keras.Input(shape)
    for filters, pool in ((32, True), (64, False), (64, True), (128, False)):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.MaxPooling2D(padding="same")(x) if pool else x
    features = layers.GlobalAveragePooling2D()(x)
    scores = layers.Dense(classes)(layers.Dropout(0.3)(features))
    outputs = {"features": features, "probabilities": layers.Softmax()(scores)}
    return keras.Model(images, outputs)


def train(
    dataset: str, data_dir: str | None = None, seed: int = 0, epochs: int = EPOCHS
) -> tuple[keras.Model, dict[str, Any]]:
    """Trains on the split "train" and tests on "test".

    Returns:
        The network, and what to know of it: dataset, seed, accuracy on the test split, ...

    Raises:
        UserError: The dataset has no labels or no test split.
    """
    source = data.find(dataset, "train", data_dir)
    if not isinstance(source, data.Source) or source.labels is None:
        raise UserError(
            f"dataset {dataset!r} has no labels to train a classifier on: --features=thumbnail needs none"
        )
    tested = data.find(dataset, "test", data_dir)
    assert isinstance(tested, data.Source) and tested.labels is not None
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    x, y = data.decoded(source, source.shape), source.labels()
    epochs = max(epochs, math.ceil(LEAST_EXAMPLES / len(x)))
    batch = min(BATCH, len(x))
    steps = epochs * (len(x) // batch)
    model = build(source.shape, source.classes)
    classifier = keras.Model(model.input, model.output["probabilities"])
    rate = keras.optimizers.schedules.CosineDecay(2e-3, decay_steps=steps)
    classifier.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    order = tf.data.Dataset.range(len(x)).shuffle(len(x), seed).batch(batch, drop_remainder=True)
    images, labels = tf.constant(np.asarray(x)), tf.constant(y)

    def examples(chosen):
        return from_uint8(tf.gather(images, chosen)), tf.gather(labels, chosen)

    classifier.fit(order.map(examples), epochs=epochs, shuffle=False, verbose=2)
    probabilities = classifier.predict(
        from_uint8(tf.constant(data.decoded(tested, source.shape))), BATCH, verbose=0
    )
    accuracy = float(np.mean(probabilities.argmax(axis=1) == tested.labels()))
    about = dict(dataset=source.identity, test_accuracy=round(accuracy, 4), seed=seed, epochs=epochs)
    return model, about


def save(model: keras.Model, about: Mapping[str, Any], path: Path) -> None:
    """Writes the network and, beside it, what to know of it, with the network's SHA-256.

    By that a process killed between the two is found out.
    """
    with atomic(path) as temporary, atomic(path.with_suffix(".json")) as beside:
        model.save(temporary)
        known = {**about, "sha256": sha256(temporary)}
        beside.write_text(json.dumps(known, indent=1) + "\n")


def paths(dataset: str) -> tuple[Path, Path]:
    """Where a dataset's classifier may lie: in the suite, in the cache. Stacked MNIST takes that of MNIST."""
    name = re.sub(r"[^\w.-]+", "_", "mnist" if dataset == "stacked_mnist" else dataset) + ".keras"
    return SHIPPED / name, folder() / "classifiers" / name


@registry.register("classifier")
def _classifier(dataset: str, weights: str | None) -> FeatureSpace:
    """The classifier of that dataset; for stacked MNIST that of MNIST, colour by colour."""
    if dataset.startswith("folder:"):
        raise UserError("a folder has no classes to train a classifier on: choose --features=thumbnail")
    for path in paths(dataset):
        if path.is_file():
            try:
                about = json.loads(path.with_suffix(".json").read_text())
                whole = about.pop("sha256") == sha256(path)
            except (OSError, ValueError, AttributeError, KeyError) as error:
                raise UserError(f"{path} lacks its .json ({error}): train it anew") from None
            if not whole:
                raise UserError(f"{path} is not the network that its .json is of: train it anew")
            network = Network("classifier", path, about)
            return PerColour(network) if dataset == "stacked_mnist" else network
    if dataset in data.source.registry.names() and isinstance(data.find(dataset, "train"), Points):
        raise UserError("points have no classes to train a classifier on: choose --features=pixels")
    raise UserError(
        f"there is no classifier of {dataset!r} yet: train one with "
        f"python train_classifier.py --dataset={dataset}, or choose --features=thumbnail"
    )
