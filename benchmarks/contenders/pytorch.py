"""The same GANs in PyTorch, as its users write them: modules, autograd, a loop."""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks.workloads import LATENT_DIM, Workload


class Maxout(nn.Module):
    def __init__(self, inputs: int, units: int, pieces: int):
        super().__init__()
        self.pieces = pieces
        self.linear = nn.Linear(inputs, units * pieces)

    def forward(self, x):
        return self.linear(x).unflatten(1, (self.pieces, -1)).amax(dim=1)


class Scale(nn.Module):
    def __init__(self, factor: float, offset: float):
        super().__init__()
        self.factor, self.offset = factor, offset

    def forward(self, x):
        return x * self.factor + self.offset


class DropFirst(nn.Module):
    """Where halving had rounded up, doubling gives one row and column too many."""

    def forward(self, x):
        return x[:, :, 1:, 1:]


def mlp(workload: Workload) -> tuple[nn.Module, nn.Module]:
    height, width, channels = workload.image_shape
    pixels = height * width * channels
    generator = nn.Sequential(
        nn.Linear(LATENT_DIM, 1200),
        nn.ReLU(),
        nn.Linear(1200, 1200),
        nn.ReLU(),
        nn.Linear(1200, pixels),
        nn.Sigmoid(),
        Scale(2, -1),
        nn.Unflatten(1, (channels, height, width)),
    )
    discriminator = nn.Sequential(
        Scale(0.5, 0.5),
        nn.Flatten(),
        nn.Dropout(0.2),
        Maxout(pixels, 240, 5),
        nn.Dropout(0.5),
        Maxout(240, 240, 5),
        nn.Dropout(0.5),
        nn.Linear(240, 1),
    )
    return generator, discriminator


def dcgan(workload: Workload) -> tuple[nn.Module, nn.Module]:
    channels, sides, widths = workload.image_shape[2], workload.sides, workload.widths

    generator: list[nn.Module] = [
        nn.Linear(LATENT_DIM, widths[-1] * sides[-1] ** 2, bias=False),
        nn.Unflatten(1, (widths[-1], sides[-1], sides[-1])),
    ]
    for stage in reversed(range(len(widths))):
        out = widths[stage - 1] if stage else channels
        generator += [nn.BatchNorm2d(widths[stage]), nn.ReLU()]
        generator += [
            nn.ConvTranspose2d(widths[stage], out, 5, 2, padding=2, output_padding=1, bias=not stage)
        ]
        if 2 * sides[stage + 1] > sides[stage]:
            generator += [DropFirst()]
    generator += [nn.Tanh()]

    normalised = workload.batch_norm
    discriminator: list[nn.Module] = []
    for stage, width in enumerate(widths):
        plain = not stage or not normalised
        before = widths[stage - 1] if stage else channels
        discriminator += [nn.Conv2d(before, width, 5, 2, padding=2, bias=plain)]
        discriminator += [] if plain else [nn.BatchNorm2d(width)]
        discriminator += [nn.LeakyReLU(0.2)]
    discriminator += [nn.Flatten(), nn.Linear(widths[-1] * sides[-1] ** 2, 1)]
    return nn.Sequential(*generator), nn.Sequential(*discriminator)


