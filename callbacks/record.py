"""Where scalars and pictures of a run are written: TensorBoard, and the same scalars as JSON lines."""

import json
import math
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorboard.compat.proto import event_pb2
from tensorboard.plugins.hparams import api as hparams
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from support.errors import UserError
from support.files import atomic


def _restart(folder: str, step: int) -> None:
    """Has TensorBoard drop what a killed process wrote of that step and of later ones."""
    events = EventFileWriter(folder)
    start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
    events.add_event(event_pb2.Event(wall_time=time.time(), step=step, session_log=start))
    events.close()


class Record:
    """TensorBoard's event files and `metrics.jsonl` of one run directory.

    Args:
        workdir: The run directory.
        step: The step that the run goes on from: later lines, of a run that was killed after its last
            checkpoint, are dropped, for they will be written again.
    """

    def __init__(self, workdir: Path, step: int):
        folder = str(workdir / "tensorboard")
        _restart(folder, step + 1 if step else 0)
        self.writer = tf.summary.create_file_writer(folder)
        self.path = workdir / "metrics.jsonl"
        kept = [(line, record) for line, record in self._lines() if record["step"] <= step]
        with atomic(self.path) as temporary:
            temporary.write_text("".join(line for line, _ in kept))
        trained = max((record["seconds"] for _, record in kept), default=0)
        self._start = time.monotonic() - trained

    def _lines(self) -> Iterator[tuple[str, dict]]:
        """The whole lines of `metrics.jsonl`, as text and read; a killed process may have cut the last."""
        text = self.path.read_text(errors="replace") if self.path.exists() else ""
        lines = text.splitlines(keepends=True)
        for number, line in enumerate(lines, start=1):
            if line.endswith("\n"):
                try:
                    record = json.loads(line)
                    yield (
                        line,
                        record | {"step": int(record["step"]), "seconds": float(record.get("seconds", 0))},
                    )
                except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
                    raise UserError(
                        f"{self.path}, line {number}, is no record of a step: repair or remove it"
                    ) from None

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Writes the values of one step, beside the seconds that the run has trained for."""
        seconds = round(time.monotonic() - self._start, 3)
        with self.writer.as_default(step=step):
            for name, value in values.items():
                tf.summary.scalar(name, value)
        finite = {name: value if math.isfinite(value) else str(value) for name, value in values.items()}
        with self.path.open("a") as file:
            file.write(json.dumps({"step": step, "seconds": seconds, **finite}) + "\n")

    def image(self, step: int, name: str, image: np.ndarray) -> None:
        """Shows one uint8 picture (H, W, C) in TensorBoard."""
        with self.writer.as_default(step=step):
            tf.summary.image(name, image[None])

    def hyperparameters(self, settings: Mapping) -> None:
        """Shows the run's settings in TensorBoard's table of hyper-parameters."""
        simple = {
            name: value if isinstance(value, (bool, int, float, str)) else str(value)
            for name, value in settings.items()
            if value is not None
        }
        with self.writer.as_default(step=0):
            hparams.hparams(simple)

    def graph(self, function, *arguments) -> None:
        """Shows the graph of a function of tensors in TensorBoard."""
        graph = tf.function(function, autograph=False).get_concrete_function(*arguments).graph
        with self.writer.as_default(step=0):
            tf.summary.graph(graph)

    def close(self) -> None:
        self.writer.close()
