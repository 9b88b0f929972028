"""What is measured, a part and workload at a time."""

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import quality, race, report, start, workloads
from benchmarks.contenders import BFLOAT16, CONTENDERS
from benchmarks.profile import by_kind
from benchmarks.records import record
from support.errors import UserError

#: Losses of float32 contenders differ by less in what is called the same computation.
SAME = 1e-4
#: Variants of workloads that show how time grows, and who is timed on them.
SCALING = (
    *(f"dcgan_28@batch_size={size}" for size in (16, 32, 128)),
    *(f"dcgan_28@side={side}" for side in (16, 48)),
    *(f"wgan@n_critic={turns}" for turns in (1, 2)),
)
SCALED = ("suite", "keras_tuned", "torch")


@dataclasses.dataclass(frozen=True)
class Asked:
    """What is to be measured.

    Args:
        contenders: Names of those who are timed.
        workloads: Names of what they are timed on.
        candidates: Names of the quick runs.
        rounds: Turns of every contender.
        output: Folder of what is recorded and drawn.
    """

    contenders: Sequence[str]
    workloads: Sequence[str]
    candidates: Sequence[str]
    rounds: int
    output: Path

    def record(self, part: str, name: str, found: dict) -> None:
        """Adds what was found to what is recorded."""
        record(self.output, part, name, found)


def steps(asked: Asked) -> None:
    """One training step of every contender on every workload."""
    for workload in asked.workloads:
        _race(asked, "steps", asked.contenders, workload, asked.rounds)


def scaling(asked: Asked) -> None:
    """The same over the size of the batch, the side of the pictures and n_critic."""
    scaled = [name for name in asked.contenders if name in SCALED]
    for workload in SCALING:
        _race(asked, "scaling", scaled, workload, min(asked.rounds, 5))


def _race(asked: Asked, part: str, names: Sequence[str], workload: str, rounds: int) -> None:
    workloads.find(workload)
    runners = [name for name in names if CONTENDERS[name].trains]
    compared = [name for name in runners if CONTENDERS[name].precision != BFLOAT16]
    print(f"{workload}: the same computation?", end=" ", flush=True)
    differences = race.largest_difference(compared, workload)
    print(", ".join(f"{name} {difference:.1e}" for name, difference in differences.items()))
    for name, difference in differences.items():
        if difference > SAME:
            raise UserError(
                f"{name} computes something else on {workload}: losses differ by {difference:.1e}"
            )
    found = race.race(names, workload, rounds)
    asked.record(part, workload, dict(differences=differences, contenders=found))


def profile(asked: Asked) -> None:
    """The trace of one of our steps, drawn, and the time of each kind of kernel."""
    for workload in asked.workloads:
        kernels = race.profile(workload)
        report.draw_trace(asked.output, workload, kernels)
        asked.record("profile", workload, dict(seconds=by_kind(kernels)))


def starts(asked: Asked) -> None:
    """From the start of a process to its first step, in turns."""
    found: dict[str, list] = {"suite": [], "keras": []}
    for _ in range(asked.rounds):
        for name, times in found.items():
            times.append(start.seconds_to_steps(name))
    asked.record("start", "digits", found)


def pipeline(asked: Asked) -> None:
    """The batches alone: what a step would wait for if it took no time itself."""
    import data
    import support.environment  # noqa: F401

    for name in asked.workloads:
        workload = workloads.find(name)
        batches = iter(data.batches(workloads.pictures(workload), workload.images_per_step, seed=0))
        next(batches)
        taken = []
        for _ in range(asked.rounds):
            begin = time.perf_counter()
            for _ in range(50):
                next(batches)
            taken.append((time.perf_counter() - begin) / 50)
        asked.record("pipeline", name, dict(seconds=taken))


def callbacks(asked: Asked) -> None:
    """What `fit` with every callback of a run costs beside its steps."""
    from benchmarks import overhead

    for model, dataset in overhead.RUNS:
        asked.record("callbacks", f"{model} on {dataset}", overhead.measured(model, dataset))


def minutes(asked: Asked) -> None:
    """What minutes of training come to, for each candidate for the quick configurations."""
    for name, curve in quality.curves(asked.candidates):
        print(f"{name}: {len(curve)} points", flush=True)
        asked.record("minutes", name, dict(curve=curve))


def same_steps(asked: Asked) -> None:
    """What the same number of steps comes to, by the way they are taken."""
    for way in quality.ways():
        found = []
        for seed in quality.SEEDS:
            print(f"{way}, seed {seed}: {quality.STEPS} steps", flush=True)
            found.append(quality.after_steps(way, seed))
        asked.record("same_steps", way, dict(steps=quality.STEPS, seeds=found))


PARTS = {
    "steps": steps,
    "profile": profile,
    "start": starts,
    "pipeline": pipeline,
    "callbacks": callbacks,
    "scaling": scaling,
    "minutes": minutes,
    "same_steps": same_steps,
}