class PyTorch:
    """Trains a workload.

    Args:
        workload: What to train.
        compiled: Whether the step's forward passes go through `torch.compile`.
        bfloat16: Whether they run under autocast.
        channels_last: Memory layout of pictures.
    """

    def __init__(self, workload: Workload, pictures, *, compiled=False, bfloat16=False, channels_last=False):
        torch.manual_seed(0)
        self.workload = workload
        self.layout = torch.channels_last if channels_last else torch.contiguous_format
        self.generator, self.discriminator = (
            network.to(memory_format=self.layout)
            for network in {"mlp": mlp, "dcgan": dcgan}[workload.model](workload)
        )
        self._pictures = torch.from_numpy(pictures.transpose(0, 3, 1, 2).copy())
        self._bfloat16 = bfloat16
        self._optimizers = [self._optimizer(network) for network in (self.generator, self.discriminator)]
        self._epoch = self._batches()
        self._discriminator_loss = self.discriminator_loss
        self._generator_loss = self.generator_loss
        if compiled:
            self._discriminator_loss = torch.compile(self.discriminator_loss)
            self._generator_loss = torch.compile(self.generator_loss)

    def _optimizer(self, network):
        rate = self.workload.learning_rate
        if self.workload.optimizer == "rmsprop":
            return torch.optim.RMSprop(network.parameters(), rate, alpha=self.workload.rho)
        betas = (self.workload.beta_1, self.workload.beta_2)
        return torch.optim.Adam(network.parameters(), rate, betas, fused=True)

    def _batches(self):
        while True:
            for part in torch.randperm(len(self._pictures)).split(self.workload.batch_size):
                if len(part) == self.workload.batch_size:
                    yield (self._pictures[part].float() / 127.5 - 1).contiguous(memory_format=self.layout)

    def noise(self):
        count = self.workload.batch_size
        if self.workload.model == "mlp":
            return (2 * torch.rand(count, LATENT_DIM) - 1) * math.sqrt(3)
        return 2 * torch.rand(count, LATENT_DIM) - 1

    def shares(self):
        return torch.rand(self.workload.batch_size, 1, 1, 1)

    def _autocast(self):
        return torch.autocast("cpu", torch.bfloat16, enabled=self._bfloat16)

    def discriminator_loss(self, real, fake):
        with self._autocast():
            real_scores, fake_scores = self.discriminator(real), self.discriminator(fake)
        real_scores, fake_scores = real_scores.float(), fake_scores.float()
        if self.workload.loss == "non_saturating":
            return functional.softplus(-real_scores).mean() + functional.softplus(fake_scores).mean()
        return fake_scores.mean() - real_scores.mean()

    def penalty(self, real, fake):
        share = self.shares()
        between = (share * real + (1 - share) * fake).requires_grad_()
        scores = self.discriminator(between)
        (gradient,) = torch.autograd.grad(scores.sum(), between, create_graph=True)
        norm = (gradient.square().sum(dim=(1, 2, 3)) + 1e-12).sqrt()
        return self.workload.gradient_penalty * (norm - 1).square().mean()

    def generator_loss(self, z):
        with self._autocast():
            scores = self.discriminator(self.generator(z)).float()
        if self.workload.loss == "non_saturating":
            return functional.softplus(-scores).mean()
        return -scores.mean()

    def step(self) -> tuple[float, float]:
        """One step of Algorithm 1. Returns the losses of both."""
        generator_optimizer, discriminator_optimizer = self._optimizers
        for _ in range(self.workload.n_critic):
            with torch.no_grad(), self._autocast():
                fake = self.generator(self.noise())
            real = next(self._epoch)
            loss = self._discriminator_loss(real, fake.float())
            if self.workload.gradient_penalty:
                loss = loss + self.penalty(real, fake.float())
            discriminator_optimizer.zero_grad()
            loss.backward()
            discriminator_optimizer.step()
            if self.workload.clip:
                with torch.no_grad():
                    for weight in self.discriminator.parameters():
                        weight.clamp_(-self.workload.clip, self.workload.clip)
        self.discriminator.requires_grad_(False)  # Its gradients are not needed in the generator's turn.
        generator_loss = self._generator_loss(self.noise())
        generator_optimizer.zero_grad()
        generator_loss.backward()
        generator_optimizer.step()
        self.discriminator.requires_grad_(True)
        return loss.item(), generator_loss.item()

    def run(self, steps: int) -> None:
        """Takes so many steps, and reads the losses of each."""
        for _ in range(steps):
            self.step()

    def losses(self, weights, pictures, noise, shares) -> list[float]:
        """Losses of both players in every step from given weights, data and noise, without dropout.

        PyTorch pads strided convolutions on both sides alike, TensorFlow more at the far one: it is the
        same network with every picture and kernel turned round.
        """
        turned = self.workload.model == "dcgan"
        for network, values in zip((self.generator, self.discriminator), weights, strict=True):
            _load([module for module in network.modules() if hasattr(module, "weight")], values, turned)
            for module in network.modules():
                if isinstance(module, nn.Dropout):
                    module.p = 0.0
        batches = [batch[:, ::-1, ::-1] if turned else batch for batch in pictures]
        size = self.workload.batch_size
        real = iter([part for batch in batches for part in np.split(batch, len(batch) // size)])
        parts, mixtures = iter(noise), iter(shares)
        self.noise = lambda: torch.from_numpy(next(parts))  # type: ignore[method-assign]
        self.shares = lambda: torch.from_numpy(next(mixtures))  # type: ignore[method-assign]
        self._epoch = (torch.from_numpy(x.transpose(0, 3, 1, 2).copy()) for x in real)
        return [value for _ in pictures for value in self.step()]


def _load(modules, values: list[np.ndarray], turned: bool) -> None:
    """Copies weights in Keras's order and layout into modules.

    Args:
        modules: Those with weights, in order.
        values: Kernel and bias of each, gain and offset of batch norm.
        turned: Whether pictures and kernels are turned round.
    """
    left = list(values)
    kernels = [module for module in modules if module.weight.ndim == 4]
    for module in modules:
        weight = left.pop(0)
        if isinstance(module, nn.Linear) and turned:
            first, last = kernels[0], kernels[-1]
            channels = first.in_channels if module.out_features > 1 else last.out_channels
            weight = _turned_dense(weight, channels)
        elif isinstance(module, nn.Linear):
            weight = weight.T
        elif weight.ndim == 4:  # (H, W, in, out), of transposed ones (H, W, out, in).
            weight = weight[::-1, ::-1].transpose(3, 2, 0, 1)
        module.weight.data.copy_(torch.from_numpy(weight.copy()))
        if module.bias is not None:
            module.bias.data.copy_(torch.from_numpy(left.pop(0)))
    assert not left


def _turned_dense(weight: np.ndarray, channels: int) -> np.ndarray:
    """Of (inputs, H W C) or (H W C, 1), as (outputs, inputs) with pictures (C, H, W) turned round."""
    vectors = weight if weight.shape[1] > 1 else weight.T
    side = math.isqrt(vectors.shape[1] // channels)
    pictures = vectors.reshape(-1, side, side, channels)[:, ::-1, ::-1].transpose(0, 3, 1, 2)
    vectors = pictures.reshape(len(vectors), -1)
    return vectors.T if weight.shape[1] > 1 else vectors
