"""Recorded runs: one JSON file a reproduction, to which each run is added as a whole when it ends."""

import fcntl
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from support.errors import UserError
from support.files import atomic

#: What every recorded run has.
KEYS = {"case", "seed", "settings", "command", "seconds", "commit", "machine", "measured"}


class Record:
    """The runs of one reproduction.

    Args:
        path: The JSON file; it need not exist.
    """

    def __init__(self, path: Path):
        self.path = path

    def read(self) -> list[dict[str, Any]]:
        """The runs: case, settings, seed, command, seconds, commit, machine with versions, what was measured.

        Raises:
            UserError: The file is damaged.
        """
        if not self.path.exists():
            return []
        try:
            runs = json.loads(self.path.read_text())["runs"]
            damaged = not all(run.keys() >= KEYS and run["measured"] and run["seconds"] > 0 for run in runs)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            damaged = True
        if damaged:
            raise UserError(f"{self.path} is no record of runs, or a damaged one: move it away")
        return runs

    def add(self, run: Mapping[str, Any]) -> None:
        """Adds a run, in place of an earlier one of its case and seed. Other processes may add theirs too."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with (self.path.parent / f".{self.path.stem}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # A line a run: what changed is seen in a comparison of two versions.
            others = [old for old in self.read() if (old["case"], old["seed"]) != (run["case"], run["seed"])]
            lines = ",\n".join(json.dumps(each) for each in [*others, run])
            with atomic(self.path) as temporary:
                temporary.write_text(f'{{"runs": [\n{lines}\n]}}\n')
