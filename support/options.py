"""Options: declared once, where they act, with what a user must know of them.

A value is declared as `n_critic: Annotated[int, Option("Turns of the discriminator.", minimum=1)] = 5`, as a
keyword-only parameter of a function or as a field of a dataclass. Flags, help pages, defaults and checks
are derived from that.
"""

import dataclasses
import functools
import inspect
import math
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

from support.errors import UserError, unknown


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Rules:
    minimum: float = -math.inf
    above: float = -math.inf
    below: float = math.inf
    maximum: float = math.inf
    names: Callable[[], list[str]] | None = None
    needs: str | None = None
    off: float = 0


@dataclasses.dataclass(frozen=True)
class Option(_Rules):
    """What an option is for, and which values are right.

    Args:
        help: One sentence for the help page.
        minimum, maximum: Smallest and largest number allowed.
        above, below: Bounds that the number itself must not reach.
        names: Function that returns the allowed values as text.
        needs: Option without which this one would have no effect.
        off: Number that stands for going without this one, as None and an empty mapping do.
    """

    help: str

    def is_off(self, value: Any) -> bool:
        """Whether a value stands for going without the option."""
        return value in (None, {}, self.off)

    def check(self, name: str, value: Any) -> None:
        """Raises `UserError` unless `value` is right for the option of that name. None means: not given."""
        if value is None:
            return
        if self.names and str(value) not in self.names():
            raise unknown(f"--{name}", str(value), self.names())
        if not isinstance(value, (int, float)):
            return
        if not math.isfinite(value):
            problem = "be a finite number"
        elif value < self.minimum:
            problem = f"be at least {self.minimum}"
        elif value <= self.above:
            problem = f"be greater than {self.above}"
        elif value >= self.below:
            problem = f"be less than {self.below}"
        elif value > self.maximum:
            problem = f"be at most {self.maximum}"
        else:
            return
        raise UserError(f"--{name}={value}: must {problem}")


@dataclasses.dataclass(frozen=True)
class Parameter:
    """An option as some function or dataclass declares it: its rules, its type without None, its default."""

    option: Option
    type: Any
    default: Any

    def check(self, name: str, value: Any) -> None:
        """Raises `TypeError` or `UserError` unless `value` is right for the option of that name."""
        kind = typing.get_origin(self.type) or self.type
        if value is not None and not isinstance(value, (int, float) if kind is float else kind):
            raise TypeError(f"{name} is {value!r}")
        self.option.check(name, value)


def parameters(thing: Callable[..., Any]) -> Mapping[str, Parameter]:
    """The options that a function or dataclass declares, by name, in their order."""
    hashable: Any = thing  # Dataclasses are, though mypy doubts it.
    return _parameters(hashable)


@functools.cache
def _parameters(thing) -> Mapping[str, Parameter]:
    if dataclasses.is_dataclass(thing):
        defaults = {
            field.name: field.default
            if field.default_factory is dataclasses.MISSING
            else field.default_factory()
            for field in dataclasses.fields(thing)
        }
    else:
        thing = thing.__init__ if inspect.isclass(thing) else thing
        defaults = {
            parameter.name: parameter.default
            for parameter in inspect.signature(thing).parameters.values()
            if parameter.kind is parameter.KEYWORD_ONLY
        }
    hints = typing.get_type_hints(thing, include_extras=True)
    found = {}
    for name, default in defaults.items():
        if typing.get_origin(hints[name]) is typing.Annotated:
            declared, option = typing.get_args(hints[name])
            given = [kind for kind in typing.get_args(declared) if kind is not type(None)]
            is_union = type(None) in typing.get_args(declared)
            found[name] = Parameter(option, given[0] if is_union else declared, default)
    return types.MappingProxyType(found)
