"""Making the runs of a reproduction: each in a process of its own, several at a time, recorded as it ends."""

import hashlib
import json
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

from reproduce.experiment import DIVERGED, Case, Run, as_recorded, registry
from reproduce.records import Record
from support import machine
from support.errors import DivergenceError, UserError
from support.files import atomic, hold, remove

AGAIN = "the same command goes on with what is missing"

#: File that marks a run's folder once the run is recorded.
RECORDED = "recorded"


def record(name: str, output: Path, quick: bool) -> Record:
    """Where the runs of a reproduction are recorded."""
    return Record(output / f"{name}{'-quick' if quick else ''}.json")


def conduct(
    name: str,
    chosen: Sequence[tuple[str, int]],
    *,
    output: Path,
    workdir: Path,
    quick: bool = False,
    jobs: int = 2,
) -> list[str]:
    """Makes those of the runs that are not recorded yet, or were with other settings.

    Args:
        name: Of the reproduction.
        chosen: Case and seed of each run.
        output: Folder of the record and the figures.
        workdir: Folder of what runs need to go on after an interruption, and of their logs.
        quick: Whether the cases are those of the quick mode.
        jobs: Runs at a time: with more than one, each has one core.

    Returns:
        What kept runs from being made, a line each; the others are made and recorded.

    Raises:
        UserError: The command was interrupted.
    """
    found, reproduction = record(name, output, quick), registry.find(name)()
    cases = reproduction.known(quick)
    done = {(old["case"], old["seed"]) for old in reproduction.current(found.read(), quick)}
    missing = [each for each in chosen if each not in done]
    if len(chosen) > len(missing):
        print(f"{len(chosen) - len(missing)} of {len(chosen)} runs are recorded already in {found.path}")
    if jobs > 1:
        for threads in ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            os.environ[threads] = "1"
    runs = [
        Run(
            case,
            seed,
            # What was begun with other settings is not gone on with.
            workdir / name / f"{case}-{seed}-{_digest(cases[case])}",
            output / f"{found.path.stem}-{case}-{seed}",
        )
        for case, seed in missing
    ]
    # One run a process: TensorFlow's memory and threads do not pile up.
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=spawn, max_tasks_per_child=1)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with pool:
            try:
                failed = _recorded(lambda run: pool.submit(_make, name, run, quick), runs, jobs, found)
            except KeyboardInterrupt:
                for number in (signal.SIGINT, signal.SIGTERM):
                    signal.signal(number, signal.SIG_IGN)  # The runs end now; another would cut that short.
                for run in multiprocessing.active_children():
                    run.terminate()  # Only a terminal's SIGINT reaches them by itself.
                raise
    except KeyboardInterrupt:
        raise UserError(f"interrupted; {AGAIN}", 128 + signal.SIGINT) from None
    except BrokenProcessPool:
        raise UserError(f"a run's process was killed (out of memory?); {AGAIN}") from None
    return failed


def _recorded(begin: Callable[[Run], Future], runs: Sequence[Run], jobs: int, found: Record) -> list[str]:
    """Makes the runs and records each as it ends. Returns what kept others from ending."""
    failed: list[str] = []
    waiting, count = list(reversed(runs)), 0
    going: dict[Future, Run] = {}
    while waiting or going:
        # No more than can begin at once: what the pool holds ready begins even after an interruption.
        while waiting and len(going) < jobs:
            run = waiting.pop()
            going[begin(run)] = run
        for future in wait(going, return_when=FIRST_COMPLETED).done:
            run, count = going.pop(future), count + 1
            try:
                made = future.result()
            except UserError as error:
                failed.append(f"{run.case}, seed {run.seed}: {error}")
                continue
            except BrokenProcessPool:
                raise
            except Exception as error:
                told = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
                failed.append(f"{run.case}, seed {run.seed}: {told}; see {run.workdir / 'log'}")
                continue
            found.add(made)
            (run.workdir / RECORDED).touch()
            numbers = made["measured"].items()
            short = ", ".join(f"{key} {value:.4g}" for key, value in numbers if not isinstance(value, list))
            seconds = f"{made['seconds']:.0f} s"
            print(f"{count}/{len(runs)} {run.case}, seed {run.seed}, {seconds}: {short}", flush=True)
    return failed


def _digest(case: Case) -> str:
    return hashlib.sha256(json.dumps(case, sort_keys=True).encode()).hexdigest()[:8]


def _make(name: str, run: Run, quick: bool) -> dict:
    """One run, in its own process, what it says in its log."""
    import support.environment  # noqa: F401  # Before TensorFlow.

    _end_with_the_command()
    chosen = registry.find(name)()
    run.workdir.mkdir(parents=True, exist_ok=True)
    try:
        held = hold(run.workdir / ".lock")
    except BlockingIOError:
        raise UserError(f"another process makes it in {run.workdir}: wait for it, or end it") from None
    if (run.workdir / RECORDED).exists():
        # It is made again: by the code of today, from the beginning.
        for path in run.workdir.iterdir():
            if path.name != ".lock":
                remove(path)
    # Of the code that is loaded now: the checkout may have moved on when the run ends.
    commits = _sittings(run.workdir / "commits", str(machine.commit()))
    run.figures.parent.mkdir(parents=True, exist_ok=True)
    print(f"{run.case}, seed {run.seed}: begins; its progress: {run.workdir / 'log'}", flush=True)
    with held, _saying(run.workdir / "log"), _timed(run.workdir / "seconds") as clock:
        case = chosen.known(quick)[run.case]
        try:
            measured = chosen.measure(case, run)
        except DivergenceError as error:
            print(f"error: {error}", file=sys.stderr)
            measured = {DIVERGED: error.step}
        except KeyboardInterrupt:
            raise UserError(f"interrupted; {AGAIN}") from None
    again = f"--cases={run.case} --seeds={run.seed}" + (" --quick" if quick else "")
    return dict(
        case=run.case,
        seed=run.seed,
        settings=as_recorded(case),
        command=f"python -m reproduce {name} {again}",
        seconds=round(clock(), 1),
        commit=", ".join(commits),
        machine=machine.describe("tensorflow-cpu", "tensorflow", "keras", "numpy"),
        measured=measured,
    )


def _end_with_the_command() -> None:
    """A command that is killed can tell its runs nothing: they would go on, and be recorded nowhere."""
    command = multiprocessing.parent_process()
    if not command:
        return

    def follow():
        command.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=follow, daemon=True).start()


def _sittings(path: Path, commit: str) -> list[str]:
    """The commits at which a run has been at work, in their order, and that of now, kept in a file."""
    before = path.read_text().split() if path.exists() else []
    commits = [*dict.fromkeys([*before, commit])]
    with atomic(path) as temporary:
        temporary.write_text("\n".join(commits))
    return commits


@contextmanager
def _saying(log: Path):
    """Within, stdout and stderr of this process, of libraries too, go to the end of the file."""
    kept = os.dup(1), os.dup(2)
    sys.stdout.flush()
    with log.open("a") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            sys.stdout.flush()
            for number, old in zip((1, 2), kept, strict=True):
                os.dup2(old, number)
                os.close(old)


@contextmanager
def _timed(path: Path):
    """Counts the seconds of a run over its interruptions; those of a killed process are lost."""
    before = float(path.read_text() or 0) if path.exists() else 0.0
    begin = time.perf_counter()

    def clock() -> float:
        return before + time.perf_counter() - begin

    try:
        yield clock
    finally:
        with atomic(path) as temporary:
            temporary.write_text(str(clock()))
