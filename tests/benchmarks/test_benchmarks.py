"""The benchmarks' own claims: what they count, and that all contenders do the same work."""

import importlib.util
import sys

import pytest
import tensorflow as tf

from benchmarks import race, training, workloads
from benchmarks.arithmetic import operations
from benchmarks.parts import SAME
from support.errors import UserError


def counted(function, *shapes):
    return operations(tf.function(function).get_concrete_function(*map(tf.TensorSpec, shapes)).graph)


def test_matrix_products_and_convolutions_are_counted_by_hand():
    assert counted(lambda a, b: a @ b, (3, 4), (4, 5)) == 2 * 3 * 4 * 5
    assert counted(lambda a, b: tf.matmul(a, b, transpose_a=True), (4, 3), (4, 5)) == 2 * 3 * 4 * 5
    convolution = 2 * (2 * 4 * 4) * (5 * 5 * 3) * 6
    assert counted(lambda x, w: tf.nn.conv2d(x, w, 2, "SAME"), (2, 8, 8, 3), (5, 5, 3, 6)) == convolution
    transposed = lambda x, w: tf.nn.conv2d_transpose(x, w, (2, 8, 8, 3), 2, "SAME")  # noqa: E731
    assert counted(transposed, (2, 4, 4, 6), (5, 5, 3, 6)) == convolution


def test_only_what_is_needed_is_counted():
    def gradients(x, w, by):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = tf.nn.conv2d(x, w, 2, "SAME")
        by_input, by_weights = tape.gradient(y, [x, w])
        return {"both": by_input[0, 0, 0, 0] + by_weights[0, 0, 0, 0], "weights": by_weights, "none": y}[by]

    shapes = (2, 8, 8, 3), (5, 5, 3, 6)
    once = counted(lambda x, w: gradients(x, w, "none"), *shapes)
    assert counted(lambda x, w: gradients(x, w, "weights"), *shapes) == once
    assert counted(lambda x, w: gradients(x, w, "both"), *shapes) == 2 * once


def test_workloads_take_other_settings():
    assert workloads.find("wgan@n_critic=2,batch_size=8").images_per_step == 16
    assert workloads.find("dcgan_28@side=16").image_shape == (16, 16, 1)
    for wrong in ("dcgan", "mlp@depth=3"):
        with pytest.raises(UserError, match="valid"):
            workloads.find(wrong)
    for wrong in ("mlp@batch_size=x", "mlp@side=0", "mlp@n_critic"):
        with pytest.raises(UserError, match="whole number, 1 at least"):
            workloads.find(wrong)


@pytest.mark.parametrize("workload", ["mlp@side=8", "wgan_gp@batch_size=8,n_critic=2"])
def test_the_peers_compute_what_the_suite_does(workload):
    """Same weights, data and noise, dropout off: same losses, after an update of the discriminator too."""
    peers = ["keras_tuned"] + ["torch"] * bool(importlib.util.find_spec("torch"))
    differences = race.largest_difference(["suite", *peers], workload)
    assert differences.keys() == {*peers}
    assert max(differences.values()) < SAME


def test_a_contender_that_fails_is_named():
    with pytest.raises(UserError, match="suite ended: .*unknown workload"):
        race.race(["suite"], "nonsense", rounds=1)


def test_peers_are_not_timed_without_ours(capsys, monkeypatch, tmp_path):
    command = ["benchmarks.training", "--contenders=torch,keras", f"--output={tmp_path}"]
    monkeypatch.setattr(sys, "argv", command)
    assert training.main() == 1
    assert "add suite" in capsys.readouterr().err
