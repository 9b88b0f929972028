"""The page of all experiments, from their records: beside their folder, with its name and .md."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tabulate import tabulate

from support.errors import UserError
from support.files import atomic
from theory.claims import CLAIMS, NOTES, experiments
from theory.experiment import HEADERS, rows

TITLE = "# The theory, run"
HEAD = f"""{TITLE}

Made by `python -m theory`, the page in `docs/` by `python -m theory all --output=docs/theory`. Each
section is a claim: what is said, the formula, a figure, and the numbers that were measured beside what
theory says of them. `python -m theory NAME` runs one, and ends with an error if a number is not what it
should be.
"""


def place(folder: Path) -> Path:
    """Where the page of a folder of records lies: beside it, by its name."""
    folder = folder.resolve()
    return folder.with_name(f"{folder.name}.md")


def check(folder: Path) -> None:
    """Makes the folder. Raises UserError where figures or page cannot be written, or would replace a file."""
    page = place(folder)
    if page.exists() and not (page.is_file() and page.read_text(errors="replace").startswith(TITLE)):
        raise UserError(
            f"--output={folder}: its page {page} would replace what is there: name another folder"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder), tempfile.TemporaryFile(dir=page.parent):
            pass
    except OSError as error:
        raise UserError(
            f"--output={folder} cannot be written ({error.strerror}): name another folder"
        ) from None


def write(folder: Path) -> Path:
    """Writes it for the experiments whose records lie in the folder. Returns its path."""
    sections = [HEAD]
    for chosen in experiments():
        record = folder / f"{chosen.name}.json"
        if not record.exists():
            continue
        found = json.loads(record.read_text())
        moving = (folder / f"{chosen.name}.gif").exists()
        sections.append(
            "\n\n".join(
                [
                    f"## {chosen.title}",
                    chosen.statement,
                    f"$${chosen.formula}$$",
                    f"![{chosen.name}]({folder.name}/{chosen.name}.png)",
                    *(
                        [f"Over time: [{chosen.name}.gif]({folder.name}/{chosen.name}.gif)."]
                        if moving
                        else []
                    ),
                    _table(rows(found["numbers"]), HEADERS),
                    f"`python -m theory {chosen.name}` (seed {found['seed']}, {found['seconds']:.0f} s). "
                    f"{chosen.papers}. Lecture notes: {_notes(chosen.name)}.",
                ]
            )
        )
    sections.append(_index())
    page = place(folder)
    with atomic(page) as temporary:
        temporary.write_text("\n\n".join(sections) + "\n")
    return page


def _notes(name: str) -> str:
    """The sections of the notes that an experiment shows."""
    sections = [
        part for where, _, places, _ in CLAIMS if name in places.split(", ") for part in where.split("; ")
    ]
    return ", ".join(sorted({*sections}))


def _index() -> str:
    """The claims of the lecture notes, a row each."""
    listed = "\n".join(f"- {letter}: {title}" for letter, title in NOTES.items())
    claims = [
        [claim, f"`{places}`".replace(", ", "`, `"), where, said] for where, claim, places, said in CLAIMS
    ]
    found = _table(claims, ["claim", "shown by", "note, section", ""])
    return f"## The claims of the lecture notes\n\n{listed}\n\n{found}"


def _table(cells: Sequence[Sequence[str]], headers: Sequence[str]) -> str:
    """A Markdown table; what stands for "given" or an absolute value does not end a cell."""
    escaped = [[cell.replace("|", r"\|") for cell in row] for row in cells]
    return tabulate(escaped, headers, tablefmt="github", disable_numparse=True)
