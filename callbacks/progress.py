"""Progress on the terminal, with rate and time left."""

import sys

import keras
from tqdm import tqdm

from callbacks.every import by_step


class ProgressBar(keras.callbacks.Callback):
    """One bar over all steps of the run, those of earlier processes included.

    Args:
        steps: Number of steps of the whole run.
        step: Number of those made already.
    """

    def __init__(self, steps: int, step: int):
        super().__init__()
        # In a log file the bar is one line after another: few are enough.
        interval = 0.2 if sys.stderr.isatty() else 10
        self._bar = tqdm(initial=step, total=steps, unit="step", mininterval=interval)

    def on_train_batch_end(self, batch, logs=None):
        losses = {name: steps[-1] for name, steps in by_step(logs).items() if name.endswith("_loss")}
        self._bar.set_postfix(losses, refresh=False)
        self._bar.update(self.model.step - self._bar.n)

    def close(self) -> None:
        """Leaves the terminal in order; Keras calls no callback when a run ends in an error."""
        self._bar.close()
