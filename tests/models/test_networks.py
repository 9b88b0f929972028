"""The networks against the papers' shapes, parameter counts and initialisation."""

import keras
import numpy as np
import pytest

import models
from models import latent
from models.layers import BatchNormalization, Conv2DTranspose

SHAPES = [(8, 8, 1), (28, 28, 1), (32, 32, 3), (64, 64, 3), (28, 28, 3), (64, 64, 1)]


PICTURE_PAIRS = ["dcgan", "infogan", "mlp", "wgan_mlp"]


def test_pairs_are_for_pictures_or_for_points():
    assert models.names() == sorted([*PICTURE_PAIRS, "pacgan", "toy"])
    with pytest.raises(ValueError, match="dcgan is not for points of shape .*choose pacgan, toy"):
        models.get("dcgan", (2,))
    with pytest.raises(ValueError, match="toy is not for pictures of shape .*choose dcgan"):
        models.get("toy", (8, 8, 1))
    with pytest.raises(ValueError, match=r"examples of shape \(8, 8\): pictures have \(height"):
        models.get("dcgan", (8, 8))


def test_toy_networks_are_those_of_wgan_gps_code():
    generator, discriminator = models.get("toy", (2,), latent_dim=2)
    for network, out in ((generator, 2), (discriminator, 1)):
        kernels = [w.shape for w in network.trainable_variables if len(w.shape) == 2]
        assert kernels == [(2, 512), (512, 512), (512, 512), (512, out)]
    assert discriminator(generator(generator.sample_latent(5))).shape == (5, 1)


