"""Losses, scores, gradient norms, learning rates and speed over the steps."""

import time

import numpy as np

from callbacks.every import Every
from callbacks.record import Record


class Scalars(Every):
    """Records the mean of what the training step returned since the last record.

    Args:
        record: Where to.
        every: Steps between two records.
    """

    def __init__(self, record: Record, every: int):
        super().__init__(every)
        self.record = record
        self._since: list[dict[str, float]] = []

    def on_train_begin(self, logs=None):
        self._start = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self._since.append(dict(logs or {}))
        super().on_train_batch_end(batch, logs)

    def at_step(self, step, logs):
        values = {name: float(np.mean([logs[name] for logs in self._since])) for name in self._since[-1]}
        for player in ("generator", "discriminator"):
            optimizer = getattr(self.model, f"{player}_optimizer")
            values[f"{player}_learning_rate"] = float(optimizer.learning_rate)
        values["steps_per_second"] = len(self._since) / (time.perf_counter() - self._start)
        self.record.scalars(step, values)
        self._since = []
        self._start = time.perf_counter()
