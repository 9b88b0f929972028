"""One contender in a process of its own, which does what it is told on standard input, a line each.

python -m benchmarks.worker CONTENDER WORKLOAD
"""

import json
import pickle
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import workloads
from benchmarks.contenders import CONTENDERS


def main() -> None:
    answers, sys.stdout = sys.stdout, sys.stderr
    workload = workloads.find(sys.argv[2])
    contender = CONTENDERS[sys.argv[1]].build(workload, workloads.pictures(workload))
    commands: dict[str, Callable] = {
        "run": lambda steps: _seconds(contender, int(steps)),
        "memory": lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "operations": lambda: float(contender.operations()),
        "profile": lambda: [*contender.profile()],
        "weights": lambda: _written(contender.weights()),
        "losses": lambda path: contender.losses(**pickle.loads(Path(path).read_bytes())),
    }
    for line in sys.stdin:
        command, *arguments = line.split()
        print(json.dumps(commands[command](*arguments)), file=answers, flush=True)


def _seconds(contender, steps: int) -> float:
    start = time.perf_counter()
    contender.run(steps)
    return time.perf_counter() - start


def _written(weights) -> list:
    return [[weight.tolist() for weight in player] for player in weights]


if __name__ == "__main__":
    main()
