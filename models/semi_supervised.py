"""A discriminator that knows classes and learns them from few labels.

Salimans et al. 2016, Improved techniques for training GANs (arXiv 1606.03498), section 5, with the networks
of the authors' MNIST code.
"""

from collections.abc import Sequence
from typing import ClassVar

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from models.gan import as_opponent, at_least
from models.network import NONE, Discriminator, Generator, Stack, as_examples, drawn, network_range
from models.stabilisers import serializable
from models.variants import FeatureMatchingGAN
from support.errors import UserError


@serializable
class WeightNormDense(layers.Dense):
    """A dense layer whose kernel is g V / ||V||, with one norm and one scale g for each unit.

    Salimans and Kingma 2016, Weight normalization (arXiv 1602.07868).

    Args:
        units: Number of outputs.
        trains_scale: Whether g is learned; otherwise it stays where `initialize` leaves it, or at 1.
    """

    def __init__(self, units: int, activation=None, trains_scale: bool = False, **kwargs):
        super().__init__(
            units, activation, kernel_initializer=keras.initializers.RandomNormal(0, 0.1), **kwargs
        )
        self.trains_scale = trains_scale

    def build(self, input_shape):
        super().build(input_shape)
        self.scale = self.add_weight(
            shape=(self.units,), initializer="ones", trainable=self.trains_scale, name="scale"
        )

    def call(self, inputs):
        x = ops.matmul(inputs, self.kernel * (self.scale / ops.norm(self.kernel, axis=0))) + self.bias
        return self.activation(x)

    def initialize(self, inputs) -> None:
        """Sets g and bias so that these inputs (batch, n) give outputs of mean 0 and deviation 1."""
        x = ops.matmul(inputs, self.kernel / ops.norm(self.kernel, axis=0))
        scale = 1 / (ops.std(x, axis=0) + 1e-6)
        self.scale.assign(scale)
        self.bias.assign(-scale * ops.mean(x, axis=0))

    # Those of `Dense` know kernel and bias alone.
    save_own_variables = layers.Layer.save_own_variables
    load_own_variables = layers.Layer.load_own_variables

    def get_config(self):
        config = {**super().get_config(), "trains_scale": self.trains_scale}
        del config["kernel_initializer"], config["use_bias"]
        return config


@serializable
class ClassGenerator(Generator):
    """z -> 500 -> 500 softplus units with batch norm without gain -> sigmoid pixels, scaled to [-1, 1]."""

    def __init__(self, *, units: int = 500, **shared):
        super().__init__(units=units, **shared)
        for _ in range(2):
            self.add(layers.Dense(units, use_bias=False, kernel_initializer="glorot_uniform"))
            self.add(self.batch_norm(0.9, epsilon=1e-6, scale=False))
            self.add(layers.Activation("softplus"))
        self.add(WeightNormDense(int(np.prod(self.image_shape)), "sigmoid", trains_scale=True))
        self.add(layers.Rescaling(2, offset=-1))
        self.add(layers.Reshape(self.image_shape))
        self.build((None, self.latent_dim))


