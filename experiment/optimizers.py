"""The optimizers of the papers, by name, with the options that flags and configurations may set."""

import math
from typing import Annotated

import keras
import tensorflow as tf
from keras import ops

from models.network import serializable
from support.options import Option
from support.registry import Registry

registry = Registry("optimizer", "experiment")

#: Added to the root of the mean square, in Adam's paper and in the frameworks the papers' code uses.
EPSILON = 1e-8


@registry.register("adam")
def adam(
    learning_rate,
    *,
    beta_1: Annotated[float, Option("Decay of the gradient's mean.", minimum=0, below=1)] = 0.9,
    beta_2: Annotated[float, Option("Decay of its mean square.", minimum=0, below=1)] = 0.999,
):
    return Adam(learning_rate, beta_1=beta_1, beta_2=beta_2, epsilon=EPSILON)


@registry.register("rmsprop")
def rmsprop(
    learning_rate,
    *,
    rho: Annotated[float, Option("Decay of the gradient's mean square.", minimum=0, below=1)] = 0.9,
):
    # Keras adds it under the root, where 1e-8 would be 1e-4: more than the gradients of a WGAN's weights.
    return RMSprop(learning_rate, rho=rho, epsilon=EPSILON**2)


@registry.register("sgd")
def sgd(
    learning_rate,
    *,
    momentum: Annotated[float, Option("Momentum of the first update.", minimum=0, below=1)] = 0.0,
    final_momentum: Annotated[
        float | None, Option("Momentum after --momentum_steps updates.", minimum=0, below=1)
    ] = None,
    momentum_steps: Annotated[
        int, Option("Updates over which the momentum rises.", minimum=0, needs="final_momentum")
    ] = 0,
):
    return MomentumSGD(learning_rate, momentum, final_momentum, momentum_steps)


@serializable
class Adam(keras.optimizers.Adam):
    """Kingma and Ba 2015 (arXiv 1412.6980), each variable in one pass over memory.

    Keras's own update reads and writes a variable and its moments a dozen times: a third of the time of
    a step of the MLP pair. `amsgrad` is not for it.
    """

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations + 1, variable.dtype)
        beta_1, beta_2 = (tf.cast(beta, variable.dtype) for beta in (self.beta_1, self.beta_2))
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=beta_1**step,
            beta2_power=beta_2**step,
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=beta_1,
            beta2=beta_2,
            epsilon=tf.cast(self.epsilon, variable.dtype),
            grad=tf.cast(gradient, variable.dtype),
        )


@serializable
class RMSprop(keras.optimizers.RMSprop):
    """Tieleman and Hinton 2012, lecture 6.5, each variable in one pass over memory. Never centred."""

    def build(self, variables):
        super().build(variables)
        if not self.momentum:  # Keras then has none, and the kernel wants them.
            self._momentums = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        rate, rho, momentum, epsilon = (
            tf.cast(value, variable.dtype) for value in (learning_rate, self.rho, self.momentum, self.epsilon)
        )
        tf.raw_ops.ResourceApplyRMSProp(
            var=variable.handle,
            ms=self._velocities[index].value.handle,
            mom=self._momentums[index].value.handle,
            lr=rate,
            rho=rho,
            momentum=momentum,
            epsilon=epsilon,
            grad=tf.cast(gradient, variable.dtype),
        )


@serializable
class MomentumSGD(keras.optimizers.SGD):
    """v <- m v - lr g, w <- w + v, where m rises linearly over the first updates.

    Args:
        momentum: m at the first update, in [0, 1).
        final_momentum: m after `momentum_steps` updates; by default it stays as it is.
        momentum_steps: Updates over which it rises.
    """

    def __init__(self, learning_rate=0.01, momentum=0.0, final_momentum=None, momentum_steps=0, **kwargs):
        super().__init__(learning_rate, momentum=momentum, **kwargs)
        self.final_momentum = momentum if final_momentum is None else final_momentum
        self.momentum_steps = momentum_steps

    def build(self, variables):
        super().build(variables)
        if not self.momentum:  # Keras then has no velocities; ours may rise from 0.
            self.momentums = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient, variable, learning_rate):
        velocity = self.momentums[self._get_variable_index(variable)]
        progress = ops.cast(self.iterations, variable.dtype) / max(self.momentum_steps, 1)
        rise = self.final_momentum - self.momentum
        momentum = self.momentum + rise * ops.minimum(progress, 1)
        gradient = ops.cast(gradient, variable.dtype)
        step = ops.cast(learning_rate, variable.dtype) * gradient
        self.assign(velocity, ops.cast(momentum, variable.dtype) * velocity - step)
        self.assign_add(variable, velocity)

    def get_config(self):
        own = dict(final_momentum=self.final_momentum, momentum_steps=self.momentum_steps)
        return {**super().get_config(), **own}


def learning_rate_schedule(learning_rate: float, decay: float, turns: int = 1):
    """learning_rate / decay^t after t steps of that many updates; the number itself where decay is 1.

    A critic's rate falls with the generator's, however many turns it takes for one of the generator.
    """
    if decay == 1:
        return learning_rate
    # As a power of 1 / e: Keras raises a float32, whose digits near 1 are too few for a million steps.
    return keras.optimizers.schedules.ExponentialDecay(learning_rate, turns / math.log(decay), math.exp(-1))
