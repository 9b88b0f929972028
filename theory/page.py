"""The page of all experiments, from their records: beside their folder, with its name and .md."""

import json
from pathlib import Path
from typing import Any

from support.errors import UserError
from support.files import atomic
from support.numbers import Number, rows
from support.pages import place, table
from theory.claims import CLAIMS, NOTES, experiments
from theory.experiment import HEADERS

TITLE = "# The theory, run"
HEAD = f"""{TITLE}

Made by `python -m theory`, the page in `docs/` by `python -m theory all --output=docs/theory`. Each
section is a claim: what is said, the formula, a figure, and the numbers that were measured beside what
theory says of them. `python -m theory NAME` runs one, and ends with an error if a number is not what it
should be.
"""


def write(folder: Path) -> Path:
    """Writes it for the experiments whose records lie in the folder. Returns its path.

    Raises:
        UserError: A record is damaged.
    """
    sections = [HEAD]
    for chosen in experiments():
        record = folder / f"{chosen.name}.json"
        if not record.exists():
            continue
        found = _read(record)
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
                    table(rows([*map(Number.from_json, found["numbers"])]), HEADERS),
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


def _read(record: Path) -> dict[str, Any]:
    try:
        found = json.loads(record.read_text())
        if found.keys() >= {"numbers", "seed", "seconds"}:
            return found
    except (OSError, ValueError, AttributeError):
        pass
    raise UserError(f"{record} is no record of an experiment, or a damaged one: move it away")


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
    found = table(claims, ["claim", "shown by", "note, section", ""])
    return f"## The claims of the lecture notes\n\n{listed}\n\n{found}"
