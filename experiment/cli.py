"""What the entry points share: flags made from the settings, and errors as one line."""

import dataclasses
import re
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from absl import app, flags, logging

from experiment.settings import KINDS, Settings, all_options, parse_penalties
from support.errors import UserError, reason
from support.options import Parameter, parameters
from support.program import fail, guarded

FLAGS = flags.FLAGS
USAGE_ERROR = 2

_FULL_OR_FORBIDDEN = (
    tf.errors.ResourceExhaustedError,
    tf.errors.PermissionDeniedError,
    tf.errors.FailedPreconditionError,
)
_HELP_COLUMN = 34
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
}

_DEFINE: dict[type, Callable] = {
    bool: flags.DEFINE_boolean,
    int: flags.DEFINE_integer,
    float: flags.DEFINE_float,
}


def define_settings() -> None:
    """Defines a flag for every setting and every option. None means: not given."""
    for name, found in _settings().items():
        define: Callable = _DEFINE.get(found.type, flags.DEFINE_string)
        define(name, None, _help(name, found))


def _settings() -> dict[str, Parameter]:
    return {**parameters(Settings), **all_options()}


def _help(name: str, found: Parameter) -> str:
    text, default = found.option.help, found.default
    for registry in KINDS.values():
        everything = registry.names(aliases=False)
        takers = [taker for taker in everything if name in registry.options(taker)]
        if len({str(registry.options(taker)[name].default) for taker in takers}) > 1:
            default = None
        if takers and takers != everything:
            text = f"{', '.join(takers)}: {text}"
    if found.option.names:
        text += f" One of: {', '.join(found.option.names())}."
    return text if default in (None, dataclasses.MISSING) else f"{text} (default: {default})"


def given_settings() -> dict[str, Any]:
    """The settings and options among the flags that the user gave, by name."""
    given: dict[str, Any] = {name: FLAGS[name].value for name in _settings() if FLAGS[name].value is not None}
    if "penalties" in given:
        given["penalties"] = parse_penalties(given["penalties"])
    return given


def run(main: Callable[[], int | None]) -> None:
    """Parses the flags and calls `main`; an error that a user can cause ends in one line on stderr."""
    app.run(lambda _: guarded(lambda: _full_or_forbidden(main)), flags_parser=_parse)


def _full_or_forbidden(main: Callable[[], int | None]) -> int | None:
    try:
        return main()
    except _FULL_OR_FORBIDDEN as error:
        raise UserError(f"out of memory or disk, or not allowed to write ({reason(error)})") from None


def _parse(arguments: Sequence[str]) -> list[str]:
    logging.set_verbosity(logging.ERROR)
    if any(re.fullmatch(r"--?h(elp\w*)?(=.*)?", argument) for argument in arguments):
        sys.exit(guarded(lambda: print(_help_page())))
    try:
        rest = FLAGS(arguments)
        if len(rest) > 1:
            raise flags.Error(f"unexpected argument {rest[1]!r}: every setting is a --flag=value")
    except flags.IllegalFlagValueError as error:
        message = str(error).removeprefix("flag ")
        given = re.match(r"--(\w+)=([^:]*)", message)
        if given and (kind := _KINDS.get(FLAGS[given[1]].flag_type())):
            bounds = re.search(r"is not (?:an )?integer( .*)", message)
            message = f"--{given[1]}={given[2]}: must be {kind}{bounds[1] if bounds else ''}"
        sys.exit(fail(message, USAGE_ERROR))
    except flags.Error as error:
        sys.exit(fail(f"{' '.join(str(error).split())} (see --help)", USAGE_ERROR))
    return rest


def _help_page() -> str:
    """The program's docstring, its own flags, then the settings in the order of `Settings`."""
    settings = [name for name in _settings() if name in FLAGS]
    own = [flag.name for flag in FLAGS.flags_by_module_dict()[sys.argv[0]] if flag.name not in settings]
    paragraphs = [(sys.modules["__main__"].__doc__ or "").strip(), ""]
    for name in [*own, *settings]:
        paragraphs += textwrap.wrap(
            FLAGS[name].help,
            width=100,
            initial_indent=f"  --{name}".ljust(_HELP_COLUMN - 1) + " ",
            subsequent_indent=" " * _HELP_COLUMN,
        )
    return "\n".join(paragraphs)
