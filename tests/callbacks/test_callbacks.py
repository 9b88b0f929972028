"""What is recorded beside the steps, and what an error leaves behind."""

import json
import signal
import time

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator

import callbacks
import models
from models.gan import GAN
from support.errors import DivergenceError, UserError


class Recorded:
    def __init__(self):
        self.lines = []

    def scalars(self, step, values):
        self.lines.append((step, values))


def toy():
    gan = GAN(*models.get("toy", (2,), latent_dim=2, units=4), "non_saturating", seed=0)
    gan.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.2))
    return gan


def test_scalars_are_means_since_the_last_record_and_speed_is_of_these_steps():
    record = Recorded()
    scalars = callbacks.Scalars(record, every=3)
    scalars.set_model(gan := toy())
    scalars.on_train_begin()
    begin = time.perf_counter()
    for step in range(1, 7):
        time.sleep(0.05)
        gan.generator_optimizer.iterations.assign(step)
        scalars.on_train_batch_end(step, {"generator_loss": np.float32(step)})
    seconds = time.perf_counter() - begin
    assert [(step, values["generator_loss"]) for step, values in record.lines] == [(3, 2.0), (6, 5.0)]
    speeds = [values["steps_per_second"] for _, values in record.lines]
    assert sum(3 / speed for speed in speeds) == pytest.approx(seconds, rel=0.05)
    assert record.lines[0][1]["discriminator_learning_rate"] == pytest.approx(0.2)


def test_seconds_go_on_where_the_run_goes_on(tmp_path):
    (tmp_path / "metrics.jsonl").write_text('{"step": 5, "seconds": 100.0}\n{"step": 9, "seconds": 150.0}\n')
    record = callbacks.Record(tmp_path, step=5)
    record.scalars(6, {"loss": 1.0})
    record.close()
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [5, 6]
    assert 100 <= lines[1]["seconds"] < 150


@pytest.mark.parametrize("saved", [0, 50])
def test_tensorboard_forgets_what_a_killed_process_wrote_after_its_last_checkpoint(saved, tmp_path):
    for step in (0, saved):
        record = callbacks.Record(tmp_path, step)
        for at in range(step + 50, 200, 50):
            record.scalars(at, {"loss": float(step + at)})
        record.close()
    shown = EventAccumulator(str(tmp_path / "tensorboard"))
    shown.Reload()
    found = {each.step: float(tf.make_ndarray(each.tensor_proto)) for each in shown.Tensors("loss")}
    assert len(shown.Tensors("loss")) == 3
    assert found == {50: 50, 100: saved + 100, 150: saved + 150}


@pytest.mark.parametrize("cut", ["", "\xff\xfe"])
def test_a_damaged_list_of_checkpoints_locks_no_run(cut, tmp_path):
    """TensorFlow keeps the list in a file beside them; the files themselves say what there is."""
    gan = toy()
    callbacks.CheckpointStore(gan, tmp_path).save(7)
    (tmp_path / "checkpoint").write_text(cut, encoding="latin-1")
    store = callbacks.CheckpointStore(gan, tmp_path)
    assert store.restore() == 7
    store.save(8)
    assert store.restore() == 8


def test_a_checkpoint_that_a_killed_process_was_writing_is_not_one(tmp_path):
    """It leaves an index cut short, and the folder of parts that TensorFlow removes at the end."""
    store = callbacks.CheckpointStore(toy(), tmp_path)
    store.save(7)
    (tmp_path / "ckpt-8_temp").mkdir()
    (tmp_path / "ckpt-8.index").write_bytes(b"")
    assert store.restore() == 7
    store.save(8)
    assert store.restore() == 8 and not (tmp_path / "ckpt-8_temp").exists()


def test_a_checkpoint_that_cannot_be_written_takes_no_other_with_it(tmp_path, monkeypatch):
    """Steps whose numbers begin alike included."""
    store = callbacks.CheckpointStore(toy(), tmp_path)
    store.save(70)

    def on_a_full_disk(manager, checkpoint_number):
        (tmp_path / f"ckpt-{checkpoint_number}.data-00000-of-00001").write_bytes(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(tf.train.CheckpointManager, "save", on_a_full_disk)
    with pytest.raises(UserError, match="no space left.*make room"):
        store.save(7)
    assert not [*tmp_path.glob("ckpt-7.*")]
    assert store.restore() == 70


@pytest.mark.parametrize(
    "line", [b'\xff\xfe{"step": 3}', b'{"step": Infinity}', b'{"step": 5, "seconds": "x"}', b"[]"]
)
def test_a_damaged_line_of_the_record_is_named(line, tmp_path):
    (tmp_path / "metrics.jsonl").write_bytes(b'{"step": 1, "seconds": 1.0}\n' + line + b"\n")
    with pytest.raises(UserError, match="line 2, is no record of a step: repair or remove it"):
        callbacks.Record(tmp_path, step=9)


def test_an_error_gives_the_signals_back(tmp_path):
    gan = toy()
    checkpoints = callbacks.Checkpoints(callbacks.CheckpointStore(gan, tmp_path), every=10)
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    data = tf.constant(np.full((8, 2), np.nan, np.float32))
    with pytest.raises(DivergenceError):
        gan.fit(data, batch_size=8, verbose=0, callbacks=[callbacks.StopOnNonFinite(), checkpoints])
    assert signal.getsignal(signal.SIGINT) != before[0]
    checkpoints.close()
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
