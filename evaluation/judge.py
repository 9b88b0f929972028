"""From samples to numbers: which measures apply, what they give, and the floor that real data sets."""

import json
from collections.abc import Iterable, Mapping, Sequence

from data.cache import cache_name, folder, keep
from evaluation import measures
from evaluation.measures import Estimate, Evidence
from evaluation.reference import Reference, fingerprint
from evaluation.samples import Samples
from support.errors import UserError

#: Goes up when the same evidence would give other numbers.
FORMAT = 3


def evidence(reference: Reference, samples: Samples, with_errors: bool = True) -> Evidence:
    """What measures look at.

    Raises:
        UserError: The samples have not the shape of the real examples.
    """
    if samples.examples.shape[1:] != reference.shape:
        raise UserError(
            f"samples of {samples.name} have the shape {samples.examples.shape[1:]}, the real examples of "
            f"{reference.dataset} {reference.shape}"
        )
    fake = reference.space(samples.examples)
    return Evidence(reference, samples.examples, fake, samples.exact, samples.critic, with_errors)


def left_out(names: Sequence[str], found: Evidence) -> dict[str, str]:
    """The measures that cannot be taken, and what they are for."""
    missing = {name: measures.find(name).missing(found) for name in names}
    return {name: words for name, words in missing.items() if words}


def measured(names: Iterable[str], found: Evidence, what: str) -> dict[str, Estimate]:
    """The numbers of those measures that can be taken, by name.

    Raises:
        UserError: There are too few samples for one of them.
    """
    numbers: dict[str, Estimate] = {}
    for name in names:
        measure = measures.find(name)
        if measure.missing(found):
            continue
        try:
            numbers |= measure.function(found)
        except ValueError as error:
            raise UserError(f"{name} of {what}: {error}") from None
    return numbers


def floor(names: Sequence[str], reference: Reference) -> dict[str, Estimate]:
    """What real test examples score in the samples' place: about what a perfect generator would.

    Several numbers depend on how many there are: as many as samples, where the test split has them. The
    Parzen window gets training examples for its samples, since it is the test examples that it scores.
    Kept in the cache. Empty where there is no test split.
    """
    if reference.held_out is None:
        return {}
    tested = reference.held_out[: reference.size]
    identity = (reference.source.identity, fingerprint(tested), reference.shape, reference.space.identity)
    key = repr((FORMAT, identity, reference.size, reference.seed, *names))
    path = folder() / "floors" / f"{cache_name(key)}.json"
    try:
        return {name: Estimate(*values) for name, values in json.loads(path.read_text()).items()}
    except (OSError, ValueError, TypeError, AttributeError):  # Not there, or damaged.
        pass
    samples = Samples("the data itself", tested, lambda: reference.training, {})
    numbers = measured([n for n in names if n != "data_copying"], evidence(reference, samples), samples.name)
    keep(path, lambda file: file.write_text(json.dumps(numbers)))
    return numbers


def to_json(numbers: Mapping[str, Estimate]) -> dict[str, dict]:
    """Values and, where they are known, their 95 % intervals."""
    return {
        name: {"value": x.value} | ({} if x.error is None else {"interval": [*interval(x)]})
        for name, x in numbers.items()
    }


def interval(estimate: Estimate) -> tuple[float, float]:
    """The bounds of 95 %: 1.96 standard errors to each side."""
    assert estimate.error is not None
    return estimate.value - 1.96 * estimate.error, estimate.value + 1.96 * estimate.error
