"""What a reproduction is: runs of cases, what is measured of each, and what the paper says of them."""

import abc
import dataclasses
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from support.errors import unknown
from support.numbers import Number, with_error
from support.registry import Registry

registry = Registry("reproduction", "reproduce.experiments")

Case = Mapping[str, Any]

#: A number of a run: the name it was measured under, or a function of all that was measured.
Measured = str | Callable[[Mapping[str, Any]], float]

#: All that is recorded of a run whose training diverged: at which step.
DIVERGED = "diverged_at"


@dataclasses.dataclass(frozen=True)
class Run:
    """One run of a case.

    Args:
        case: Its name.
        seed: Seed of weights, noise and order of the data.
        workdir: Where it keeps what it needs to go on after an interruption.
        figures: Folder and beginning of the name of the pictures that it draws, as in docs/x/name-case-0.
    """

    case: str
    seed: int
    workdir: Path
    figures: Path

    def figure(self, name: str) -> Path:
        """Where the picture of that name belongs."""
        return self.figures.with_name(f"{self.figures.name}-{name}.png")


class Runs:
    """The recorded runs of a reproduction.

    Of one that diverged every number is NaN, and so is a mean in which it counts: no claim holds of it.

    Args:
        records: Their records, as `records.Record` holds them.
    """

    def __init__(self, records: Sequence[Mapping[str, Any]]):
        self.records = sorted(records, key=lambda record: record["seed"])

    def ended(self) -> "Runs":
        """Those that came to their end."""
        return Runs([record for record in self.records if DIVERGED not in record["measured"]])

    def recorded(self, *cases: str) -> list[Mapping[str, Any]]:
        """The records of each run of the cases that came to its end, by seed."""
        return [record for record in self.ended().records if record["case"] in cases]

    def of(self, *cases: str) -> list[Mapping[str, Any]]:
        """What was measured in each run of the cases that came to its end, by seed."""
        return [record["measured"] for record in self.recorded(*cases)]

    def values(self, case: str, name: Measured) -> np.ndarray:
        """One number of each run of the case, by seed."""
        found = [record["measured"] for record in self.records if record["case"] == case]
        return np.array(
            [np.nan if DIVERGED in run else name(run) if callable(name) else run[name] for run in found],
            np.float64,
        )

    def mean(self, case: str, name: Measured) -> float:
        return float(self.values(case, name).mean())

    def error(self, case: str, name: Measured) -> float:
        """Standard error of the mean over the seeds, NaN of a single one."""
        values = self.values(case, name)
        return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.nan

    def bounded(
        self,
        title: str,
        case: str,
        name: Measured,
        relation: str,
        bound: float,
        source: str,
        scale: float = 1,
    ) -> Number:
        """A mean over the seeds times the scale, which makes it of the bound's units, beside the bound."""
        found, error = self.mean(case, name), self.error(case, name)
        return Number(title, scale * found, bound, 0, relation, source, scale * error)

    def against(
        self, title: str, case: str, name: Measured, relation: str, other: str, times: float, source: str
    ) -> Number:
        """A mean over the seeds, beside that of another case times a factor as its bound."""
        error = math.hypot(self.error(case, name), times * self.error(other, name))
        bound = times * self.mean(other, name)
        return Number(title, self.mean(case, name), bound, 0, relation, source, error)

    def spread(self, case: str, name: Measured, form: str = ".2f", scale: float = 1) -> str:
        """Mean and standard error over the seeds, both times the scale, of one seed the number alone; runs
        that diverged are counted instead."""
        ended = self.ended()
        count, all_of_them = len(ended.values(case, name)), len(self.values(case, name))
        error = scale * ended.error(case, name) if count > 1 else None
        text = with_error(scale * ended.mean(case, name), error, form) if count else "-"
        return text if count == all_of_them else f"{text} ({all_of_them - count} diverged)"

    def seeds(self, case: str) -> str:
        """How many of its runs came to their end, for a table."""
        return str(len(self.of(case)))

    def has(self, *cases: str) -> bool:
        """Whether each of the cases has a run that came to its end: something to show."""
        return self.ended().tried(*cases)

    def tried(self, *cases: str) -> bool:
        """Whether each of the cases has a run, if only one that diverged: something to claim."""
        return {*cases} <= {record["case"] for record in self.records}

    def agreement(
        self, case: str, measured: Measured, published: tuple[float, float], *, runs: int, scale: float = 1
    ) -> tuple[float, float, float]:
        """A mean over our seeds, beside a paper's mean and the standard error that it prints.

        Args:
            case: Of ours.
            measured: What is measured of it.
            published: The paper's mean and its standard error.
            runs: How many runs these are of, two at least.
            scale: Ours times this are in the paper's units.

        Returns:
            Ours, the paper's, and how far apart they lie in 95 of 100 cases, by Student's t, if single runs
            of ours scatter as the paper's do.
        """
        from scipy.stats import t

        theirs, error = published
        count = len(self.values(case, measured))
        within = t.ppf(0.975, runs - 1) * error * (1 + runs / count) ** 0.5
        return scale * self.mean(case, measured), theirs, float(within)

    def figure(self, case: str, name: str) -> str:
        """The end of the name of a picture that the case's run of the lowest seed drew; see `Run.figure`."""
        return f"{case}-{self.recorded(case)[0]['seed']}-{name}.png"


