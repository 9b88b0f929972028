"""Runs claims about GANs, draws their figures and checks their numbers: python -m theory NAME, or all."""

import support.environment  # isort: skip  # Before TensorFlow.  # noqa: F401

import sys
from pathlib import Path

import tensorflow as tf

from support import pages
from support.arguments import Parser
from support.program import fail, guarded
from theory import page
from theory.claims import experiments
from theory.experiment import conduct, registry


def main() -> int:
    tf.get_logger().setLevel("ERROR")  # It warns that each player's loop is traced, once.
    known = {each.name: each for each in experiments()}
    parser = Parser(prog="python -m theory", description=__doc__)
    parser.add_argument("names", nargs="+", metavar="NAME", help=f"all, list, or some of {', '.join(known)}")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("runs/theory"),
        help="folder of figures and numbers (default: runs/theory)",
    )
    arguments = parser.parse_args()
    named = [registry.find(name) for name in arguments.names if name not in ("all", "list")]
    if "list" in arguments.names:
        print("\n".join(f"{name:<26}{each.title}" for name, each in known.items()))
        return 0
    chosen = list(known.values()) if "all" in arguments.names else named
    pages.check(arguments.output, page.TITLE)
    failed = [each.name for each in chosen if not conduct(each, arguments.output)]
    print(f"figures and numbers: {arguments.output}; page: {page.write(arguments.output)}")
    return fail(f"not what theory says: {', '.join(failed)}", 1) if failed else 0


if __name__ == "__main__":
    sys.exit(guarded(main))
