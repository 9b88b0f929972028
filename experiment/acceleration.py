"""What the machine at hand computes fastest: which precision, and whether XLA compiles the step."""

from support import machine

AUTO = "auto"
PRECISIONS = ("float32", "mixed_bfloat16")
#: NVIDIA's compute capability from which on matrix products of bfloat16 have units of their own.
BFLOAT16_CAPABILITY = (8, 0)


def precision(asked: str, pictures: bool = True) -> str:
    """The precision that "auto" comes to on this machine; another name is itself.

    mixed_bfloat16 computes layers in bfloat16; weights, scores, losses and updates stay float32. Its 8 bits
    hold the 256 levels of a pixel, but not the coordinates of points.
    """
    if asked != AUTO:
        return asked
    if not pictures:
        return "float32"
    if gpus := machine.gpus():
        able = all(gpu.get("compute_capability", (0, 0)) >= BFLOAT16_CAPABILITY for gpu in gpus)
    else:
        able = machine.has_bfloat16()
    return "mixed_bfloat16" if able else "float32"


def jit_compile(asked: str) -> bool:
    """Whether XLA compiles the step. "auto": on a GPU. On processors it made every step slower."""
    return bool(machine.gpus()) if asked == AUTO else asked == "on"
