"""The implementations that are timed, one module each, and how each of them is run."""

import dataclasses
import importlib
from collections.abc import Mapping
from typing import Any

FLOAT32, BFLOAT16 = "float32", "bfloat16"


@dataclasses.dataclass(frozen=True)
class Contender:
    """One implementation with its options.

    Args:
        title: In tables and plots.
        factory: "module.Class" below this package.
        options: Arguments of the class beside workload and pictures.
        precision: What matrix products and convolutions are computed in.
        environment: Variables of its process.
    """

    title: str
    factory: str
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    precision: str = FLOAT32
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def trains(self) -> bool:
        """Whether it trains GANs; the others show what the machine can do."""
        return not self.factory.startswith("peak.")

    def build(self, workload, pictures):
        module, name = self.factory.split(".")
        found = getattr(importlib.import_module(f"{__name__}.{module}"), name)
        return found(workload, pictures, **self.options)


_ONEDNN = {"TF_ENABLE_ONEDNN_OPTS": "1"}

#: The first is ours.
CONTENDERS = {
    "suite": Contender("this suite", "suite.Suite"),
    "keras": Contender("plain Keras, as documented", "plain_keras.PlainKeras"),
    "keras_tuned": Contender(
        "plain Keras, oneDNN on, no XLA", "plain_keras.PlainKeras", dict(jit_compile=False), FLOAT32, _ONEDNN
    ),
    "torch": Contender("PyTorch", "pytorch.PyTorch"),
    "torch_nhwc": Contender("PyTorch, channels last", "pytorch.PyTorch", dict(channels_last=True)),
    "torch_compiled": Contender("PyTorch, compiled", "pytorch.PyTorch", dict(compiled=True)),
    "suite_bf16": Contender("this suite", "suite.Suite", dict(precision="mixed_bfloat16"), BFLOAT16),
    "keras_bf16": Contender(
        "plain Keras", "plain_keras.PlainKeras", dict(jit_compile=False, bfloat16=True), BFLOAT16, _ONEDNN
    ),
    "torch_bf16": Contender("PyTorch autocast", "pytorch.PyTorch", dict(bfloat16=True), BFLOAT16),
    "product": Contender("matrix product", "peak.Peak", dict(kind="product")),
    "convolution": Contender("convolution", "peak.Peak", dict(kind="convolution")),
    "product_bf16": Contender("matrix product", "peak.Peak", dict(kind="product", dtype=BFLOAT16), BFLOAT16),
    "convolution_bf16": Contender(
        "convolution", "peak.Peak", dict(kind="convolution", dtype=BFLOAT16), BFLOAT16
    ),
}
