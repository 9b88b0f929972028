"""Pages that are made from a folder of records: beside it, with its name and .md."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from tabulate import tabulate

from support.errors import UserError


def place(folder: Path) -> Path:
    """Where the page of a folder of records lies: beside it, by its name."""
    folder = folder.resolve()
    return folder.with_name(f"{folder.name}.md")


def check(folder: Path, title: str) -> None:
    """Makes the folder of records.

    Args:
        folder: What the user gave as --output.
        title: First line of the page; a file in its place that begins otherwise is not ours.

    Raises:
        UserError: Records or page cannot be written, or would replace a file.
    """
    page = place(folder)
    if page.exists() and not (page.is_file() and page.read_text(errors="replace").startswith(title)):
        raise UserError(
            f"--output={folder}: its page {page} would replace what is there: name another folder"
        )
    make(folder, beside=True)


def make(folder: Path, flag: str = "--output", beside: bool = False) -> None:
    """Makes the folder that the user gave by a flag.

    Raises:
        UserError: It, or with `beside` the folder that it lies in, cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for written in (folder, folder.resolve().parent) if beside else (folder,):
            with tempfile.TemporaryFile(dir=written):
                pass
    except OSError as error:
        raise UserError(
            f"{flag}={folder} cannot be written ({error.strerror}): name another folder"
        ) from None


def table(cells: Sequence[Sequence[str]], headers: Sequence[str]) -> str:
    """A Markdown table; what stands for "given" or an absolute value does not end a cell."""
    escaped = [[cell.replace("|", r"\|") for cell in row] for row in cells]
    return tabulate(escaped, headers, tablefmt="github", disable_numparse=True)
