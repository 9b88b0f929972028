"""Pictures from each kind of source, as they leave `data.load`."""

import os
import shutil
import types
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets
from PIL import Image
from sklearn.datasets import load_digits

import data
from data.cache import decoded, folder
from data.images import fit, from_uint8, to_uint8
from data.source import Source
from data.tfds import _check_online
from support.errors import UserError


def test_digits_are_scikit_learns():
    images = data.load("digits", "all")
    assert images.shape == (1797, 8, 8, 1) and images.dtype == np.uint8
    np.testing.assert_allclose(images[..., 0] / 255 * 16, load_digits().images, atol=0.5 * 16 / 255)
    train, test = data.load("digits"), data.load("digits", "test")
    np.testing.assert_array_equal(np.concatenate([train, test]), images)


def test_sizes_and_channels_are_made_as_asked_for():
    assert data.load("digits", image_size=28, channels=3).shape == (1500, 28, 28, 3)


def test_pixels_go_to_minus_one_and_one_and_back():
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    scaled = from_uint8(pixels)
    assert scaled.dtype == tf.float32
    assert float(tf.reduce_min(scaled)) == -1 and float(tf.reduce_max(scaled)) == 1
    np.testing.assert_array_equal(to_uint8(scaled.numpy()), pixels)
    np.testing.assert_array_equal(to_uint8(np.array([-7.0, 7.0])), [0, 255])


def test_a_wide_picture_is_cropped_in_its_middle():
    image = np.zeros((4, 12, 3), np.uint8)
    image[:, 4:8] = 200
    np.testing.assert_array_equal(fit(tf.constant(image), (4, 4, 3)), np.full((4, 4, 3), 200))


def test_resizing_is_antialiased():
    """A checkerboard of single pixels shrinks to grey, which sampling every other pixel would miss."""
    board = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)[..., None]
    small = fit(tf.constant(board), (16, 16, 1)).numpy().astype(int)
    assert np.abs(small[2:-2, 2:-2] - 127).max() < 12


@pytest.mark.parametrize(("channels", "expected"), [(1, 1), (3, 3)])
def test_grey_and_colour_become_each_other(channels, expected):
    for given in (1, 2, 3, 4):
        image = tf.fill((8, 8, given), tf.constant(90, tf.uint8))
        result = fit(image, (4, 4, channels)).numpy()
        assert result.shape == (4, 4, expected)
        assert np.abs(result.astype(int) - 90).max() <= 1


def test_colours_become_grey_by_their_luma():
    """ITU-R BT.601, as Pillow's "L" and television have it."""
    colours = np.random.default_rng(0).integers(0, 256, (6, 6, 3), np.uint8)
    found = fit(tf.constant(colours), (6, 6, 1)).numpy()[..., 0].astype(int)
    assert np.abs(found - np.asarray(Image.fromarray(colours).convert("L"))).max() <= 1


def save(path, colour, size=(20, 16)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


def test_a_folder_gives_its_pictures_in_the_order_of_their_paths(tmp_path):
    for name, grey in [("b.png", 20), ("a.jpg", 100), ("sub/c.bmp", 250)]:
        save(tmp_path / name, (grey, grey, grey))
    images = data.load(f"folder:{tmp_path}")
    assert images.shape == (3, 64, 64, 3)
    np.testing.assert_allclose(images[:, 30, 30, 0], [100, 20, 250], atol=2)
    assert data.load(f"folder:{tmp_path}", image_size=16, channels=1).shape == (3, 16, 16, 1)


def test_sixteen_bit_grey_is_scaled_and_transparent_parts_become_white(tmp_path):
    ramp = np.linspace(0, 65535, 64).astype(np.uint16)
    Image.fromarray(np.tile(ramp, (64, 1))).save(tmp_path / "a.png")
    Image.new("RGBA", (64, 64), (200, 0, 0, 0)).save(tmp_path / "b.png")
    grey, clear = data.load(f"folder:{tmp_path}")
    np.testing.assert_allclose(grey[0, :, 0], np.linspace(0, 255, 64), atol=1)
    np.testing.assert_array_equal(clear, np.full((64, 64, 3), 255))


def test_grey_of_floats_is_scaled_from_0_to_1_and_left_out_elsewhere(tmp_path, capsys):
    ramp = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (64, 1))
    Image.fromarray(ramp).save(tmp_path / "a.tiff")
    Image.fromarray(255 * ramp).save(tmp_path / "b.tiff")
    (grey,) = data.load(f"folder:{tmp_path}")
    np.testing.assert_allclose(grey[0, :, 0], np.linspace(0, 255, 64), atol=0.51)
    assert "1 of 2 files" in capsys.readouterr().err


