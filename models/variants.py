"""Games whose step differs from the alternating one in more than a formula."""

import math
from typing import Annotated, ClassVar

import keras
import tensorflow as tf
from keras.optimizers.schedules import LearningRateSchedule

from losses.energy import pulling_away
from losses.numerics import widen
from models.gan import GAN, as_opponent, in_turns, registry, repeat
from models.stabilisers import serializable
from support.errors import UserError
from support.options import Option

#: Why unrolled updates have no place for what else may move a discriminator.
_LOSS_ALONE = "the updates that it looks ahead follow the loss alone"
#: Steps at the start in which the WGAN authors' critic trains longer, and steps between two such later on.
WARMUP_STEPS, WARM_AGAIN = 25, 500


@registry.register("critic_warmup")
@serializable
class CriticWarmupGAN(GAN):
    """The critic trains longer in each of the first 25 steps and in every 500th, to be near its optimum.

    The schedule of the authors' code of Arjovsky et al. 2017 (arXiv 1701.07875), which their paper does not
    have. There each turn has data of its own; here turns go over the step's again, on fresh noise.

    Args:
        warmup_turns: Turns of the discriminator in such a step, in whole rounds of `n_critic`.

    Raises:
        UserError: The discriminator's learning rate falls, which would count the turns, not the steps.
    """

    def __init__(
        self,
        *players,
        warmup_turns: Annotated[
            int, Option("Turns of the discriminator in the first 25 steps and every 500th.", minimum=1)
        ] = 100,
        **options,
    ):
        super().__init__(*players, **options)
        self.warmup_turns = warmup_turns

    def check_optimizers(self, generator_optimizer, discriminator_optimizer):
        if isinstance(discriminator_optimizer._learning_rate, LearningRateSchedule):
            raise UserError(
                "a critic that trains longer in some steps has a constant rate: leave out its fall"
            )

    def train_step(self, data):
        real_images, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        real = self.in_turns(real_images)
        step = tf.convert_to_tensor(self.generator_optimizer.iterations)
        warm = (step < WARMUP_STEPS) | (step % WARM_AGAIN == 0)
        rounds = tf.where(warm, math.ceil(self.warmup_turns / self.n_critic) - 1, 0)

        def once_more(i):
            z = self.generator.sample_latent(self.n_critic * tf.shape(real)[1], self.seed_generator)
            repeat(self.discriminator_turn, real, in_turns(z, self.n_critic))
            return (i + 1,)

        tf.while_loop(lambda i: i < rounds, once_more, (0,), parallel_iterations=1)
        return super().train_step(data)

    def get_config(self):
        return {**super().get_config(), "warmup_turns": self.warmup_turns}


@registry.register("reused_fakes")
@serializable
class ReusedFakesGAN(GAN):
    """The generator learns from the images that the discriminator's last turn has just learned from.

    Algorithm 1 of Goodfellow et al. 2014 draws fresh noise for the generator. Without it a step saves one
    pass through the generator, as in PyTorch's DCGAN example; the discriminator has seen these very images.
    """

    def train_step(self, data):
        real_images, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        real = self.in_turns(real_images)
        count = self.n_critic * tf.shape(real)[1]
        z = in_turns(self.generator.sample_latent(count, self.seed_generator), self.n_critic)
        if self.n_critic > 1:
            repeat(self.discriminator_turn, real[:-1], z[:-1])
        with tf.GradientTape() as tape:
            fake = self.generator(z[-1], training=True)
        return self.last_turns(real[-1], fake, tape)

    def last_turns(self, real, fake, tape):
        """The discriminator's last turn and the generator's, on images whose making the tape has watched."""
        discriminator_logs = self.update_discriminator(real, tf.stop_gradient(fake))
        return {**discriminator_logs, **self.update_generator(real, fake, tape)}


