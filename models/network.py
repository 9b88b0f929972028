"""What every generator and discriminator has in common, and the registry of network pairs."""

import contextlib
import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar

import keras
import numpy as np
from keras import layers, ops

from models import latent as latents
from models.layers import BatchNormalization
from models.stabilisers import (
    DiffAugment,
    InstanceNoise,
    MinibatchDiscrimination,
    Packing,
    SpectralNormalization,
    Stabilisers,
    VirtualBatchNormalization,
    serializable,
    squared_distance_from_orthogonal,
)
from support.errors import UserError
from support.options import Option
from support.registry import Registry

registry = Registry("model", "models")
register = registry.register

ImageShape = tuple[int, ...]
Latent = Annotated[str, Option("Distribution of the entries of z.", names=latents.registry.names)]
NONE = Stabilisers()
DiscriminatorBatchNorm = Annotated[bool, Option("Batch norm in the discriminator.")]
Filters = Annotated[
    int | None,
    Option("Channels next to the image (default: 128 from 64x64 on, else 64).", minimum=1, maximum=4096),
]
Kernel = Annotated[int, Option("Side of the convolutions' kernels.", minimum=1, maximum=63)]


@contextlib.contextmanager
def computing_in(policy: str) -> Iterator[None]:
    """Layers made inside have that dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def with_parts(config: Mapping[str, Any], parts: Collection[str], custom_objects=None) -> dict[str, Any]:
    """A configuration with objects in place of the configurations of these parts."""
    read = keras.saving.deserialize_keras_object
    return {name: read(value, custom_objects) if name in parts else value for name, value in config.items()}


class Stack(keras.Sequential):
    """Layers in order. Its input keeps its precision; under mixed precision each layer casts for itself."""

    def build(self, input_shape=None):
        if not self.built:
            given = layers.InputLayer(batch_shape=tuple(input_shape), dtype=self.variable_dtype)
            self._layers = [given, *self._layers]
        super().build(input_shape)


@dataclasses.dataclass(frozen=True)
class Copies:
    """A variable beside each of some others, which may be frozen later on."""

    originals: Sequence[keras.Variable] = ()
    copies: Sequence[keras.Variable] = ()

    def __iter__(self):
        return iter(self.copies)

    def __len__(self):
        return len(self.copies)

    def pairs(self) -> list[tuple[keras.Variable, keras.Variable]]:
        """Each variable with its copy."""
        return [*zip(self.originals, self.copies, strict=True)]

    def refresh(self) -> None:
        """Gives the copies the present values."""
        for original, copy in self.pairs():
            copy.assign(original)


class Network(keras.Model):
    """A network that reads from input to output in `body`, and whose arguments are its configuration.

    A subclass adds its layers with `add` and then calls `self.build`.

    Args:
        config: The subclass's own arguments.
        stabilisers: A `Stabilisers` or a mapping of its fields; a network heeds those that act on it.
    """

    def __init__(self, config: Mapping[str, Any], stabilisers: Stabilisers | Mapping = NONE, name=None):
        super().__init__(name=name)
        if not isinstance(stabilisers, Stabilisers):
            stabilisers = Stabilisers(**stabilisers)
        self.stabilisers = stabilisers
        self._config = {**config, "stabilisers": dataclasses.asdict(stabilisers)}
        self.body = Stack()
        self.past = self.average = Copies()

    def add(self, layer: layers.Layer) -> None:
        """Appends a layer to the body."""
        self.body.add(layer)

    def batch_norm(self, momentum: float, **options) -> layers.Layer:
        """A layer of batch norm; virtual, which has no momentum, where that is asked for."""
        references = self.stabilisers.virtual_batch_norm
        if references:
            return VirtualBatchNormalization(references, **options)
        return BatchNormalization(momentum=momentum, **options)

    def build(self, input_shape):
        references = self.stabilisers.virtual_batch_norm
        if references:
            self.reference = self._fixed((references, *input_shape[1:]), "reference")
        self._build_layers(input_shape)
        self._regularize()
        self.built = True

    def _build_layers(self, input_shape) -> None:
        self.body.build(input_shape)

    def _fixed(self, shape, name: str):
        # Read in a layer's call too, where Keras would narrow it under mixed precision.
        return self.add_weight(shape=shape, initializer="zeros", trainable=False, autocast=False, name=name)

    def _copies(self, variables: Sequence[keras.Variable], name: str) -> Copies:
        """Copies of these that are not trained."""
        copies = Copies(variables, [self._fixed(variable.shape, name) for variable in variables])
        copies.refresh()
        return copies

    def keep_average(self, decay: float) -> None:
        """From now on `average` holds a moving average of the trainable variables."""
        self.decay = decay
        self.average = self._copies(self.trainable_variables, "average")

    def check_adapted(self) -> None:
        """Raises UserError where `adapt` has to come before training, and did not."""
        if self.stabilisers.virtual_batch_norm and not np.any(self.reference):
            raise UserError(
                "virtual_batch_norm has no reference batch: call the model's adapt(images) before fit"
            )

    def adapt(self, images: np.ndarray) -> None:
        """Sets what is derived from the training images before training.

        Args:
            images: (N, H, W, C), uint8 or in [-1, 1], or points (N, D).

        A subclass that changes weights calls this one afterwards: averages of weights start from them.
        """
        self.past.refresh()
        self.average.refresh()

    def _regularize(self) -> None:
        """Makes `losses` of what is asked of the weights."""
        orthogonal = self.stabilisers.orthogonal_regularization
        historical = self.stabilisers.historical_averaging
        if historical:
            self.past = self._copies(self.trainable_variables, "past")
            self.updates = self._fixed((), "updates")
        for index, weight in enumerate(self.trainable_variables):
            terms: list[Callable] = [weight.regularizer] if weight.regularizer else []
            if orthogonal and len(weight.shape) > 1:
                terms.append(lambda w: orthogonal * squared_distance_from_orthogonal(w))
            if historical:
                mean = self.past.copies[index]
                terms.append(lambda w, mean=mean: historical * ops.sum(ops.square(w - mean)))
            if terms:
                weight.regularizer = _sum_of(terms)

    def after_update(self) -> None:
        """Called after every update of the weights: moves what follows them."""
        if self.past:
            self.updates.assign_add(1)
            for weight, mean in self.past.pairs():
                mean.assign_add((weight - mean) / (self.updates + 1))
        for weight, average in self.average.pairs():
            # In float32 decay and 1 - decay need not add up to 1: 0.99998 would shrink weights by 0.14 %.
            average.assign_add((1 - self.decay) * (weight - average))

    def call(self, inputs, training=None):
        return self.features(inputs, training=training)

    def features(self, inputs, training=None):
        """What the body makes of the inputs."""
        references = self.stabilisers.virtual_batch_norm
        if not references:
            return self.body(inputs, training=training)
        everything = ops.concatenate([ops.cast(self.reference, inputs.dtype), inputs], axis=0)
        return self.body(everything, training=training)[references:]

    def get_config(self) -> dict[str, Any]:
        return {**self._config, "name": self.name, "dtype": self.dtype_policy.name}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """The network of a configuration, its layers in the precision of those that it was taken from."""
        config = dict(config)
        with computing_in(config.pop("dtype", keras.config.dtype_policy().name)):
            return cls(**config)


def moved(network: keras.Model) -> None:
    """After an update of a network's weights: moves what in its layers follows them."""
    for layer in network._flatten_layers():
        if hasattr(layer, "after_update"):
            layer.after_update()


