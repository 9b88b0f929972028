"""Published runs, one module each: the paper's settings, and the numbers to expect.

A module's docstring names the paper and what its run here differs in; its `settings` are values of
`experiment.settings.Settings`, by name.
"""

import importlib
import pkgutil
from types import ModuleType

from support.errors import unknown


def names() -> list[str]:
    """Every `--config` value."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def get(name: str) -> ModuleType:
    """The module of that configuration. Raises ValueError for an unknown name."""
    if name not in names():
        raise unknown("configuration", name, [*names(), "list"])
    return importlib.import_module(f"{__name__}.{name}")


def table() -> str:
    """The configurations with their papers and datasets, a line each."""
    lines = []
    for name in names():
        config = get(name)
        paper = (config.__doc__ or "").splitlines()[0]
        lines.append(f"{name:<12} {config.settings['dataset']:<14} {paper}")
    return "\n".join(lines)
