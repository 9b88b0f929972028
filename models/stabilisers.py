"""Stabilisers of GAN training that act on a network: what it is given, its layers, or its weights.

`Stabilisers` lists them, all off by default. `models.network` puts them where they act; each works with
every network and every objective, and the training step knows none of them.
"""

import dataclasses
import itertools
import math
from typing import Annotated

import keras
from keras import layers, ops

from losses.numerics import widen
from support import pictures
from support.options import Option

serializable = keras.saving.register_keras_serializable(package="gan")

AUGMENTATIONS = ("color", "translation", "cutout")


def _policies() -> list[str]:
    """Every choice of augmentations, in any order, as text."""
    counts = range(1, len(AUGMENTATIONS) + 1)
    return [",".join(some) for count in counts for some in itertools.permutations(AUGMENTATIONS, count)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stabilisers:
    """Which stabilisers a pair of networks has. The papers are named where each is implemented."""

    # What the discriminator is given.
    instance_noise: Annotated[
        float, Option("Instance noise: standard deviation of noise on the discriminator's input.", minimum=0)
    ] = 0.0
    instance_noise_steps: Annotated[
        int | None,
        Option(
            "Discriminator updates over which the noise falls to 0 (default: it stays).",
            minimum=1,
            needs="instance_noise",
        ),
    ] = None
    diff_augment: Annotated[str | None, Option("DiffAugment's policy.", names=_policies)] = None
    packing: Annotated[
        int, Option("PacGAN: examples that the discriminator judges together.", minimum=1, maximum=64)
    ] = 1
    # Its layers.
    spectral_norm: Annotated[bool, Option("Spectral normalisation of the discriminator.")] = False
    minibatch_discrimination: Annotated[
        int,
        Option(
            "Minibatch discrimination: kernels in the discriminator, 0 for none.", minimum=0, maximum=4096
        ),
    ] = 0
    # The layers of both networks.
    virtual_batch_norm: Annotated[
        int,
        Option(
            "Virtual instead of plain batch norm: size of the reference batch, 0 for plain.",
            minimum=0,
            maximum=4096,
        ),
    ] = 0
    # The weights of both.
    orthogonal_regularization: Annotated[
        float, Option("Weight of the orthogonal regularisation of both networks.", minimum=0)
    ] = 0.0
    historical_averaging: Annotated[
        float, Option("Weight of the historical averaging of both networks.", minimum=0)
    ] = 0.0
    # The generator's average over time.
    generator_ema: Annotated[
        float,
        Option("Decay of the generator's moving average, used for samples and export.", minimum=0, below=1),
    ] = 0.0


def _half_up(pixels: float) -> int:
    """The nearest whole number, of a half the larger one, where Python's `round` takes the even one."""
    return int(pixels + 0.5)


def mixes_examples(layer: layers.Layer) -> bool:
    """Whether what the layer says of one example depends on the others in its batch."""
    return isinstance(layer, (layers.BatchNormalization, MinibatchDiscrimination))


def squared_distance_from_orthogonal(kernel):
    """||W^T W - I||_F^2 of a kernel as a matrix (rest, last axis): its columns should be orthonormal.

    The last axis are the outputs, but the inputs of a transposed convolution. Of a wide matrix, whose columns
    cannot be, ||W W^T - I||_F^2, which has the same gradient.

    Brock et al. 2017, Neural photo editing (arXiv 1609.07093), section 3.2, in the squared form that
    Miyato et al. 2018 (arXiv 1802.05957) compare with.
    """
    matrix = ops.reshape(kernel, (-1, kernel.shape[-1]))
    if matrix.shape[0] < matrix.shape[1]:
        matrix = ops.transpose(matrix)
    gram = ops.matmul(ops.transpose(matrix), matrix)
    return ops.sum(ops.square(gram - ops.eye(matrix.shape[1], dtype=gram.dtype)))


@serializable
class InstanceNoise(layers.Layer):
    """x + N(0, s^2) in training, s falling linearly to 0 over the first `steps` updates of the network.

    Sonderby et al. 2017 (arXiv 1610.04490), section 3: real and generated examples get supports that meet.

    Args:
        standard_deviation: s before the first update, in units of the input.
        steps: Updates until the noise is gone; None: it stays.
    """

    def __init__(self, standard_deviation: float, steps: int | None = None, **kwargs):
        super().__init__(**kwargs)
        self.standard_deviation = standard_deviation
        self.steps = steps
        self.seed_generator = keras.random.SeedGenerator()

    def build(self, input_shape):
        self.updates = self.add_weight(shape=(), dtype="int32", initializer="zeros", trainable=False)

    def after_update(self):
        self.updates.assign_add(1)

    def call(self, x, training=None):
        if not training:
            return x
        noise = keras.random.normal(ops.shape(x), dtype=x.dtype, seed=self.seed_generator)
        return x + ops.cast(self.scale(), x.dtype) * noise

    def scale(self):
        """s after the updates made so far."""
        if self.steps is None:
            return self.standard_deviation
        progress = ops.cast(self.updates, "float32") / self.steps
        return self.standard_deviation * ops.relu(1 - progress)

    def get_config(self):
        own = dict(standard_deviation=self.standard_deviation, steps=self.steps)
        return {**super().get_config(), **own}


@serializable
class DiffAugment(layers.Layer):
    """The same random changes for real and generated pictures, through which the generator learns.

    Zhao et al. 2020, Differentiable augmentation (arXiv 2006.10738), with the ranges of the authors'
    code: brightness +-1/2, saturation x [0, 2], contrast x [1/2, 3/2]; moved by up to 1/8 of each side; a
    square of half of each side cut out. Pictures (batch, H, W, C) in [-1, 1], in training only.

    Args:
        policy: Some of "color,translation,cutout".
    """

    def __init__(self, policy: str, **kwargs):
        super().__init__(**kwargs)
        self.policy = policy
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, x, training=None):
        if training:
            for name in self.policy.split(","):
                x = getattr(self, f"_{name}")(x)
        return x

    def _uniform(self, x, low, high, dtype=None):
        return pictures.uniform_per_example(x, low, high, seed=self.seed_generator, dtype=dtype)

    def _color(self, x):
        x = x + self._uniform(x, -0.5, 0.5)
        grey = ops.mean(x, axis=3, keepdims=True)
        x = grey + (x - grey) * self._uniform(x, 0, 2)
        mean = ops.mean(x, axis=(1, 2, 3), keepdims=True)
        return mean + (x - mean) * self._uniform(x, 0.5, 1.5)

    def _translation(self, x):
        return pictures.shift(x, (_half_up(x.shape[1] / 8), _half_up(x.shape[2] / 8)), self.seed_generator)

    def _cutout(self, x):
        inside = True
        for axis in (1, 2):
            side = x.shape[axis]
            hole = _half_up(side / 2)
            # Half precision does not know all places on a side.
            exact = self.variable_dtype
            centre = ops.floor(self._uniform(x, 0, side + 1 - hole % 2, exact))
            shape = [-1 if a == axis else 1 for a in range(4)]
            place = ops.reshape(ops.arange(side, dtype=exact), shape) - centre + hole // 2
            inside = ops.logical_and(inside, ops.logical_and(place >= 0, place < hole))
        return ops.where(inside, ops.zeros_like(x), x)

    def get_config(self):
        return {**super().get_config(), "policy": self.policy}


