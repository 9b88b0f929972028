"""The measures that samples are judged by: what each needs, and its number with its error."""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

import metrics
from data.images import in_unit
from data.source import Points
from evaluation.features import Features
from evaluation.reference import Reference, Statistics
from metrics import arrays, manifold
from metrics.modes import MODE_SAMPLES, STACKED_SAMPLES
from metrics.sliced import PATCH
from support.registry import Registry

registry = Registry("metric", "evaluation")

RESAMPLES = 100
#: Parts of the samples, one of which is left out at a time.
PARTS = 10
#: Bootstrapped Frechet distances of wider features would take minutes.
WIDEST = 512
KERNEL_SUBSET = 1000
MS_SSIM_PAIRS = 1000
#: The size that was published.
PARZEN_SAMPLES = 10_000
#: Test examples that are looked at together.
PARZEN_PART = 1000
#: Samples whose nearest training examples are looked for.
NEIGHBOR_QUERIES = 1000
#: Pixels of the training examples that are looked at together: 128 MiB in float64.
NEIGHBOR_PIXELS = 2**24


class Estimate(NamedTuple):
    """A number.

    Attributes:
        value: The number itself.
        error: Standard error that the finite number of samples gives it; None: not known.
        better: "lower" or "higher"; "" where neither is.
    """

    value: float
    error: float | None = None
    better: str = ""


@dataclasses.dataclass
class Evidence:
    """Everything that a measure may look at.

    Attributes:
        reference: The real examples.
        samples: The samples, in random order: uint8 (N, H, W, C) or points (N, D).
        fake: Their features.
        exact: Gives the samples before they were rounded to uint8, as float (N, ...), pictures in [0, 1].
        critic: Gives what the run's own discriminator says of real and generated examples.
        with_errors: Whether errors that take resampling are wanted.
    """

    reference: Reference
    samples: np.ndarray
    fake: Features
    exact: Callable[[], np.ndarray]
    critic: Any = None
    with_errors: bool = True

    @property
    def real(self) -> Statistics:
        """The real examples in the feature space."""
        return self.reference.statistics

    @property
    def seed(self) -> int:
        """Seed of what is random in a measure."""
        return self.reference.seed

    @property
    def class_dimensions(self) -> int:
        """Dimensions of the classes' probabilities: 2 of a classifier's, 3 of one's per colour, 0 of none."""
        known = self.fake.probabilities
        return 0 if known is None else known.ndim


#: What a measure may need: a test, and what to say where it fails.
NEEDS: dict[str, tuple[Callable[[Evidence], bool], str]] = {
    "pictures": (lambda e: e.samples.ndim == 4, "for pictures"),
    "classes": (lambda e: e.class_dimensions == 2, "for features with classes, as those of a classifier"),
    "centres": (lambda e: getattr(e.reference.source, "centres", None) is not None, "for ring and grid"),
    "patches": (
        lambda e: min(e.samples.shape[1:3]) >= PATCH,
        f"for pictures of {PATCH} pixels a side at least",
    ),
    "colours": (
        lambda e: e.class_dimensions == 3 and e.fake.probabilities.shape[1] == 3,
        "for stacked_mnist in three colours and the features of a classifier",
    ),
    "held_out": (
        lambda e: e.reference.held_out is not None,
        "for datasets with a test split, where the real data are not of it",
    ),
    "validation": (lambda e: e.reference.validation is not None, "for datasets with a train split"),
    "critic": (lambda e: e.critic is not None, "for run directories"),
}


class Measure(NamedTuple):
    """A registered measure.

    Attributes:
        function: `Evidence` -> its numbers by name; the first is the one that checkpoints are chosen by.
        needs: What of `NEEDS` it cannot do without.
        in_features: Whether its numbers depend on the feature space.
        ranks: Whether its first number says which of two generators is better.
        least: Samples, and real examples, that it needs.
    """

    function: Callable[[Evidence], dict[str, Estimate]]
    needs: tuple[str, ...]
    in_features: bool
    ranks: bool
    least: int

    def missing(self, evidence: Evidence) -> str:
        """What it needs and does not find, as words; nothing if it can be measured."""
        for test, words in (NEEDS[need] for need in self.needs):
            if not test(evidence):
                return words
        reference = evidence.reference
        if min(len(evidence.samples), reference.size, len(reference.examples)) < self.least:
            return f"for {self.least} samples and real examples at least"
        return ""


def names() -> list[str]:
    """What `--metrics` takes, in the order of this file."""
    return registry.in_order()


def find(name: str) -> Measure:
    """The measure of that name. Raises `UserError` for an unknown one."""
    return registry.create(name)


def measure(name: str, *needs: str, in_features: bool = True, ranks: bool = True, least: int = 2):
    """Decorator: `--metrics=name` means the decorated function of `Evidence`."""

    def decorate(function: Callable[[Evidence], dict[str, Estimate]]) -> Measure:
        made = Measure(function, needs, in_features, ranks, least)
        registry.register(name)(lambda: made)
        return made

    return decorate


