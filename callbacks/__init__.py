"""What happens beside training: scalars, pictures, checkpoints, guards, the progress bar."""

from callbacks.checkpoints import Checkpoints, CheckpointStore
from callbacks.evaluation import Evaluation
from callbacks.every import Pace
from callbacks.finite import StopOnNonFinite
from callbacks.progress import ProgressBar
from callbacks.record import Record
from callbacks.samples import Samples, animate
from callbacks.scalars import Scalars

__all__ = [
    "CheckpointStore",
    "Checkpoints",
    "Evaluation",
    "Pace",
    "ProgressBar",
    "Record",
    "Samples",
    "Scalars",
    "StopOnNonFinite",
    "animate",
]
