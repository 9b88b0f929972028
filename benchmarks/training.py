"""Times this suite beside its peers and writes RESULTS.md.

python -m benchmarks.training                      # everything: hours
python -m benchmarks.training --parts=steps,start
python -m benchmarks.training --parts=steps --workloads=mlp,wgan --rounds=15
python -m benchmarks.training --parts=minutes --candidates=mnist_quick

Records, plots and the page are in runs/benchmarks; those of the repository are made with --output=benchmarks.
The peers need PyTorch: pip install torch==2.13.0 (`torch_compiled` a C++ compiler too).
"""

import importlib.util
import sys
from pathlib import Path

from benchmarks import report, workloads
from benchmarks.contenders import BFLOAT16, CONTENDERS
from benchmarks.parts import PARTS, Asked
from benchmarks.quality import CANDIDATES
from support import machine, pages
from support.arguments import Parser
from support.errors import UserError


def main() -> int:
    parser = Parser(prog="python -m benchmarks.training", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--workloads", default=",".join(workloads.WORKLOADS), help="which, with commas")
    parser.add_argument("--contenders", help="which, with commas (default: those this machine can run)")
    parser.add_argument("--parts", default=",".join(PARTS), help=f"which of {', '.join(PARTS)}")
    parser.add_argument("--candidates", default=",".join(CANDIDATES), help="quick runs, with commas")
    parser.add_argument("--rounds", type=int, default=9, help="turns of every contender (default: 9)")
    parser.add_argument(
        "--output", type=Path, default=Path("runs/benchmarks"), help="folder (default: runs/benchmarks)"
    )
    parser.add_argument("--report", action="store_true", help="write the page from recorded results alone")
    arguments = parser.parse_args()
    try:
        if arguments.rounds < 1:
            raise UserError(f"--rounds={arguments.rounds}: one at least")
        if not arguments.report:
            pages.make(arguments.output)
            asked = Asked(
                _compared(_listed(arguments.contenders, CONTENDERS)) if arguments.contenders else _possible(),
                arguments.workloads.split(","),
                _listed(arguments.candidates, CANDIDATES),
                arguments.rounds,
                arguments.output,
            )
            for part in _listed(arguments.parts, PARTS):
                PARTS[part](asked)
        print(f"page: {report.write(arguments.output)}")
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("error: interrupted; what was measured so far is recorded", file=sys.stderr)
        return 130
    return 0


def _listed(text: str, valid) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in valid:
            raise UserError(f"{name!r} is none of {', '.join(valid)}")
    return names


def _compared(names: list[str]) -> list[str]:
    """The contenders, ours of each precision first; all others are compared with it."""
    for precision in {CONTENDERS[name].precision for name in names}:
        ours = next(name for name, contender in CONTENDERS.items() if contender.precision == precision)
        if ours not in names:
            raise UserError(f"--contenders={','.join(names)}: add {ours}, which the others are compared with")
    return [name for name in CONTENDERS if name in names]


def _possible() -> list[str]:
    able, has_torch = machine.has_bfloat16(), importlib.util.find_spec("torch") is not None
    if not has_torch:
        print("PyTorch is left out: it is not installed (pip install torch==2.13.0)", file=sys.stderr)
    return [
        name
        for name, contender in CONTENDERS.items()
        if (able or contender.precision != BFLOAT16)
        and (has_torch or not contender.factory.startswith("pytorch."))
    ]


if __name__ == "__main__":
    sys.exit(main())
