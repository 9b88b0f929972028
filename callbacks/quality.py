"""A cheap score of the generator, good enough to tell a better checkpoint from a worse one."""

import numpy as np
import tensorflow as tf

from data.images import from_uint8
from metrics import frechet_distance
from support.errors import UserError

SIDE = 8
SAMPLES = 1024
BATCH = 256


class PixelFrechet:
    """Frechet distance between real and generated pictures shrunk to 8x8, or points: lower is better.

    It sees where ink and colour lie and how they vary together, but no fine detail, and is no substitute
    for a distance in the feature space of a classifier.

    Args:
        images: The real examples, uint8 (N, H, W, C) or float32 (N, D).
        seed: Seed of the choice among them and of the noise, the same at every call.

    Raises:
        UserError: There are fewer than two pictures.
    """

    name = "pixel_frechet"

    def __init__(self, images: np.ndarray, seed: int):
        if len(images) < 2:
            raise UserError("one picture is no dataset: give two at least")
        chosen = np.random.default_rng(seed).permutation(len(images))[: 2 * SAMPLES]
        self.real_features = self._features(from_uint8(tf.constant(images[np.sort(chosen)])))
        self.seed = seed

    @staticmethod
    def _features(images) -> np.ndarray:
        if len(images.shape) == 2:
            return np.asarray(images)
        shrunk = tf.image.resize(images, (SIDE, SIDE), method="area")
        return tf.reshape(shrunk, (shrunk.shape[0], -1)).numpy()

    def __call__(self, gan) -> float:
        z = gan.generator.sample_latent(SAMPLES, self.seed)
        fake = [gan.generator.finished(part) for part in tf.split(z, SAMPLES // BATCH)]
        return frechet_distance(self.real_features, self._features(tf.concat(fake, axis=0)))
