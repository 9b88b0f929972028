"""What training is worth: over the minutes, by candidate; after as many steps, by the way they are taken."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import Any

import configs
from support import machine
from support.errors import UserError

ROOT = Path(__file__).parent.parent
METRICS = "frechet_distance,precision_recall,density_coverage,class_balance"
#: What all timed runs have in common: their numbers are those of 2,500 samples.
MEASURED = dict(
    eval_metrics="frechet_distance,density_coverage,class_balance",
    eval_features="classifier",
    eval_samples=2500,
    sample_every=1000,
)


@dataclasses.dataclass(frozen=True)
class Candidate:
    """Settings that a quick configuration could have had.

    Args:
        changes: What differs from the quick configuration for MNIST, or from the candidate `like`; None
            leaves a setting out.
        like: Name of a candidate.
        eval_every: Steps between two points of its curve.
        minutes: Time that it gets, the start of the process included.
        alone: Whether it has all cores; others get one each, two at a time.
    """

    changes: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    like: str | None = None
    eval_every: int = 500
    minutes: float = 5
    alone: bool = False

    @property
    def settings(self) -> dict[str, Any]:
        endless = dict(steps=1_000_000, eval_every=self.eval_every)
        return {**self.chosen, **MEASURED, **endless}

    @property
    def chosen(self) -> dict[str, Any]:
        """What makes it the candidate that it is."""
        base = CANDIDATES[self.like].chosen if self.like else _MNIST
        return {**base, **self.changes}


#: The losses and layers of SN-GAN.
_HINGE: dict[str, Any] = dict(loss="hinge", penalties=None, penalty_every=None, spectral_norm=True)
_BATCH_NORM: dict[str, Any] = dict(loss="non_saturating", spectral_norm=False, discriminator_batch_norm=True)
_MNIST, _FASHION = (configs.get(name).settings for name in ("mnist_quick", "fashion_quick"))
_OF_FASHION = {name: value for name, value in _FASHION.items() if value != _MNIST.get(name)}
del _OF_FASHION["steps"]  # Its curve ends with its minutes.
CANDIDATES = {
    "mnist_quick": Candidate(minutes=10, alone=True),
    "fashion_quick": Candidate(_OF_FASHION, minutes=10, alone=True),
    "fashion_constant_rate": Candidate(dict(dataset="fashion_mnist", beta_2=0.99), minutes=10, alone=True),
    "mnist_hinge": Candidate(_HINGE, minutes=10, alone=True),
    "fashion_hinge": Candidate(dict(dataset="fashion_mnist"), "mnist_hinge", minutes=10, alone=True),
    "one_core": Candidate({}, "mnist_hinge"),
    "fewer_filters": Candidate(dict(filters=16), "mnist_hinge", eval_every=1000),
    "more_filters": Candidate(dict(filters=64), "mnist_hinge", eval_every=250),
    "lower_rate": Candidate(dict(learning_rate=4e-4), "mnist_hinge"),
    "batch_norm": Candidate(dict(**_BATCH_NORM, learning_rate=4e-4, beta_1=0.5, beta_2=0.999), "mnist_hinge"),
    "r1": Candidate(dict(penalty_every=1)),
    "wgan_gp": Candidate(
        dict(loss="wgan_gp", spectral_norm=False, n_critic=3), "mnist_hinge", eval_every=100
    ),
    # Sizes and settings of the DCGAN in TensorFlow's documentation.
    "documentation": Candidate(
        dict(
            **_BATCH_NORM,
            filters=64,
            kernel=5,
            batch_size=256,
            learning_rate=1e-4,
            beta_1=0.9,
            beta_2=0.999,
            generator_ema=0.0,
        ),
        "mnist_hinge",
        eval_every=50,
    ),
}

#: How a number of steps may be taken, by settings that differ from those of the candidate `mnist_hinge` in
#: float32; None leaves a setting out.
WAYS: dict[str, dict[str, Any]] = {
    "before": dict(precision=None),  # Its `train.py` knew no other.
    "now": {},
    "reused_fakes": dict(algorithm="reused_fakes"),
    "mixed_bfloat16": dict(precision="mixed_bfloat16"),
}
#: The last commit whose step was written as the papers are, before it was made faster.
BEFORE = "7e99a40"
SEEDS = range(8)
STEPS = 1000


def ways() -> list[str]:
    """The ways that this machine can take: bfloat16 without units for it takes hours."""
    return [way for way in WAYS if way != "mixed_bfloat16" or machine.has_bfloat16()]


def curves(names: Sequence[str]) -> Iterator[tuple[str, list[dict[str, float]]]]:
    """Name and curve of each candidate: of those that run alone, then of the others."""
    for name in names:
        if CANDIDATES[name].alone:
            yield name, curve(CANDIDATES[name])
    cores: Queue[int] = Queue()
    for core in sorted(os.sched_getaffinity(0))[:2]:
        cores.put(core)

    def on_one_core(name: str) -> tuple[str, list[dict[str, float]]]:
        core = cores.get()
        try:
            return name, curve(CANDIDATES[name], core)
        finally:
            cores.put(core)

    with ThreadPoolExecutor(2) as pool:
        yield from pool.map(on_one_core, (name for name in names if not CANDIDATES[name].alone))


def curve(candidate: Candidate, core: int | None = None) -> list[dict[str, float]]:
    """What the run of a candidate, on all cores or one, records of its samples while it trains."""
    from evaluation.report import scalars

    with tempfile.TemporaryDirectory() as folder:
        workdir = Path(folder) / "run"
        _run(ROOT, "train.py", {**candidate.settings, "workdir": workdir}, 60 * candidate.minutes, core)
        found = {
            name.removeprefix("eval/").removesuffix(f" ({MEASURED['eval_features']})"): points
            for name, points in scalars(workdir).items()
            if name.startswith("eval/")
        }
        steps = next(iter(found.values()))[:, :2]
        return [
            dict(step=int(step), seconds=seconds, **{name: points[i, 2] for name, points in found.items()})
            for i, (step, seconds) in enumerate(steps)
        ]


def after_steps(way: str, seed: int) -> dict[str, float]:
    """`evaluate.py`'s numbers of 10,000 samples, after `STEPS` steps taken that way."""
    with _sources(way) as root, tempfile.TemporaryDirectory() as folder:
        workdir = Path(folder) / "run"
        training = {
            **CANDIDATES["mnist_hinge"].chosen,
            "precision": "float32",
            **WAYS[way],
            "steps": STEPS,
            "seed": seed,
            "workdir": workdir,
        }
        _run(root, "train.py", training)
        _run(root, "evaluate.py", dict(workdir=workdir, metrics=METRICS))
        found = json.loads((workdir / "evaluation.json").read_text())
    return {name: estimate["value"] for name, estimate in found["metrics"].items()}


