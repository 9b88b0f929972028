"""Contenders side by side: each in its process, taking turns, so that what slows the machine slows all."""

import json
import os
import pickle
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from benchmarks.contenders import CONTENDERS
from benchmarks.workloads import LATENT_DIM, Workload, find
from support.errors import UserError

#: A turn lasts about that long.
TURN_SECONDS = 1.0
#: Steps in which the losses of all contenders are compared.
CHECKED_STEPS = 1


class Worker:
    """A contender's process."""

    def __init__(self, name: str, workload: str):
        self.name = name
        command = [sys.executable, "-m", "benchmarks.worker", name, workload]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent.parent,
            env={**os.environ, **CONTENDERS[name].environment},
        )

    def ask(self, *words) -> object:
        """What the contender answers to a command of `benchmarks.worker`."""
        assert self._process.stdin and self._process.stdout
        try:
            print(*words, file=self._process.stdin, flush=True)
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            _, errors = self._process.communicate()
            raise UserError(f"{self.name} ended: {errors.strip().splitlines()[-1:]}")
        return json.loads(answer)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def workers(names: Sequence[str], workload: str) -> Iterator[dict[str, Worker]]:
    """Starts a process for each contender and ends them all."""
    with ExitStack() as stack:
        started = {}
        for name in names:
            started[name] = Worker(name, workload)
            stack.callback(started[name].close)
        yield started


def largest_difference(names: Sequence[str], workload: str) -> dict[str, float]:
    """How far each contender's losses are from the first one's over a few steps of the same computation.

    All start from the same weights and see the same data and noise. Relative to the loss, or to 1.
    """
    with workers(names, workload) as started:
        first, *others = names
        trial = _trial(find(workload), started[first].ask("weights"))
        with tempfile.NamedTemporaryFile(suffix=".pickle") as file:
            Path(file.name).write_bytes(pickle.dumps(trial))
            losses = {name: np.array(worker.ask("losses", file.name)) for name, worker in started.items()}
    scale = np.maximum(np.abs(losses[first]), 1)
    return {name: float(np.max(np.abs(losses[name] - losses[first]) / scale)) for name in others}


def _trial(workload: Workload, weights) -> dict:
    generator = np.random.default_rng(0)

    def uniform(*shape, low=-1.0):
        return generator.uniform(low, 1, shape).astype(np.float32)

    turns = workload.n_critic
    return dict(
        weights=[[np.array(weight, np.float32) for weight in player] for player in weights],
        pictures=[uniform(turns * workload.batch_size, *workload.image_shape) for _ in range(CHECKED_STEPS)],
        noise=[uniform(workload.batch_size, LATENT_DIM) for _ in range(CHECKED_STEPS * (turns + 1))],
        shares=[uniform(workload.batch_size, 1, 1, 1, low=0.0) for _ in range(CHECKED_STEPS * turns)],
    )


def profile(workload: str) -> list:
    """The kernels of one of our steps, traced after some others; see `benchmarks.profile.traced`."""
    with workers(["suite"], workload) as started:
        started["suite"].ask("run", 3)
        kernels = started["suite"].ask("profile")
    assert isinstance(kernels, list)
    return kernels


def race(names: Sequence[str], workload: str, rounds: int) -> dict[str, dict]:
    """Seconds a step of each contender in every round, its peak memory (GiB), what it counts as work.

    The order of the turns changes from round to round; every contender's first turns are not counted.
    """
    order = random.Random(0)
    with workers(names, workload) as started:
        steps = {}
        for name, worker in started.items():
            worker.ask("run", 2)
            second = worker.ask("run", 1)
            assert isinstance(second, float)
            steps[name] = max(1, round(TURN_SECONDS / second))
        seconds: dict[str, list[float]] = {name: [] for name in names}
        for _ in range(rounds):
            for name in order.sample(list(names), len(names)):
                turn = started[name].ask("run", steps[name])
                assert isinstance(turn, float)
                seconds[name].append(turn / steps[name])
        counts = [name for name in names if name == "suite" or not CONTENDERS[name].trains]
        return {
            name: dict(
                seconds=seconds[name],
                memory=worker.ask("memory"),
                operations=worker.ask("operations") if name in counts else None,
            )
            for name, worker in started.items()
        }