@serializable
class ClassDiscriminator(Discriminator):
    """Images -> a score l_k for each class; that of "generated" is fixed at 0.

    So D(x) = Z / (Z + 1) with Z = sum e^l_k, and called as a discriminator it gives log Z, (batch, 1), the
    score whose sigmoid D is. Noise is added to the input of every layer in training. It classifies by a
    moving average of its weights.

    Args:
        image_shape: (H, W, C).
        classes: Their number K.
        units: Of its hidden layers.
        decay: Of the average, an update.

    Raises:
        ValueError: It is asked for spectral norm, minibatch discrimination or packing.
    """

    def __init__(
        self,
        *,
        image_shape,
        classes: int,
        units: Sequence[int] = (1000, 500, 250, 250, 250),
        decay: float = 0.9999,
        **shared,
    ):
        super().__init__(image_shape=image_shape, classes=classes, units=units, decay=decay, **shared)
        for option in ("spectral_norm", "minibatch_discrimination", "packing"):
            if getattr(self.stabilisers, option) != getattr(NONE, option):
                raise UserError(f"{option} has no place in a discriminator of classes: leave it out")
        self.add(layers.Rescaling(0.5, offset=0.5))  # The paper's pixels lie in [0, 1].
        self.add(layers.Flatten())
        for index, size in enumerate(units):
            self.add(layers.GaussianNoise(0.5 if index else 0.3))
            self.add(WeightNormDense(size, "relu"))
        self.build((None, *image_shape))

    def _head(self, initializer):
        # The features to match are those before the last noise.
        scores = WeightNormDense(self._config["classes"], trains_scale=True, dtype=self.variable_dtype)
        return Stack([layers.GaussianNoise(0.5), scores])

    def build(self, input_shape):
        super().build(input_shape)
        self.keep_average(self._config["decay"])

    def class_scores(self, images, training=None):
        """l_k, (batch, classes)."""
        return self.head(self.features(images, training=training), training=training)

    def call(self, inputs, training=None):
        return ops.logsumexp(self.class_scores(inputs, training=training), axis=1, keepdims=True)

    def classify(self, images) -> np.ndarray:
        """The classes of images in [-1, 1], by the average of the weights: int (batch,)."""
        with keras.StatelessScope(self.average.pairs()):
            return np.asarray(ops.argmax(self.class_scores(images, training=False), axis=1))

    def adapt(self, images):
        """Initialises scales and biases by 500 of the training images, with noise."""
        x = self.given(network_range(drawn(images, min(500, len(images)))))
        for layer in [*self.body.layers, *self.head.layers]:
            if isinstance(layer, WeightNormDense):
                layer.initialize(x)
            x = layer(x, training=True) if isinstance(layer, layers.GaussianNoise) else layer(x)
        super().adapt(images)


@serializable
class SemiSupervisedGAN(FeatureMatchingGAN):
    """The discriminator learns classes from labelled images, and from others that they are not generated.

    Its loss is the cross-entropy of the labelled images plus half of the objective's on log Z, the authors'
    L_unl for the objective of Algorithm 1. The generator matches features. `fit` takes ((images, labelled),
    labels): images without labels, the half of them for either player, then images and their classes.

    Raises:
        ValueError: The objective takes several turns of the discriminator.
    """

    excludes: ClassVar = {
        **FeatureMatchingGAN.excludes,
        **dict.fromkeys(("penalties", "label_flipping"), "the loss of classes and samples has none"),
    }

    def __init__(self, *players, **options):
        super().__init__(*players, **options)
        if self.n_critic > 1:
            raise UserError(f"n_critic={self.n_critic}: with classes from few labels a step has one turn")

    def train_step(self, data):
        (images, labelled), labels, _ = keras.utils.unpack_x_y_sample_weight(data)
        labelled = as_examples(labelled)
        # Of an odd number one is not used.
        size = at_least(tf.shape(images)[0] // 2, 1, "a step needs 2 images without labels at least")
        mine, generators = tf.split(as_examples(images)[: 2 * size], 2)
        z = self.generator.sample_latent(2 * size, self.seed_generator)
        for_discriminator, for_generator = tf.split(z, 2)
        fake = as_opponent(self.generator)(for_discriminator)
        logs = self.update_classes(mine, fake, labelled, labels)
        return {**logs, **self.generator_turn(generators, for_generator)}

    def update_classes(self, real, fake, labelled, labels):
        """One update of the discriminator."""
        sizes = [tf.shape(each)[0] for each in (labelled, real, fake)]
        with tf.GradientTape() as tape:
            everything = tf.concat([labelled, real, fake], axis=0)
            scores = self.discriminator.class_scores(everything, training=True)
            known, of_real, of_fake = tf.split(scores, sizes)
            supervised = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, known))
            log_z = tf.reduce_logsumexp(of_real, 1), tf.reduce_logsumexp(of_fake, 1)
            loss = supervised + 0.5 * self.objective.discriminator_loss(*log_z)
            loss += sum(self.discriminator.losses)
        norm = self._descend(self.discriminator, self.discriminator_optimizer, tape, loss)
        return {
            "discriminator_loss": loss,
            "class_loss": supervised,
            "discriminator_gradient_norm": norm,
            **self.objective.summaries(*log_z),
        }
