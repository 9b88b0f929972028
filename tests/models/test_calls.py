"""Several steps in one call against the same steps one by one."""

import keras
import numpy as np

import data
import models
from callbacks.every import Every, Pace
from models.gan import GAN

PICTURES = np.random.default_rng(0).integers(0, 256, (30, 8, 8, 1), dtype=np.uint8)


def build(n_critic=2):
    keras.utils.set_random_seed(0)
    gan = GAN(*models.get("mlp", (8, 8, 1), latent_dim=3), "gan", n_critic=n_critic, seed=0)
    gan.compile(keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3))
    return gan


class Calls(Every):
    """Remembers at which steps it was called, what it was given, and when its turn came."""

    def __init__(self, every, last=None):
        super().__init__(every, last)
        self.ends, self.turns, self.logs = [], [], []

    def on_train_batch_end(self, batch, logs=None):
        self.ends.append(self.model.step)
        self.logs.append(logs)
        super().on_train_batch_end(batch, logs)

    def at_step(self, step):
        self.turns.append(step)


class Fixed(keras.callbacks.Callback):
    def __init__(self, count):
        super().__init__()
        self.count = count

    def on_train_begin(self, logs=None):
        self.model.steps_per_call = self.count


def test_steps_in_one_call_are_the_same_steps():
    def run(count):
        gan, calls = build(), Calls(100)
        batches = data.batches(PICTURES, 8, 0)
        gan.fit(batches, verbose=0, callbacks=[Fixed(count), calls], steps_per_epoch=12 // count)
        return gan, calls

    (one, singly), (four, together) = run(1), run(4)
    assert singly.ends == list(range(1, 13)) and together.ends == [4, 8, 12]
    for x, y in zip(one.state, four.state, strict=True):
        np.testing.assert_array_equal(x, y, err_msg=x.path)
    for name in singly.logs[0]:
        each = [logs[name] for logs in singly.logs]
        np.testing.assert_array_equal(
            np.concatenate([logs[name] for logs in together.logs]), np.float32(each)
        )


def test_a_fast_run_takes_many_steps_a_call_and_meets_every_callback():
    gan, calls, other = build(1), Calls(7, last=50), Calls(15)
    gan.fit(data.batches(PICTURES, 2, 0), verbose=0, callbacks=[Pace([calls, other], 50), calls, other])
    assert gan.step == 50
    assert calls.turns == [7, 14, 21, 28, 35, 42, 49, 50]
    assert other.turns == [15, 30, 45]
    assert len(calls.ends) < 25
    assert {15, 30, 45} <= {*calls.ends}


def test_a_slow_run_takes_one_step_a_call(monkeypatch):
    monkeypatch.setattr("callbacks.every.CALL_SECONDS", 1e-9)
    gan, calls = build(1), Calls(5)
    gan.fit(data.batches(PICTURES, 2, 0), verbose=0, callbacks=[Pace([calls], 8), calls])
    assert calls.ends == list(range(1, 9))
