"""What `fit` costs beside the steps: every callback of a run, and Keras's own loop."""

import support.environment  # isort: skip  # Before TensorFlow.  # noqa: F401

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

import callbacks
import data
from experiment import build
from experiment.beside import callbacks_of
from experiment.settings import resolve
from experiment.workdir import Workdir

#: Model and dataset, with the settings that `train.py` would give them.
RUNS = (("dcgan", "digits"), ("toy", "ring"))
#: Calls before these are not counted: they trace.
WARM_UP = 3


def measured(model: str, dataset: str) -> dict[str, float]:
    """Seconds of a whole run with its default settings, by what took them; "steps" are the graph's calls."""
    tf.config.experimental.enable_op_determinism()
    settings = resolve(dict(model=model, dataset=dataset))
    gan = build.gan(settings)
    reference = build.reference(settings)
    taken: dict[str, float] = defaultdict(float)
    with tempfile.TemporaryDirectory() as folder:
        workdir = Workdir(Path(folder))
        store = callbacks.CheckpointStore(gan, workdir.checkpoints, settings.keep_checkpoints)
        gan.adapt(reference.examples)
        calls = 0

        def timed(name: str, function: Callable) -> Callable:
            def run(*arguments, **options):
                start = time.perf_counter()
                try:
                    return function(*arguments, **options)
                finally:
                    if calls > WARM_UP:
                        taken[name] += time.perf_counter() - start

            return run

        train = timed("steps", gan.make_train_function())

        def counted(iterator):
            nonlocal calls, begin
            calls += 1
            if calls == WARM_UP + 1:
                begin = time.perf_counter()
            return train(iterator)

        begin = 0.0
        gan.train_function = counted
        with callbacks_of(gan, reference, settings, workdir, store) as beside:
            for callback in beside:
                callback.on_train_batch_end = timed(type(callback).__name__, callback.on_train_batch_end)
            batches = data.batches(
                reference.examples, settings.n_critic * settings.batch_size, settings.seed, 0
            )
            gan.fit(batches, shuffle=False, verbose=0, callbacks=beside)
        total = time.perf_counter() - begin
    return {**taken, "Keras's loop": total - sum(taken.values())}
