"""What models that train have in common, and several of their steps in one call of a graph.

Many steps are shorter than what a call costs.
"""

from collections.abc import Callable, Iterator

import keras
import tensorflow as tf

from models.network import Network, check_kind
from support.errors import UserError


def optimizer(given: keras.optimizers.Optimizer | str) -> keras.optimizers.Optimizer:
    """The optimizer of that name, or the given one.

    Raises:
        UserError: It scales losses, accumulates gradients or averages weights.
    """
    found = keras.optimizers.get(given)
    scales = isinstance(found, keras.optimizers.LossScaleOptimizer) or found.loss_scale_factor
    refused = {
        "loss scaling": (scales, "the steps do not scale losses; compute in bfloat16, which needs none"),
        "gradient_accumulation_steps": (
            found.gradient_accumulation_steps,
            "what follows an update would run after every batch",
        ),
        "use_ema": (found.use_ema, "the generator's option generator_ema averages its weights"),
    }
    for what, (asked, reason) in refused.items():
        if asked:
            raise UserError(f"{what} of an optimizer has no place here: {reason}")
    return found


class StepModel(keras.Model):
    """G(z) as a model whose `fit` takes several steps in one call of the graph.

    `steps_per_call` is the number of steps that `fit` takes between two calls of its callbacks, 1 at first;
    with more the data must not end within a call, and the callbacks get arrays of what the steps returned. A
    subclass has a `generator` and `train_step`, which returns what is logged by name.
    """

    def __init__(self, name: str | None = None):
        super().__init__(name=name)
        self.steps_per_call = 1
        self.compiled_by_xla = False

    def compile(self, *arguments, steps_per_execution=1, jit_compile=False, **options):
        """As of `keras.Model`. `jit_compile`: whether XLA compiles the step.

        Raises:
            UserError: `steps_per_execution` is not 1, or the model was made for several devices.
        """
        if steps_per_execution != 1:
            raise UserError(
                f"steps_per_execution={steps_per_execution}: leave it out; with data that do not end the "
                "callback callbacks.Pace takes several steps at a time"
            )
        replicas = self.distribute_strategy.num_replicas_in_sync
        if replicas > 1:
            raise UserError(f"a strategy of {replicas} replicas: this model trains on one device")
        # Keras scales losses for float16 only in its own training step, and GAN's for one player alone.
        super().compile(*arguments, auto_scale_loss=False, jit_compile=False, **options)
        # Keras's own `jit_compile` is always False where operations are asked to be deterministic.
        self.compiled_by_xla = jit_compile

    def call(self, z, training=False):
        """The generator's images; outside training those that users see, of the average of its weights."""
        return self.generator(z, training=True) if training else self.generator.finished(z)

    def export(self, filepath, format="tf_saved_model", *, input_signature=None, **options):
        """As of `keras.Model`; what is exported takes z float32 (batch, latent_dim)."""
        z = keras.InputSpec(shape=(None, self.generator.latent_dim), dtype="float32")
        super().export(filepath, format, input_signature=input_signature or [z], **options)

    def _networks(self) -> list[Network]:
        return [layer for layer in self.layers if isinstance(layer, Network)]

    def adapt(self, images) -> None:
        """Before training: what the networks derive from the training images, uint8 or in [-1, 1].

        Raises:
            UserError: They are other whole numbers.
        """
        check_kind(images)
        for network in self._networks():
            network.adapt(images)

    def make_train_function(self, force=False):
        """What `fit` calls: `steps_per_call` steps.

        Raises:
            UserError: `adapt` has to be called before.
        """
        for network in self._networks():
            network.check_adapted()
        if self.run_eagerly:
            return super().make_train_function(force)
        if force or self.train_function is None:
            self.train_function = train_function(self)
        return self.train_function


def train_function(model) -> Callable[[Iterator], dict]:
    """What Keras's `fit` calls over and over with its iterator: `model.steps_per_call` steps of training.

    It returns what the steps logged by name: a number, or of several steps an array (steps,) of one each.
    The number of steps may change from call to call; a step is traced once.
    """

    def step_on_device(data):
        return model.distribute_strategy.run(model.train_step, args=(data,))

    step = tf.function(step_on_device, autograph=False, jit_compile=model.compiled_by_xla)

    @tf.function(autograph=False)
    def steps(iterator, count):
        logs = step.get_concrete_function(iterator.element_spec).structured_outputs
        return tf.map_fn(
            lambda _: step(next(iterator)),
            tf.range(count),
            fn_output_signature=tf.nest.map_structure(lambda value: tf.TensorSpec((), value.dtype), logs),
            parallel_iterations=1,
        )

    def call(iterator):
        count = model.steps_per_call
        logs = {name: values.numpy() for name, values in steps(iterator, tf.constant(count)).items()}
        return logs if count > 1 else {name: float(values[0]) for name, values in logs.items()}

    return call