@serializable
class Packing(layers.Layer):
    """Joins `count` successive examples of a batch: (n count, ..., C) -> (n, ..., count C).

    Lin et al. 2018, PacGAN (arXiv 1712.04086), section 2.1. The batch size is a multiple of `count`.
    """

    def __init__(self, count: int, **kwargs):
        super().__init__(**kwargs)
        self.count = count

    def call(self, x):
        packs = ops.reshape(x, (-1, self.count, *x.shape[1:]))
        packs = ops.moveaxis(packs, 1, -2)
        return ops.reshape(packs, (-1, *self.packed(x.shape[1:])))

    def packed(self, shape):
        """The shape of one pack of examples of `shape`."""
        return (*shape[:-1], self.count * shape[-1])

    def compute_output_shape(self, input_shape):
        return (None, *self.packed(input_shape[1:]))

    def get_config(self):
        return {**super().get_config(), "count": self.count}


@serializable
class SpectralNormalization(layers.Wrapper):
    """The layer with W / sigma(W) for its kernel W, sigma its largest singular value.

    Miyato et al. 2018 (arXiv 1802.05957), Algorithm 1: one step of power iteration for each update of the
    network (`after_update`; all batches between two updates see the same sigma), the gradient flows through
    sigma = u^T W v, and the stored kernel stays as it is.

    Args:
        layer: A layer with one kernel, its output channels last.
    """

    def __init__(self, layer, **kwargs):
        # Under mixed precision the layer narrows what it takes; sigma, and the weights it gets, are exact.
        super().__init__(layer, autocast=False, **{"dtype": layer.variable_dtype, **kwargs})

    def build(self, input_shape):
        super().build(input_shape)
        *rest, out = self._kernel().shape
        self.u = self.add_weight(shape=(out,), initializer="random_normal", trainable=False, name="u")
        self.v = self.add_weight(shape=(math.prod(rest),), initializer="zeros", trainable=False, name="v")
        self.after_update()

    def _kernel(self):
        (kernel,) = [w for w in self.layer.variables if len(w.shape) > 1]
        return kernel

    def after_update(self):
        """One step of power iteration."""
        matrix = ops.reshape(self._kernel(), (-1, self.u.shape[0]))
        self.v.assign(_normalised(ops.matmul(matrix, self.u)))
        self.u.assign(_normalised(ops.matmul(self.v, matrix)))

    def sigma(self):
        """u^T W v, the estimate of the largest singular value."""
        matrix = ops.reshape(self._kernel(), (-1, self.u.shape[0]))
        return ops.sum(ops.matmul(self.v, matrix) * self.u)

    def call(self, x, training=None):
        kernel, sigma = self._kernel(), self.sigma()
        weights = [(w, w / sigma if w is kernel else w) for w in self.layer.variables]
        with keras.StatelessScope(weights):
            return self.layer(x)


