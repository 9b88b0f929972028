"""Every pair of networks trains with every objective."""

import numpy as np
import pytest

import callbacks
import data
import losses
from experiment import build
from experiment.settings import resolve
from models.gan import registry as algorithms
from models.network import pair

LOSSES = losses.names(aliases=False)


def train(steps=20, eagerly=False, **given):
    dataset = "ring" if pair(given["model"]).dimensions == 1 else "digits"
    settings = resolve({"dataset": dataset} | given)
    gan = build.gan(settings)
    gan.run_eagerly = eagerly
    images = data.load(settings.dataset, data_dir=settings.data_dir)
    gan.adapt(images)
    before = [variable.numpy() for variable in gan.trainable_variables]
    history = gan.fit(
        data.batches(images, settings.n_critic * settings.batch_size, seed=0),
        steps_per_epoch=steps,
        shuffle=False,
        verbose=0,
        callbacks=[callbacks.StopOnNonFinite()],
    )
    for old, variable in zip(before, gan.trainable_variables, strict=True):
        assert np.all(np.isfinite(variable))
        # The bias of a Wasserstein critic's score cancels out of its loss.
        assert not np.array_equal(old, variable) or len(variable.shape) == 1, variable.path
    assert gan.step == steps
    return history.history


@pytest.mark.parametrize("loss", LOSSES)
def test_every_objective_trains_on_digits(loss):
    assert "generator_loss" in train(model="dcgan", loss=loss, batch_size=16)


@pytest.mark.parametrize("model", ["mlp", "wgan_mlp", "toy"])
@pytest.mark.parametrize("loss", LOSSES)
def test_the_other_pairs_take_every_objective(model, loss):
    train(steps=1, eagerly=True, model=model, loss=loss, batch_size=16)


@pytest.mark.parametrize("model", ["infogan", "pacgan"])
@pytest.mark.parametrize("loss", LOSSES)
def test_the_pairs_of_other_papers_are_built_for_every_objective(model, loss):
    of_points = pair(model).dimensions == 1
    gan = build.gan(resolve({"model": model, "loss": loss, "dataset": "ring" if of_points else "digits"}))
    assert gan.generator.image_shape == ((2,) if of_points else (8, 8, 1))


@pytest.mark.parametrize("model", ["infogan", "pacgan"])
@pytest.mark.parametrize("loss", ["non_saturating", "wgan_gp", "began"])
def test_pairs_of_other_papers_train(model, loss):
    train(steps=1, eagerly=True, model=model, loss=loss, batch_size=16)


@pytest.mark.parametrize("algorithm", algorithms.names())
@pytest.mark.parametrize("model", ["mlp", "dcgan", "toy"])
def test_every_algorithm_trains(model, algorithm):
    loss = "began" if algorithm == "began" else "non_saturating"
    few = {"warmup_turns": 2} if algorithm == "critic_warmup" else {}
    # Tracing takes longest, and what it finds does not depend on the pair.
    train(steps=5, eagerly=model != "mlp", model=model, algorithm=algorithm, loss=loss, batch_size=16, **few)


@pytest.mark.parametrize("model", ["mlp", "dcgan"])
@pytest.mark.parametrize("loss", ["non_saturating", "wgan", "wgan_gp"])
def test_pairs_train_on_mnist(model, loss, tfds_dir):
    train(steps=3, model=model, loss=loss, dataset="mnist", data_dir=tfds_dir, batch_size=16)


def test_the_discriminator_soon_tells_real_from_fake():
    history = train(steps=5, model="dcgan", loss="non_saturating")
    assert history["D(x)"][-1] > history["D(G(z))"][-1] + 0.1
