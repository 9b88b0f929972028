"""Losses, scores, gradient norms, learning rates and speed over the steps."""

import time
from collections import defaultdict

import numpy as np

from callbacks.every import Every, by_step
from callbacks.record import Record


class Scalars(Every):
    """Records the mean of what the training step returned since the last record, or since the run went on.

    Args:
        record: Where to.
        every: Steps between two records.
    """

    def __init__(self, record: Record, every: int):
        super().__init__(every)
        self.record = record
        self._since: dict[str, list[np.ndarray]] = defaultdict(list)

    def on_train_begin(self, logs=None):
        self._start = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        for name, values in by_step(logs).items():
            self._since[name].append(values)
        super().on_train_batch_end(batch, logs)

    def at_step(self, step):
        since = {name: np.concatenate(values) for name, values in self._since.items()}
        values = {name: float(np.mean(steps, dtype=np.float64)) for name, steps in since.items()}
        for player in ("generator", "discriminator"):
            optimizer = getattr(self.model, f"{player}_optimizer")
            values[f"{player}_learning_rate"] = float(optimizer.learning_rate)
        steps = max(map(len, since.values()))
        values["steps_per_second"] = steps / (time.perf_counter() - self._start)
        self.record.scalars(step, values)
        self._since.clear()
        self._start = time.perf_counter()