def test_linked_folders_belong_to_a_folder_and_links_to_nothing_are_named(tmp_path, capsys):
    """Once, even where links lead in a circle."""
    save(tmp_path / "cats" / "a.png", "black")
    save(tmp_path / "elsewhere" / "dogs" / "b.png", "white")
    (tmp_path / "cats" / "dogs").symlink_to(tmp_path / "elsewhere" / "dogs")
    (tmp_path / "cats" / "again").symlink_to(tmp_path / "cats")
    (tmp_path / "cats" / "moved.png").symlink_to(tmp_path / "nowhere.png")
    images = data.load(f"folder:{tmp_path / 'cats'}")
    np.testing.assert_array_equal(images[:, 0, 0, 0], [0, 255])
    assert "1 of 3 files" in (message := capsys.readouterr().err) and "moved.png" in message


def test_a_changed_folder_is_read_again(tmp_path):
    save(tmp_path / "a.png", "black")
    assert len(data.load(f"folder:{tmp_path}")) == 1
    save(tmp_path / "b.png", "white")
    assert len(data.load(f"folder:{tmp_path}")) == 2


def test_folders_that_differ_in_their_pictures_alone_are_two(tmp_path):
    """Archives give every file one date; without compression pictures of one shape have one size."""
    for grey in (10, 240):
        path = tmp_path / str(grey) / "a.bmp"
        save(path, (grey, grey, grey))
        os.utime(path, (1, 1))
    found = [data.load(f"folder:{tmp_path / str(grey)}").mean() for grey in (10, 240)]
    assert found == [10, 240]


def test_a_name_that_is_no_text_is_refused():
    with pytest.raises(ValueError, match=r"--dataset=pictures\\xff: the name is no UTF-8"):
        data.find("folder:pictures\udcff")


def test_unreadable_files_are_counted_and_named_and_left_out(tmp_path, capsys):
    save(tmp_path / "good.png", "white")
    (tmp_path / "notes.txt").write_text("no picture")
    whole = (tmp_path / "good.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    assert len(data.load(f"folder:{tmp_path}")) == 1
    message = capsys.readouterr().err
    assert "2 of 3 files" in message and "cut.png, notes.txt" in message


def test_folders_without_pictures_are_refused(tmp_path, cache):
    with pytest.raises(ValueError, match="holds no files"):
        data.load(f"folder:{tmp_path}")
    (tmp_path / "notes.txt").write_text("no picture")
    before = set(cache.iterdir())
    with pytest.raises(ValueError, match="not one file.*readable picture"):
        data.load(f"folder:{tmp_path}")
    assert set(cache.iterdir()) == before
    for name in ("folder:", "../nowhere", "", "a:b:c"):
        with pytest.raises(ValueError):
            data.find(name)
    with pytest.raises(ValueError, match="no such folder"):
        data.load(f"folder:{tmp_path / 'missing'}")
    with pytest.raises(ValueError, match="only the split 'train'"):
        data.find(f"folder:{tmp_path}", "test")


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "{home}/.cache/gan-reference-suite"),
        ({"GAN_CACHE_DIR": "", "XDG_CACHE_HOME": ""}, "{home}/.cache/gan-reference-suite"),
        ({"XDG_CACHE_HOME": "/x"}, "/x/gan-reference-suite"),
        ({"GAN_CACHE_DIR": "~/pictures", "XDG_CACHE_HOME": "/x"}, "{home}/pictures"),
    ],
    ids=str,
)
def test_where_the_cache_lies(monkeypatch, tmp_path, variables, expected):
    for name, value in {
        "GAN_CACHE_DIR": None,
        "XDG_CACHE_HOME": None,
        "HOME": str(tmp_path),
        **variables,
    }.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    assert str(folder()) == expected.format(home=tmp_path)


def test_a_decoded_dataset_is_not_decoded_again(monkeypatch):
    first = data.load("digits", image_size=12)
    monkeypatch.setattr("data.cache._decode", None)
    np.testing.assert_array_equal(data.load("digits", image_size=12), first)


def test_a_cut_cache_is_decoded_again(cache):
    first = np.array(data.load("digits", image_size=16))
    (file,) = [f for f in cache.glob("*-1500.u8") if f.stat().st_size == first.size]
    file.write_bytes(file.read_bytes()[: 100 * 256])
    np.testing.assert_array_equal(data.load("digits", image_size=16), first)