@contextmanager
def _sources(way: str) -> Iterator[Path]:
    """The folder that holds `train.py` as it was, or is."""
    if way != "before":
        yield ROOT
        return
    with tempfile.TemporaryDirectory() as folder:
        git = ["git", "-C", str(ROOT), "worktree"]
        adding = [*git, "add", "--detach", folder, BEFORE]
        added = subprocess.run(adding, capture_output=True, text=True, check=False)
        if added.returncode:
            raise UserError(f"the sources of {BEFORE} are needed: {added.stderr.strip().splitlines()[-1]}")
        try:
            yield Path(folder)
        finally:
            subprocess.run([*git, "remove", "--force", folder], check=True)


def _run(
    root: Path, program: str, settings: Mapping[str, Any], seconds: float | None = None, core=None
) -> None:
    """Runs a program of ours, without settings that are None; after so many seconds it is to save and end."""
    given = {name: value for name, value in settings.items() if value is not None}
    command = [sys.executable, program, *(f"--{name}={_flag(value)}" for name, value in given.items())]
    if core is not None:
        command = ["taskset", "--cpu-list", str(core), *command]
    with subprocess.Popen(
        command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            _, said = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            process.communicate()
            return
    if process.returncode:
        raise UserError(f"{' '.join(command)}: {said.strip().splitlines()[-1]}")


def _flag(value: Any) -> str:
    if isinstance(value, Mapping):
        return ",".join(f"{name}:{weight}" for name, weight in value.items())
    return str(value)
