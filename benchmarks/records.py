"""What was measured: benchmarks/results.json, by part and what it was measured of."""

import datetime
import json
from pathlib import Path

from support import machine
from support.files import atomic

RESULTS = Path(__file__).parent / "results.json"
PACKAGES = ("tensorflow-cpu", "tensorflow", "keras", "torch", "numpy")


def recorded() -> dict:
    """What has been measured so far, by part."""
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def record(part: str, name: str, found: dict) -> None:
    """Adds what was found to the file, with the day and the machine."""
    results = recorded()
    now = datetime.date.today().isoformat()
    about = dict(date=now, machine=machine.describe(*PACKAGES))
    results.setdefault(part, {})[name] = {**about, **found}
    with atomic(RESULTS) as temporary:
        temporary.write_text(json.dumps(results, indent=1) + "\n")
