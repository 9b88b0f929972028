"""Small perceptrons that play the game in one or two dimensions, whole training loops in the graph."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from scipy.special import expit

import losses


def perceptron(
    inputs: int, *, units: int = 64, depth: int = 2, activation: str = "relu", outputs: int = 1, seed: int = 0
) -> keras.Sequential:
    """`depth` hidden layers of `units`, then a linear one: (batch, inputs) -> (batch, outputs)."""
    seeds = iter(np.random.default_rng(seed).integers(0, 2**31, depth + 1).tolist())

    def dense(size: int, function: str | None):
        start = keras.initializers.GlorotUniform(next(seeds))
        return keras.layers.Dense(size, function, kernel_initializer=start)

    hidden = [dense(units, activation) for _ in range(depth)]
    return keras.Sequential([keras.Input((inputs,)), *hidden, dense(outputs, None)])


def columns(x) -> tf.Tensor:
    """Points as float32 (N, D); a vector (N,) as one column."""
    x = np.asarray(x, np.float32)
    return tf.constant(x[:, None] if x.ndim == 1 else x)


class Critic:
    """A perceptron that learns to tell data from samples.

    Args:
        objective: Of `losses`: "gan" for a discriminator, "wgan" or "wgan_gp" for a critic.
        network: Points to scores (batch, 1).
        optimizer: Of its weights.
        seed: Of the batches, and of what a penalty draws.
    """

    def __init__(
        self,
        objective: losses.Objective | str,
        network: keras.Model,
        optimizer: keras.optimizers.Optimizer | None = None,
        seed: int = 0,
    ):
        self.objective = losses.get(objective) if isinstance(objective, str) else objective
        self.network = network
        self.optimizer = optimizer or keras.optimizers.Adam(1e-3, 0.5, 0.9)
        self.optimizer.build(network.trainable_variables)
        self.steps = 0
        self.random = tf.random.Generator.from_seed(seed)
        self.seed = keras.random.SeedGenerator(seed)

    def batch(self, pool, size: int):
        """Rows of the pool, drawn with replacement."""
        return tf.gather(pool, self.random.uniform((size,), 0, tf.shape(pool)[0], tf.int32))

    def update(self, real, fake):
        """One descent of the objective on a batch. Returns the loss without penalties."""
        weights = self.network.trainable_variables
        with tf.GradientTape() as tape:
            loss = self.objective.discriminator_cost(self.network(real), self.network(fake), self.seed)
            step = self.optimizer.iterations
            penalty = self.objective.penalty(self.network, real, fake, seed=self.seed, step=step)
            total = loss + penalty
        self.optimizer.apply(tape.gradient(total, weights), weights)
        self.objective.constrain(weights)
        return loss

    @tf.function(reduce_retracing=True)
    def _train(self, real, fake, steps, size):
        for _ in tf.range(steps):
            self.update(self.batch(real, size), self.batch(fake, size))

    def train(self, real, fake, until: int, size: int = 256) -> "Critic":
        """Updates until it has made so many, on batches of that size drawn from points (N, D) or (N,)."""
        self._train(columns(real), columns(fake), self._missing(until), size)
        return self

    def _missing(self, until: int):
        missing, self.steps = until - self.steps, until
        return tf.constant(missing)

    def learn_at(self, rate: float) -> None:
        """Goes on with that learning rate."""
        self.optimizer.learning_rate = rate

    def scores(self, x) -> np.ndarray:
        """Raw scores of points, (N,)."""
        return self.network(columns(x)).numpy()[:, 0]

    def slopes(self, x) -> np.ndarray:
        """The gradient of the scores by the points, their shape."""
        points = columns(x)
        with tf.GradientTape() as tape:
            tape.watch(points)
            total = tf.reduce_sum(self.network(points))
        return tape.gradient(total, points).numpy().reshape(np.shape(x))


class Game(Critic):
    """A critic, and a generator that learns from it: Algorithm 1 of Goodfellow et al. 2014.

    Args:
        generator: Noise (batch, latent_dim) to points.
        latent_dim: Entries of z, from N(0, 1).
        turns: Updates of the critic for one of the generator, the paper's k.
        generator_optimizer: Of its weights.
        critic: The arguments of `Critic`.
    """

    def __init__(
        self,
        generator: keras.Model,
        *critic,
        latent_dim: int = 1,
        turns: int = 1,
        generator_optimizer: keras.optimizers.Optimizer | None = None,
        **more_of_critic,
    ):
        super().__init__(*critic, **more_of_critic)
        self.generator = generator
        self.latent_dim = latent_dim
        self.turns = turns
        self.generator_optimizer = generator_optimizer or keras.optimizers.Adam(1e-3, 0.5, 0.9)
        self.generator_optimizer.build(generator.trainable_variables)

    def noise(self, size: int):
        return self.random.normal((size, self.latent_dim))

    def update_generator(self, real, z):
        """One descent of the generator's loss."""
        weights = self.generator.trainable_variables
        with tf.GradientTape() as tape:
            scores = self.network(real), self.network(self.generator(z))
            loss = self.objective.generator_cost(*scores, self.generator_optimizer.iterations)
        self.generator_optimizer.apply(tape.gradient(loss, weights), weights)

    @tf.function(reduce_retracing=True)
    def _play(self, real, steps, size):
        for _ in tf.range(steps):
            for _ in tf.range(self.turns):
                self.update(self.batch(real, size), self.generator(self.noise(size)))
            self.update_generator(self.batch(real, size), self.noise(size))

    def play(self, real, until: int, size: int = 256) -> "Game":
        """Steps of Algorithm 1 against data (N, D) or (N,), until so many are made."""
        self._play(columns(real), self._missing(until), size)
        return self

    def learn_at(self, rate: float) -> None:
        super().learn_at(rate)
        self.generator_optimizer.learning_rate = rate

    def samples(self, count: int) -> np.ndarray:
        """Points of the generator, (count, D)."""
        return self.generator(self.noise(count)).numpy()


def sigmoid(scores) -> np.ndarray:
    """D(x) from raw scores, in float64."""
    return expit(np.asarray(scores, np.float64))


def value(real_scores, fake_scores) -> float:
    """V(D, G) = E log D(x) + E log(1 - D(G(z))) from raw scores, in float64."""
    real, fake = (np.asarray(scores, np.float64) for scores in (real_scores, fake_scores))
    return float(-np.mean(np.logaddexp(0, -real)) - np.mean(np.logaddexp(0, fake)))


def log_spaced(last: int, count: int) -> Sequence[int]:
    """About `count` increasing step numbers from 0 to `last`."""
    return sorted({0, *np.geomspace(1, last, count).astype(int).tolist()})
