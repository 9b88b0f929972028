"""Prior distributions p_z of the generator's input, each z i.i.d. over its entries."""

from math import sqrt

import keras

from support.registry import Registry

registry = Registry("latent distribution", "models")


@registry.register("normal")
def normal(shape, seed=None):
    """N(0, 1), as in WGAN and most later papers."""
    return keras.random.normal(shape, seed=seed)


@registry.register("uniform")
def uniform(shape, seed=None):
    """U(-1, 1), as in the DCGAN authors' code."""
    return keras.random.uniform(shape, -1, 1, seed=seed)


@registry.register("unit_uniform")
def unit_uniform(shape, seed=None):
    """U(-sqrt 3, sqrt 3), of unit variance, as in the original GAN's code."""
    return keras.random.uniform(shape, -sqrt(3), sqrt(3), seed=seed)
