"""How a program of this suite ends: errors that a user can cause or mend take one line on stderr."""

import os
import sys
from collections.abc import Callable

from support.errors import UserError


def fail(message: str, exit_code: int) -> int:
    """Says what went wrong. Returns the exit code."""
    name = os.path.basename(sys.argv[0])
    print(f"{'error' if name == '__main__.py' else name}: {message}", file=sys.stderr)
    return exit_code


def guarded(main: Callable[[], int | None]) -> int:
    """Calls `main` and returns the exit code of the program."""
    try:
        code = main()
        sys.stdout.flush()
        return code or 0
    except UserError as error:
        return fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        return fail("interrupted", 130)
    except BrokenPipeError:  # Whoever read the output has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        return fail(f"{error.filename or 'a file'}: {error.strerror or error}", 1)
