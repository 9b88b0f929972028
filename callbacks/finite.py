"""A guard against runs that go on after they are lost."""

import math

import keras

from support.errors import UserError


class StopOnNonFinite(keras.callbacks.Callback):
    """Ends the run when anything the step returns is NaN or infinite, before it is saved."""

    def on_train_batch_end(self, batch, logs=None):
        for name, value in (logs or {}).items():
            if not math.isfinite(value):
                raise UserError(
                    f"training diverged: {name} is {value} at step {self.model.step}; the last "
                    "checkpoint is kept: try a lower --learning_rate in another --workdir"
                )
