"""Generators as SavedModels: they run wherever TensorFlow runs, without this suite."""

import shutil
from pathlib import Path

import keras
import tensorflow as tf

from models.network import Generator
from support.files import atomic


class _GivenSeed(keras.random.SeedGenerator):
    """Hands the one seed that a caller gave, a tensor (2,), to a `keras.random` function."""

    def __init__(self, seed):
        self.seed = seed

    def next(self, ordered=True):
        return self.seed


class _Server(tf.Module):
    """The two signatures of an exported generator."""

    def __init__(self, generator: Generator):
        super().__init__()
        self._variables = [variable.value for variable in generator.variables]
        spec = tf.TensorSpec
        self.serving_default = tf.function(
            lambda z: self._named(generator.finished(z), 1),
            input_signature=[spec((None, generator.latent_dim), tf.float32, name="z")],
            autograph=False,
        )

        def sample(num_images, seed):
            z = generator.sample_latent(num_images, _GivenSeed(seed))
            return self._named(generator.finished(z), 255, tf.uint8)

        self.sample = tf.function(
            sample,
            input_signature=[
                spec((), tf.int32, name="num_images"),
                spec((2,), tf.int32, name="seed"),
            ],
            autograph=False,
        )

    @staticmethod
    def _named(examples, white: int, dtype=tf.float32):
        if len(examples.shape) == 2:
            return {"points": examples}
        images = white * tf.clip_by_value((examples + 1) / 2, 0, 1)
        return {"images": images if dtype == tf.float32 else tf.cast(tf.round(images), dtype)}


def export_saved_model(generator: Generator, folder: Path, version: int) -> Path:
    """Writes `folder/<version>/` with two signatures; one that is there whole stays as it is.

    - `serving_default`: `z` float32 (batch, latent_dim) -> `images` float32 (batch, H, W, C) in [0, 1].
    - `sample`: `num_images` int32 (), `seed` int32 (2,) -> `images` uint8 (num_images, H, W, C).

    A generator of points gives `points` float32 (batch, D) from both.

    Returns:
        The versioned folder.
    """
    path = folder / str(version)
    graph = path / "saved_model.pb"
    if not graph.is_file() or not graph.stat().st_size:
        shutil.rmtree(path, ignore_errors=True)
        server = _Server(generator)
        with atomic(path) as temporary:
            tf.saved_model.save(
                server,
                str(temporary),
                signatures={"serving_default": server.serving_default, "sample": server.sample},
            )
    return path
