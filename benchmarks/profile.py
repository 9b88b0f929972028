"""Where the time of a step goes: the TensorFlow profiler's trace of one, by kernel."""

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path


def traced(step: Callable[[], None]) -> list[tuple[str, float, float, str]]:
    """The kernels that ran during `step`, as TensorBoard's profiler records them.

    Returns:
        Thread, begin in seconds from the first kernel, duration in seconds, and operation of each.
    """
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        step()
        tf.profiler.experimental.stop()
        (file,) = Path(folder).rglob("*.xplane.pb")
        return _kernels(file.read_bytes())


def by_kind(kernels: Iterable[tuple[str, float, float, str]]) -> dict[str, float]:
    """Seconds of all the kernels of each operation, the longest first."""
    taken: dict[str, float] = {}
    for _, _, seconds, operation in kernels:
        taken[operation] = taken.get(operation, 0.0) + seconds
    return dict(sorted(taken.items(), key=lambda item: item[1], reverse=True))


def _kernels(space: bytes) -> list[tuple[str, float, float, str]]:
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    found = []
    for plane in xplane_pb2.XSpace.FromString(space).planes:
        if not plane.name.startswith("/host:CPU"):
            continue
        for line in plane.lines:
            for event in line.events:
                # A kernel's name is "NODE:OPERATION"; C++ functions have two colons, Python frames a "$".
                name = plane.event_metadata[event.metadata_id].name
                node, _, operation = name.rpartition(":")
                if node and "::" not in name and not node.startswith("$") and operation.isidentifier():
                    begin = line.timestamp_ns * 1e-9 + event.offset_ps * 1e-12
                    found.append((f"{line.name}/{line.id}", begin, event.duration_ps * 1e-12, operation))
    first = min(begin for _, begin, _, _ in found)
    return [(thread, begin - first, seconds, operation) for thread, begin, seconds, operation in found]
