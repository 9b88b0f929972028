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
