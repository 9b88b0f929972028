"""What an experiment is: a claim, its formula and sources, the numbers that must hold, and the figure."""

import dataclasses
import json
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from tabulate import tabulate

from support.files import atomic
from support.registry import Registry

SEED = 0
registry = Registry("experiment", "theory.experiments")


@dataclasses.dataclass(frozen=True)
class Number:
    """A number that was measured, beside what theory says of it.

    Args:
        name: What it is.
        measured: Its value.
        expected: The value, or the bound, that theory gives it.
        tolerance: How far it may lie from, or beyond, that.
        relation: "=", or "<" and ">" for bounds.
        source: Where `expected` comes from: a closed form, an integral, a linear programme.
    """

    name: str
    measured: float
    expected: float
    tolerance: float = 0.0
    relation: str = "="
    source: str = "closed form"

    @property
    def holds(self) -> bool:
        """Whether it is what theory says. A measured NaN never is."""
        if self.relation == "<":
            return bool(self.measured <= self.expected + self.tolerance)
        if self.relation == ">":
            return bool(self.measured >= self.expected - self.tolerance)
        near = abs(self.measured - self.expected) <= self.tolerance
        return bool(self.measured == self.expected or near)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What an experiment found.

    Args:
        numbers: Each of them must hold.
        figure: What shows it.
        frames: Pictures of the same size that show it over time, if that matters.
    """

    numbers: Sequence[Number]
    figure: Figure
    frames: Sequence[Figure] = ()


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A claim that can be run.

    Args:
        name: Its name on the command line.
        title: The claim in a few words.
        statement: What is claimed and what is done to see it.
        formula: The formula, in LaTeX.
        papers: Where it was published.
        run: Makes the outcome from a random generator.

    Calling it runs it.
    """

    name: str
    title: str
    statement: str
    formula: str
    papers: str
    run: Callable[[np.random.Generator], Outcome]

    def __call__(self, generator: np.random.Generator) -> Outcome:
        return self.run(generator)


def experiment(title: str, *, formula: str, papers: str) -> Callable:
    """Registers a function as the experiment of its name; its docstring is the statement."""

    def register(run: Callable[[np.random.Generator], Outcome]):
        name = getattr(run, "__name__")  # noqa: B009
        statement = " ".join((run.__doc__ or "").split())
        return registry.register(name)(Experiment(name, title, statement, formula, papers, run))

    return register


def conduct(chosen: Experiment, folder: Path) -> bool:
    """Runs it; writes NAME.png, NAME.json and NAME.gif into the folder and prints its table.

    Returns:
        Whether every number is what theory says.
    """
    begin = time.perf_counter()
    outcome = chosen(np.random.default_rng(SEED))
    seconds = time.perf_counter() - begin
    with atomic(folder / f"{chosen.name}.png") as temporary:
        outcome.figure.savefig(temporary)
    if outcome.frames:
        pictures = [Image.fromarray(_pixels(frame)) for frame in outcome.frames]
        with atomic(folder / f"{chosen.name}.gif") as temporary:
            pictures[0].save(temporary, save_all=True, append_images=pictures[1:], duration=150, loop=0)
    numbers = [
        {name: _plain(value) for name, value in dataclasses.asdict(number).items()} | dict(holds=number.holds)
        for number in outcome.numbers
    ]
    record = dict(name=chosen.name, seed=SEED, seconds=round(seconds, 1), numbers=numbers)
    with atomic(folder / f"{chosen.name}.json") as temporary:
        temporary.write_text(json.dumps(record, indent=1) + "\n")
    table = tabulate(rows(numbers), HEADERS, disable_numparse=True)
    print(f"{chosen.name}: {chosen.title} ({seconds:.0f} s)\n{table}\n", flush=True)
    return all(number.holds for number in outcome.numbers)


def _plain(value):
    """A number as JSON can hold it: what is not finite as text."""
    if isinstance(value, str):
        return value
    value = float(value)
    return value if math.isfinite(value) else str(value)


def _pixels(figure: Figure) -> np.ndarray:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


HEADERS = ["", "measured", "theory", "from", "holds"]


def rows(numbers: Sequence[dict]) -> list[list[str]]:
    """The numbers of an experiment's record as a table's rows, below `HEADERS`."""
    found = []
    for number in numbers:
        # What cancelled to 1e-16 reads as 0.
        expected = f"{number['relation']} {round(float(number['expected']), 12) + 0.0:.6g}"
        if number["tolerance"]:
            expected += f" ± {number['tolerance']:.2g}"
        holds = "yes" if number["holds"] else "NO"
        found.append([number["name"], f"{float(number['measured']):.6g}", expected, number["source"], holds])
    return found


def panels(rows: int, columns: int, title: str, *, size: tuple[float, float] = (5.2, 3.6)):
    """A figure with rows x columns axes, the title with the seed above. Returns figure and axes, 1-D."""
    figure = Figure(figsize=(size[0] * columns, size[1] * rows), dpi=110, layout="constrained")
    figure.suptitle(f"{title} (seed {SEED})", fontsize=11)
    return figure, np.ravel(figure.subplots(rows, columns))