def bootstrapped(evidence: Evidence, statistic: Callable[[np.ndarray], float]) -> float | None:
    """Standard error of a statistic of the samples, a function of the indices of those it takes."""
    if not evidence.with_errors:
        return None
    from scipy import stats  # Slow to import.

    # The matrices are small, and threads that wait for a core which something else is using spin.
    with threadpool_limits(1, "blas"):
        found = stats.bootstrap(
            (np.arange(len(evidence.samples)),),
            statistic,
            vectorized=False,
            n_resamples=RESAMPLES,
            method="percentile",
            rng=np.random.default_rng(evidence.seed),
        )
    return _known(found.standard_error)


def _known(error: float) -> float | None:
    """The error; None where nothing varies: one class alone, resampled, knows nothing of its error."""
    return float(error) if error > 1e-12 else None


def mean_of(values: np.ndarray, better: str) -> Estimate:
    """The mean of one value per example; its bootstrap error is known in closed form."""
    return Estimate(float(np.mean(values)), _known(np.std(values) / np.sqrt(len(values))), better)


def jackknifed(without: np.ndarray) -> float | None:
    """Standard error of a number of all samples, from those of all but each of `PARTS` parts.

    Of what samples have a share in together, as the data that they cover: its bootstrap would have samples
    twice. In the mean it is too large rather than too small: Efron and Stein 1981, The jackknife estimate of
    variance.
    """
    return _known(np.sqrt((len(without) - 1) * np.var(without)))


@measure("frechet_distance")
def frechet_distance(evidence: Evidence) -> dict[str, Estimate]:
    """FID: against the moments of all real examples."""
    real, fake = evidence.real.moments, evidence.fake.vectors
    value, error = metrics.frechet_distance(real, fake), None
    if fake.shape[1] <= WIDEST:
        error = bootstrapped(evidence, lambda some: metrics.frechet_distance(real, fake[some]))
    return {"frechet_distance": Estimate(value, error, "lower")}


@measure("frechet_infinity", least=20)
def frechet_infinity(evidence: Evidence) -> dict[str, Estimate]:
    """FID extrapolated to infinitely many samples."""
    value = metrics.frechet_infinity(evidence.real.moments, evidence.fake.vectors, seed=evidence.seed)
    return {"frechet_infinity": Estimate(value, better="lower")}


