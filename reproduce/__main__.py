"""python -m reproduce ring: runs what is missing of an experiment and writes its page in docs/."""

import support.environment  # isort: skip  # Before TensorFlow.  # noqa: F401

import sys

from reproduce import ring
from support.arguments import Parser
from support.errors import UserError

EXPERIMENTS = {"ring": ring}


def main() -> int:
    parser = Parser(prog="python -m reproduce", description=__doc__)
    parser.add_argument("experiment", choices=EXPERIMENTS)
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time, each on one core (default: 2)")
    parser.add_argument(
        "--report", action="store_true", help="write the page from the recorded results alone"
    )
    arguments = parser.parse_args()
    experiment = EXPERIMENTS[arguments.experiment]
    try:
        if not arguments.report:
            experiment.run(arguments.jobs)
        print(experiment.report())
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
