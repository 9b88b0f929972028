"""What the tests share: a cache of their own, MNIST where it is prepared, the entry points as processes."""

import atexit
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

# Several test processes share the cores; BLAS threads that wait for a busy one spin and starve the rest.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Processes of the tests run side by side, one a core.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

# What XLA compiles here runs a few times.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")

import support.environment  # isort: skip  # noqa: F401  # Before TensorFlow.

import keras
import pytest

ROOT = Path(__file__).parent.parent

# A job in the background ignores it, and so would the processes that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    """Decoded pictures of the tests do not mix with the user's."""
    folder = tmp_path_factory.mktemp("cache")
    os.environ["GAN_CACHE_DIR"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def tfds_dir():
    """The folder of prepared TFDS data, if it holds MNIST."""
    folder = os.environ.get("TFDS_DATA_DIR")
    if not folder or not (Path(folder) / "mnist").is_dir():
        pytest.skip("needs prepared MNIST: set TFDS_DATA_DIR to a folder that holds it")
    return folder


#: Its processes begin with TensorFlow imported, which takes longer than most of what they are tested for.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["support.environment", "pytest"])


def _run(program, arguments, environment, folder):
    os.environ.clear()
    os.environ.update(environment)
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT), number)
    sys.argv = [program, *arguments]
    try:
        if program.endswith(".py"):
            runpy.run_path(program, run_name="__main__")
        else:
            runpy.run_module(program, run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()  # The processes of multiprocessing end without.


@pytest.fixture(scope="session")
def run_program(cache):
    """Runs an entry point, a file or a module, in a process of its own and returns the CompletedProcess:
    run_program("train.py", "--steps=3"), run_program("theory", "list")."""

    def run(program, *arguments):
        path = str(ROOT / program) if program.endswith(".py") else program
        given = [*map(str, arguments)]
        with tempfile.TemporaryDirectory() as folder:
            process = PROCESSES.Process(target=_run, args=(path, given, dict(os.environ), Path(folder)))
            process.start()
            process.join()
            said = [Path(folder, name).read_text() for name in ("stdout", "stderr")]
        return subprocess.CompletedProcess([path, *given], process.exitcode, *said)

    return run


def assert_one_line_error(finished, *words):
    """The process ended as user errors should: exit code 1 or 2, one line on stderr that holds `words`."""
    assert finished.returncode in (1, 2), finished.stderr
    lines = finished.stderr.strip().splitlines()
    assert len(lines) == 1, finished.stderr
    for word in words:
        assert word in lines[0]
