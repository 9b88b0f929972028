"""Errors that a user can cause, and how they are worded."""

import difflib
from collections.abc import Iterable


class UserError(ValueError):
    """Bad input. The message is one line: what was wrong and what would be right.

    Entry points print it on stderr without a traceback and exit with `exit_code`.
    """

    def __init__(self, message: str, exit_code: int = 1):
        super().__init__(message)
        self.exit_code = exit_code


class DivergenceError(UserError):
    """A training whose numbers are no longer finite.

    Args:
        message: What was lost, and what would be right.
        step: The first step where it was.
    """

    def __init__(self, message: str, step: int):
        super().__init__(message)
        self.step = step


def suggestion(name: str, valid: Iterable[str]) -> str:
    """The words "did you mean 'x'? " for the valid name nearest to `name`; nothing where none is near."""
    nearest = difflib.get_close_matches(name, valid, n=1)
    return f"did you mean {nearest[0]!r}? " if nearest else ""


def unknown(kind: str, name: str, valid: Iterable[str]) -> UserError:
    """The error for a `name` that is not among the `valid` ones, with the nearest suggested."""
    valid = sorted(valid)
    listed = ", ".join(valid) or "none"
    near = suggestion(str(name), valid)
    return UserError(f"unknown {kind} {name!r}{':' if near else ''} {near}(valid: {listed})")


def reason(error: BaseException) -> str:
    """What another library's error says went wrong: the last clause of its first line."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].split(";")[-1].split("[Op:")[0].strip()[:200]
