"""Progress on the terminal, with rate and time left."""

import sys

import keras
from tqdm import tqdm


class ProgressBar(keras.callbacks.Callback):
    """One bar over all steps of the run, those of earlier processes included.

    Args:
        steps: Number of steps of the whole run.
    """

    def __init__(self, steps: int):
        super().__init__()
        self.steps = steps

    def on_train_begin(self, logs=None):
        # In a log file the bar is one line after another: few are enough.
        interval = 0.2 if sys.stderr.isatty() else 10
        self._bar = tqdm(initial=self.model.step, total=self.steps, unit="step", mininterval=interval)

    def on_train_batch_end(self, batch, logs=None):
        losses = {name: value for name, value in (logs or {}).items() if name.endswith("_loss")}
        self._bar.set_postfix(losses, refresh=False)
        self._bar.update()

    def on_train_end(self, logs=None):
        self._bar.close()
