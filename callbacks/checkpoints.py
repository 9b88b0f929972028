"""Checkpoints from which a run goes on bit for bit, and the best one."""

import shutil
import signal
from pathlib import Path

import tensorflow as tf

from callbacks.every import Every
from models.gan import GAN
from support.errors import UserError, reason


class CheckpointStore:
    """The latest checkpoints of a run, and its best.

    A checkpoint holds every variable that the next step depends on: weights, statistics, the state of
    every random stream, and both optimizers'. The order of the data is a function of the step.

    Args:
        gan: The compiled GAN whose state is saved and restored.
        folder: `checkpoints/` of the run directory; the best lies in `best/` below it.
        keep: Number of latest checkpoints kept.
    """

    def __init__(self, gan: GAN, folder: Path, keep: int = 3):
        self.folder = folder
        self.best_score = tf.Variable(float("inf"), trainable=False, dtype=tf.float64)
        self._checkpoint = tf.train.Checkpoint(
            variables=[variable.value for variable in gan.state], best_score=self.best_score
        )
        self._latest = self._manager(folder, keep)
        self._best = self._manager(folder / "best", 1)

    def save(self, step: int) -> None:
        """Saves the present state.

        Raises:
            UserError: It cannot be written. Earlier checkpoints are untouched.
        """
        self._write(self._latest, step)

    def offer(self, step: int, score: float) -> None:
        """Saves the present state as the best one if `score` is lower than all before.

        A run that is killed before the next `save` resumes before this and comes here again.

        Raises:
            UserError: As `save`.
        """
        if score < self.best_score:
            self.best_score.assign(score)
            self._write(self._best, step)

    def restore(self, best: bool = False) -> int:
        """Restores the latest state, or the best, of those written whole. Returns its step, 0 without one.

        Raises:
            UserError: The files are damaged, or of another network or version of this suite.
        """
        folder = self.folder / "best" if best else self.folder
        found = (file.stem.removeprefix("ckpt-") for file in folder.glob("ckpt-*.index"))
        # While TensorFlow writes an index its parts lie beside it: a killed process leaves both.
        steps = [
            int(step) for step in found if step.isdigit() and not (folder / f"ckpt-{step}_temp").exists()
        ]
        if not steps:
            return 0
        path = folder / f"ckpt-{max(steps)}"
        try:
            self._checkpoint.restore(str(path)).assert_consumed()
        except Exception as error:  # TensorFlow's reader raises nearly every kind on damaged files.
            raise UserError(
                f"checkpoint {path} cannot be read ({reason(error)}): it is damaged, or of another "
                f"network or version of this suite; move {path}.* away to go on from the one before, "
                "if there is one"
            ) from None
        return max(steps)

    def _manager(self, folder: Path, keep: int) -> tf.train.CheckpointManager:
        def manager():
            return tf.train.CheckpointManager(self._checkpoint, str(folder), max_to_keep=keep)

        try:
            return manager()
        except Exception:  # TensorFlow's list of the files that lie there is damaged; `restore` reads none.
            (folder / "checkpoint").unlink(missing_ok=True)
            return manager()

    def _write(self, manager: tf.train.CheckpointManager, step: int) -> None:
        folder = Path(manager.directory)
        try:
            manager.save(checkpoint_number=step)
        except (tf.errors.OpError, OSError) as error:
            for leftover in folder.glob(f"ckpt-{step}[!0-9]*"):
                shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
            raise UserError(
                f"checkpoint {folder}/ckpt-{step} cannot be written ({reason(error)}): make room and run "
                "the same command again"
            ) from None


class Checkpoints(Every):
    """Saves every so many steps, at the end, and on SIGINT or SIGTERM, which then end the run.

    Args:
        store: Where to.
        every: Steps between two checkpoints.
    """

    def __init__(self, store: CheckpointStore, every: int):
        super().__init__(every)
        self.store = store
        self.signal: int | None = None
        self._handlers: dict = {}

    def on_train_begin(self, logs=None):
        self._saved = self.model.step
        self._handlers = {
            number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM)
        }

    def _on_signal(self, number, frame):
        self.signal = number

    def on_train_batch_end(self, batch, logs=None):
        super().on_train_batch_end(batch, logs)
        if self.signal:
            self.model.stop_training = True

    def at_step(self, step):
        self.store.save(step)
        self._saved = step

    def on_train_end(self, logs=None):
        step = self.model.step
        if step != self._saved:
            self.at_step(step)
        self.close()

    def close(self) -> None:
        """Gives the signals back. Keras does not call `on_train_end` after an error."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}
