"""Which precision a machine gets, and that a step in it is the step."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from experiment import acceleration, build
from experiment.settings import resolve
from support import machine


@pytest.mark.parametrize(
    ("features", "expected"),
    [({"avx2"}, "float32"), ({"avx512f", "avx512_bf16"}, "mixed_bfloat16"), (set(), "float32")],
)
def test_auto_asks_the_processor(monkeypatch, features, expected):
    monkeypatch.setattr(machine, "flags", lambda: features)
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    assert acceleration.precision("auto") == expected
    assert acceleration.precision("mixed_bfloat16") == "mixed_bfloat16"
    assert acceleration.jit_compile("auto") is False
    assert resolve({"precision": "auto"}).precision == expected
    assert resolve({"model": "toy", "dataset": "ring"}).precision == "float32"


@pytest.mark.parametrize(("capability", "expected"), [((7, 5), "float32"), ((8, 0), "mixed_bfloat16")])
def test_auto_asks_the_gpu(monkeypatch, capability, expected):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["a GPU"])
    details = {"compute_capability": capability}
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: details)
    assert acceleration.precision("auto") == expected
    assert acceleration.jit_compile("auto") is True
    assert acceleration.jit_compile("off") is False


def stepped(**options):
    """A GAN after a step on fixed pictures and noise, which XLA would draw otherwise, and the logs."""
    gan = build.gan(resolve({"batch_size": 16, **options}))
    z = np.random.default_rng(1).uniform(-1, 1, (16 * (gan.n_critic + 1), 100)).astype(np.float32)
    gan.generator.sample_latent = lambda count, seed: tf.constant(z)
    batch = np.random.default_rng(0).uniform(-1, 1, (16 * gan.n_critic, 8, 8, 1)).astype(np.float32)
    logs = gan.fit(batch, batch_size=len(batch), shuffle=False, verbose=0).history
    return gan, {name: values[0] for name, values in logs.items()}


DCGAN = dict(model="dcgan", filters=8)
XLA, BFLOAT16 = dict(jit_compile="on"), dict(precision="mixed_bfloat16")


@pytest.mark.parametrize(
    ("loss", "networks", "options"),
    [
        ("non_saturating", DCGAN, BFLOAT16),
        ("wgan_gp", DCGAN, BFLOAT16),
        ("ebgan", DCGAN, BFLOAT16),
        ("non_saturating", DCGAN, XLA),
        # What a penalty makes of convolutions XLA compiles for half a minute.
        ("wgan_gp", dict(model="wgan_mlp"), XLA),
    ],
)
def test_a_step_in_bfloat16_or_compiled_is_the_same_step(loss, networks, options, monkeypatch):
    monkeypatch.setattr(
        "support.pictures.uniform_per_example", lambda x, **_: tf.fill((x.shape[0], 1, 1, 1), 0.4)
    )
    _, plain = stepped(loss=loss, **networks)
    gan, logs = stepped(loss=loss, **networks, **options)
    assert keras.config.dtype_policy().name == "float32"
    assert {variable.dtype for variable in gan.trainable_variables} == {"float32"}
    # A number of bfloat16 has 8 bits; the step has a dozen layers.
    tolerance = 0.1 if "precision" in options else 1e-3
    for name in ("discriminator_loss", "generator_loss", "discriminator_gradient_norm"):
        assert logs[name] == pytest.approx(plain[name], rel=tolerance, abs=0.1 * tolerance), name
    network = getattr(gan.discriminator, "encoder", gan.discriminator)
    computed = network.body.layers[0].compute_dtype
    assert computed == ("bfloat16" if "precision" in options else "float32")


def test_a_penalty_in_mixed_precision_is_that_of_float32():
    from models.gan import as_opponent, in_variables_precision

    settings = dict(model="dcgan", filters=8, discriminator_batch_norm=False, penalties=dict(r1=1.0))
    mixed = build.gan(resolve(settings | dict(precision="mixed_bfloat16")))
    full = build.gan(resolve(settings))
    full.discriminator.set_weights(mixed.discriminator.get_weights())
    real = tf.constant(np.random.default_rng(0).uniform(-1, 1, (16, 8, 8, 1)).astype(np.float32))

    def penalty(gan):
        return float(gan.objective.penalty(as_opponent(gan.discriminator), real, real))

    with in_variables_precision(mixed.discriminator):
        assert penalty(mixed) == pytest.approx(penalty(full), rel=1e-5)
    assert abs(penalty(mixed) / penalty(full) - 1) > 1e-4
    assert mixed.discriminator.body.layers[0].compute_dtype == "bfloat16"


def test_the_step_takes_its_penalty_in_the_precision_of_the_weights():
    gan = build.gan(resolve(dict(model="dcgan", loss="wgan_gp", filters=8, precision="mixed_bfloat16")))
    seen = {}

    def penalty(discriminator, real, fake, **_):
        seen["inside"] = gan.discriminator.body.layers[0].compute_dtype
        return 0.0

    object.__setattr__(gan.objective, "penalty", penalty)
    gan.train_step(np.zeros((gan.n_critic * 2, 8, 8, 1), np.float32))
    assert seen == {"inside": "float32"}
