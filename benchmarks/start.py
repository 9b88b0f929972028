"""From the start of a process to its first training step on the embedded digits, and to 1,000 images.

python -m benchmarks.start keras: the peer's process, which says when it has taken a step.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from support.errors import UserError

ROOT = Path(__file__).parent.parent
BATCH_SIZE = 128
IMAGES = 1000
STEPS = -(-IMAGES // BATCH_SIZE)


def seconds_to_steps(name: str) -> tuple[float, float]:
    """Seconds until the first step is taken, and until 1,000 images are seen.

    Args:
        name: "suite" is `train.py` with its defaults, and what it writes; "keras" the peer below.
    """
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "run" / "metrics.jsonl"
        if name == "suite":
            settings = ("--log_every=1", f"--batch_size={BATCH_SIZE}", f"--workdir={lines.parent}")
            command = [sys.executable, "train.py", *settings]
            output = subprocess.DEVNULL
        else:
            lines = Path(folder) / "lines"
            command = [sys.executable, "-m", "benchmarks.start", name, str(lines)]
            output = None
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.DEVNULL)
        times: list[float] = []
        while len(times) < STEPS:
            if process.poll() is not None:
                raise UserError(f"{' '.join(command)} ended with {process.returncode}")
            written = lines.read_text().count("\n") if lines.exists() else 0
            times += [time.perf_counter() - start] * (min(written, STEPS) - len(times))
            time.sleep(0.01)
        process.kill()
        process.wait()
    return times[0], times[-1]


def _keras(lines: Path) -> None:
    """The script that a user of Keras's documentation would write for the same digits."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras
    from sklearn.datasets import load_digits

    from benchmarks.contenders.plain_keras import GAN, dcgan
    from benchmarks.workloads import Workload

    workload = Workload("dcgan", "non_saturating", (8, 8, 1), BATCH_SIZE)
    pictures = load_digits().images[:1500, :, :, None].astype("float32") / 8 - 1
    gan = GAN(*dcgan(workload), workload)
    optimizers = (keras.optimizers.Adam(2e-4, beta_1=0.5) for _ in range(2))
    gan.compile(*optimizers)

    class Line(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            with lines.open("a") as file:
                file.write(json.dumps(logs) + "\n")

    gan.fit(pictures, batch_size=BATCH_SIZE, epochs=100, verbose=0, callbacks=[Line()])


if __name__ == "__main__":
    _keras(Path(sys.argv[2]))
