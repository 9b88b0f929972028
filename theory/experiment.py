"""What an experiment is: a claim, its formula and sources, the numbers that must hold, and the figure."""

import dataclasses
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from tabulate import tabulate

from support.files import atomic, save_figure
from support.numbers import Number, rows
from support.registry import Registry

SEED = 0
registry = Registry("experiment", "theory.experiments")


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
    save_figure(outcome.figure, folder / f"{chosen.name}.png")
    if outcome.frames:
        pictures = [Image.fromarray(_pixels(frame)) for frame in outcome.frames]
        with atomic(folder / f"{chosen.name}.gif") as temporary:
            pictures[0].save(temporary, save_all=True, append_images=pictures[1:], duration=150, loop=0)
    numbers = [number.to_json() for number in outcome.numbers]
    record = dict(name=chosen.name, seed=SEED, seconds=round(seconds, 1), numbers=numbers)
    with atomic(folder / f"{chosen.name}.json") as temporary:
        temporary.write_text(json.dumps(record, indent=1) + "\n")
    table = tabulate(rows(outcome.numbers), HEADERS, disable_numparse=True)
    print(f"{chosen.name}: {chosen.title} ({seconds:.0f} s)\n{table}\n", flush=True)
    return all(number.holds for number in outcome.numbers)


def _pixels(figure: Figure) -> np.ndarray:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


HEADERS = ["", "measured", "theory", "from", "holds"]


def panels(rows: int, columns: int, title: str, *, size: tuple[float, float] = (5.2, 3.6)):
    """A figure with rows x columns axes, the title with the seed above. Returns figure and axes, 1-D."""
    figure = Figure(figsize=(size[0] * columns, size[1] * rows), dpi=110, layout="constrained")
    figure.suptitle(f"{title} (seed {SEED})", fontsize=11)
    return figure, np.ravel(figure.subplots(rows, columns))