@registry.register("simultaneous")
@serializable
class SimultaneousGAN(ReusedFakesGAN):
    """Both players move at once, on the same noise: each by its gradient at the point where both stood.

    So does the authors' code of Goodfellow et al. 2014, where Algorithm 1 alternates; analyses of the
    dynamics (Nagarajan and Kolter 2017, arXiv 1706.04156) are of this game. With `n_critic` above 1 the
    discriminator's other turns come first.
    """

    def last_turns(self, real, fake, tape):
        # The generator first: the discriminator has not moved yet, and the images are made already.
        generator_logs = self.update_generator(real, fake, tape)
        return {**self.update_discriminator(real, tf.stop_gradient(fake)), **generator_logs}


@registry.register("feature_matching")
@serializable
class FeatureMatchingGAN(GAN):
    """The generator matches the mean of the discriminator's features instead of raising its scores.

    Salimans et al. 2016 (arXiv 1606.03498), section 3.1: ||E f(x) - E f(G(z))||^2, as in the authors' MNIST
    code the mean over the features, f the input of the layer of scores.
    """

    excludes: ClassVar = {"top_k": "its generator has no scores to rank samples by"}

    def generator_loss(self, real, fake):
        features = as_opponent(self.discriminator, self.discriminator.features)
        of_real, of_fake = (tf.reduce_mean(widen(features(images)), axis=0) for images in (real, fake))
        difference = of_real - of_fake
        return tf.reduce_mean(tf.square(difference))


@registry.register("pulling_away")
@serializable
class PullingAwayGAN(GAN):
    """The generator's loss has a term that makes the codes of a batch of samples orthogonal.

    Zhao, Mathieu and LeCun 2017 (arXiv 1609.03126), section 2.4, EBGAN-PT: against samples that are all
    alike. The codes are the encoder's of an autoencoder; of other discriminators the input of the layer of
    scores.

    Args:
        pulling_away_weight: Weight of the term.
    """

    def __init__(
        self,
        *players,
        pulling_away_weight: Annotated[float, Option("Weight of EBGAN's pulling-away term.", above=0)] = 0.1,
        **options,
    ):
        super().__init__(*players, **options)
        self.pulling_away_weight = pulling_away_weight

    def generator_loss(self, real, fake):
        codes = as_opponent(self.discriminator, self.discriminator.features)(fake)
        return super().generator_loss(real, fake) + self.pulling_away_weight * pulling_away(codes)

    def get_config(self):
        return {**super().get_config(), "pulling_away_weight": self.pulling_away_weight}


@registry.register("began")
@serializable
class BEGANGAN(GAN):
    """The discriminator weights generated energies by k_t, which keeps E D(G(z)) at a share of E D(x).

    Berthelot, Schumm and Metz 2017, BEGAN (arXiv 1703.10717), section 3.4: k_0 = 0, and after every step
    k <- k + lambda_k (gamma E D(x) - E D(G(z))), kept within [0, 1]; both energies are those of the
    discriminator's last turn. Logged beside it is their measure of convergence,
    E D(x) + |gamma E D(x) - E D(G(z))|.

    Args:
        diversity_ratio: The paper's gamma: lower for better images, higher for more diverse ones.
        balance_rate: The paper's lambda_k.
    """

    balances = True

    def __init__(
        self,
        *players,
        diversity_ratio: Annotated[
            float, Option("BEGAN's gamma: energy of samples over that of data.", above=0, maximum=1)
        ] = 0.5,
        balance_rate: Annotated[float, Option("BEGAN's lambda_k: how fast k moves.", above=0)] = 1e-3,
        **options,
    ):
        super().__init__(*players, **options)
        self.diversity_ratio = diversity_ratio
        self.balance_rate = balance_rate
        self.k = self.add_weight(shape=(), initializer="zeros", trainable=False, name="k")

    def discriminator_cost(self, real_scores, fake_scores):
        real_scores, fake_scores = self.objective.labelled(real_scores, fake_scores, self.seed_generator)
        return self.objective.discriminator_loss(real_scores, self.k * fake_scores)

    def train_step(self, data):
        logs = super().train_step(data)
        lack = self.diversity_ratio * logs["score_real"] - logs["score_fake"]
        self.k.assign(tf.clip_by_value(self.k + self.balance_rate * lack, 0.0, 1.0))
        return {**logs, "k": tf.convert_to_tensor(self.k), "convergence": logs["score_real"] + tf.abs(lack)}

    def get_config(self):
        own = dict(diversity_ratio=self.diversity_ratio, balance_rate=self.balance_rate)
        return {**super().get_config(), **own}