def drawn(images: np.ndarray, count: int) -> np.ndarray:
    """So many of the images at random, some of them again where there are fewer.

    The first of a folder may all be of one class.
    """
    return images[np.resize(np.random.default_rng(0).permutation(len(images)), count)]


def _sum_of(terms: list[Callable]) -> Callable:
    return lambda weight: sum(term(weight) for term in terms)


class Generator(Network):
    """x = G(z): z (batch, latent_dim) -> images (batch, H, W, C) in [-1, 1], or points (batch, D).

    Args:
        image_shape: (H, W, C), or (D,) for points.
        latent_dim: Number of entries of z.
        latent: Name of their distribution, one of `models.latent.registry.names()`.
        stabilisers: See `Network`.
    """

    def __init__(
        self,
        *,
        image_shape: ImageShape,
        latent_dim: int,
        latent: str,
        stabilisers: Stabilisers | Mapping = NONE,
        name=None,
        **config,
    ):
        self.image_shape = tuple(image_shape)
        self.latent_dim = latent_dim
        self.latent = latent
        self.average_statistics = Copies()
        own = dict(image_shape=self.image_shape, latent_dim=latent_dim, latent=latent)
        super().__init__({**own, **config}, stabilisers, name=name)

    def build(self, input_shape):
        super().build(input_shape)
        if self.stabilisers.virtual_batch_norm:
            self.reference.assign(self.sample_latent(self.stabilisers.virtual_batch_norm))
        if self.stabilisers.generator_ema:
            self.keep_average(self.stabilisers.generator_ema)
            normalising = [x for x in self._flatten_layers() if isinstance(x, layers.BatchNormalization)]
            statistics = [y for x in normalising for y in (x.moving_mean, x.moving_variance)]
            self.average_statistics = self._copies(statistics, "average")

    def call(self, z, training=None):
        if training and self.average_statistics:
            with self._averaged() as scope:
                super().call(z, training=True)
            for statistic, average in self.average_statistics.pairs():
                average.assign(scope.get_current_value(statistic))
        # Under mixed precision too, generated images have the precision of data.
        return ops.cast(super().call(z, training=training), self.variable_dtype)

    def _averaged(self) -> keras.StatelessScope:
        """Within, the network has its averaged weights, and batch norm the statistics of these."""
        return keras.StatelessScope([*self.average.pairs(), *self.average_statistics.pairs()])

    def sample_latent(self, count, seed=None):
        """`count` draws of z, shape (count, latent_dim)."""
        return latents.registry.find(self.latent)((count, self.latent_dim), seed=seed)

    def finished(self, z):
        """The images that users see: of the moving average of the weights, where one is kept.

        Batch norm has statistics of the averaged weights: in training these make images of the same z, to
        move statistics of their own.

        Yaz et al. 2019, The unusual effectiveness of averaging in GAN training (arXiv 1806.04498).
        """
        if not self.average:
            return self(z, training=False)
        with self._averaged():
            return self(z, training=False)