def _normalised(vector):
    return vector / (ops.norm(vector) + 1e-12)


@serializable
class MinibatchDiscrimination(layers.Layer):
    """How close the others of its batch are to each example: features (batch, n) -> (batch, n + kernels).

    Salimans et al. 2016 (arXiv 1606.03498), section 3.2: M_i = f(x_i) T, and
    o_b(x_i) = sum over j != i of exp(-||M_ib - M_jb||_1).

    Args:
        kernels: B, the number of closenesses.
        dimensions: C, the length of each M_ib.
    """

    def __init__(self, kernels: int, dimensions: int = 5, **kwargs):
        super().__init__(**kwargs)
        self.kernels = kernels
        self.dimensions = dimensions

    def build(self, input_shape):
        self.tensor = self.add_weight(
            shape=(input_shape[-1], self.kernels * self.dimensions), initializer="glorot_uniform", name="T"
        )

    def call(self, features):
        rows = ops.reshape(ops.matmul(features, self.tensor), (-1, self.kernels, self.dimensions))
        # Beside its own closeness, exp(0), those of others are lost in half precision.
        rows = ops.cast(rows, self.variable_dtype)
        distances = ops.sum(ops.abs(rows[:, None] - rows[None]), axis=-1)
        closeness = ops.sum(ops.exp(-distances), axis=1) - 1  # Its own is exp(0).
        return ops.concatenate([features, ops.cast(closeness, features.dtype)], axis=-1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[-1] + self.kernels)

    def get_config(self):
        return {**super().get_config(), "kernels": self.kernels, "dimensions": self.dimensions}


@serializable
class VirtualBatchNormalization(layers.Layer):
    """Normalises each example by the statistics of a reference batch and itself.

    Salimans et al. 2016 (arXiv 1606.03498), section 3.5, as in the authors' code: mean and mean square are
    1/(R+1) of the example's own and R/(R+1) of the reference batch's, per channel.

    Args:
        references: R. The first R examples of the input are the reference batch; they are normalised by
            their own statistics alone.
        epsilon: Added to the variance.
        scale: Whether there is one, gamma, for each channel.
        gamma_initializer: Of the scale.
    """

    def __init__(
        self,
        references: int,
        epsilon: float = 1e-5,
        scale: bool = True,
        gamma_initializer="ones",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.references = references
        self.epsilon = epsilon
        self.scale = scale
        self.gamma_initializer = keras.initializers.get(gamma_initializer)

    def build(self, input_shape):
        shape = (input_shape[-1],)
        if self.scale:
            self.gamma = self.add_weight(shape=shape, initializer=self.gamma_initializer, name="gamma")
        self.beta = self.add_weight(shape=shape, initializer="zeros", name="beta")

    def call(self, x):
        axes = tuple(range(1, len(x.shape) - 1))
        wide = widen(x)  # The variance is a small difference of large numbers.
        means = ops.mean(wide, axis=axes, keepdims=True) if axes else wide
        squares = ops.mean(ops.square(wide), axis=axes, keepdims=True) if axes else ops.square(wide)
        count = self.references

        def mixed(own):
            reference = ops.mean(own[:count], axis=0, keepdims=True)
            examples = (own[count:] + count * reference) / (count + 1)
            return ops.concatenate([ops.repeat(reference, count, axis=0), examples], axis=0)

        mean = mixed(means)
        variance = mixed(squares) - ops.square(mean)
        normal = (wide - mean) * ops.rsqrt(ops.relu(variance) + self.epsilon)
        normal = ops.cast(normal, x.dtype)
        return (normal * self.gamma if self.scale else normal) + self.beta

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        initializer = keras.initializers.serialize(self.gamma_initializer)
        own = dict(references=self.references, epsilon=self.epsilon, scale=self.scale)
        return {**super().get_config(), **own, "gamma_initializer": initializer}
