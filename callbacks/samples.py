"""The same noise turned into pictures over and over while the generator learns."""

from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from callbacks.every import Every
from callbacks.record import Record
from data.images import to_uint8
from support.errors import UserError, reason
from support.files import atomic

ROWS = COLUMNS = 8
#: Points are drawn as a cloud of that many.
POINTS = 2500
#: Tiny pictures are shown enlarged, with hard pixels.
SMALLEST_TILE = 32
GAP, GAP_GREY = 2, 96
GIF_FRAMES = 60
GIF_MILLISECONDS = 120


def grid(images: np.ndarray, columns: int = COLUMNS) -> np.ndarray:
    """uint8 (N, H, W, C) -> one picture of N / columns rows, (rows * h, columns * w, C), with gaps.

    N is a multiple of `columns`.
    """
    scale = -(-SMALLEST_TILE // min(images.shape[1:3]))
    images = images.repeat(scale, axis=1).repeat(scale, axis=2)
    images = np.pad(images, ((0, 0), (GAP, GAP), (GAP, GAP), (0, 0)), constant_values=GAP_GREY)
    count, height, width, channels = images.shape
    tiles = images.reshape(count // columns, columns, height, width, channels)
    return tiles.swapaxes(1, 2).reshape(-1, columns * width, channels)


def cloud(points: np.ndarray, real: np.ndarray) -> np.ndarray:
    """float (N, 2) -> a picture of the points within the frame of the real ones, uint8 (H, W, 3)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    canvas = FigureCanvasAgg(Figure(figsize=(4, 4), dpi=100))
    axes = canvas.figure.add_axes((0, 0, 1, 1))
    axes.scatter(points[:, 0], points[:, 1], s=4, alpha=0.4, linewidths=0)
    middle, reach = real[:, :2].mean(axis=0), 0.75 * np.ptp(real[:, :2], axis=0).max()
    axes.set(xlim=(middle[0] - reach, middle[0] + reach), ylim=(middle[1] - reach, middle[1] + reach))
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


def save_png(image: np.ndarray, path: Path) -> None:
    """Writes a uint8 picture (H, W, 1 or 3)."""
    with atomic(path) as temporary:
        Image.fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image).save(temporary)


class Samples(Every):
    """Writes grids of samples as PNG and to TensorBoard.

    Args:
        record: Where TensorBoard's pictures go.
        folder: Folder of the PNG files.
        real: uint8 (N, H, W, C) or float32 (N, D), N >= 1: real examples, shown beside the samples.
        every: Steps between two pictures; one more is drawn before the first step.
        last: The run's last step, after which one is drawn too.
        seed: Seed of the fixed noise.
    """

    def __init__(self, record: Record, folder: Path, real: np.ndarray, every: int, last: int, seed: int):
        super().__init__(every, last)
        self.record = record
        self.folder = folder
        self.count = ROWS * COLUMNS if real.ndim == 4 else POINTS
        self.real = np.resize(real[: self.count], (self.count, *real.shape[1:]))
        self.seed = seed

    def _draw(self, examples) -> np.ndarray:
        if self.real.ndim == 2:
            return cloud(np.asarray(examples), self.real)
        return grid(examples if examples.dtype == np.uint8 else to_uint8(examples))

    def on_train_begin(self, logs=None):
        self._z = self.model.generator.sample_latent(self.count, self.seed)
        if self.model.step == 0:
            real = self._draw(self.real)
            save_png(real, self.folder / "real.png")
            self.record.image(0, "real", real)
            self.at_step(0)

    def at_step(self, step):
        image = self._draw(self.model.generator.finished(self._z))
        save_png(image, self.folder / f"step-{step:07d}.png")
        self.record.image(step, "samples", image)


def animate(folder: Path) -> None:
    """Writes `training.gif` from the samples in a folder.

    Raises:
        UserError: One of them cannot be read.
    """
    # Ten million steps have a digit more than names before them.
    files = sorted(folder.glob("step-*.png"), key=lambda file: (len(file.name), file.name))
    if not files:
        return
    chosen = np.unique(np.linspace(0, len(files) - 1, min(GIF_FRAMES, len(files))).astype(int))
    # Opened as they are written: large ones are never in memory together.
    frames = (Image.open(files[i]) for i in chosen)
    try:
        with atomic(folder / "training.gif") as temporary:
            next(frames).save(
                temporary,
                save_all=True,
                append_images=frames,
                duration=[GIF_MILLISECONDS] * (len(chosen) - 1) + [20 * GIF_MILLISECONDS],
                loop=0,
            )
    except UnidentifiedImageError as error:
        raise UserError(f"{reason(error)}: remove it and run the same command again") from None
