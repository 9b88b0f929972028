"""Files that are either there whole or not there at all."""

import contextlib
import fcntl
import glob
import hashlib
import os
import re
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from support.errors import UserError

#: Seconds after which what another machine or container was writing counts as left by a killed process.
ABANDONED = 24 * 3600


@contextlib.contextmanager
def atomic(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yields a temporary path beside `path`; what was written there takes its place on success.

    Works for a file and for a folder (which must not exist yet). After an error nothing is left, and what a
    killed process left there goes.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    system = _system()
    for leftover in path.parent.glob(f".{glob.escape(path.stem)}.*.tmp{path.suffix}"):
        maker, _, process = leftover.name.rsplit(".tmp", 1)[0].rsplit(".", 1)[1].partition("-")
        if process.isdigit() and _is_abandoned(leftover, int(process) if maker == system else None):
            remove(leftover)
    # The suffix stays last: image writers choose their format by it.
    temporary = path.with_name(f".{path.stem}.{system}-{os.getpid()}.tmp{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        remove(temporary)


def expanded(path: str | os.PathLike[str]) -> Path:
    """The path with a home folder for "~" or "~name".

    Raises:
        UserError: There is no such home folder.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise UserError(f"{os.fspath(path)}: there is no such home folder, write the path out") from None


def hold(path: Path) -> TextIO:
    """Opens a file that no other process holds. Held until it is closed, or this process ends in any way.

    Raises:
        BlockingIOError: Another process holds it.
    """
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise
    return file


def refuse_pattern(workdir: str | os.PathLike[str]) -> None:
    """TensorFlow takes the paths of checkpoints for patterns: it reads none back, or deletes those of others.

    Raises:
        UserError: This folder, given by --workdir, would be one, or its name is no UTF-8.
    """
    refuse_undecodable(workdir, "--workdir")
    if re.search(r"[][*?\\]", os.fspath(workdir)):
        raise UserError(f"--workdir={workdir}: a name for checkpoints has none of the characters [ ] * ? \\")


def refuse_undecodable(path: str | os.PathLike[str], flag: str) -> None:
    """TensorFlow and TensorBoard take text for paths.

    Raises:
        UserError: This one, given by the flag, has bytes that are no UTF-8.
    """
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError:
        shown = os.fsencode(path).decode(errors="backslashreplace")
        raise UserError(f"{flag}={shown}: the name is no UTF-8, rename it") from None


def remove(path: Path) -> None:
    """Removes a file, if it is there, or a folder with all that is in it."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sha256(path: Path) -> str:
    """Of what the file holds, in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def save_figure(figure, path: Path) -> None:
    """Writes a figure of Matplotlib, atomically."""
    with atomic(path) as temporary:
        figure.savefig(temporary)


def _system() -> str:
    """Names the machine and the container within which this process has its number."""
    try:
        numbers = os.readlink("/proc/self/ns/pid")
    except OSError:
        numbers = ""
    return hashlib.sha256(f"{socket.gethostname()}/{numbers}".encode()).hexdigest()[:12]


def _is_abandoned(temporary: Path, process: int | None) -> bool:
    """Whether nobody writes it any more. The process: None if it is of another system."""
    if process is None:
        with contextlib.suppress(FileNotFoundError):
            return time.time() - temporary.stat().st_mtime > ABANDONED
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False
