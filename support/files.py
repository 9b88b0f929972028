"""Files that are either there whole or not there at all."""

import contextlib
import glob
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from support.errors import UserError


@contextlib.contextmanager
def atomic(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yields a temporary path beside `path`; what was written there takes its place on success.

    Works for a file and for a folder (which must not exist yet). After an error nothing is left, and what a
    killed process left there goes.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    for leftover in path.parent.glob(f".{glob.escape(path.stem)}.*.tmp{path.suffix}"):
        process = leftover.name.split(".tmp")[0].rsplit(".", 1)[1]
        if process.isdigit() and not _is_running(int(process)):
            _remove(leftover)
    # The suffix stays last: image writers choose their format by it.
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        _remove(temporary)


def refuse_pattern(workdir: str | os.PathLike[str]) -> None:
    """TensorFlow takes the paths of checkpoints for patterns: it reads none back, or deletes those of others.

    Raises:
        UserError: This folder, given by --workdir, would be one.
    """
    if re.search(r"[][*?\\]", os.fspath(workdir)):
        raise UserError(f"--workdir={workdir}: a name for checkpoints has none of the characters [ ] * ? \\")


def save_figure(figure, path: Path) -> None:
    """Writes a figure of Matplotlib, atomically."""
    with atomic(path) as temporary:
        figure.savefig(temporary)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
