"""The one clock of the callbacks: the GAN's own count of generator updates."""

import time
from collections.abc import Mapping, Sequence

import keras
import numpy as np

#: What one call of the training graph may take: long beside the call itself, short for who waits for it.
CALL_SECONDS = 0.25


def by_step(logs: Mapping | None) -> dict[str, np.ndarray]:
    """What the steps of one call of the training graph returned, by name: arrays (steps,)."""
    return {name: np.atleast_1d(values) for name, values in (logs or {}).items()}


class Every(keras.callbacks.Callback):
    """Calls `at_step` after every `every` steps of the whole run, whichever process made them.

    Args:
        every: Steps between two calls.
        last: A step after which it is called in any case.
    """

    def __init__(self, every: int, last: int | None = None):
        super().__init__()
        self.every = every
        self.last = last

    def steps_until(self, step: int) -> int:
        """Steps from `step` until the next call, 1 at least."""
        until = self.every - step % self.every
        return until if self.last is None or self.last <= step else min(until, self.last - step)

    def on_train_batch_end(self, batch, logs=None):
        step = self.model.step
        if step % self.every == 0 or step == self.last:
            self.at_step(step)

    def at_step(self, step: int) -> None:
        raise NotImplementedError


class Pace(keras.callbacks.Callback):
    """Sets how many steps one call of the training graph takes, and ends the run after the last.

    As many as fit into `CALL_SECONDS`, never past a step that another callback waits for.

    Args:
        callbacks: The others of the run, which come after this one.
        last: The run's last step.
    """

    def __init__(self, callbacks: Sequence[keras.callbacks.Callback], last: int):
        super().__init__()
        self.clocks = [callback for callback in callbacks if isinstance(callback, Every)]
        self.last = last

    def on_train_begin(self, logs=None):
        self._traced = False
        self.model.steps_per_call = 1

    def on_train_batch_begin(self, batch, logs=None):
        self._start = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        seconds = (time.perf_counter() - self._start) / self.model.steps_per_call
        step = self.model.step
        if step >= self.last:
            self.model.stop_training = True
        elif self._traced:
            fitting = int(CALL_SECONDS / seconds)
            waits = (clock.steps_until(step) for clock in self.clocks)
            self.model.steps_per_call = max(1, min(fitting, self.last - step, *waits))
        self._traced = True
