"""Makes the runs of a paper's table again and compares numbers: python -m reproduce NAME, list or report."""

import sys
from argparse import ArgumentTypeError
from pathlib import Path

from reproduce import page
from reproduce.conduct import conduct, record
from reproduce.experiment import Reproduction, Runs, by_year, registry
from support import pages
from support.arguments import Parser
from support.errors import UserError
from support.files import refuse_pattern
from support.program import fail, guarded

FOLDER = Path("runs/reproduction")


def main() -> int:
    parser = Parser(prog="python -m reproduce", description=__doc__)
    parser.add_argument("name", help=f"list, report (write the page), or {', '.join(by_year())}")
    parser.add_argument("--cases", type=_names, help="only these cases, with commas between")
    parser.add_argument("--seeds", type=_numbers, help="these seeds instead of all, with commas between")
    parser.add_argument("--quick", action="store_true", help="smaller runs, a minute at most")
    parser.add_argument("--jobs", type=int, help="runs at a time, each on one core (default: 2)")
    output = f"folder of records and figures (default: {FOLDER})"
    parser.add_argument("--output", type=Path, default=FOLDER, help=output)
    parser.add_argument("--workdir", type=Path, help=f"folder of unfinished runs (default: {FOLDER})")
    against = "folder of earlier records, as docs/reproduction, to print beside the runs"
    parser.add_argument("--against", type=Path, help=against)
    arguments = parser.parse_args()
    if arguments.name in ("list", "report"):
        for name in ("cases", "seeds", "quick", "jobs", "workdir", "against"):
            if getattr(arguments, name) not in (None, False):
                parser.error(f"{arguments.name} makes no run: leave --{name} out")
        return _list(arguments.output) if arguments.name == "list" else _write_page(arguments.output)
    arguments.jobs = 2 if arguments.jobs is None else arguments.jobs
    arguments.workdir = arguments.workdir or FOLDER
    if arguments.jobs < 1:
        parser.error(f"--jobs={arguments.jobs} makes no run: give 1 at least")
    return _reproduce(arguments)


def _write_page(output: Path) -> int:
    pages.check(output, page.TITLE)
    print(f"page: {page.write(output)}")
    return 0


def _reproduce(arguments) -> int:
    """Makes the runs, prints the comparison, writes the page. Returns the exit code: 1 if a run could not be
    made or a number does not hold."""
    name, quick, output = arguments.name, arguments.quick, arguments.output
    chosen = registry.find(name)()
    runs = chosen.chosen(quick, arguments.cases, arguments.seeds)
    pages.check(output, page.TITLE)
    refuse_pattern(arguments.workdir)
    pages.make(arguments.workdir, "--workdir")
    known = _known(chosen, arguments) if arguments.against else None
    unmade = conduct(name, runs, output=output, workdir=arguments.workdir, quick=quick, jobs=arguments.jobs)
    recorded = chosen.current(record(name, output, quick).read(), quick)
    asked = Runs([run for run in recorded if (run["case"], run["seed"]) in runs])
    numbers = page.claimed(chosen, asked, quick)
    print(page.compared(numbers))
    if known and asked.records:
        print(f"\nBeside the runs recorded in {arguments.against}:\n\n{page.beside(chosen, asked, known)}")
    if recorded and not quick:
        _write_page(output)
    if failed := [number.name for number in numbers if not number.holds]:
        unmade.append(f"not as the paper or the goal says: {'; '.join(failed)}")
    return max([fail(problem, 1) for problem in unmade], default=0)


def _known(chosen: Reproduction, arguments) -> Runs:
    """The earlier runs of the same settings that new ones are to be shown beside.

    Raises:
        UserError: There are none, or they are the same runs.
    """
    against, found = arguments.against, record(arguments.name, arguments.against, arguments.quick)
    if against.resolve() == arguments.output.resolve():
        raise UserError(f"--against={against} holds these runs themselves: record them elsewhere by --output")
    if not found.path.is_file():
        raise UserError(f"--against={against} has no {found.path.name}: name a folder of records that does")
    current = chosen.current(found.read(), arguments.quick)
    if not current:
        raise UserError(f"{found.path} has runs of other settings alone: there is nothing to compare with")
    return Runs(current)


def _list(output: Path) -> int:
    """Prints what is recorded of every reproduction. Returns the exit code: 1 if a record cannot be read."""
    if output.exists() and not output.is_dir():
        raise UserError(f"--output={output} is a file: name the folder of the records")
    code = 0
    for name in by_year():
        chosen = registry.find(name)()
        try:
            current = chosen.current(record(name, output, quick=False).read())
            made = f"{chosen.made(current):>4} of {len(chosen.wanted):>3} runs"
        except UserError as error:
            made, code = f"{'damaged':>16}", fail(str(error), 1)
        print(f"{name:<20}{made}   {chosen.title} ({chosen.paper})")
    return code


def _names(text: str) -> list[str]:
    names = [part for part in text.split(",") if part]
    if not names:
        raise ArgumentTypeError("it names none: give names with commas between, or leave the flag out")
    return names


def _numbers(text: str) -> list[int]:
    if not all(part.isdecimal() for part in _names(text)):
        raise ArgumentTypeError(f"{text} is no list of numbers: give them with commas between, as in 0,1,2")
    return [int(part) for part in _names(text)]


if __name__ == "__main__":
    sys.exit(guarded(main))
