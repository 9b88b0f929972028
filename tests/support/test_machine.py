"""What a record says of the machine."""

import tensorflow as tf

from support import machine


def test_a_record_names_the_gpu_that_tensorflow_computes_on(monkeypatch):
    assert "gpu" not in machine.describe() or tf.config.list_physical_devices("GPU")
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["a", "b"])
    details = {"a": {"device_name": "NVIDIA A"}, "b": {"device_name": "NVIDIA B"}}
    monkeypatch.setattr(tf.config.experimental, "get_device_details", details.get)
    described = machine.describe("keras")
    assert described["gpu"] == "NVIDIA A, NVIDIA B"
    assert [*described] == ["processor", "cores", "features", "python", "gpu", "keras"]
