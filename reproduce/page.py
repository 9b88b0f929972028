"""docs/reproduction.md, from the recorded runs: beside their folder, with its name and .md."""

from collections.abc import Sequence
from pathlib import Path

from reproduce.conduct import record
from reproduce.experiment import DIVERGED, Reproduction, Runs, by_year, registry
from support.errors import UserError
from support.files import atomic
from support.numbers import Number, rows
from support.pages import place, table

TITLE = "# The papers' tables, reproduced"
HEAD = f"""{TITLE}

Made by `python -m reproduce report` from recorded runs; the page in `docs/` with
`--output=docs/reproduction`, where the records are. Each section but the last is a table or a figure of a
paper: its numbers, ours, and what explains the difference. NAME.json holds of every run its settings,
command, seed, commits, machine, versions, time and numbers; remarks on these runs are in NAME.md beside it.
`python -m reproduce NAME` makes all runs of a section again, in `runs/reproduction`. A spread of ours is the
standard error over the seeds, unless something else is said; the papers' are as they print them. A number
"holds" if it is what stands beside it: the paper's, or a goal that was set here, as the column `from` says.
Frechet distances are in the features of this suite's classifier of the dataset, not in Inception's: they
compare runs here with one another, never with a printed FID.
"""


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
            held = f"{sum(number.holds for number in numbers)} of {len(numbers)}"
            made = f"{len(runs.records)} of {len(chosen.wanted)}"
            overview.append([chosen.title, chosen.paper, made, held])
            sections.append(_section(name, chosen, runs, numbers, folder))
    if not sections:
        raise UserError(f"nothing is recorded in {folder}: name a folder that holds records with --output")
    parts = [HEAD.strip(), table(overview, ["", "paper", "runs made", "numbers that hold"])]
    if left_out:
        parts.append(f"Left out, as they were made with other settings: {', '.join(left_out)}.")
    page = place(folder)
    with atomic(page) as temporary:
        temporary.write_text("\n\n".join([*parts, *sections]) + "\n")
    return page


def claimed(chosen: Reproduction, runs: Runs, quick: bool = False) -> list[Number]:
    """The numbers of a reproduction beside the paper's."""
    if not quick:
        return [*chosen.claims(runs)]
    # The quick mode compares its cases with one another.
    return [*chosen.quick_claims(runs)] if runs.tried(*chosen.quick) else []


def repeated(chosen: Reproduction, runs: Runs, known: Runs) -> tuple[list[Number], list[str]]:
    """Compares runs with known ones of the same cases.

    Returns:
        All numbers of the runs beside the known ones' means; and the cases that cannot be compared, as fewer
        than two of their known runs came to their end, which say no error over the seeds.
    """
    known = known.ended()
    numbers, left_out = [], []
    for case in dict.fromkeys(run["case"] for run in runs.records):
        before = known.of(case)
        if len(before) < 2:
            left_out.append(case)
            continue
        # Errors of single runs are no results of their own.
        plain = [name for name, value in before[0].items() if not isinstance(value, list)]
        measured = {name: name for name in plain if not name.endswith("_error")}
        for name, of_run in {**measured, **chosen.derived(case)}.items():
            recorded = known.mean(case, of_run), known.error(case, of_run)
            compared = runs.agreement(case, of_run, recorded, runs=len(before))
            numbers.append(Number(f"{case}: {name}", *compared, source=f"{len(before)} recorded runs"))
    return numbers, left_out


def compared(numbers: Sequence[Number], expected: str = "paper or goal") -> str:
    """The table of numbers beside what is expected of them."""
    if not numbers:
        return "Nothing is claimed of these runs alone."
    return table(rows([number.to_json() for number in numbers]), ["", "ours", expected, "from", "holds"])


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
    made, wanted = len(runs.records), len(chosen.wanted)
    hours = sum(run["seconds"] for run in runs.records) / 3600
    described = (run["machine"].items() for run in runs.records)
    machines = sorted({", ".join(f"{key} {value}" for key, value in machine) for machine in described})
    part = f"{made} of {wanted} runs" if made < wanted else f"{made} run{'s' * (made > 1)}"
    took = f"{hours:.1f} hours" if hours >= 0.95 else f"{60 * hours:.0f} minutes"
    commits = ", ".join(sorted({each for run in runs.records for each in str(run["commit"]).split(", ")}))
    steps = {(run["case"], run["seed"]): run["measured"].get(DIVERGED) for run in runs.records}
    lost = [f"{case} of seed {seed} at step {at}" for (case, seed), at in steps.items() if at is not None]
    diverged = f" Diverged: {', '.join(lost)}." if lost else ""
    return (
        f"`python -m reproduce {name}`: {part}, {took} in all, at commit {commits}.{diverged} "
        f"{'; '.join(machines)}."
    )
