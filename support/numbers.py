"""Numbers that were measured, beside what a closed form, a theorem or a paper says of them."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
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
        error: Standard error of `measured` less `expected`, NaN where none is known.
    """

    name: str
    measured: float
    expected: float
    tolerance: float = 0.0
    relation: str = "="
    source: str = "closed form"
    error: float = math.nan

    @property
    def holds(self) -> bool:
        """Whether it is what is expected, to rounding errors of floats. A measured NaN never is."""
        # 8 is 0.2 away from 7.8, not 0.2000000000000002, and 0.1 + 0.2 is 0.3.
        rounding = 1e-12 * abs(self.expected)
        within = self._gap <= self.tolerance or math.isclose(self._gap, self.tolerance, abs_tol=rounding)
        return bool(self.measured == self.expected or within)

    @property
    def undecided(self) -> bool:
        """Whether a bound is met or missed by less than the standard error."""
        return self.relation != "=" and abs(self._gap - self.tolerance) < self.error

    @property
    def _gap(self) -> float:
        """How far it lies from what is expected, or beyond the bound."""
        beyond = self.measured - self.expected
        return {"<": beyond, ">": -beyond}.get(self.relation, abs(beyond))

    def to_json(self) -> dict[str, Any]:
        """Its fields and whether it holds, as JSON can hold them: what is not finite as text."""
        fields = dataclasses.asdict(self)
        if math.isnan(self.error):
            del fields["error"]
        return {name: _plain(value) for name, value in fields.items()} | dict(holds=self.holds)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Number":
        """The number of which `to_json` gave these."""
        texts = "name", "relation", "source"
        fields: dict[str, Any] = {name: value for name, value in values.items() if name != "holds"}
        fields |= {name: float(value) for name, value in fields.items() if name not in texts}
        return cls(**fields)


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


def rows(numbers: Sequence[Number]) -> list[list[str]]:
    """Numbers as a table's rows: name, measured, expected, source, holds."""
    found = []
    for number in numbers:
        # What cancelled to 1e-16 reads as 0.
        relation = {"<": "≤", ">": "≥"}.get(number.relation, "=")
        expected = f"{relation} {round(number.expected, 12) + 0.0:.6g}"
        if number.tolerance:
            expected += f" ± {number.tolerance:.2g}"
        holds = ("yes" if number.holds else "NO") + (", by less than the error" if number.undecided else "")
        found.append([number.name, f"{number.measured:.6g}", expected, number.source, holds])
    return found
