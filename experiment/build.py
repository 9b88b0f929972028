"""From settings to objects."""

import keras

import losses
import models
from callbacks import CheckpointStore
from evaluation import features
from evaluation.reference import Reference
from experiment import acceleration, optimizers
from experiment.settings import Settings
from experiment.workdir import Workdir
from losses.objective import registry as objectives
from models.gan import GAN
from models.gan import registry as algorithms
from models.network import computing_in
from models.network import registry as pairs
from support.errors import UserError


def gan(settings: Settings) -> GAN:
    """The compiled GAN of a run, its weights drawn from the run's seed.

    Raises:
        UserError: The networks do not fit the image shape or the objective.
    """
    keras.utils.set_random_seed(settings.seed)
    with computing_in(settings.precision):
        generator, discriminator = models.get(
            settings.model,
            settings.image_shape,
            settings.latent_dim,
            **settings.options_of(pairs, settings.model),
        )
    objective = losses.get(settings.loss, **settings.options_of(objectives, settings.loss))
    pair = algorithms.find(settings.algorithm)(
        generator,
        discriminator,
        objective,
        **settings.options_of(algorithms, settings.algorithm),
        n_critic=settings.n_critic,
        seed=settings.seed,
    )
    pair.compile(
        _optimizer(settings, settings.learning_rate),
        _optimizer(settings, settings.discriminator_learning_rate, settings.n_critic),
        jit_compile=acceleration.jit_compile(settings.jit_compile),
    )
    return pair


def restored(workdir: Workdir, checkpoint: str) -> GAN:
    """The GAN of a run directory at a checkpoint, "latest" or "best".

    Raises:
        UserError: The directory holds no run, or it has no checkpoint yet.
    """
    built = gan(workdir.settings())
    if not CheckpointStore(built, workdir.checkpoints).restore(best=checkpoint == "best"):
        raise UserError(f"{workdir.checkpoints} holds no checkpoint yet: train longer")
    return built


def reference(settings: Settings) -> Reference:
    """The real examples of a run, in the features that it is evaluated in while it trains.

    Raises:
        UserError: There is no such feature space, or fewer than two examples.
    """
    return Reference(
        settings.dataset,
        settings.split,
        settings.data_dir,
        settings.image_shape,
        features.find(settings.eval_features, settings.dataset),
        settings.eval_samples,
        settings.seed,
    )


def _optimizer(settings: Settings, learning_rate: float, turns: int = 1) -> keras.optimizers.Optimizer:
    return optimizers.registry.create(
        settings.optimizer,
        optimizers.learning_rate_schedule(learning_rate, settings.learning_rate_decay, turns),
        **settings.options_of(optimizers.registry, settings.optimizer),
    )
