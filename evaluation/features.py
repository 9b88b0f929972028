"""Feature spaces: what turns pictures into the vectors that distances are taken between."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from data.images import fit_channels, from_uint8
from support.errors import UserError, reason
from support.files import expanded, sha256
from support.registry import Registry

BATCH = 250

#: Functions of (dataset, Inception's weights) that return a `FeatureSpace`.
registry = Registry("feature space", "evaluation")


class Features(NamedTuple):
    """What a feature space says of N examples.

    Attributes:
        vectors: float32 (N, D).
        probabilities: float32 (N, K) of a classifier's classes; None where the space has none.
    """

    vectors: np.ndarray
    probabilities: Any


class FeatureSpace:
    """A function of examples that is always named beside the numbers measured in it.

    Attributes:
        name: What the user asked for.
        identity: Text that changes whenever the features of the same examples do.
        about: What the reader of a number should know, by name: network, accuracy, ...
    """

    def __init__(self, name: str, identity: str, about: dict[str, Any] | None = None):
        self.name = name
        self.identity = identity
        self.about = about or {}

    def batch(self, examples: np.ndarray) -> Features:
        """The features of uint8 pictures (n, H, W, C) or of points (n, D)."""
        raise NotImplementedError

    def pictures(self, examples: np.ndarray) -> np.ndarray:
        """The examples, if they are pictures.

        Raises:
            UserError: They are points.
        """
        if examples.ndim != 4:
            raise UserError(f"--features={self.name} takes pictures: points have --features=pixels")
        return examples

    def batches(self, examples: np.ndarray) -> Iterator[Features]:
        """The features of all examples, part by part: memory does not grow with their number."""
        for start in range(0, len(examples), BATCH):
            yield self.batch(np.asarray(examples[start : start + BATCH]))

    def __call__(self, examples: np.ndarray) -> Features:
        """The features of all examples."""
        vectors, probabilities = zip(*self.batches(examples), strict=True)
        known = None if probabilities[0] is None else np.concatenate(probabilities)
        return Features(np.concatenate(vectors), known)


class Pixels(FeatureSpace):
    """The pixels themselves in [0, 1], shrunk to `side` first where one is given; points as they are."""

    def __init__(self, name: str, side: int | None = None):
        super().__init__(name, f"pixels/{side}")
        self.side = side

    def batch(self, examples):
        if examples.ndim == 4:
            examples = tf.cast(examples, tf.float32) / 255
            if self.side and self.side < min(examples.shape[1:3]):
                examples = tf.image.resize(examples, (self.side, self.side), method="area")
        return Features(np.asarray(examples, np.float32).reshape(len(examples), -1), None)


class Network(FeatureSpace):
    """A Keras model of pictures in [-1, 1], resized with antialiasing to what it takes.

    Its output is the feature vector, flattened; or it has two outputs, named "features" and
    "probabilities".
    """

    def __init__(self, name: str, path: Path, about: dict[str, Any] | None = None):
        content = sha256(path)[:16]
        super().__init__(
            name, f"network/{content}", {"network": path.stem, "sha256": content, **(about or {})}
        )
        try:
            self.model = keras.models.load_model(path, compile=False)
            shape = self.model.input_shape
        except Exception as error:  # Keras's reader raises nearly every kind on what it does not know.
            raise UserError(f"{path} cannot be read as a Keras model ({reason(error)})") from None
        if not isinstance(shape, tuple) or len(shape) != 4 or shape[-1] not in (None, 1, 3):
            raise UserError(f"{path} takes {shape}: a feature network takes pictures (batch, H, W, 1 or 3)")
        self.shape = shape[1:]
        self._run = traced(self._features, self.shape)
        sides = [side or 32 for side in self.shape[:2]]
        try:
            found = self._run(tf.zeros((2, *sides, self.shape[2] or 3)))
            whole = isinstance(found, dict) and all(len(output) == 2 for output in found.values())
        except Exception as error:  # Layers raise nearly every kind.
            raise UserError(f"{path} does not run on pictures ({reason(error)})") from None
        if not whole:
            raise UserError(
                f"{path}: a feature network gives one vector per picture, or the outputs 'features' and "
                "'probabilities'"
            )

    def _features(self, images):
        found = self.model(images, training=False)
        if isinstance(found, dict) and "features" in found:
            return {name: found[name] for name in ("features", "probabilities") if name in found}
        return {"features": found} if tf.is_tensor(found) else [found]

    def batch(self, examples):
        outputs = self._run(fitted(from_uint8(tf.constant(self.pictures(examples))), self.shape))
        vectors = np.asarray(outputs["features"], np.float32).reshape(len(examples), -1)
        probabilities = outputs.get("probabilities")
        return Features(vectors, None if probabilities is None else np.asarray(probabilities, np.float32))


def traced(function: Callable, shape: Sequence[int | None]) -> Callable:
    """A function of float32 batches (n, *shape) as one graph for every n."""
    signature = [tf.TensorSpec((None, *shape), tf.float32)]
    return tf.function(function, input_signature=signature, autograph=False)


class PerColour(FeatureSpace):
    """A space of grey pictures, applied to each colour: for stacked MNIST.

    Its vectors are joined; `probabilities` are (n, 3, K).
    """

    def __init__(self, grey: FeatureSpace):
        super().__init__(grey.name, f"per colour/{grey.identity}", grey.about)
        self.grey = grey

    def batch(self, examples):
        parts = [self.grey.batch(examples[..., colour : colour + 1]) for colour in range(examples.shape[-1])]
        vectors, probabilities = zip(*parts, strict=True)
        return Features(np.concatenate(vectors, axis=1), np.stack(probabilities, axis=1))


def fitted(images, shape: tuple[int | None, ...]):
    """Pictures (n, h, w, c) resized with antialiasing and grey or coloured as (H, W, C) asks; None: as is."""
    height, width, channels = (wanted or own for wanted, own in zip(shape, images.shape[1:], strict=True))
    images = fit_channels(images, channels)
    if (height, width) != tuple(images.shape[1:3]):
        images = tf.image.resize(images, (height, width), method="bilinear", antialias=True)
    return images


@registry.register("pixels")
def _pixels(dataset: str, weights: str | None) -> FeatureSpace:
    return Pixels("pixels")


@registry.register("thumbnail")
def _thumbnail(dataset: str, weights: str | None) -> FeatureSpace:
    return Pixels("thumbnail", side=8)


def names() -> list[str]:
    """What `--features` takes, beside the path of a `.keras` file."""
    return registry.names()


def by_default(shape: tuple[int, ...]) -> str:
    """The feature space of examples of that shape, where none is asked for."""
    return "classifier" if len(shape) == 3 else "pixels"


def find(name: str, dataset: str, weights: str | None = None) -> FeatureSpace:
    """The feature space of that name.

    Args:
        name: One of `names()`, or the path of a `.keras` model (see `Network`).
        dataset: Name of the dataset whose samples are judged: what the classifier was trained on.
        weights: Inception's weights file.

    Raises:
        UserError: There is no such space or file, or its network cannot be had.
    """
    if weights and name != "inception":
        raise UserError(f"--inception_weights has no effect with --features={name}: leave one of them out")
    if name.endswith(".keras"):
        path = expanded(name)
        if not path.is_file():
            raise UserError(f"--features={name}: there is no such file")
        return Network(name, path)
    return registry.create(name, dataset, weights)
