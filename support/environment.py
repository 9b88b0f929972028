"""TensorFlow, imported the way the entry points want it: they import this module before any other."""

import contextlib
import gc
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator

#: What TensorFlow and Keras import if it is there, for parts that the suite does not use (plots of Keras,
#: wrappers for scikit-learn, converters). It is half the time of their own import.
OPTIONAL = ("IPython", "jax", "matplotlib", "pandas", "scipy", "sklearn", "torch")


@contextlib.contextmanager
def _as_if_not_installed(names: tuple[str, ...]) -> Iterator[None]:
    hidden = [name for name in names if name not in sys.modules and name != os.environ.get("KERAS_BACKEND")]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None stops an import.
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


@contextlib.contextmanager
def _without_stderr() -> Iterator[None]:
    """No log level keeps TensorFlow from announcing oneDNN while it is imported."""
    stderr = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(null)


@contextlib.contextmanager
def _never_garbage() -> Iterator[None]:
    """Of what is made within no garbage is looked for, not even at the end: a third of a short process."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


@contextlib.contextmanager
def _quietly_interrupted() -> Iterator[None]:
    """Ctrl-C ends a program without the traceback of an import. A worker still tells its command."""
    quiet = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    quiet = quiet and multiprocessing.parent_process() is None
    if quiet:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        if quiet:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _import_tensorflow() -> None:
    if sys.stderr is None:  # The program was started without one; the number 2 is the lowest that is free.
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # Without AVX-512 TensorFlow leaves oneDNN off; with it a training step is 1.4 to 2.8 times as fast.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    # Runs side by side share a GPU, all of whose memory TensorFlow would take for the first.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    with _quietly_interrupted(), _without_stderr(), _as_if_not_installed(OPTIONAL), _never_garbage():
        import keras  # noqa: F401
        import tensorflow
    # Newer GPUs of NVIDIA would else multiply float32 with the 10 bits of their TF32.
    tensorflow.config.experimental.enable_tensor_float_32_execution(False)


_import_tensorflow()
