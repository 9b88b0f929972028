"""What the tests share: a cache of their own, MNIST where it is prepared, the entry points as processes."""

import os
import subprocess
import sys
from pathlib import Path

# Several test processes share the cores; BLAS threads that wait for a busy one spin and starve the rest.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Processes of the tests run side by side, one a core.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

import support.environment  # isort: skip  # noqa: F401  # Before TensorFlow.

import keras
import pytest

ROOT = Path(__file__).parent.parent


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


@pytest.fixture(scope="session")
def run_program(cache):
    """Starts an entry point as a user would: run_program("train.py", "--steps=3") -> CompletedProcess."""

    def run(program, *arguments, **options):
        return subprocess.run(
            [sys.executable, str(ROOT / program), *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            **options,
        )

    return run


def assert_one_line_error(finished, *words):
    """The process ended as user errors should: exit code 1 or 2, one line on stderr that holds `words`."""
    assert finished.returncode in (1, 2), finished.stderr
    lines = finished.stderr.strip().splitlines()
    assert len(lines) == 1, finished.stderr
    for word in words:
        assert word in lines[0]
