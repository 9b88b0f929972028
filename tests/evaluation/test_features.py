"""Feature spaces against what they are said to be, and what they refuse."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import data
from evaluation import features
from evaluation.inception import FrozenInception, resized
from support.errors import UserError


@pytest.fixture(name="pictures")
def _pictures():
    return data.load("digits", "test")


def test_pixels_are_the_pixels(pictures):
    found = features.find("pixels", "digits")(pictures)
    np.testing.assert_allclose(found.vectors, pictures.reshape(len(pictures), -1) / 255, rtol=1e-6)
    assert found.probabilities is None
    points = np.ones((7, 2), np.float32)
    np.testing.assert_array_equal(features.find("pixels", "ring")(points).vectors, points)


def test_thumbnails_are_means_of_areas():
    pictures = np.random.default_rng(0).integers(256, size=(3, 32, 32, 3)).astype(np.uint8)
    means = pictures.reshape(3, 8, 4, 8, 4, 3).mean(axis=(2, 4)) / 255
    found = features.find("thumbnail", "digits")(pictures)
    np.testing.assert_allclose(found.vectors, means.reshape(3, -1), rtol=1e-5)


def test_the_shipped_classifier_is_as_accurate_as_it_says(pictures):
    space = features.find("classifier", "digits")
    found = space(pictures)
    labels = data.find("digits", "test").labels()
    right = np.mean(found.probabilities.argmax(axis=1) == labels)
    assert right == pytest.approx(space.about["test_accuracy"], abs=1e-4) and right > 0.95
    assert found.vectors.shape == (len(pictures), 128)


@pytest.mark.parametrize(("dataset", "accuracy"), [("mnist", 0.99), ("fashion_mnist", 0.91)])
def test_the_shipped_classifiers_of_mnist(tfds_dir, dataset, accuracy):
    space = features.find("classifier", dataset)
    some = slice(0, 2000)
    found = space(data.load(dataset, "test", data_dir=str(tfds_dir))[some])
    labels = data.find(dataset, "test", str(tfds_dir)).labels()[some]
    assert space.about["test_accuracy"] >= accuracy
    # 2,000 of the 10,000: within four standard errors.
    error = (accuracy * (1 - accuracy) / 2000) ** 0.5
    assert np.mean(found.probabilities.argmax(axis=1) == labels) > accuracy - 4 * error


def test_a_model_of_the_users_is_a_feature_space(pictures, tmp_path):
    """Its output is flattened; pictures are brought to its size and colours."""
    images = keras.Input((4, 4, 3))
    model = keras.Model(images, keras.layers.AveragePooling2D(2)(images))
    model.save(tmp_path / "mine.keras")
    found = features.find(str(tmp_path / "mine.keras"), "digits")(pictures)
    grey = pictures / 127.5 - 1
    shrunk = tf.image.resize(np.repeat(grey, 3, axis=-1), (4, 4), antialias=True).numpy()
    expected = shrunk.reshape(-1, 2, 2, 2, 2, 3).mean(axis=(2, 4)).reshape(len(pictures), -1)
    np.testing.assert_allclose(found.vectors, expected, atol=1e-5)


def test_the_identity_follows_the_weights(tmp_path):
    def identity(seed):
        keras.utils.set_random_seed(seed)
        path = tmp_path / f"{seed}.keras"
        keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Dense(2)]).save(path)
        return features.find(str(path), "digits").identity

    assert identity(0) != identity(1)
    again = features.find(str(tmp_path / "0.keras"), "digits").identity
    assert again == features.find(str(tmp_path / "0.keras"), "mnist").identity


def test_resizing_is_pillows_bicubic_in_floating_point(pictures):
    pictures = np.where(pictures[:2] > 127, 255, 0).astype(np.uint8)  # Edges, at which the filter overshoots.
    found = resized(pictures)
    assert found.shape == (2, 299, 299, 3)
    expected = Image.fromarray(pictures[1, :, :, 0].astype(np.float32)).resize((299, 299), Image.BICUBIC)
    expected = np.asarray(expected)
    assert expected.min() < -1 and expected.max() > 256
    for colour in range(3):
        np.testing.assert_array_equal(found[1, :, :, colour], np.minimum(np.maximum(expected, 0), 255))


@pytest.fixture(name="frozen", scope="module")
def _frozen(tmp_path_factory):
    """A graph with the names of FID's network, its convolutions replaced by a mean over the picture."""
    kernel = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    graph = tf.Graph()
    with graph.as_default():
        contents = tf.compat.v1.placeholder(tf.string, (), "DecodeJpeg/contents")
        one = tf.expand_dims(
            tf.cast(tf.io.decode_jpeg(contents, channels=3), tf.float32), 0, name="ExpandDims"
        )
        scaled = (tf.raw_ops.ResizeBilinear(images=one, size=[299, 299]) - 128) / 128
        pool = tf.nn.avg_pool2d(scaled, 299, 299, "VALID", name="pool_3")
        scores = tf.matmul(tf.reshape(pool, (1, 3)), tf.constant(kernel), name="softmax/logits/MatMul")
        tf.nn.softmax(scores + 100, name="softmax")
    path = tmp_path_factory.mktemp("inception") / "classify_image_graph_def.pb"
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return path, kernel


def test_fids_frozen_network_gives_its_pool_and_its_classes_without_bias(frozen, pictures):
    path, kernel = frozen
    found = FrozenInception(path)(pictures[:3])
    pool = (resized(pictures[:3]).mean(axis=(1, 2)) - 128) / 128
    np.testing.assert_allclose(found.vectors, pool, atol=1e-4)
    np.testing.assert_allclose(found.probabilities, tf.nn.softmax(pool @ kernel), atol=1e-4)
    assert features.find("inception", "digits", str(path)).about["network"] == path.name
    with pytest.raises(UserError, match="--features=inception takes pictures: points have --features=pixels"):
        FrozenInception(path)(np.zeros((3, 2), np.float32))


@pytest.mark.parametrize("outputs", ["two", "mean over the batch", "four colours"])
def test_models_that_give_no_vector_per_picture_are_refused(tmp_path, outputs):
    images = keras.Input((8, 8, 4 if outputs == "four colours" else 1))
    flat = keras.layers.Flatten()(images)
    found = {
        "two": [keras.layers.Dense(5)(flat), keras.layers.Dense(5)(flat)],
        "mean over the batch": keras.ops.mean(flat, axis=0, keepdims=True),
        "four colours": flat,
    }
    keras.Model(images, found[outputs]).save(tmp_path / "odd.keras")
    with pytest.raises(UserError, match="feature network"):
        features.find(str(tmp_path / "odd.keras"), "digits")


def test_what_cannot_be_had_is_said_in_one_line(tmp_path):
    broken = tmp_path / "broken.keras"
    broken.write_bytes(b"no model")
    cases = [
        ("pixel", None, "did you mean 'pixels'"),
        (str(tmp_path / "none.keras"), None, "no such file"),
        (str(broken), None, "cannot be read as a Keras model"),
        ("inception", str(tmp_path / "none.h5"), "--inception_weights"),
        ("inception", str(tmp_path / "none.pb"), "no graph of FID's network"),
    ]
    for name, weights, words in cases:
        with pytest.raises(UserError, match=words) as raised:
            features.find(name, "digits", weights)
        assert "\n" not in str(raised.value)
    with pytest.raises(UserError, match=r"python train_classifier\.py --dataset=cats"):
        features.find("classifier", "cats")
