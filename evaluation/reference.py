"""The real examples that samples are compared with, and their features: computed once, kept in the cache."""

import dataclasses
import functools
import hashlib
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import data
from data.cache import cache_name, folder, keep
from data.images import in_unit
from data.source import Points, Source
from evaluation.features import Features, FeatureSpace
from metrics import Moments
from support.errors import UserError

#: Goes up when the same examples would give other statistics.
FORMAT = 2
FINGERPRINTED = 256
SAMPLES = 10_000
#: Where the validation examples begin, as in the original paper's MNIST: at 50,000 of 60,000.
VALIDATION_START, VALIDATION_COUNT = 5 / 6, 1000


@dataclasses.dataclass(frozen=True)
class Statistics:
    """Real examples in one feature space.

    Attributes:
        moments: Of all of them.
        chosen: Indices of a random sample of them, in random order.
        features: Of that sample.
    """

    moments: Moments
    chosen: np.ndarray
    features: Features


@dataclasses.dataclass
class Reference:
    """Real examples, in the feature space of the comparison.

    Args:
        dataset, split, data_dir: As in `data.find`.
        shape: Shape of the examples, (H, W, C) or (D,).
        space: Feature space of the distances.
        count: Samples to compare, and examples that nearest neighbours and kernels look at beside them. None:
            10,000, or as many as there are examples.
        seed: Seed of their choice, and of what is random in the measures.

    Raises:
        UserError: There is no such dataset or split, or fewer than two examples in it.
    """

    dataset: str
    split: str
    data_dir: str | None
    shape: tuple[int, ...]
    space: FeatureSpace
    count: int | None = None
    seed: int = 0

    def __post_init__(self):
        self.source = data.find(self.dataset, self.split, self.data_dir)
        if len(self.source.shape) != len(self.shape):
            raise UserError(
                f"the examples of {self.dataset} have the shape {self.source.shape}, the samples {self.shape}"
            )
        self.examples = self._load(self.source)
        if len(self.examples) < 2:
            raise UserError("one picture is no dataset: give two at least")
        self.size = self.count or min(SAMPLES, len(self.examples))

    @functools.cached_property
    def statistics(self) -> Statistics:
        """Features of the examples."""
        return statistics(self.examples, self.source.identity, self.space, self.size, self.seed)

    @functools.cached_property
    def chosen(self) -> np.ndarray:
        """The examples whose features `statistics` keeps."""
        return np.asarray(self.examples[self.statistics.chosen])

    @functools.cached_property
    def held_out(self) -> Any:
        """The examples of the test split in random order; None where there are none, or these hold some."""
        found = None if re.search(r"\b(test|all)\b", self.split) else self._other("test")
        if found is None:
            return None
        return np.asarray(found[np.random.default_rng(self.seed).permutation(len(found))])

    @functools.cached_property
    def validation(self) -> Any:
        """Training examples to choose a measure's settings on: 1,000 from five sixths on."""
        train = self.examples if self.split == "train" else self._other("train")
        return None if train is None else np.asarray(train[_validation(len(train))])

    @property
    def training(self) -> np.ndarray:
        """`chosen` without the validation examples, or others equal to them, as float; pictures in [0, 1]."""
        validation = () if self.validation is None else self.validation
        known = {example.tobytes() for example in validation}
        return in_unit(self.chosen[[example.tobytes() not in known for example in self.chosen]])

    def _other(self, split: str) -> np.ndarray | None:
        try:
            source = data.find(self.dataset, split, self.data_dir)
        except UserError:
            return None
        return None if source.identity == self.source.identity else self._load(source)

    def _load(self, source: Source | Points) -> np.ndarray:
        if isinstance(source, Points):
            return source.draw()
        height, width, channels = self.shape
        return data.decoded(source, (height, width, channels))


def _validation(count: int) -> slice:
    start = int(VALIDATION_START * count)
    return slice(start, start + VALIDATION_COUNT)


def statistics(examples: np.ndarray, identity: str, space: FeatureSpace, count: int, seed: int) -> Statistics:
    """The statistics of real examples, from the cache where it holds those of the very same ones.

    Args:
        examples: All of them, uint8 (N, H, W, C) or points (N, D).
        identity: Text that changes whenever the examples do: dataset, version, split.
        count: Size of the random sample; N where there are fewer.
        seed: Its seed.
    """
    key = f"{FORMAT}/{identity}/{examples.shape}/{space.identity}/{count}/{seed}"
    path = folder() / "features" / f"{cache_name(key)}.npz"
    found_fingerprint = fingerprint(examples)
    if path.exists():
        found = _read(path, found_fingerprint)
        if found:
            return found
        print(f"cached statistics of {identity} are damaged or of other data: made anew", file=sys.stderr)
    made = _compute(examples, space, count, seed)
    _write(path, made, found_fingerprint)
    return made


def fingerprint(examples: np.ndarray) -> str:
    """Of some of the examples: what the identity does not see, an edited file for one, changes it."""
    some = np.unique(np.linspace(0, len(examples) - 1, FINGERPRINTED).astype(int))
    return hashlib.sha256(np.ascontiguousarray(examples[some]).tobytes()).hexdigest()


def _compute(examples: np.ndarray, space: FeatureSpace, count: int, seed: int) -> Statistics:
    drawn = np.random.default_rng(seed).permutation(len(examples))[:count]
    chosen = np.sort(drawn)
    moments, vectors, probabilities = Moments(), [], []
    start = 0
    with tqdm(total=len(examples), desc="real features, once", delay=5, leave=False) as progress:
        for part in space.batches(examples):
            moments.update(part.vectors)
            size = len(part.vectors)
            mine = chosen[(chosen >= start) & (chosen < start + size)] - start
            vectors.append(part.vectors[mine])
            if part.probabilities is not None:
                probabilities.append(part.probabilities[mine])
            start += size
            progress.update(size)
    order = np.searchsorted(chosen, drawn)
    known = np.concatenate(probabilities)[order] if probabilities else None
    return Statistics(moments, drawn, Features(np.concatenate(vectors)[order], known))


def _write(path: Path, made: Statistics, its_fingerprint: str) -> None:
    arrays = {**dataclasses.asdict(made.moments), "chosen": made.chosen, "vectors": made.features.vectors}
    if made.features.probabilities is not None:
        arrays["probabilities"] = made.features.probabilities
    keep(path, lambda file: np.savez(file, fingerprint=np.array(its_fingerprint), **arrays))


def _read(path: Path, its_fingerprint: str) -> Statistics | None:
    """What the file holds, None if it is damaged or of other examples."""
    try:
        with np.load(path) as stored:
            if str(stored["fingerprint"]) != its_fingerprint:
                return None
            moments = Moments(int(stored["count"]), stored["mean"], stored["scatter"])
            return Statistics(
                moments, stored["chosen"], Features(stored["vectors"], stored.get("probabilities"))
            )
    except Exception:  # NumPy's reader raises several kinds on damaged files.
        return None