@measure("kernel_distance")
def kernel_distance(evidence: Evidence) -> dict[str, Estimate]:
    """KID. Its error takes the real examples for drawn too, as many as there are samples.

    Subsets of one pool share examples, and so differ by less than disjoint ones would.
    """
    real, fake = evidence.real.features.vectors, evidence.fake.vectors
    fewest = min(len(real), len(fake))
    size = max(2, min(KERNEL_SUBSET, fewest // 2))
    found = metrics.kernel_distance(real, fake, subset_size=size, seed=evidence.seed)
    error = found.std * (size / (fewest - size)) ** 0.5 if fewest > size else 0.0
    return {"kernel_distance": Estimate(found.mean, _known(error), "lower")}


@measure("inception_score", "classes", least=10)
def inception_score(evidence: Evidence) -> dict[str, Estimate]:
    """The score with the classes of the feature network."""
    known = evidence.fake.probabilities
    error = bootstrapped(evidence, lambda some: metrics.inception_score(known[some]).mean)
    return {"inception_score": Estimate(metrics.inception_score(known).mean, error, "higher")}


@measure("precision_recall", least=4)
def precision_recall(evidence: Evidence) -> dict[str, Estimate]:
    """Improved precision and recall, k = 3."""
    sets, error = (evidence.real.features.vectors, evidence.fake.vectors), None
    in_real, in_fake = manifold.in_manifolds(*sets)
    if evidence.with_errors and len(in_real) >= 4 * PARTS:
        error = jackknifed(manifold.recalls_without(*sets, PARTS))
    return {
        "precision": mean_of(in_real, "higher"),
        "recall": Estimate(float(in_fake.mean()), error, "higher"),
    }


@measure("density_coverage", least=6)
def density_coverage(evidence: Evidence) -> dict[str, Estimate]:
    """Density and coverage, k = 5."""
    sets = evidence.real.features.vectors, evidence.fake.vectors
    densities, held = manifold.densities_and_held(*sets, parts=PARTS)
    without = held.sum(axis=0) - held > 0
    coverage = float(held.any(axis=0).mean())
    return {
        "density": mean_of(densities, "higher"),
        "coverage": Estimate(coverage, jackknifed(without.mean(axis=1)), "higher"),
    }


@measure("sliced_wasserstein", "pictures", "patches", in_features=False)
def sliced_wasserstein(evidence: Evidence) -> dict[str, Estimate]:
    """Of as many real pictures as samples, by level and their mean, in the pictures' own space."""
    count = min(len(evidence.reference.chosen), len(evidence.samples))
    real, fake = evidence.reference.chosen[:count], evidence.samples[:count]
    levels = metrics.sliced_wasserstein(real, fake, evidence.seed)
    found = {"sliced_wasserstein": Estimate(float(np.mean([*levels.values()])), better="lower")}
    if len(levels) > 1:
        found |= {f"sliced_wasserstein_{n}": Estimate(x, better="lower") for n, x in levels.items()}
    return found


@measure("ms_ssim", "pictures", in_features=False, ranks=False)
def ms_ssim(evidence: Evidence) -> dict[str, Estimate]:
    """Similarity of random pairs of samples; good is what the data itself has."""
    pairs = min(MS_SSIM_PAIRS, len(evidence.samples) // 2)
    return {"ms_ssim": mean_of(metrics.ms_ssim_diversity(evidence.samples, pairs, evidence.seed), "")}


@measure("class_balance", "classes")
def class_balance(evidence: Evidence) -> dict[str, Estimate]:
    """Distance of the samples' classes from equal shares, and the share of each."""
    known = evidence.fake.probabilities
    labels, classes = known.argmax(axis=1), known.shape[1]
    found = metrics.class_balance(labels, classes)
    error = bootstrapped(evidence, lambda some: metrics.class_balance(labels[some], classes).total_variation)
    values = {
        "class_imbalance": Estimate(found.total_variation, error, "lower"),
        "classes_found": Estimate(found.found, better="higher"),
    }
    if classes <= 10:
        values |= {f"class_{i}": mean_of(labels == i, "") for i in range(classes)}
    return values


@measure("parzen_log_likelihood", "pictures", "held_out", "validation", in_features=False)
def parzen_log_likelihood(evidence: Evidence) -> dict[str, Estimate]:
    """Table 1 of the original paper: nats per test picture, sigma chosen on the validation pictures."""
    samples = _in_rows(evidence.exact()[:PARZEN_SAMPLES])
    sigma = metrics.choose_sigma(samples, _in_rows(in_unit(evidence.reference.validation)))
    held_out = evidence.reference.held_out
    found = [
        metrics.parzen_log_likelihood(samples, _in_rows(in_unit(held_out[part])), sigma)
        for part in arrays.parts(len(held_out), PARZEN_PART)
    ]
    return {
        "parzen_log_likelihood": mean_of(np.concatenate(found), "higher"),
        "parzen_sigma": Estimate(sigma),
    }


@measure("data_copying", "pictures", "held_out", in_features=False, ranks=False)
def data_copying(evidence: Evidence) -> dict[str, Estimate]:
    """Whether samples lie nearer to the training pictures, in pixels, than test pictures do: 0.5 if not."""
    held_out, generated = (
        nearest_examples(x[:NEIGHBOR_QUERIES], evidence.reference.examples).distances[:, 0]
        for x in (evidence.reference.held_out, evidence.samples)
    )
    return {"data_copying": Estimate(manifold.probability_greater(held_out, generated))}


@measure("mode_coverage", "centres", in_features=False)
def mode_coverage(evidence: Evidence) -> dict[str, Estimate]:
    """Modes of ring or grid, of the published 2,500 samples."""
    source = evidence.reference.source
    assert isinstance(source, Points) and source.centres is not None and source.std is not None
    found = metrics.mode_coverage(evidence.samples[:MODE_SAMPLES], source.centres, source.std)
    return {
        "modes": Estimate(found.modes, better="higher"),
        "high_quality": Estimate(found.high_quality, better="higher"),
        "reverse_kl": Estimate(found.reverse_kl, better="lower"),
    }


@measure("stacked_coverage", "colours")
def stacked_coverage(evidence: Evidence) -> dict[str, Estimate]:
    """Modes of stacked MNIST, of 26,000 samples where there are as many."""
    found = metrics.stacked_coverage(evidence.fake.probabilities[:STACKED_SAMPLES].argmax(axis=2))
    return {
        "stacked_modes": Estimate(found.found, better="higher"),
        "stacked_kl": Estimate(found.kl, better="lower"),
    }


@measure("critic", "critic", in_features=False, ranks=False)
def critic(evidence: Evidence) -> dict[str, Estimate]:
    """What the run's own discriminator says of training examples and samples."""
    return {
        f"critic {name}": Estimate(value)
        for name, value in evidence.critic(evidence.reference.chosen).items()
    }


def nearest_examples(pictures: np.ndarray, examples: np.ndarray) -> metrics.Neighbors:
    """The nearest example of each picture by their pixels, read part by part."""
    queries = _in_rows(pictures)
    best = metrics.Neighbors(np.full((len(queries), 1), np.inf), np.zeros((len(queries), 1), int))
    for part in arrays.parts(len(examples), max(1, NEIGHBOR_PIXELS // queries.shape[1])):
        found = metrics.nearest_neighbors(queries, _in_rows(examples[part]))
        nearer = found.distances < best.distances
        best.distances[nearer] = found.distances[nearer]
        best.indices[nearer] = part.start + found.indices[nearer]
    return best


def _in_rows(pictures: np.ndarray) -> np.ndarray:
    return np.asarray(pictures, np.float32).reshape(len(pictures), -1)
