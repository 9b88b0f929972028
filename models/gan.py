"""The trained pair: Algorithm 1 of Goodfellow et al. 2014 as a Keras model."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import keras
import tensorflow as tf

import losses
from models import calls
from models.layers import has_wrong_second_derivative
from models.network import NONE, Discriminator, as_examples, moved, with_parts
from models.stabilisers import SpectralNormalization, mixes_examples, serializable
from support.errors import UserError
from support.options import parameters
from support.registry import Registry

#: What one step does, by name: `GAN` and its subclasses.
registry = Registry("algorithm", "models")


def as_opponent(network: keras.Model, method: Callable | None = None, weights: Sequence | None = None):
    """`network(x, training=True)` as a function whose normalisation state stays as it is.

    A turn updates one player. Its opponent normalises with batch statistics and drops units out as in
    training, but neither the moving averages of its batch norm nor any other statistic moves. Its
    counters (of random streams) do go on: the next call draws fresh masks.

    Args:
        method: Method of the network to call in place of the network itself.
        weights: Values in place of its trainable variables.
    """
    method = method or network

    def call(x):
        fixed = network.non_trainable_variables
        state = [*zip(fixed, map(tf.convert_to_tensor, fixed), strict=True)]
        if weights is not None:
            state += zip(network.trainable_variables, weights, strict=True)
        with keras.StatelessScope(state) as scope:
            outputs = method(x, training=True)
        for variable in fixed:
            if not keras.backend.is_float_dtype(variable.dtype):
                variable.assign(scope.get_current_value(variable))
        return outputs

    return call


@contextmanager
def in_variables_precision(network: keras.Model) -> Iterator[None]:
    """Within, the network's layers compute in the precision of their weights, whatever their policy says.

    A gradient penalty is differentiated twice: the 8 bits of bfloat16 leave little of it.
    """
    layers = network._flatten_layers()
    # A Sequential calls a model that it keeps beside its layers, which casts too.
    layers += [layer._functional for layer in layers if getattr(layer, "_functional", None)]
    policies = [layer.dtype_policy for layer in layers]
    for layer in layers:
        layer.dtype_policy = layer.variable_dtype
    try:
        yield
    finally:
        for layer, policy in zip(layers, policies, strict=True):
            layer.dtype_policy = policy


def at_least(size, fewest: int, message: str):
    """The size, a tensor, of which the graph asserts that it is so much."""
    with tf.control_dependencies([tf.debugging.assert_greater_equal(size, fewest, message)]):
        return tf.identity(size)


def in_turns(examples, turns: int, multiple: int = 1, least: int = 1):
    """(batch, ...) -> (turns, examples of a turn, ...): what is left over is not used.

    Args:
        multiple: A turn's examples are so many, or twice, three times as many.
        least: Fewest examples of a turn.
    """
    size = tf.shape(examples)[0] // (turns * multiple) * multiple
    fewest = turns * math.ceil(least / multiple) * multiple
    message = (
        f"a batch holds the data of n_critic = {turns} turns: it needs {fewest} examples at least, the last "
        "one of the data too (drop_remainder=True)"
    )
    size = at_least(size, least, message)
    return tf.reshape(examples[: size * turns], (turns, size, *examples.shape[1:]))


def repeat(turn: Callable, *batches):
    """Takes `turn` on each of the batches in order, and returns what the last one returned.

    The turn is traced once however many batches there are: unrolled, the time to the first step would
    grow with `n_critic`.
    """
    count = batches[0].shape[0]
    if count > 1 and not tf.executing_eagerly():
        turn = tf.function(turn, autograph=False)

    def at(i):
        return turn(*(batch[i] for batch in batches))

    logs = at(0)
    if count > 1:
        _, logs = tf.while_loop(
            lambda i, _: i < count, lambda i, _: (i + 1, at(i)), (1, logs), parallel_iterations=1
        )
    return logs


@registry.register("alternating")
@serializable
class GAN(calls.StepModel):
    """A generator and a discriminator that train each other under `fit`.

    A batch given to `fit` holds the data of one step: `n_critic` times as many examples as one turn
    takes. Labels beside the images are ignored. One step is `n_critic` turns of the discriminator, each
    on its own part of the batch and on fresh noise, then one turn of the generator on fresh noise.

    Batch norm sees real and generated images apart: they pass the discriminator in two batches (as in the
    DCGAN and WGAN authors' code), in one only where no example's score depends on the others. See
    `as_opponent` for what a turn leaves alone.

    Args:
        generator: A `models.Generator`.
        discriminator: Maps images to raw scores (batch, 1).
        objective: A `losses.Objective` or its name.
        n_critic: Turns of the discriminator a step, Algorithm 1's k; by default the objective's paper's.
        seed: Seed of the noise (int). Dropout draws from its layers' own seeds.

    Raises:
        ValueError: A trainable variable belongs to both players, the objective's penalty forbids the
            discriminator's batch norm, the step takes second derivatives that TensorFlow has wrong of one of
            its layers, its scores are not what the objective takes, or the objective has a part that the step
            `excludes`.
    """

    #: Whether the step weights real against generated energies, as BEGAN does.
    balances: ClassVar[bool] = False
    #: Whether the step differentiates the discriminator's gradient even without a penalty on it.
    second_order: ClassVar[bool] = False
    #: The options of an objective that this step has no place for, each with the reason.
    excludes: ClassVar[Mapping[str, str]] = {}

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        objective: losses.Objective | str,
        *,
        n_critic: int | None = None,
        seed: int | None = None,
        name: str | None = None,
    ):
        super().__init__(name=name)
        self.generator = generator
        self.discriminator = discriminator
        self.objective = losses.get(objective) if isinstance(objective, str) else objective
        self.n_critic = self.objective.paper["n_critic"] if n_critic is None else n_critic
        if self.n_critic < 1:
            raise UserError(f"n_critic={n_critic}: a step has one turn of the discriminator at least")
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True
        self._check_objective()
        self._check_players()

    def _check_objective(self) -> None:
        options = parameters(type(self.objective))
        for name, reason in self.excludes.items():
            if not options[name].option.is_off(getattr(self.objective, name)):
                raise UserError(f"{name} has no place in {type(self).__name__}: {reason}")

    def _check_players(self) -> None:
        mine = {id(variable) for variable in self.generator.trainable_variables}
        shared = [v.path for v in self.discriminator.trainable_variables if id(v) in mine]
        if shared:
            raise UserError(f"generator and discriminator share the weights {', '.join(shared)}")
        mixing = [layer.name for layer in self.discriminator._flatten_layers() if mixes_examples(layer)]
        self._mixes_examples = bool(mixing)
        if mixing and not self.objective.allows_batch_norm:
            raise UserError(
                f"the penalty {', '.join(self.objective.penalties)} needs scores that do not depend on the "
                f"rest of the batch, this discriminator has {', '.join(mixing)}: pass "
                "discriminator_batch_norm=False, minibatch_discrimination=0"
            )
        if self.second_order or self.objective.penalizes_gradients:
            wrong = filter(has_wrong_second_derivative, self.discriminator._flatten_layers())
            if names := ", ".join(layer.name for layer in wrong):
                raise UserError(
                    f"TensorFlow differentiates {names} wrongly the second time, as this game has to: take "
                    "BatchNormalization or LayerNormalization of models.layers"
                )
        shape = getattr(self.generator, "image_shape", ())
        for penalty in losses.penalties.PICTURES_ONLY & {*self.objective.penalties}:
            if len(shape) == 1:
                raise UserError(f"the penalty {penalty} changes pictures: leave it out for points")
        normalised = any(
            isinstance(layer, SpectralNormalization) for layer in self.discriminator._flatten_layers()
        )
        if normalised and self.objective.clip:
            raise UserError("clip and spectral_norm exclude each other: W / sigma(W) has no scale to clip")
        if isinstance(self.discriminator, Discriminator):
            self._check_scores(self.discriminator)

    def _check_scores(self, discriminator: Discriminator) -> None:
        objective = self.objective.get_config()["name"]
        if self.objective.needs_balance != self.balances:
            raise UserError("the objective began and the algorithm began go together: choose both or neither")
        if self.objective.needs_energy and not discriminator.gives_energy:
            raise UserError(
                f"{objective} needs an energy for its score: set autoencoder, the size of its code"
            )
        if discriminator.gives_energy and not self.objective.needs_energy:
            raise UserError(f"an autoencoder's energy is low for data, {objective} wants high scores there")
        if discriminator.outputs_per_example > 1 and not self.objective.takes_vectors:
            raise UserError(f"{objective} takes one score per example: leave out outputs")

    def compile(self, generator_optimizer, discriminator_optimizer, **kwargs):
        """Gives each player its optimizer (a `keras.optimizers.Optimizer` or its name).

        `optimizer`, which callbacks such as `LearningRateScheduler` act on, is the generator's.
        Other arguments are those of `keras.Model.compile`.

        Raises:
            UserError: An optimizer scales losses, accumulates gradients or averages weights, both players
                have the same one, or the step has no place for one. The model stays as it was.
        """
        optimizers = [calls.optimizer(given) for given in (generator_optimizer, discriminator_optimizer)]
        if optimizers[0] is optimizers[1]:
            raise UserError("both players have the same optimizer: give each one of its own")
        self.check_optimizers(*optimizers)
        super().compile(optimizer=optimizers[0], **kwargs)
        self.generator_optimizer, self.discriminator_optimizer = optimizers
        self.generator_optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)

    def check_optimizers(self, generator_optimizer, discriminator_optimizer) -> None:
        """Raises UserError where the step has no place for one of them. A subclass says which."""

    @property
    def step(self) -> int:
        """Generator updates made so far."""
        return int(self.generator_optimizer.iterations)

    @property
    def state(self) -> list[keras.Variable]:
        """Every variable that the next step depends on, random streams and optimizers included."""
        optimizers = (self.generator_optimizer, self.discriminator_optimizer)
        return [*self.variables, *(v for optimizer in optimizers for v in optimizer.variables)]

    def train_step(self, data):
        """One step of Algorithm 1."""
        real_images, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        real = self.in_turns(real_images)
        turns = self.n_critic + 1
        z = in_turns(self.generator.sample_latent(turns * tf.shape(real)[1], self.seed_generator), turns)
        discriminator_logs = repeat(self.discriminator_turn, real, z[:-1])
        return {**discriminator_logs, **self.generator_turn(real[-1], z[-1])}

    def in_turns(self, real):
        """The real examples of each of the discriminator's turns, (n_critic, examples of a turn, ...).

        Raises:
            UserError: They are whole numbers.
        """
        real = as_examples(real)
        return in_turns(real, self.n_critic, self._packing, self._packing * self.objective.smallest_batch)

    @property
    def _packing(self) -> int:
        """Examples that the discriminator gives one score."""
        return getattr(self.discriminator, "stabilisers", NONE).packing

    def discriminator_turn(self, real, z):
        """One update of the discriminator on real images and as many generated ones, from noise z."""
        return self.update_discriminator(real, as_opponent(self.generator)(z))

    def update_discriminator(self, real, fake):
        """One update of the discriminator on real and generated images. Returns what is logged of it."""
        with tf.GradientTape() as tape:
            real_scores, fake_scores, added = self.scores(real, fake)
            loss = self.discriminator_cost(real_scores, fake_scores) + added
            with in_variables_precision(self.discriminator):
                loss += self.objective.penalty(
                    as_opponent(self.discriminator),
                    real,
                    fake,
                    seed=self.seed_generator,
                    step=self.discriminator_optimizer.iterations,
                    packing=self._packing,
                )
        norm = self._descend(self.discriminator, self.discriminator_optimizer, tape, loss)
        return {
            "discriminator_loss": loss,
            "discriminator_gradient_norm": norm,
            **self.objective.summaries(real_scores, fake_scores),
        }

    def discriminator_cost(self, real_scores, fake_scores):
        """What the discriminator's turn minimises, beside penalties."""
        return self.objective.discriminator_cost(real_scores, fake_scores, self.seed_generator)

    def scores(self, real, fake):
        """The discriminator's scores of both batches, and the losses that its layers add for these.

        In one pass where no example's score depends on the rest.
        """
        if self._mixes_examples:
            real_scores, of_real = self._scored(real)
            fake_scores, of_fake = self._scored(fake)
            return real_scores, fake_scores, (of_real + of_fake) / 2
        scores, added = self._scored(tf.concat([real, fake], axis=0))
        return *tf.split(scores, 2), added

    def _scored(self, examples):
        # Every later call of the discriminator forgets the losses of this one.
        return self.discriminator(examples, training=True), sum(self.discriminator.losses)

    def generator_turn(self, real, z):
        """One update of the generator from noise z; `real` is the data that the discriminator saw last."""
        with tf.GradientTape() as tape:
            fake = self.generator(z, training=True)
        return self.update_generator(real, fake, tape)

    def update_generator(self, real, fake, tape):
        """One update of the generator by images whose making the tape has watched."""
        with tape:
            loss = self.generator_loss(real, fake) + sum(self.generator.losses)
        norm = self._descend(self.generator, self.generator_optimizer, tape, loss)
        return {"generator_loss": loss, "generator_gradient_norm": norm}

    def generator_loss(self, real, fake):
        """What the generator's turn minimises."""
        discriminator = as_opponent(self.discriminator)
        # Most objectives do not look at the real scores: the graph then never computes them.
        real_scores, fake_scores = discriminator(real), discriminator(fake)
        return self.objective.generator_cost(real_scores, fake_scores, self.generator_optimizer.iterations)

    def _descend(self, player, optimizer, tape, loss):
        """One optimizer update of a player's variables. Returns the global norm of the gradient."""
        gradients = tape.gradient(loss, player.trainable_variables)
        if player.trainable_variables:
            optimizer.apply(gradients, player.trainable_variables)
        else:  # Of a frozen player it would not count the turn.
            optimizer.iterations.assign_add(1)
        if player is self.discriminator:
            self.objective.constrain(player.trainable_variables)
        moved(player)
        return tf.linalg.global_norm(gradients)

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        return {
            "generator": serialize(self.generator),
            "discriminator": serialize(self.discriminator),
            "objective": self.objective.get_config(),
            "n_critic": self.n_critic,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = with_parts(config, ("generator", "discriminator"), custom_objects)
        return cls(**config | {"objective": losses.get(**config["objective"])})

    def get_compile_config(self):
        serialize = keras.saving.serialize_keras_object
        return {
            "generator_optimizer": serialize(self.generator_optimizer),
            "discriminator_optimizer": serialize(self.discriminator_optimizer),
            "jit_compile": self.compiled_by_xla,
        }

    def compile_from_config(self, config):
        players = ("generator_optimizer", "discriminator_optimizer")
        optimizers = {player: keras.saving.deserialize_keras_object(config[player]) for player in players}
        self.compile(**optimizers, jit_compile=config.get("jit_compile", False))
