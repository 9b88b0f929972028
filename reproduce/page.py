"""docs/reproduction.md, from the recorded runs: beside their folder, with its name and .md."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from reproduce.conduct import record
from reproduce.experiment import DIVERGED, Reproduction, Runs, by_year, registry
from support.errors import UserError
from support.files import atomic
from support.numbers import ONE_RUN, Number, rows
from support.pages import place, table

TITLE = "# The papers' tables, reproduced"
HEAD = f"""{TITLE}

Made by `python -m reproduce report` from recorded runs; the page in `docs/` with
`--output=docs/reproduction`, where the records are. Each section but the last is a table or a figure of a
paper: its numbers, ours, and what explains the difference. NAME.json holds of every run its settings,
command, seed, commits, machine, versions, time and numbers; remarks on these runs are in NAME.md beside it.
`python -m reproduce NAME` makes all runs of a section again, in `runs/reproduction`. A spread of ours is the
standard error over the seeds, unless something else is said; the papers' are as they print them. A number
"holds" if it is what stands beside it, within what follows the ±: the paper's number or order, or a goal that
was set here, where the column `from` says so. Whether it does is undecided where it meets or misses its bound
by less than the standard error, which the column `holds` says then. What remarks say of other settings, of
runs made again, of runs on their way whose curves are not drawn, and of numbers that the tables do not have,
is not in the records.
Frechet distances are in the features of this suite's classifier of the dataset, not in Inception's: they
compare runs here with one another, never with a printed FID.
"""
OVERVIEW = ["", "paper", "runs made", "of the paper, holds", "of the goals, holds"]
HEADERS = ["", "ours", "paper or goal", "from", "holds"]


def write(folder: Path) -> Path:
    """Writes it for the reproductions whose records lie in the folder. Returns its path."""
    folder = folder.resolve()
    overview, sections, left_out = [], [], []
    for name in by_year():
        chosen, recorded = registry.find(name)(), record(name, folder, quick=False).read()
        runs = Runs(chosen.current(recorded))
        if len(runs.records) < len(recorded):
            old = len(recorded) - len(runs.records)
            left_out.append(f"{old} run{'s' * (old > 1)} of {name}")
        if runs.records:
            numbers = claimed(chosen, runs)
            made = f"{chosen.made(runs.records)} of {len(chosen.wanted)}"
            goals = [number for number in numbers if number.source.startswith("goal")]
            held = [_held([number for number in numbers if number not in goals]), _held(goals)]
            overview.append([chosen.title, chosen.paper, made, *held])
            sections.append(_section(name, chosen, runs, numbers, folder))
    if not sections:
        raise UserError(f"nothing is recorded in {folder}: name a folder that holds records with --output")
    parts = [HEAD.strip(), table(overview, OVERVIEW)]
    if left_out:
        parts.append(f"Left out, as they were made with other settings: {', '.join(left_out)}.")
    page = place(folder)
    with atomic(page) as temporary:
        temporary.write_text("\n\n".join([*parts, *sections]) + "\n")
    return page


def _held(numbers: Sequence[Number]) -> str:
    def share(some: Sequence[Number]) -> str:
        return f"{sum(number.holds for number in some)} of {len(some)}"

    if not numbers:
        return "-"
    single = [number for number in numbers if number.source.endswith(ONE_RUN)]
    undecided = [number for number in numbers if number.undecided]
    parts = [share(numbers)]
    if single:
        parts.append(f"{share(single)} of these by one run")
    if undecided:
        parts.append(f"{len(undecided)} undecided")
    return ", ".join(parts)


def claimed(chosen: Reproduction, runs: Runs, quick: bool = False) -> list[Number]:
    """The numbers of a reproduction beside the paper's."""
    if not quick:
        return [*chosen.claims(runs)]
    # The quick mode compares its cases with one another.
    return [*chosen.quick_claims(runs)] if runs.tried(*chosen.quick) else []


def beside(chosen: Reproduction, runs: Runs, known: Runs) -> str:
    """The table of all numbers of some runs and of known runs of the same cases: means with their errors over
    the seeds, and how far apart they are in standard deviations of the known runs, if these scatter."""
    cells = []
    for case in dict.fromkeys(run["case"] for run in runs.records):
        recorded = [run for each in (runs, known) for run in each.of(case)]
        measured = {
            name: name
            for name, value in (recorded[0] if recorded else {}).items()
            if isinstance(value, (int, float)) and all(name in run for run in recorded)
        }
        for name, of_run in {**measured, **chosen.derived(case)}.items():
            values = known.ended().values(case, of_run)
            deviation = values.std(ddof=1) if len(values) > 1 else 0
            apart = (runs.mean(case, of_run) - values.mean()) / deviation if deviation else np.nan
            both = [each.spread(case, of_run, ".4g") for each in (runs, known)]
            counts = [str(len(each.values(case, of_run))) for each in (runs, known)]
            cells.append([f"{case}: {name}", *both, *counts, f"{apart:+.1f}" if np.isfinite(apart) else "-"])
    headers = ["", "ours", "recorded", "runs", "recorded runs", "apart, in deviations of recorded runs"]
    return table(cells, headers)


def compared(numbers: Sequence[Number]) -> str:
    """The table of numbers beside the paper's, or the goals."""
    if not numbers:
        return "Nothing is claimed of these runs alone."
    return table(rows(numbers), HEADERS)


def _section(name: str, chosen: Reproduction, runs: Runs, numbers: Sequence[Number], folder: Path) -> str:
    # What somebody wrote of the runs that are recorded there, and of no others.
    remarks = folder / f"{name}.md"
    return "\n\n".join(
        [
            f"## {chosen.title}",
            f"{chosen.paper}. {' '.join((chosen.__doc__ or '').split())}",
            # Where all runs diverged there is nothing to show.
            *([chosen.section(runs, folder)] if runs.ended().records else []),
            *([remarks.read_text().strip()] if remarks.is_file() else []),
            compared(numbers),
            _budget(name, chosen, runs),
        ]
    )


def _budget(name: str, chosen: Reproduction, runs: Runs) -> str:
    """Command, number of runs, time and machines."""
    made, wanted = chosen.made(runs.records), len(chosen.wanted)
    hours = sum(run["seconds"] for run in runs.records) / 3600
    described = (run["machine"].items() for run in runs.records)
    machines = sorted({", ".join(f"{key} {value}" for key, value in machine) for machine in described})
    part = f"{made} of {wanted} runs" if made < wanted else f"{made} run{'s' * (made > 1)}"
    if more := len(runs.records) - made:
        part += f" and {more} of further seeds"
    took = f"{hours:.1f} hours" if hours >= 0.95 else f"{60 * hours:.0f} minutes"
    commits = ", ".join(sorted({each for run in runs.records for each in str(run["commit"]).split(", ")}))
    steps = {(run["case"], run["seed"]): run["measured"].get(DIVERGED) for run in runs.records}
    lost = [f"{case} of seed {seed} at step {at}" for (case, seed), at in steps.items() if at is not None]
    diverged = f" Diverged: {', '.join(lost)}." if lost else ""
    return (
        f"`python -m reproduce {name}`: {part}, {took} in all, at commit {commits}.{diverged} "
        f"{'; '.join(machines)}."
    )
