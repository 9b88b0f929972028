"""This suite, as `train.py` runs it."""

import support.environment  # isort: skip  # Before TensorFlow.  # noqa: F401

import dataclasses

import numpy as np
import tensorflow as tf

import data
import losses
from benchmarks.contenders.common import set_out
from benchmarks.workloads import LATENT_DIM, Workload
from callbacks import Pace
from experiment import build
from experiment.settings import resolve


class Suite:
    """Trains a workload.

    Args:
        workload: What to train.
        pictures: uint8 (N, H, W, C).
        precision: As `train.py` takes it.
    """

    def __init__(self, workload: Workload, pictures: np.ndarray, *, precision: str = "float32"):
        tf.config.experimental.enable_op_determinism()
        options = dict(
            precision=precision,
            model=workload.model,
            loss=workload.loss,
            optimizer=workload.optimizer,
            learning_rate=workload.learning_rate,
            batch_size=workload.batch_size,
            n_critic=workload.n_critic,
            latent_dim=LATENT_DIM,
        )
        if workload.optimizer == "adam":
            options |= dict(beta_1=workload.beta_1, beta_2=workload.beta_2)
        else:
            options |= dict(rho=workload.rho)
        settings = resolve(options)
        self.gan = build.gan(dataclasses.replace(settings, image_shape=workload.image_shape))
        self.workload = workload
        self._iterator = iter(data.batches(pictures, workload.images_per_step, seed=0))
        self._train = self.gan.make_train_function()
        self._pace = Pace([], last=0)
        self._pace.set_model(self.gan)
        self._pace.on_train_begin()

    def run(self, steps: int) -> None:
        """Takes so many steps, as `fit` does without callbacks."""
        last = self.gan.step + steps
        self._pace.last = last
        while self.gan.step < last:
            self._pace.on_train_batch_begin(0)
            self._train(self._iterator)
            self._pace.on_train_batch_end(0)

    def weights(self) -> list[list[np.ndarray]]:
        """Trainable weights of generator and discriminator."""
        return [
            [weight.numpy() for weight in player.trainable_variables]
            for player in (self.gan.generator, self.gan.discriminator)
        ]

    def losses(self, weights, pictures, noise, shares) -> list[float]:
        """Losses of both players in every step from given weights, data and noise, without dropout."""
        set_out(self.gan, weights)
        parts, mixtures = iter(noise), iter(shares)
        self.gan.generator.sample_latent = lambda count, seed: tf.concat(
            [next(parts) for _ in range(self.workload.n_critic + 1)], axis=0
        )
        losses.penalties.pictures.uniform_per_example = lambda x, **_: tf.constant(next(mixtures))
        found = []
        for batch in pictures:
            logs = self.gan.train_step(tf.constant(batch))
            found += [float(logs["discriminator_loss"]), float(logs["generator_loss"])]
        return found

    def profile(self) -> list[tuple[str, float, float, str]]:
        """The kernels of one step; see `benchmarks.profile.traced`."""
        from benchmarks.profile import traced

        return traced(lambda: self.run(1))

    def operations(self) -> float:
        """Floating-point operations of the matrix products and convolutions of one step."""
        from benchmarks.arithmetic import operations

        size = self.workload.batch_size
        real = tf.TensorSpec((size, *self.workload.image_shape))
        z = tf.TensorSpec((size, LATENT_DIM))
        turns = [
            operations(tf.function(turn, autograph=False).get_concrete_function(real, z).graph)
            for turn in (self.gan.discriminator_turn, self.gan.generator_turn)
        ]
        return self.workload.n_critic * turns[0] + turns[1]
