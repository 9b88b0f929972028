"""The stream of batches: every picture once an epoch, a function of the seed and the batch's number."""

import itertools

import numpy as np

import data


def numbered(count):
    """`count` pictures that tell their number by their one pixel."""
    return np.arange(count, dtype=np.uint8).reshape(count, 1, 1, 1)


def take(stream, count):
    return [np.rint((batch.numpy().ravel() + 1) * 127.5) for batch in itertools.islice(stream, count)]


def test_batches_are_full_float_images():
    batch = next(iter(data.batches(numbered(10), 4, seed=0)))
    assert batch.shape == (4, 1, 1, 1) and batch.dtype == np.float32


def test_an_epoch_holds_every_picture_once_in_another_order_each_time():
    stream = np.concatenate(take(data.batches(numbered(10), 5, seed=0), 6))
    epochs = stream.reshape(3, 10)
    np.testing.assert_array_equal(np.sort(epochs), np.tile(np.arange(10), (3, 1)))
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_batches_go_over_the_end_of_an_epoch():
    stream = np.concatenate(take(data.batches(numbered(10), 4, seed=0), 5))
    np.testing.assert_array_equal(np.sort(stream.reshape(2, 10)), np.tile(np.arange(10), (2, 1)))


def test_a_batch_may_be_larger_than_the_dataset():
    (batch,) = take(data.batches(numbered(3), 9, seed=0), 1)
    np.testing.assert_array_equal(np.sort(batch), [0, 0, 0, 1, 1, 1, 2, 2, 2])


def test_opening_the_stream_later_gives_the_same_batches():
    whole = take(data.batches(numbered(10), 4, seed=3), 12)
    for start in (1, 5, 11):
        later = take(data.batches(numbered(10), 4, seed=3, start=start), 12 - start)
        np.testing.assert_array_equal(whole[start:], later)


def test_the_seed_decides_the_order():
    first, second, again = (take(data.batches(numbered(50), 50, seed=s), 1)[0] for s in (1, 2, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, second)


def test_a_part_of_the_cached_pictures_is_that_part():
    part = data.load("digits")[1000:]
    for images in (part, part[::-1], data.load("digits")[::-1]):
        mapped = next(iter(data.batches(images, 64, seed=0)))
        np.testing.assert_array_equal(mapped, next(iter(data.batches(np.array(images), 64, seed=0))))


def test_mapped_points_are_points(tmp_path):
    points = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    points.tofile(tmp_path / "points")
    mapped = np.memmap(tmp_path / "points", np.float32, mode="r").reshape(-1, 2)
    np.testing.assert_array_equal(*(next(iter(data.batches(x, 50, seed=0))) for x in (mapped, points)))


def test_cached_and_in_memory_pictures_give_the_same_batches():
    mapped = data.load("digits")
    assert isinstance(mapped.base, np.memmap) or isinstance(mapped, np.memmap)
    for a, b in zip(
        itertools.islice(data.batches(mapped, 64, seed=0), 3),
        itertools.islice(data.batches(np.array(mapped), 64, seed=0), 3),
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)
