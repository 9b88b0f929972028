"""TensorFlow, imported the way the entry points want it: they import this module before any other."""

import os


def _import_tensorflow() -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # Without AVX-512 TensorFlow leaves oneDNN off; with it a training step is 1.4 to 2.8 times as fast.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    # No log level keeps TensorFlow from announcing oneDNN while it is imported.
    stderr = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        import tensorflow  # noqa: F401
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(null)


_import_tensorflow()
