"""The measures of samples while the generator learns, and the best checkpoint by them."""

from collections.abc import Sequence

import numpy as np

from callbacks.checkpoints import CheckpointStore
from callbacks.every import Every
from callbacks.record import Record
from evaluation import measures
from evaluation.judge import evidence, left_out, measured
from evaluation.measures import Evidence
from evaluation.reference import Reference
from evaluation.samples import of_gan
from support.errors import UserError


class Evaluation(Every):
    """Measures every so many steps and at the end; keeps the best checkpoint by the first of the numbers.

    Numbers are recorded as "eval/NAME", with the feature space of those that depend on it. The samples
    are those of one fixed noise.

    Args:
        record: Where the numbers are recorded.
        store: Where the best checkpoint is kept.
        reference: The real examples, and how many samples to draw.
        metrics: Names of measures, one at least.
        turn: Examples that the discriminator sees at a time.
        every: Steps between two evaluations.
        last: The run's last step, after which there is one too.
    """

    def __init__(
        self,
        record: Record,
        store: CheckpointStore,
        reference: Reference,
        metrics: Sequence[str],
        turn: int,
        every: int,
        last: int,
    ):
        super().__init__(every, last)
        self.record = record
        self.store = store
        self.reference = reference
        self.metrics = metrics
        self.turn = turn

    @staticmethod
    def check(reference: Reference, metrics: Sequence[str]) -> None:
        """Raises `UserError` unless the measures can be taken and the first tells better from worse."""
        real = reference.examples[: reference.size]
        # Two show which features there are; those of all take minutes, and not every measure looks at them.
        features = reference.space(np.asarray(real[:2]))
        missing = left_out(metrics, Evidence(reference, real, features, lambda: real, lambda _: {}))
        if missing:
            raise UserError(
                "; ".join(f"--eval_metrics: {name} is {words}" for name, words in missing.items())
            )
        if not measures.find(metrics[0]).ranks:
            raise UserError(
                f"--eval_metrics: {metrics[0]} does not say which checkpoint is better: name another first"
            )

    def at_step(self, step):
        samples = of_gan(self.model, self.reference.size, self.reference.seed, self.turn)
        seen = evidence(self.reference, samples, with_errors=False)
        values = {}
        for metric in self.metrics:
            found = measured([metric], seen, f"step {step}")
            space = f" ({self.reference.space.name})" if measures.find(metric).in_features else ""
            values |= {f"eval/{name}{space}": estimate for name, estimate in found.items()}
        self.record.scalars(step, {name: estimate.value for name, estimate in values.items()})
        first = next(iter(values.values()))
        self.store.offer(step, -first.value if first.better == "higher" else first.value)
