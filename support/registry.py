"""Registries that are derived from what is registered, never kept by hand beside it."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from support.errors import unknown
from support.options import Parameter, parameters

T = TypeVar("T", bound=Callable[..., Any])


class Registry:
    """The named things of one package. A new file in the package is found without being listed.

    Args:
        kind: What the things are, for error messages ("loss", "model").
        package: Name of the package whose modules register themselves when imported.
    """

    def __init__(self, kind: str, package: str):
        self.kind = kind
        self.package = package
        self._things: dict[str, Callable[..., Any]] = {}
        self._aliases: dict[str, str] = {}
        self._complete = False

    def register(self, name: str, *, aliases: tuple[str, ...] = ()) -> Callable[[T], T]:
        """Decorator: the flag value `name` (and its aliases) means the decorated thing."""

        def decorate(thing: T) -> T:
            for taken in {name, *aliases} & {*self._things, *self._aliases}:
                raise ValueError(f"{self.kind} {taken!r} is registered twice")
            self._things[name] = thing
            self._aliases.update(dict.fromkeys(aliases, name))
            return thing

        return decorate

    def names(self, aliases: bool = True) -> list[str]:
        """Every valid name, sorted."""
        return sorted([*self.in_order(), *(self._aliases if aliases else ())])

    def in_order(self) -> list[str]:
        """Every valid name without aliases, in the order of definition."""
        self.import_all()
        return [*self._things]

    def canonical(self, name: str) -> str:
        """The registered name that `name` stands for. Raises ValueError for an unknown one."""
        self.import_all()
        name = self._aliases.get(name, name)
        if name not in self._things:
            raise unknown(self.kind, name, self.names())
        return name

    def find(self, name: str) -> Any:
        """The registered thing. Raises ValueError for an unknown name."""
        return self._things[self.canonical(name)]

    def name_of(self, thing: Callable[..., Any]) -> str:
        """The name that `thing` is registered under."""
        return next(name for name, other in self._things.items() if other is thing)

    def options(self, name: str) -> Mapping[str, Parameter]:
        """The keyword options that `create` takes for `name`."""
        return parameters(self.find(name))

    def all_options(self) -> dict[str, Parameter]:
        """The options that anything registered here takes."""
        return {
            option: found
            for name in self.names(aliases=False)
            for option, found in self.options(name).items()
        }

    def create(self, name: str, *args: Any, **options: Any) -> Any:
        """Calls the registered thing. Raises ValueError: unknown name or option, or a value out of range."""
        known = self.options(name)
        for option, value in options.items():
            if option not in known:
                raise unknown(f"option of {self.kind} {name!r}", option, known)
            known[option].option.check(option, value)
        return self.find(name)(*args, **options)

    def import_all(self) -> None:
        """Imports every module of the package, so that all that is in it is registered."""
        if not self._complete:
            for module in pkgutil.iter_modules(importlib.import_module(self.package).__path__):
                importlib.import_module(f"{self.package}.{module.name}")
            self._complete = True
