"""Samples to be judged: of a run's generator, of a SavedModel, or the pictures of a folder."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tqdm import tqdm

import data
from data.images import from_uint8, in_unit, to_uint8
from evaluation.features import traced
from models.gan import GAN
from support.errors import UserError, reason

BATCH = 256
#: Examples that a run's discriminator judges, of each kind.
JUDGED = 2048


@dataclasses.dataclass(frozen=True)
class Samples:
    """Generated examples, and where they come from.

    Attributes:
        name: What the user called the place.
        examples: uint8 (N, H, W, C), or points (N, D), in random order.
        exact: Gives them before they were rounded: float (N, ...), pictures in [0, 1].
        about: What to know of them, by name: step, checkpoint, ...
        critic: Judges real examples (uint8 or points) with the run's own discriminator.
    """

    name: str
    examples: np.ndarray
    exact: Callable[[], np.ndarray]
    about: Mapping[str, Any]
    critic: Callable[[np.ndarray], Mapping[str, float]] | None = None


def generate(gan: GAN, count: int, seed: int):
    """The first `count` samples of a seed, batch by batch, as the generator gives them."""
    z = gan.generator.sample_latent(count, seed)
    finished = traced(gan.generator.finished, (gan.generator.latent_dim,))
    for start in range(0, count, BATCH):
        yield np.asarray(finished(z[start : start + BATCH]))


def as_stored(examples: np.ndarray) -> np.ndarray:
    """Pictures in [-1, 1] as uint8; points as they are."""
    return to_uint8(examples) if examples.ndim == 4 else examples


def _unit(examples: np.ndarray) -> np.ndarray:
    """Pictures in [-1, 1] as in [0, 1]; points as they are."""
    return (examples.clip(-1, 1) + 1) / 2 if examples.ndim == 4 else examples


def of_gan(
    gan: GAN, count: int, seed: int, turn: int, name: str = "", about: Mapping[str, Any] | None = None
) -> Samples:
    """Samples of a GAN's generator: of its moving average, where it has one.

    Args:
        turn: Examples that its discriminator saw at a time in training.
    """
    batches = generate(gan, count, seed)
    stored = [
        as_stored(batch) for batch in tqdm(batches, "samples", -(-count // BATCH), delay=5, leave=False)
    ]

    def exact() -> np.ndarray:
        return np.concatenate([_unit(batch) for batch in generate(gan, count, seed)])

    examples = np.concatenate(stored)

    def critic(real: np.ndarray) -> dict[str, float]:
        summaries = gan.objective.summaries(_scores(gan, real, turn), _scores(gan, examples, turn))
        return {key: float(value) for key, value in summaries.items()}

    return Samples(name, examples, exact, about or {}, critic)


def _scores(gan: GAN, examples: np.ndarray, turn: int):
    """The discriminator's scores of about 2,048 examples, some of them again where there are fewer.

    In batches as large as in training, for minibatch discrimination sums over a batch.
    """
    packing = gan.discriminator.stabilisers.packing
    size = packing * max(1, turn // packing)
    count = max(1, JUDGED // size)
    enough = examples[np.resize(np.arange(len(examples)), size * count)]
    batches = (from_uint8(tf.constant(batch)) for batch in np.split(enough, count))
    return tf.concat([gan.discriminator(batch, training=False) for batch in batches], axis=0)


def of_saved_model(path: Path, count: int, seed: int) -> Samples:
    """Samples of an exported generator, by its signature "sample".

    Raises:
        UserError: It cannot be read, or its signature is another.
    """
    parts = []
    try:
        sample = tf.saved_model.load(str(path)).signatures["sample"]
        for start in range(0, count, BATCH):
            size = min(BATCH, count - start)
            outputs = sample(num_images=tf.constant(size), seed=tf.constant([seed, start]))
            parts.append(next(iter(outputs.values())).numpy())
    except Exception as error:  # The loader and foreign signatures raise nearly every kind.
        raise UserError(f"{path} is no generator that export.py wrote ({reason(error)})") from None
    examples = np.concatenate(parts)
    return Samples(str(path), examples, lambda: in_unit(examples), {})


def of_folder(path: Path, shape: tuple[int, ...], count: int, seed: int) -> Samples:
    """The pictures of a folder in the dataset's shape and in random order, `count` of them at most."""
    height, width, channels = shape
    try:
        source = data.find(f"folder:{path}")
        assert isinstance(source, data.Source)
        found = data.decoded(source, (height, width, channels))
    except UserError as error:
        raise UserError(f"--workdir={path} holds no run, SavedModel or readable pictures ({error})") from None
    examples = np.asarray(found[np.random.default_rng(seed).permutation(len(found))[:count]])
    return Samples(str(path), examples, lambda: in_unit(examples), {})
