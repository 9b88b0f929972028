"""Numbers as tables and pictures."""

import csv
import json
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from tabulate import tabulate

from evaluation.judge import interval
from evaluation.measures import Estimate, nearest_examples
from support.files import atomic

ARROWS = {"lower": " ↓", "higher": " ↑", "": ""}
FLOOR = "real test data"
QUERIES = 16
#: How the names of measured numbers begin in metrics.jsonl.
MEASURED = "eval/"
#: Shares of single classes would fill pages of plots.
SHARE = re.compile(MEASURED + r"class_\d")
#: Inches of one panel.
WIDTH, HEIGHT = 5, 2.6

Columns = Mapping[str, Mapping[str, Estimate]]


def table(columns: Columns, style: str = "simple") -> str:
    """One row per number, one column per set of samples; +- is half a 95 % interval, arrows point to better.

    Args:
        columns: Of each set, by its name, the numbers.
        style: A format of `tabulate`: "simple", "github", ...
    """
    rows = []
    for name, better in _rows(columns).items():
        cells = [_cell(numbers.get(name)) for numbers in columns.values()]
        rows.append([name + ARROWS[better], *cells])
    return tabulate(rows, ["", *columns], tablefmt=style, stralign="right", disable_numparse=True)


def _rows(columns: Columns) -> dict[str, str]:
    """Every number that some column has, and which way is better."""
    return {name: x.better for numbers in columns.values() for name, x in numbers.items()}


def _cell(estimate: Estimate | None) -> str:
    if estimate is None:
        return ""
    if estimate.error is None:
        return f"{estimate.value:.4g}"
    low, high = interval(estimate)
    return f"{estimate.value:.4g} ± {(high - low) / 2:.2g}"


def write_tables(columns: Columns, folder: Path, name: str) -> None:
    """`name`.md and `name`.csv in a folder."""
    with atomic(folder / f"{name}.md") as temporary:
        temporary.write_text(table(columns, "github") + "\n", encoding="utf-8")
    with atomic(folder / f"{name}.csv") as temporary, temporary.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["metric", "samples", "value", "low", "high"])
        for metric in _rows(columns):
            for samples, numbers in columns.items():
                if metric in numbers:
                    found = numbers[metric]
                    bounds = interval(found) if found.error is not None else ("", "")
                    writer.writerow([metric, samples, found.value, *bounds])


def neighbors(samples: np.ndarray, examples: np.ndarray) -> np.ndarray:
    """Some samples, then of each the nearest training example by pixels: a check for copies.

    As Figure 2 of Goodfellow et al. 2014. uint8 (N, H, W, C) each; gives (2 n, H, W, C), n at most 16.
    """
    some = samples[:QUERIES]
    nearest = nearest_examples(some, examples).indices[:, 0]
    return np.concatenate([some, np.stack([examples[i] for i in nearest])])


def scalars(workdir: Path) -> dict[str, np.ndarray]:
    """What a run recorded while it trained: of each number (n, 3), its step, seconds and value."""
    path = workdir / "metrics.jsonl"
    found: dict[str, list[tuple[float, float, float]]] = {}
    for line in path.read_text(errors="replace").splitlines() if path.exists() else ():
        try:
            record = {name: float(value) for name, value in json.loads(line).items()}
            when = record.pop("step"), record.pop("seconds")
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # A running or killed process may have left part of a line.
        for name, value in record.items():
            found.setdefault(name, []).append((*when, value))
    return {name: np.array(points) for name, points in found.items()}


def history(workdir: Path) -> dict[str, np.ndarray]:
    """What a run measured of its samples while it trained, shares of classes left out; as `scalars`."""
    return {
        name.removeprefix(MEASURED): points
        for name, points in scalars(workdir).items()
        if name.startswith(MEASURED) and not SHARE.match(name)
    }


def plot_histories(histories: Mapping[str, Mapping[str, np.ndarray]], path: Path) -> bool:
    """Each number against the step and against the time. Returns whether there was anything to draw.

    Args:
        histories: Of each run, by its name, its `history`.
        path: PNG file.
    """
    from matplotlib.figure import Figure

    names = [*dict.fromkeys(name for run in histories.values() for name in run)]
    if not names:
        return False
    figure = Figure(figsize=(2 * WIDTH, HEIGHT * len(names) + 0.4), layout="constrained")
    axes = figure.subplots(len(names), 2, squeeze=False, sharey="row")
    for row, name in zip(axes, names, strict=True):
        for run, numbers in histories.items():
            if name in numbers:
                step, seconds, value = numbers[name].T
                row[0].plot(step, value, marker=".", label=run)
                row[1].plot(seconds / 60, value, marker=".", label=run)
        row[0].set(ylabel=name)
        for panel in row:
            panel.grid(alpha=0.3)
    axes[-1][0].set(xlabel="step")
    axes[-1][1].set(xlabel="minutes of training")
    axes[0][0].legend(fontsize="small")
    with atomic(path) as temporary:
        figure.savefig(temporary, dpi=120)
    return True
