"""What is timed: the papers' pairs and games, in the sizes that they are trained in."""

import dataclasses
import math
from typing import Any

import numpy as np

from support.errors import UserError, unknown

ImageShape = tuple[int, int, int]


@dataclasses.dataclass(frozen=True)
class Workload:
    """One pair of networks, one game, one size of batch.

    Args:
        model: Network pair.
        loss: Objective, whose paper's optimizer, learning rate and n_critic are used.
        image_shape: (H, W, C).
        batch_size: Real pictures a turn of the discriminator.
        n_critic: Turns of the discriminator for one of the generator.
        optimizer: Of both networks.
        learning_rate: Of both networks.
        rho: RMSProp's decay of the gradient's mean square.
        beta_1: Adam's decay of the gradient's mean.
        beta_2: Adam's decay of its mean square.
        batch_norm: Whether the discriminator has it.
        clip: Weights of the discriminator are clipped to [-clip, clip]; 0 for none.
        gradient_penalty: Weight of WGAN-GP's penalty; 0 for none.
    """

    model: str
    loss: str
    image_shape: ImageShape
    batch_size: int = 64
    n_critic: int = 1
    optimizer: str = "adam"
    learning_rate: float = 2e-4
    rho: float = 0.99
    beta_1: float = 0.5
    beta_2: float = 0.999
    batch_norm: bool = True
    clip: float = 0.0
    gradient_penalty: float = 0.0

    @property
    def images_per_step(self) -> int:
        return self.batch_size * self.n_critic

    @property
    def sides(self) -> list[int]:
        """Of the pictures between a DCGAN's layers, from the image on: halved, rounding up, down to 4."""
        sides = [self.image_shape[0]]
        while sides[-1] > 4 or len(sides) < 3:
            sides.append(math.ceil(sides[-1] / 2))
        return sides

    @property
    def widths(self) -> list[int]:
        """Channels of a DCGAN's layers, from the one next to the image on."""
        near_image = 128 if self.image_shape[0] >= 64 else 64
        return [near_image * 2**stage for stage in range(len(self.sides) - 1)]


_WGAN: dict[str, Any] = dict(n_critic=5, optimizer="rmsprop", learning_rate=5e-5, clip=0.01)
_WGAN_GP: dict[str, Any] = dict(
    n_critic=5, learning_rate=1e-4, beta_1=0.0, beta_2=0.9, batch_norm=False, gradient_penalty=10.0
)

WORKLOADS = {
    "mlp": Workload("mlp", "non_saturating", (28, 28, 1), batch_norm=False),
    "dcgan_28": Workload("dcgan", "non_saturating", (28, 28, 1)),
    "dcgan_32": Workload("dcgan", "non_saturating", (32, 32, 3)),
    "dcgan_64": Workload("dcgan", "non_saturating", (64, 64, 3)),
    "wgan": Workload("dcgan", "wgan", (28, 28, 1), **_WGAN),
    "wgan_gp": Workload("dcgan", "wgan_gp", (28, 28, 1), **_WGAN_GP),
}

LATENT_DIM = 100
#: What a workload's name may change.
SETTINGS = ("side", "batch_size", "n_critic")


def find(name: str) -> Workload:
    """The workload of that name; "dcgan_28@batch_size=16,n_critic=2" is one with other settings.

    Raises:
        UserError: There is no such workload or setting.
    """
    base, _, changes = name.partition("@")
    if base not in WORKLOADS:
        raise unknown("workload", base, list(WORKLOADS))
    settings: dict[str, Any] = {}
    for change in changes.split(",") if changes else ():
        setting, _, value = change.partition("=")
        if setting not in SETTINGS:
            raise unknown("setting", setting, SETTINGS)
        if not value.isdecimal() or int(value) < 1:
            raise UserError(f"{name}: {setting} is a whole number, 1 at least")
        if setting == "side":
            settings["image_shape"] = (int(value), int(value), WORKLOADS[base].image_shape[2])
        else:
            settings[setting] = int(value)
    return dataclasses.replace(WORKLOADS[base], **settings)


def pictures(workload: Workload, count: int = 10_000) -> np.ndarray:
    """uint8 (count, H, W, C): smooth random pictures, the same for every contender."""
    generator = np.random.default_rng(0)
    height, width, channels = workload.image_shape
    coarse = generator.random((count, -(-height // 4), -(-width // 4), channels))
    fine = coarse.repeat(4, axis=1).repeat(4, axis=2)[:, :height, :width]
    return (255 * fine).astype(np.uint8)
