"""The one clock of the callbacks: the GAN's own count of generator updates."""

import keras


class Every(keras.callbacks.Callback):
    """Calls `at_step` after every `every` steps of the whole run, whichever process made them."""

    def __init__(self, every: int):
        super().__init__()
        self.every = every

    def on_train_batch_end(self, batch, logs=None):
        step = self.model.step
        if step % self.every == 0:
            self.at_step(step, logs or {})

    def at_step(self, step: int, logs: dict) -> None:
        raise NotImplementedError


class EveryAndLast(Every):
    """Calls `at_step` after the last step too, unless the run was interrupted.

    Going on from an interruption must not differ from never stopping.
    """

    def on_train_end(self, logs=None):
        step = self.model.step
        if step % self.every and not self.model.stop_training:
            self.at_step(step, {})
