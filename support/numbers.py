"""Numbers that were measured, beside what a closed form, a theorem or a paper says of them."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

#: How the source of a paper's number ends, where ours is of a single run: a weak test.
ONE_RUN = "ours of one run"


@dataclasses.dataclass(frozen=True)
class Number:
    """A number that was measured, beside what is expected of it.

    Args:
        name: What it is.
        measured: Its value.
        expected: The value, or the bound, that theory or a paper gives it.
        tolerance: How far it may lie from, or beyond, that.
        relation: "=", or "<" and ">" for bounds, which hold where they are met exactly too.
        source: Where `expected` comes from: a closed form, an integral, a table of a paper.
    """

    name: str
    measured: float
    expected: float
    tolerance: float = 0.0
    relation: str = "="
    source: str = "closed form"

    @property
    def holds(self) -> bool:
        """Whether it is what is expected, to rounding errors of floats. A measured NaN never is."""
        beyond = self.measured - self.expected
        gap = {"<": beyond, ">": -beyond}.get(self.relation, abs(beyond))
        # 8 is 0.2 away from 7.8, not 0.2000000000000002.
        within = gap <= self.tolerance or math.isclose(gap, self.tolerance)
        return bool(self.measured == self.expected or within)

    def to_json(self) -> dict[str, Any]:
        """Its fields and whether it holds, as JSON can hold them: what is not finite as text."""
        return {name: _plain(value) for name, value in dataclasses.asdict(self).items()} | dict(
            holds=self.holds
        )


def _plain(value):
    if isinstance(value, str):
        return value
    value = float(value)
    return value if math.isfinite(value) else str(value)


def with_error(value: float, error: float | None = None, form: str = "") -> str:
    """A number and its error, if it has one, as a table prints them: "225 ± 2".

    Of significant digits (".3g") the value has as many, and the error ends at its last place.
    """
    if error is None:
        return f"{value:{form}}"
    if form.endswith("g"):
        _, _, places = f"{value:#{form}}".partition(".")
        if places.isdigit():
            form = f".{len(places)}f"
    return f"{value:{form}} ± {error:{form}}"


def rows(records: Sequence[dict[str, Any]]) -> list[list[str]]:
    """Numbers, as `to_json` gives them, as a table's rows: name, measured, expected, source, holds."""
    found = []
    for number in records:
        # What cancelled to 1e-16 reads as 0.
        relation = {"<": "≤", ">": "≥"}.get(number["relation"], "=")
        expected = f"{relation} {round(float(number['expected']), 12) + 0.0:.6g}"
        if number["tolerance"]:
            expected += f" ± {float(number['tolerance']):.2g}"
        holds = "yes" if number["holds"] else "NO"
        found.append([number["name"], f"{float(number['measured']):.6g}", expected, number["source"], holds])
    return found
