"""Penalties on the critic as a function. Each is a scalar, unweighted; an objective holds the weight.

A penalty takes `(discriminator, real, fake, seed=None)`: a function from inputs to scores, a batch of
data, a batch of samples of the same shape, and the seed of what it draws (an int or a
`keras.random.SeedGenerator`).
"""

from collections.abc import Callable

import keras
from keras import ops

from losses.numerics import widen
from support import pictures
from support.registry import Registry

registry = Registry("penalty", "losses")

#: All penalties, those on the gradient of each score by its own input, and those that points cannot have.
NAMES: set[str] = set()
PER_EXAMPLE: set[str] = set()
PICTURES_ONLY: set[str] = set()


def register(name: str, *, of_gradient: bool = True, pictures_only: bool = False) -> Callable:
    """Decorator: `--penalties=NAME:WEIGHT` means the decorated penalty.

    Args:
        name: Its name.
        of_gradient: It takes the gradient of each score by its own input, which forbids batch norm.
        pictures_only: Points cannot have it.
    """
    for names, belongs in ((NAMES, True), (PER_EXAMPLE, of_gradient), (PICTURES_ONLY, pictures_only)):
        if belongs:
            names.add(name)
    return registry.register(name)


def scores_and_gradient(function: Callable, x):
    """function(x), and the derivative of its sum by x, shape of x; differentiable once more.

    The one thing `keras.ops` has no word for: each backend says it in its own.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            scores = function(x)
            total = ops.sum(scores)
        return scores, tape.gradient(total, x)
    if backend == "torch":
        import torch

        if not x.requires_grad:
            x = x.detach().requires_grad_()
        scores = function(x)
        return scores, torch.autograd.grad(scores.sum(), x, create_graph=True)[0]
    if backend == "jax":
        import jax

        scores, pull_back = jax.vjp(function, x)
        return scores, pull_back(ops.ones_like(scores))[0]
    raise NotImplementedError(f"the {backend} backend cannot differentiate")


def squared_gradient_norm(function: Callable, x):
    """||grad_x function(x)||^2 per score, (number of scores,), in float32 at least.

    A packing discriminator gives one score for several examples: its gradient is by all of them.
    """
    scores, gradient = scores_and_gradient(function, x)
    gradient = ops.reshape(widen(gradient), (ops.shape(scores)[0], -1))
    return ops.sum(ops.square(gradient), axis=1)


def gradient_norm(function: Callable, x, epsilon: float = 1e-12):
    """||grad_x function(x)||_2 per score, (number of scores,), in float32 at least.

    `epsilon` stands inside the square root: the norm has no derivative at 0.
    """
    return ops.sqrt(squared_gradient_norm(function, x) + epsilon)


def interpolate(real, fake, seed=None, packing=1):
    """x^ = e x + (1 - e) x~ with one e ~ U[0, 1] per example, or per pack of those that get one score."""
    epsilon = pictures.uniform_per_example(real, seed=seed, packing=packing)
    return epsilon * real + (1 - epsilon) * fake


@register("gradient_penalty")
def gradient_penalty(discriminator: Callable, real, fake, seed=None, packing=1):
    """E (||grad_x^ D(x^)||_2 - 1)^2 on interpolates x^, two-sided.

    Gulrajani et al. 2017 (arXiv 1704.00028), equation 3; the paper's weight is lambda = 10.
    """
    norm = gradient_norm(discriminator, interpolate(real, fake, seed, packing))
    return ops.mean(ops.square(norm - 1))


@register("lipschitz_penalty")
def lipschitz_penalty(discriminator: Callable, real, fake, seed=None, packing=1):
    """E max(0, ||grad_x^ D(x^)||_2 - 1)^2 on interpolates x^, one-sided.

    Petzka, Fischer and Lukovnikov 2018, WGAN-LP (arXiv 1709.08894), equation 8; weight 10.
    """
    norm = gradient_norm(discriminator, interpolate(real, fake, seed, packing))
    return ops.mean(ops.square(ops.relu(norm - 1)))


@register("dragan")
def dragan(discriminator: Callable, real, fake, seed=None, packing=1):
    """E (||grad D(x + a d)||_2 - 1)^2 around the data: d ~ 1/2 std(x) U[0, 1] per entry, a ~ U[0, 1].

    Kodali et al. 2017 (arXiv 1705.07215), with the perturbation of the authors' code; weight 10. std is
    taken over all entries of the batch, a is drawn once per example, or per pack of those that get one score.
    """
    noise = keras.random.uniform(ops.shape(real), dtype=real.dtype, seed=seed)
    own = seed + 1 if isinstance(seed, int) else seed
    share = pictures.uniform_per_example(real, seed=own, packing=packing)
    norm = gradient_norm(discriminator, real + share * 0.5 * ops.std(real) * noise)
    return ops.mean(ops.square(norm - 1))


@register("r1")
def r1(discriminator: Callable, real, fake, seed=None, packing=1):
    """1/2 E ||grad_x D(x)||^2 on data.

    Mescheder, Geiger and Nowozin 2018 (arXiv 1801.04406), equation 9: the weight is the paper's gamma. (The
    authors' code leaves out the half: its 10 is gamma = 20.)
    """
    return 0.5 * ops.mean(squared_gradient_norm(discriminator, real))


@register("r2")
def r2(discriminator: Callable, real, fake, seed=None, packing=1):
    """1/2 E ||grad D(G(z))||^2 on samples.

    Mescheder, Geiger and Nowozin 2018 (arXiv 1801.04406), equation 10: the weight is the paper's gamma.
    """
    return 0.5 * ops.mean(squared_gradient_norm(discriminator, fake))


@register("zero_centered")
def zero_centered(discriminator: Callable, real, fake, seed=None, packing=1):
    """E ||grad_x^ D(x^)||^2 on interpolates x^.

    Thanh-Tung, Tran and Venkatesh 2019 (arXiv 1902.03984), 0-GP; weight 100 in their experiments.
    """
    return ops.mean(squared_gradient_norm(discriminator, interpolate(real, fake, seed, packing)))


@register("wasserstein_divergence")
def wasserstein_divergence(discriminator: Callable, real, fake, seed=None, packing=1):
    """E ||grad_x^ D(x^)||^p on interpolates x^, with p = 6.

    Wu et al. 2018, WGAN-div (arXiv 1712.01026), equation 8; the paper's weight is k = 2.
    """
    return ops.mean(squared_gradient_norm(discriminator, interpolate(real, fake, seed, packing)) ** 3)


@register("consistency", of_gradient=False, pictures_only=True)
def consistency(discriminator: Callable, real, fake, seed=None, packing=1):
    """E (D(x) - D(T(x)))^2 on data, where T mirrors at random and moves by up to 4 pixels.

    Zhang et al. 2020, CR-GAN (arXiv 1910.12027), equation 3; the paper's weight is 10. Pictures only.
    """
    moved = pictures.shift(pictures.flip(real, seed), (4, 4), seed)
    return ops.mean(ops.square(widen(discriminator(real)) - widen(discriminator(moved))))
