"""Networks as `keras.Model` subclasses, one file per pair; `models.gan.GAN` trains a pair."""

from models.network import Generator, ImageShape, Network, registry

__all__ = ["Generator", "ImageShape", "Network", "get", "names"]

names = registry.names


def get(name: str, image_shape: ImageShape, latent_dim: int = 100, **options):
    """The pair of networks of that flag value, built.

    Args:
        name: One of `names()`.
        image_shape: (H, W, C) of the images, or (D,) of points.
        latent_dim: Number of entries of z.
        **options: Keyword options of the pair (`registry.options(name)` lists them).

    Returns:
        (generator, discriminator): `generator(z, training=...)` maps z (batch, latent_dim) to images
        (batch, H, W, C) in [-1, 1]; `discriminator(x, training=...)` maps them to raw scores (batch, 1):
        for `packing`, `outputs` and `autoencoder` see their docstrings.

    Raises:
        ValueError: The name or an option is unknown, or the network does not fit the image shape.
    """
    return registry.create(name, **options).build(tuple(image_shape), latent_dim)


# Keras finds the classes that a file names only where their modules have been imported.
registry.import_all()