def test_pacgan_networks_are_those_of_its_code():
    generator, discriminator = models.get("pacgan", (2,), latent_dim=2, packing=3)
    kernels = [w.shape for w in generator.trainable_variables if len(w.shape) == 2]
    assert kernels == [(2, 400), (400, 400), (400, 400), (400, 400), (400, 2)]
    norms = [layer for layer in generator.body.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert [(norm.momentum, norm.epsilon) for norm in norms] == 4 * [(0.95, 1e-4)]
    maxout = 5 * 200
    layers = [6 * maxout + maxout, 200 * maxout + maxout, 200 * maxout + maxout, 200 + 1]
    assert discriminator.count_params() == sum(layers)
    largest = max(discriminator.get_weights(), key=np.size)
    assert largest.std() == pytest.approx(0.02, rel=0.02)
    points = generator(generator.sample_latent(12), training=True)
    assert points.shape == (12, 2) and discriminator(points).shape == (4, 1)


@pytest.mark.parametrize("name", PICTURE_PAIRS)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_pair_maps_noise_to_images_and_images_to_scores(name, shape):
    generator, discriminator = models.get(name, shape, latent_dim=16)
    z = generator.sample_latent(3, 0)
    images = generator(z, training=False)
    assert z.shape == (3, 16) and images.shape == (3, *shape)
    assert np.all(np.abs(images) <= 1)
    scores = discriminator(images, training=False)
    assert scores.shape == (3, 1)
    assert np.std(scores) > 0


def test_infogan_has_the_layers_of_the_fixed_architecture():
    generator, discriminator = models.get("infogan", (28, 28, 1), latent_dim=64)
    kernels = [w.shape for w in generator.trainable_variables if len(w.shape) > 1]
    assert kernels == [(64, 1024), (1024, 7 * 7 * 128), (4, 4, 64, 128), (4, 4, 1, 64)]
    kernels = [w.shape for w in discriminator.trainable_variables if len(w.shape) > 1]
    assert kernels == [(4, 4, 1, 64), (4, 4, 64, 128), (7 * 7 * 128, 1024), (1024, 1)]
    pixels = generator.trainable_variables[-1]
    assert pixels.shape == (1,)
    for bias in (-40.0, 40.0):  # A sigmoid's ends are the two ends of [-1, 1].
        pixels.assign([bias])
        np.testing.assert_allclose(generator(np.zeros((1, 64))), np.sign(bias), atol=1e-6)


def test_mlp_has_the_parameters_of_the_published_mnist_networks():
    generator, discriminator = models.get("mlp", (28, 28, 1))
    assert generator.count_params() == 2_503_984
    assert discriminator.count_params() == 1_231_441
    assert max(np.abs(w).max() for w in generator.get_weights()) <= 0.05
    assert max(np.abs(w).max() for w in discriminator.get_weights()) <= 0.005


def test_maxout_is_the_largest_of_its_pieces():
    _, discriminator = models.get("mlp", (2, 2, 1))
    maxout = discriminator.body.layers[3]
    x = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    kernel, bias = maxout.get_weights()
    pieces = (x @ kernel + bias).reshape(3, 5, 240)
    np.testing.assert_allclose(maxout(x), pieces.max(axis=1), rtol=1e-5, atol=1e-7)


def test_mlp_discriminator_drops_a_fifth_of_the_pixels_and_half_of_the_units():
    _, discriminator = models.get("mlp", (28, 28, 1))
    rates = [layer.rate for layer in discriminator.body.layers if isinstance(layer, keras.layers.Dropout)]
    assert rates == [0.2, 0.5, 0.5]
    x = np.ones((4, 28, 28, 1), np.float32)
    assert not np.allclose(discriminator(x, training=True), discriminator(x, training=True))
    np.testing.assert_array_equal(discriminator(x, training=False), discriminator(x, training=False))


@pytest.mark.parametrize("given", [lambda images: images, lambda images: images / np.float32(127.5) - 1])
def test_mlp_generator_starts_from_the_mean_image(given):
    images = np.random.default_rng(0).integers(0, 256, (50, 8, 8, 1), np.uint8)
    images[:, 0, 0] = 0
    generator, _ = models.get("mlp", (8, 8, 1))
    generator.adapt(given(images))
    generator.pixels.kernel.assign(0 * generator.pixels.kernel)
    mean = images.mean(axis=0) / 127.5 - 1
    np.testing.assert_allclose(generator(np.ones((1, 100)))[0], mean, atol=1e-5)


def outputs(network):
    layers = [*network.body.layers, *(network.head.layers if hasattr(network, "head") else ())]
    return [tuple(layer.output.shape[1:]) for layer in layers]


def test_dcgan_at_64_has_the_papers_channels():
    generator, discriminator = models.get("dcgan", (64, 64, 3))
    for shape in [(4, 4, 1024), (8, 8, 512), (16, 16, 256), (32, 32, 128), (64, 64, 3)]:
        assert shape in outputs(generator)
    for shape in [(32, 32, 128), (16, 16, 256), (8, 8, 512), (4, 4, 1024), (1,)]:
        assert shape in outputs(discriminator)


def test_wgan_authors_networks_are_dcgan_with_64_filters_and_4x4_kernels():
    generator, discriminator = models.get("dcgan", (64, 64, 3), filters=64, kernel=4)
    for shape in [(4, 4, 512), (8, 8, 256), (16, 16, 128), (32, 32, 64)]:
        assert shape in outputs(generator)
    kernels = [w.shape for w in discriminator.trainable_variables if len(w.shape) == 4]
    assert kernels == [(4, 4, 3, 64), (4, 4, 64, 128), (4, 4, 128, 256), (4, 4, 256, 512)]


def norms(network):
    return [layer for layer in network.body.layers if isinstance(layer, keras.layers.BatchNormalization)]


def test_dcgan_normalises_all_but_its_output_and_input():
    generator, discriminator = models.get("dcgan", (64, 64, 3))
    assert [norm.gamma.shape[0] for norm in norms(generator)] == [1024, 512, 256, 128]
    assert [norm.gamma.shape[0] for norm in norms(discriminator)] == [256, 512, 1024]
    every = norms(generator) + norms(discriminator)
    # Torch's momentum of 0.1 is the share of the new batch.
    assert {(norm.momentum, norm.epsilon) for norm in every} == {(0.9, 1e-5)}


@pytest.mark.parametrize("name", ["dcgan", "wgan_mlp"])
def test_batch_norm_can_be_left_out(name):
    _, critic = models.get(name, (28, 28, 1), discriminator_batch_norm=False)
    assert not norms(critic)
    generator, _ = models.get("dcgan", (28, 28, 1), generator_batch_norm=False)
    assert not norms(generator)


def test_the_generator_of_wgans_figure_6_has_as_many_filters_in_every_layer():
    sizes = {}
    for constant in (False, True):
        options = dict(generator_batch_norm=False, generator_constant_filters=constant, filters=64, kernel=4)
        generator, _ = models.get("dcgan", (64, 64, 3), **options)
        sizes[constant] = generator.count_params()
        layers = [layer for layer in generator.body.layers if isinstance(layer, Conv2DTranspose)]
        assert [layer.filters for layer in layers] == ([64] * 3 if constant else [256, 128, 64]) + [3]
    # By a bit more than an order of magnitude, the paper says.
    assert 10 < sizes[False] / sizes[True] < 20


def test_dcgan_weights_are_drawn_from_n_0_002():
    for network in models.get("dcgan", (64, 64, 3)):
        for weight in network.trainable_variables:
            if len(weight.shape) > 1:
                assert np.mean(weight) == pytest.approx(0, abs=2e-3)
                assert np.std(weight) == pytest.approx(0.02, rel=0.05)
        for norm in norms(network):
            assert np.mean(norm.gamma) == pytest.approx(1, abs=0.01)
            assert np.std(norm.gamma) == pytest.approx(0.02, rel=0.2)


def test_wgan_mlp_generator_is_four_layers_of_512_units():
    generator, _ = models.get("wgan_mlp", (64, 64, 3))
    kernels = [w.shape for w in generator.trainable_variables if len(w.shape) == 2]
    assert kernels == [(100, 512), (512, 512), (512, 512), (512, 64 * 64 * 3)]


@pytest.mark.parametrize(
    ("name", "low", "high", "std"),
    [
        ("normal", -np.inf, np.inf, 1),
        ("uniform", -1, 1, 1 / np.sqrt(3)),
        ("unit_uniform", -np.sqrt(3), np.sqrt(3), 1),
    ],
)
def test_latent_distributions(name, low, high, std):
    z = np.asarray(latent.registry.find(name)((20000, 2), seed=3))
    assert z.min() >= low and z.max() <= high
    assert z.std() == pytest.approx(std, rel=0.02) and abs(z.mean()) < 0.02
    if np.isfinite(high):
        assert z.max() > 0.99 * high


@pytest.mark.parametrize(
    ("side", "sides"),
    [(8, [4, 2]), (28, [14, 7, 4]), (30, [15, 8, 4]), (32, [16, 8, 4]), (128, [64, 32, 16, 8])],
)
def test_dcgan_halves_any_side_and_comes_back_to_it(side, sides):
    generator, discriminator = models.get("dcgan", (side, side, 1), filters=2)
    shapes = [layer.output.shape[1] for layer in discriminator.body.layers if "conv" in layer.name]
    assert shapes == sides
    for smaller in sides:
        assert smaller in [shape[0] for shape in outputs(generator) if len(shape) == 3]
    assert generator(generator.sample_latent(2)).shape == (2, side, side, 1)


def test_unknown_names_and_options_are_named_with_the_valid_ones():
    with pytest.raises(ValueError, match="did you mean 'dcgan'"):
        models.get("dcgann", (8, 8, 1))
    with pytest.raises(ValueError, match="discriminator_batch_norm"):
        models.get("dcgan", (8, 8, 1), batch_norm=False)


@pytest.mark.parametrize("name", models.names())
def test_no_two_layers_start_from_the_same_numbers(name):
    """An initializer of Keras gives the same ones at each call."""
    shape = (2,) if models.network.pair(name).dimensions == 1 else (28, 28, 1)
    for network in models.get(name, shape):
        kernels = [np.ravel(w) for w in network.trainable_variables if len(w.shape) > 1]
        starts = {tuple(np.round(kernel[:4] / kernel[0], 4)) for kernel in kernels}
        assert len(starts) == len(kernels) > 1


@pytest.mark.parametrize(
    "own",
    [dict(scale=False), dict(center=False), dict(axis=1), dict(renorm=True), dict(axis=-1)],
    ids=str,
)
def test_batch_norm_is_keras_own_in_whatever_form(own):
    x = np.random.default_rng(0).normal(1, 2, (6, 4, 5, 4)).astype(np.float32)
    mine, keras_own = BatchNormalization(**own), keras.layers.BatchNormalization(**own)
    for _ in range(2):
        np.testing.assert_allclose(mine(x, training=True), keras_own(x, training=True), atol=1e-5)
    for found, expected in zip(mine.variables, keras_own.variables, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