class Discriminator(Network):
    """Scores D(x): images (batch, H, W, C) in [-1, 1], or points (batch, D) -> (batch, outputs).

    `features` are what the layer of scores sees, without what minibatch discrimination adds. With `packing` m
    every score is of m examples.

    Args:
        image_shape: (H, W, C), or (D,) for points.
        outputs: Scores per example.
        head_initializer: Of the layer of scores.
        stabilisers: See `Network`.
    """

    #: Whether the score is an energy: >= 0, and low for data.
    gives_energy: ClassVar[bool] = False

    def __init__(
        self,
        *,
        image_shape: ImageShape,
        outputs: int = 1,
        head_initializer="glorot_uniform",
        stabilisers: Stabilisers | Mapping = NONE,
        name=None,
        **config,
    ):
        super().__init__(dict(image_shape=tuple(image_shape), outputs=outputs, **config), stabilisers, name)
        self.outputs_per_example = outputs
        self.given = Stack(self._changes_of_input(len(image_shape)))
        self.head = self._head(head_initializer)

    def _head(self, initializer) -> Stack:
        """From what the body gives to the scores."""
        head = Stack()
        if self.stabilisers.minibatch_discrimination:
            head.add(MinibatchDiscrimination(self.stabilisers.minibatch_discrimination))
        # Scores of half precision would lose what tells two good samples apart.
        full = keras.config.dtype_policy().variable_dtype
        scores = layers.Dense(self.outputs_per_example, kernel_initializer=initializer, dtype=full)
        head.add(self._normalised(scores))
        return head

    def _changes_of_input(self, dimensions: int) -> list[layers.Layer]:
        chosen = self.stabilisers
        changes: list[layers.Layer] = [layers.Identity()]  # A Sequential cannot be empty.
        if chosen.diff_augment:
            if dimensions == 1:
                raise UserError("diff_augment changes pictures: leave it out for points")
            changes.append(DiffAugment(chosen.diff_augment))
        if chosen.instance_noise:
            changes.append(InstanceNoise(chosen.instance_noise, chosen.instance_noise_steps))
        if chosen.packing > 1:
            changes.append(Packing(chosen.packing))
        return changes

    def add(self, layer):
        super().add(self._normalised(layer))

    def _normalised(self, layer: layers.Layer) -> layers.Layer:
        has_kernel = hasattr(layer, "kernel_initializer")
        return SpectralNormalization(layer) if has_kernel and self.stabilisers.spectral_norm else layer

    def build(self, input_shape):
        self.given.build(input_shape)
        packed = Packing(self.stabilisers.packing).packed(tuple(input_shape[1:]))
        super().build((None, *packed))

    def _build_layers(self, input_shape):
        super()._build_layers(input_shape)
        self.head.build(self.body.output_shape)

    def call(self, inputs, training=None):
        return self.head(self.features(inputs, training=training), training=training)

    def features(self, inputs, training=None):
        """What the layer of scores sees of the inputs, without what minibatch discrimination adds."""
        return super().features(self.given(inputs, training=training), training=training)

    def adapt(self, images: np.ndarray) -> None:
        """Sets the reference batch of virtual batch norm, a random one of the training images."""
        references = self.stabilisers.virtual_batch_norm
        if references:
            batch = drawn(images, references * self.stabilisers.packing)
            self.reference.assign(self.given(network_range(batch), training=False))
        super().adapt(images)


