"""Penalties on the critic as a function. Each is a scalar, unweighted; an objective holds the weight.

A penalty takes `(discriminator, real, fake, seed=None)`: a function from inputs to scores, a batch of
data, a batch of samples of the same shape, and the seed of what it draws (an int or a
`keras.random.SeedGenerator`).
"""

from collections.abc import Callable

import keras
from keras import ops

from support.registry import Registry

registry = Registry("penalty", "losses")


def input_gradient(function: Callable, x):
    """d function(x)_i / d x_i for every example i, shape of x; differentiable once more.

    The one thing `keras.ops` has no word for: each backend says it in its own.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            scores = ops.sum(function(x))
        return tape.gradient(scores, x)
    if backend == "torch":
        import torch

        if not x.requires_grad:
            x = x.detach().requires_grad_()
        return torch.autograd.grad(function(x).sum(), x, create_graph=True)[0]
    if backend == "jax":
        import jax

        return jax.grad(lambda inputs: ops.sum(function(inputs)))(x)
    raise NotImplementedError(f"the {backend} backend cannot differentiate")


def gradient_norm(function: Callable, x, epsilon: float = 1e-12):
    """||grad_x function(x)||_2 per example, shape (batch,).

    `epsilon` stands inside the square root: the norm has no derivative at 0.
    """
    gradient = input_gradient(function, x)
    gradient = ops.reshape(gradient, (ops.shape(gradient)[0], -1))
    return ops.sqrt(ops.sum(ops.square(gradient), axis=1) + epsilon)


def interpolate(real, fake, seed=None):
    """x^ = e x + (1 - e) x~ with one e ~ U[0, 1] per example."""
    epsilon_shape = (ops.shape(real)[0],) + (1,) * (len(real.shape) - 1)
    epsilon = keras.random.uniform(epsilon_shape, dtype=real.dtype, seed=seed)
    return epsilon * real + (1 - epsilon) * fake


@registry.register("gradient_penalty")
def gradient_penalty(discriminator: Callable, real, fake, seed=None):
    """E (||grad_x^ D(x^)||_2 - 1)^2 on interpolates, two-sided.

    Gulrajani et al. 2017 (arXiv 1704.00028), equation 3; the paper's weight is lambda = 10.
    """
    norm = gradient_norm(discriminator, interpolate(real, fake, seed))
    return ops.mean(ops.square(norm - 1))
