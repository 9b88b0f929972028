"""Networks and losses are written with Keras alone: they run and differentiate under its other backends."""

import json
import os
import subprocess
import sys

import pytest
from conftest import ROOT

#: Losses, their gradients and the networks' shapes under whatever backend is set, as JSON.
SCRIPT = """
import json, sys
import numpy as np
import keras
from keras import ops
import losses, models
from losses.penalties import registry as penalties, scores_and_gradient

real = ops.convert_to_tensor(np.array([[1.3], [-0.4], [2.2], [0.1]], "float32"))
fake = ops.convert_to_tensor(np.array([[-0.7], [0.9], [-2.1], [0.3]], "float32"))
result = {}
for name in losses.names():
    objective = losses.get(name)
    result[name] = [
        np.asarray(ops.convert_to_numpy(value)).tolist()
        for value in (
            objective.discriminator_loss(real, fake),
            objective.generator_loss(real, fake),
            scores_and_gradient(lambda f: objective.generator_loss(real, f), fake)[1],
            scores_and_gradient(lambda r: objective.discriminator_loss(r, fake), real)[1],
        )
    ]
x = ops.convert_to_tensor(np.linspace(-1, 1, 32, dtype="float32").reshape(2, 4, 4, 1))
w = ops.convert_to_tensor(np.linspace(-1, 2, 16, dtype="float32").reshape(16, 1))
critic = lambda x: ops.matmul(ops.reshape(x, (2, 16)), w)
for name in penalties.names():
    # Backends draw differently, which the gradient of a linear critic does not see.
    blind = name == "consistency"
    result[name] = float(penalties.find(name)(lambda x: critic(0 * x if blind else x), x, -x, seed=1))
everything = dict(
    diff_augment="color,translation,cutout",
    spectral_norm=True,
    minibatch_discrimination=3,
    virtual_batch_norm=4,
    packing=2,
    instance_noise=0.1,
    orthogonal_regularization=0.1,
    historical_averaging=0.1,
    generator_ema=0.9,
)
cases = [(name, {}) for name in models.names()]
for name, options in [*cases, ("dcgan", everything), ("dcgan", {"autoencoder": 5})]:
    shape = (2,) if models.network.pair(name).dimensions == 1 else (8, 8, 1)
    generator, discriminator = models.get(name, shape, 16, **options)
    images = generator(generator.sample_latent(4, 0), training=True)
    scores = discriminator(images, training=True)
    result[f"{name} {sorted(options)}"] = [list(images.shape), list(scores.shape)]
json.dump({"backend": keras.backend.backend(), **result}, sys.stdout)
"""


def run_under(backend):
    finished = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "2"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_equations_and_networks_agree_with_tensorflow(backend):
    pytest.importorskip(backend, reason=f"needs {backend}")
    other, tensorflow = run_under(backend), run_under("tensorflow")
    assert other.pop("backend") == backend and tensorflow.pop("backend") == "tensorflow"
    assert other.keys() == tensorflow.keys()

    def flat(value):
        return [x for part in value for x in flat(part)] if isinstance(value, list) else [value]

    for name, value in tensorflow.items():
        assert flat(other[name]) == pytest.approx(flat(value), rel=1e-5, abs=1e-7), name