@serializable
class Autoencoder(Discriminator):
    """The energy D(x), an error of reconstruction >= 0, (batch, 1), in place of a score.

    "l2" is ||Dec(Enc(x)) - x||_2, as in Zhao, Mathieu and LeCun 2017, EBGAN (arXiv 1609.03126), section 2.3;
    "l1" the mean of |Dec(Enc(x)) - x| over the entries of x, as in Berthelot, Schumm and Metz 2017, BEGAN
    (arXiv 1703.10717), section 3.1. The encoder is a pair's discriminator with the code for its scores, the
    decoder its generator with the code for its z.

    Args:
        error: "l2" or "l1".
    """

    gives_energy = True
    outputs_per_example = 1

    def __init__(self, *, encoder: Discriminator, decoder: Generator, error: str = "l2", name=None):
        # Under mixed precision the networks narrow what they are given; what is compared stays exact.
        keras.Model.__init__(self, name=name, autocast=False)
        self.stabilisers = NONE  # Encoder and decoder have theirs.
        self.encoder = encoder
        self.decoder = decoder
        self.error = error
        self.built = True

    def call(self, inputs, training=None):
        rebuilt = self.decoder(self.encoder(inputs, training=training), training=training)
        error = rebuilt - ops.cast(inputs, rebuilt.dtype)
        error = ops.reshape(ops.cast(error, self.variable_dtype), (ops.shape(inputs)[0], -1))
        if self.error == "l1":
            return ops.mean(ops.abs(error), axis=1, keepdims=True)
        # The norm has no derivative at 0.
        return ops.sqrt(ops.sum(ops.square(error), axis=1, keepdims=True) + 1e-12)

    def features(self, inputs, training=None):
        return self.encoder(inputs, training=training)

    def after_update(self):
        """Encoder and decoder have theirs."""

    def adapt(self, images):
        self.encoder.adapt(images)
        self.decoder.adapt(images)

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        return {
            "encoder": serialize(self.encoder),
            "decoder": serialize(self.decoder),
            "error": self.error,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(**with_parts(config, ("encoder", "decoder"), custom_objects))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pair(Stabilisers):
    """A generator and a discriminator that belong together; its fields are the options of both.

    A subclass says how each of them is made.

    Args:
        latent: Distribution of the entries of z.
        autoencoder: Entries of the code, where an autoencoder's energy replaces the score; 0 for none.
        reconstruction: Which energy, "l2" or "l1": see `Autoencoder`.
        outputs: Scores that the discriminator gives per example.
    """

    latent: Latent = "normal"
    autoencoder: Annotated[
        int,
        Option("Code of an autoencoder in the discriminator's place, 0 for none.", minimum=0, maximum=65_536),
    ] = 0
    reconstruction: Annotated[
        str, Option("The autoencoder's error, its energy.", names=lambda: ["l1", "l2"], needs="autoencoder")
    ] = "l2"
    outputs: Annotated[int, Option("Scores of the discriminator per example.", minimum=1, maximum=4096)] = 1

    #: Number of dimensions of an example: 3 for pictures, 1 for points.
    dimensions: ClassVar[int] = 3
    #: Entries of z, where nothing else is asked for.
    latent_dim: ClassVar[int] = 100

    def generator(self, **shared) -> Generator:
        """The generator; `shared` are the arguments of `Generator`."""
        raise NotImplementedError

    def discriminator(self, **shared) -> Discriminator:
        """The discriminator; `shared` are `image_shape`, `outputs` and `stabilisers`."""
        raise NotImplementedError

    def decoder(self, **shared) -> Generator:
        """The second half of an autoencoder, part of the discriminator; `shared` are those of `Generator`."""
        return self.generator(**shared)

    def _check_autoencoder(self) -> None:
        """An energy compares its own input with what is rebuilt from it: one example, unchanged."""
        excluded = ("instance_noise", "diff_augment", "spectral_norm", "virtual_batch_norm", "outputs")
        off = Pair()
        for option in ("packing", "minibatch_discrimination", *excluded):
            if self.autoencoder and getattr(self, option) != getattr(off, option):
                raise UserError(
                    f"{option} and autoencoder (energy objectives such as ebgan set it) exclude each other: "
                    f"leave {option} out"
                )

    def _check_virtual(self, *networks: keras.Model) -> None:
        every = [layer for network in networks for layer in network._flatten_layers()]
        if self.virtual_batch_norm and not any(isinstance(x, VirtualBatchNormalization) for x in every):
            raise UserError("virtual_batch_norm has no effect: these networks have no batch norm")

    def build(self, image_shape: ImageShape, latent_dim: int) -> tuple[Generator, Discriminator]:
        """Both networks, built.

        Raises:
            UserError: Examples of that shape are not what the networks are for.
        """
        if len(image_shape) != self.dimensions:
            raise UserError(_misfit(registry.name_of(type(self)), image_shape))
        self._check_autoencoder()
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(Stabilisers)}
        stabilisers = Stabilisers(**fields)
        shared = dict(image_shape=image_shape, stabilisers=stabilisers)
        generator = self.generator(**shared, latent_dim=latent_dim, latent=self.latent)
        if not self.autoencoder:
            discriminator = self.discriminator(**shared, outputs=self.outputs)
            self._check_virtual(generator, discriminator)
            return generator, discriminator
        encoder = self.discriminator(**shared, outputs=self.autoencoder)
        shared["stabilisers"] = dataclasses.replace(stabilisers, generator_ema=0.0)
        decoder = self.decoder(**shared, latent_dim=self.autoencoder, latent=self.latent)
        return generator, Autoencoder(encoder=encoder, decoder=decoder, error=self.reconstruction)


