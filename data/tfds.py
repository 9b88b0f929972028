"""Any image dataset of TensorFlow Datasets, by its own name."""

import hashlib
import re
import socket
from pathlib import Path
from urllib.parse import urlparse

import numpy as np

from data.source import Source, beginnings, registry
from support.errors import UserError, reason, suggestion

SHAPE = (64, 64, 3)


def tfds(name: str, split: str, data_dir: str | None) -> Source:
    """The first image feature of the dataset `name` ("mnist", "lsun/bedroom", "cifar10:3.0.2").

    Its first class label, where it has one, gives the labels.

    Args:
        name: TFDS name, with configuration and version where needed.
        split: TFDS split, slices included ("train", "train[:50000]").
        data_dir: Folder of prepared datasets; None for TFDS's own (TFDS_DATA_DIR, or in the home folder).

    Raises:
        UserError: No such dataset or split, no image in it, or it is not here and cannot be downloaded.
    """
    import tensorflow_datasets  # A third of a second that other sources need not wait for.

    try:
        if not re.fullmatch(r"\w[\w./:-]*", name):
            raise tensorflow_datasets.core.registered.DatasetNotFoundError
        builder = tensorflow_datasets.builder(name, data_dir=data_dir)
    except tensorflow_datasets.core.registered.DatasetNotFoundError:
        known = [*tensorflow_datasets.list_builders(with_community_datasets=False), *registry.names()]
        raise UserError(
            f"unknown dataset {name!r}: {suggestion(name, known)}"
            f"(valid: {', '.join(registry.names())}, folder:PATH, or an image dataset of TFDS)"
        ) from None
    except Exception as error:  # Its parser and its loaders have one kind each for a name they dislike.
        raise UserError(f"dataset {name!r} cannot be loaded: {reason(error)}") from None

    feature = _first(builder, tensorflow_datasets.features.Image)
    if feature is None:
        raise UserError(f"dataset {name!r} has no images: choose an image dataset")
    kind = np.dtype(builder.info.features[feature].np_dtype)
    if kind != np.uint8:
        raise UserError(f"dataset {name!r} has pictures of {kind}: choose one of uint8")
    _prepare(builder, name)

    shape = builder.info.features[feature].shape
    if None in shape[:2]:
        shape = (*SHAPE[:2], shape[2])
    try:
        empty = not builder.info.splits[split].num_examples
    except (KeyError, ValueError, AssertionError):
        empty = True
    if empty:
        valid = ", ".join(f"{known} with {info.num_examples}" for known, info in builder.info.splits.items())
        raise UserError(f"dataset {name!r} has no pictures in the split {split!r} (valid: {valid})")

    def column(name: str):
        return builder.as_dataset(split=split, shuffle_files=False).map(lambda example: example[name])

    label = _first(builder, tensorflow_datasets.features.ClassLabel)
    return Source(
        f"tfds/{builder.info.full_name}/{split}/{_fingerprint(builder, split)}",
        (*shape[:2], shape[2] or 3),
        images=lambda: column(feature),
        labels=(lambda: np.array([*column(label).as_numpy_iterator()])) if label else None,
        classes=builder.info.features[label].num_classes if label else 0,
    )


def _first(builder, kind: type) -> str | None:
    """Name of the dataset's first feature of that kind."""
    features = builder.info.features or {}
    return next((name for name, feature in features.items() if isinstance(feature, kind)), None)


def _fingerprint(builder, split: str) -> str:
    """Of the files: two folders may hold different data of one name and version."""
    names = [Path(part.filename).name for part in builder.info.splits[split].file_instructions]
    files = [builder.data_path / name for name in names]
    sizes = [file.stat().length if file.exists() else None for file in files]
    found = hashlib.sha256(repr([*zip(names, sizes, strict=True)]).encode())
    for beginning in beginnings(files):
        found.update(beginning)
    return found.hexdigest()[:16]


def _prepare(builder, name: str) -> None:
    if builder.is_prepared():
        return
    try:
        _check_online(builder.info.homepage)
        builder.download_and_prepare()
    except Exception as error:  # The network, the server, the disk, a manual download: all end the same.
        raise UserError(
            f"dataset {name!r} is not in {builder.data_dir} and could not be downloaded "
            f"({reason(error)}): name a folder that holds it with --data_dir, "
            "or in TFDS_DATA_DIR, or take --dataset=digits"
        ) from None


def _check_online(homepage: str) -> None:
    """Without a network TFDS's downloader goes on trying for minutes before it says so."""
    # Not every dataset names a page.
    for host in filter(None, (urlparse(homepage).hostname, "www.tensorflow.org")):
        try:
            socket.getaddrinfo(host, 443)
            return
        except OSError:
            continue
    raise ConnectionError("no network")
