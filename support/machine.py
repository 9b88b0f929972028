"""What recorded numbers were measured on."""

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
#: Without one of these a processor computes bfloat16 by way of float32, many times as slowly.
_BFLOAT16 = {"avx512_bf16", "amx_bf16"}


def flags() -> set[str]:
    """The processor's features, as Linux names them; empty elsewhere."""
    text = _CPUINFO.read_text() if _CPUINFO.exists() else ""
    lines = (line for line in text.splitlines() if line.startswith("flags"))
    return {*next(lines, "").partition(":")[2].split()}


def has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 faster than float32."""
    return bool(_BFLOAT16 & flags())


def commit() -> str | None:
    """The commit that this code is of, with "-dirty" behind it where files differ; None outside git."""
    git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=7"]
    try:
        return subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def gpus() -> list[dict]:
    """What TensorFlow says of each GPU that it computes on."""
    import tensorflow

    details = tensorflow.config.experimental.get_device_details
    return [details(gpu) for gpu in tensorflow.config.list_physical_devices("GPU")]


def describe(*packages: str) -> dict:
    """Processor, cores, GPUs if there are any, and versions of Python and the packages that are installed."""
    text = _CPUINFO.read_text() if _CPUINFO.exists() else ""
    models = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    known = flags()
    widest = [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if name in known]
    # Not for the sake of a record is TensorFlow imported.
    names = [gpu.get("device_name", "unnamed") for gpu in gpus()] if "tensorflow" in sys.modules else []
    found = {"gpu": ", ".join(names)} if names else {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return dict(
        processor=(models or [platform.machine()])[0],
        cores=os.cpu_count(),
        features=", ".join(widest),
        python=platform.python_version(),
        **found,
    )
