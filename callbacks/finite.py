"""A guard against runs that go on after they are lost."""

import keras
import numpy as np

from callbacks.every import by_step
from support.errors import DivergenceError


class StopOnNonFinite(keras.callbacks.Callback):
    """Ends the run when anything the step returns is NaN or infinite, before it is saved."""

    def on_train_batch_end(self, batch, logs=None):
        for name, values in by_step(logs).items():
            lost = np.flatnonzero(~np.isfinite(values))
            if lost.size:
                step = self.model.step - len(values) + 1 + lost[0]
                raise DivergenceError(
                    f"training diverged: {name} is {values[lost[0]]} at step {step}; earlier "
                    "checkpoints are kept: try a lower --learning_rate in another --workdir",
                    int(step),
                )