@registry.register("unrolled")
@serializable
class UnrolledGAN(GAN):
    """The generator plays against the discriminator as it will be `unrolled_steps` updates from now.

    Metz et al. 2017 (arXiv 1611.02163), section 2.3: its gradient flows through those updates, which are
    Adam's on the same real and generated batch, from the state of the discriminator's own optimizer. They
    follow the loss alone; what else moves with an update, spectral norm's vectors and instance noise, stays.
    In a zero-sum game the generator minimises the game's whole value: what the discriminator will say of data
    depends on the samples that it learns from.

    Args:
        unrolled_steps: The paper's k.

    Raises:
        ValueError: The discriminator's optimizer is not plain Adam, or its weights are regularised.
    """

    excludes: ClassVar = dict.fromkeys(("penalties", "clip", "label_flipping"), _LOSS_ALONE)
    second_order = True

    def __init__(
        self,
        *players,
        unrolled_steps: Annotated[int, Option("Updates that the generator looks ahead.", minimum=1)] = 5,
        **options,
    ):
        super().__init__(*players, **options)
        self.unrolled_steps = unrolled_steps
        if self.discriminator.losses:
            raise UserError(f"regularised weights have no place in UnrolledGAN: {_LOSS_ALONE}")

    def check_optimizers(self, generator_optimizer, discriminator_optimizer):
        if not isinstance(discriminator_optimizer, keras.optimizers.Adam):
            name = type(discriminator_optimizer).__name__
            raise UserError(f"unrolled updates are Adam's, and the optimizer is {name}: choose adam")
        for option in ("weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "amsgrad"):
            if getattr(discriminator_optimizer, option):
                raise UserError(f"unrolled updates are those of plain Adam: leave {option} out")

    def generator_loss(self, real, fake):
        trained = self.discriminator.trainable_variables
        weights = [tf.convert_to_tensor(weight) for weight in trained]
        optimizer = self.discriminator_optimizer
        # It may hold more: weights that were frozen later on.
        own = [optimizer._get_variable_index(weight) for weight in trained]
        means = [tf.convert_to_tensor(optimizer._momentums[index]) for index in own]
        squares = [tf.convert_to_tensor(optimizer._velocities[index]) for index in own]
        iterations = tf.cast(optimizer.iterations, tf.float32)
        schedule = optimizer._learning_rate
        for ahead in range(1, self.unrolled_steps + 1):
            with tf.GradientTape() as tape:
                tape.watch(weights)
                loss = self.objective.discriminator_loss(*self._scores(weights, real, fake))
            gradients = tape.gradient(loss, weights)
            t = iterations + ahead
            rate = schedule(t - 1) if isinstance(schedule, LearningRateSchedule) else schedule
            rate *= tf.sqrt(1 - optimizer.beta_2**t) / (1 - optimizer.beta_1**t)
            for i, gradient in enumerate(gradients):
                means[i] += (1 - optimizer.beta_1) * (gradient - means[i])
                squares[i] += (1 - optimizer.beta_2) * (tf.square(gradient) - squares[i])
                # The root has no derivative where no gradient ever came.
                root = tf.sqrt(squares[i] + optimizer.epsilon**2)
                weights[i] -= rate * means[i] / (root + optimizer.epsilon)
        return self.objective.generator_cost(
            *self._scores(weights, real, fake), self.generator_optimizer.iterations, unrolled=True
        )

    def _scores(self, weights, real, fake):
        discriminator = as_opponent(self.discriminator, weights=weights)
        return discriminator(real), discriminator(fake)

    def get_config(self):
        return {**super().get_config(), "unrolled_steps": self.unrolled_steps}