class Reproduction(abc.ABC):
    """A table or a figure of a paper. The docstring says what was done; a subclass is registered by name.

    Class attributes:
        title: What is reproduced, in a few words.
        paper: Paper, and number of table or figure.
        seeds: Seeds of the cases; see `seeds_of`.
        cases: Name -> what `measure` needs to know of it.
        quick: The same for the quick mode, which takes seconds and asserts what is qualitative in the claim.
    """

    title: ClassVar[str]
    paper: ClassVar[str]
    seeds: ClassVar[Sequence[int]] = (0,)
    cases: ClassVar[Mapping[str, Case]]
    quick: ClassVar[Mapping[str, Case]]

    @abc.abstractmethod
    def measure(self, case: Case, run: Run) -> dict[str, Any]:
        """Makes one run, or goes on with it, and returns what JSON is to hold of it.

        Raises:
            UserError: It cannot be made, or was asked to stop before its end.
        """

    @abc.abstractmethod
    def section(self, runs: Runs, folder: Path) -> str:
        """What the page says of the recorded runs, in Markdown; the folder is that of the figures. At least
        one of the runs came to its end."""

    @abc.abstractmethod
    def claims(self, runs: Runs) -> Iterable[Number]:
        """The numbers of the cases that were run, beside the paper's or the goals set here."""

    def quick_claims(self, runs: Runs) -> Iterable[Number]:
        """What must hold of the quick mode."""
        return self.claims(runs)

    def derived(self, case: str) -> Mapping[str, Measured]:
        """Name -> a number of a run that is computed of what was measured."""
        return {}

    def seeds_of(self, case: str) -> Sequence[int]:
        """Seeds of one case: of all `seeds`, those that the table has."""
        return self.seeds

    @property
    def wanted(self) -> list[tuple]:
        """(case, seed) of all runs of the table."""
        return self.chosen(False, None, None)

    def made(self, records: Sequence[Mapping[str, Any]]) -> int:
        """How many of the runs of the table are among the records."""
        return len({(record["case"], record["seed"]) for record in records} & {*self.wanted})

    def known(self, quick: bool) -> Mapping[str, Case]:
        """The cases of the quick mode, or all others."""
        return self.quick if quick else self.cases

    def current(self, records: Sequence[Mapping[str, Any]], quick: bool = False) -> list[Mapping[str, Any]]:
        """Those of the records that were made with the settings of today."""
        known = {name: as_recorded(case) for name, case in self.known(quick).items()}
        return [record for record in records if known.get(record["case"]) == record["settings"]]

    def chosen(self, quick: bool, cases: Sequence[str] | None, seeds: Sequence[int] | None) -> list[tuple]:
        """(case, seed) of all runs, or of those cases and seeds alone.

        Raises:
            UserError: There is no such case.
        """
        known = self.known(quick)
        for case in cases or ():
            if case not in known:
                raise unknown("case", case, known)
        named = dict.fromkeys(cases or known)
        if seeds is not None:
            return [(case, seed) for seed in dict.fromkeys(seeds) for case in named]
        every = self.seeds[:1] if quick else self.seeds
        return [(case, seed) for seed in every for case in named if seed in self.seeds_of(case)]


def as_recorded(case: Case) -> dict[str, Any]:
    """The settings of a case as JSON gives them back."""
    return json.loads(json.dumps(case))


def said(own: Case) -> str:
    """Settings, for a cell of a table."""
    return ", ".join(f"{name} {short(value)}" for name, value in own.items()) or "-"


def short(value: Any) -> str:
    """A setting's value, of penalties as the flag takes them."""
    if isinstance(value, Mapping):
        return ",".join(f"{name}:{weight:g}" for name, weight in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)


def by_year() -> list[str]:
    """The names of all reproductions, those of the oldest paper first, those of none last."""

    def year(name: str) -> str:
        found = re.search(r"\b(19|20)\d\d\b", registry.find(name).paper)
        return found[0] if found else "none"

    return sorted(registry.names(), key=lambda name: (year(name), name))