def pair(name: str) -> type[Pair]:
    """The class of that pair. Raises ValueError for an unknown name."""
    found = registry.find(name)
    assert isinstance(found, type) and issubclass(found, Pair)
    return found


def _misfit(name: str, shape: ImageShape) -> str:
    if len(shape) not in (1, 3):
        return f"examples of shape {tuple(shape)}: pictures have (height, width, channels), points (D,)"
    kind = "points" if len(shape) == 1 else "pictures"
    others = [other for other in registry.names() if pair(other).dimensions == len(shape)]
    return f"{name} is not for {kind} of shape {tuple(shape)}: choose {', '.join(others)}, or other data"


def network_range(examples: np.ndarray) -> np.ndarray:
    """Examples as the networks see them: pictures (uint8) in [-1, 1], points (float) as they are."""
    if examples.dtype == np.uint8:
        return examples.astype(np.float32) / 127.5 - 1
    return examples.astype(np.float32)


def check_kind(images) -> None:
    """Raises UserError if training images are neither uint8 nor floats: whole numbers of another range."""
    kind = keras.backend.standardize_dtype(images.dtype)
    if kind != "uint8" and not keras.backend.is_float_dtype(kind):
        raise UserError(f"examples of {kind}: pictures are uint8, or floats in [-1, 1]")


def as_examples(batch):
    """A batch of examples given to `fit`, in the precision of weights.

    Raises:
        UserError: It is of whole numbers: pictures as they are stored, not as networks see them.
    """
    if not keras.backend.is_float_dtype(keras.backend.standardize_dtype(batch.dtype)):
        raise UserError(f"examples of {batch.dtype}: networks take floats, pictures in [-1, 1]")
    return ops.cast(batch, keras.config.floatx())


def halvings(image_shape: ImageShape, most: int = 4) -> list[tuple[int, int]]:
    """The sides a convolutional network goes through, halved (rounding up) at least twice, down to 4 pixels.

    8 -> 4 -> 2; 28 -> 14 -> 7 -> 4, as WGAN-GP's networks for MNIST; 32 -> 16 -> 8 -> 4; 64 -> ... -> 4.
    """
    sides = [(image_shape[0], image_shape[1])]
    while len(sides) <= most and (min(sides[-1]) > 4 or len(sides) <= 2):
        height, width = sides[-1]
        sides.append((-(-height // 2), -(-width // 2)))
    return sides


def filters_near_image(image_shape: ImageShape) -> int:
    """Channels of the layer next to the image: 128 from 64x64 on as in Radford et al. 2016, else 64.

    64 is what the same authors' code uses for MNIST. Each stage away from the image doubles it.
    """
    return 128 if min(image_shape[:2]) >= 64 else 64