def test_unknown_datasets_are_refused_with_the_nearest_name():
    with pytest.raises(ValueError, match="did you mean 'mnist'"):
        data.find("mnits")
    with pytest.raises(ValueError, match="did you mean 'digits'"):
        data.find("digit")
    with pytest.raises(ValueError, match="unknown split of digits 'tset'.*'test'"):
        data.find("digits", "tset")
    with pytest.raises(ValueError, match="'iris' has no images"):
        data.find("iris")


def test_pictures_that_are_not_uint8_are_refused(monkeypatch):
    image = tensorflow_datasets.features.Image(shape=(4, 4, 1), dtype=np.uint16)
    wide = types.SimpleNamespace(info=types.SimpleNamespace(features={"image": image}))
    monkeypatch.setattr(tensorflow_datasets, "builder", lambda *_, **__: wide)
    with pytest.raises(ValueError, match="'wide' has pictures of uint16: choose one of uint8"):
        data.find("wide")


def test_pictures_of_no_one_size_keep_their_channels(monkeypatch, tmp_path):
    image = tensorflow_datasets.features.Image(shape=(None, None, 1))
    split = types.SimpleNamespace(num_examples=3, file_instructions=[types.SimpleNamespace(filename="none")])
    info = types.SimpleNamespace(features={"image": image}, splits={"train": split}, full_name="scans/1.0.0")
    scans = types.SimpleNamespace(info=info, data_path=tmp_path)
    monkeypatch.setattr(tensorflow_datasets, "builder", lambda *_, **__: scans)
    monkeypatch.setattr("data.tfds._prepare", lambda *_: None)
    assert data.find("scans").shape == (64, 64, 1)


def test_a_dataset_that_cannot_be_downloaded_names_the_ways_out(tmp_path, monkeypatch):
    def fail(host, port):
        if host:  # That of nothing is this machine itself.
            raise OSError("no name service")

    monkeypatch.setattr("socket.getaddrinfo", fail)
    for homepage in ("https://example.org/data", ""):
        with pytest.raises(ConnectionError):
            _check_online(homepage)
    with pytest.raises(ValueError, match=r"cifar10.*no network.*--data_dir.*--dataset=digits"):
        data.find("cifar10", data_dir=str(tmp_path))


def test_mnist_is_the_published_one(tfds_dir):
    images = data.load("mnist", data_dir=tfds_dir)
    assert images.shape == (60000, 28, 28, 1)
    # Mean and standard deviation of MNIST's training pixels, as every tutorial prints them.
    assert images.mean() / 255 == pytest.approx(0.1307, abs=5e-5)
    assert images[:, ::1].std() / 255 == pytest.approx(0.3081, abs=5e-5)
    assert len(data.load("mnist", "train[:100]", data_dir=tfds_dir)) == 100
    with pytest.raises(ValueError, match="split 'validation'.*test with 10000"):
        data.find("mnist", "validation", tfds_dir)


def test_two_folders_of_one_dataset_are_not_taken_for_each_other(tfds_dir, tmp_path):
    """The same name and version, the test pictures in the reverse order: theirs go with their labels."""
    whole = data.find("mnist", "test", tfds_dir)
    shutil.copytree(Path(tfds_dir) / "mnist", tmp_path / "mnist")
    (file,) = (tmp_path / "mnist").glob("*/mnist-test.tfrecord-*")
    examples = [*tf.data.TFRecordDataset(str(file)).as_numpy_iterator()]
    with tf.io.TFRecordWriter(str(file)) as writer:
        for example in reversed(examples):
            writer.write(example)
    other = data.find("mnist", "test", str(tmp_path))
    assert other.identity != whole.identity
    assert (other.labels() == whole.labels()[::-1]).all()
    ours, theirs = (data.load("mnist", "test", data_dir=str(place)) for place in (tfds_dir, tmp_path))
    assert (theirs == ours[::-1]).all()


def test_a_damaged_dataset_is_named(tmp_path, monkeypatch):
    """A record file cut in two, as a full disk or an interrupted copy leaves it."""
    monkeypatch.setenv("GAN_CACHE_DIR", str(tmp_path / "cache"))
    file = tmp_path / "cut.tfrecord"
    with tf.io.TFRecordWriter(str(file)) as writer:
        writer.write(bytes(1000))
    file.write_bytes(file.read_bytes()[:500])

    def images():
        return tf.data.TFRecordDataset(str(file)).map(lambda x: tf.zeros((4, 4, 1), tf.uint8))

    source = Source("cut", (4, 4, 1), images)
    with pytest.raises(UserError, match="cut cannot be read .*: prepare it anew"):
        decoded(source, (4, 4, 1))
    assert not [*(tmp_path / "cache").iterdir()]
