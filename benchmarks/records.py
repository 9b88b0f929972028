"""What was measured: results.json in a folder, by part and what it was measured of."""

import datetime
import json
from pathlib import Path

from support import machine
from support.errors import UserError
from support.files import atomic

PACKAGES = ("tensorflow-cpu", "tensorflow", "keras", "torch", "numpy")


def recorded(folder: Path) -> dict:
    """What has been measured so far, by part.

    Raises:
        UserError: The file is damaged.
    """
    path = folder / "results.json"
    try:
        return json.loads(path.read_text()) if path.exists() else {}
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}): move it away") from None


def record(folder: Path, part: str, name: str, found: dict) -> None:
    """Adds what was found to the file, with the day and the machine."""
    results = recorded(folder)
    now = datetime.date.today().isoformat()
    about = dict(date=now, machine=machine.describe(*PACKAGES))
    results.setdefault(part, {})[name] = {**about, **found}
    with atomic(folder / "results.json") as temporary:
        temporary.write_text(json.dumps(results, indent=1) + "\n")
