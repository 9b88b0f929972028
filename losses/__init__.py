"""Objectives: one file per family, one function per equation; penalties and constraints beside them."""

import math

from losses import constraints, penalties
from losses.objective import Objective, registry
from support.errors import UserError

__all__ = ["Objective", "constraints", "get", "names", "penalties"]

names = registry.names


def get(name: str, **options) -> Objective:
    """The objective of that flag value, for example `get("wgan", clip=0.05)`.

    Args:
        name: One of `names()`.
        **options: Fields of the objective's class; each defaults to the paper's value.

    Raises:
        ValueError: The name, an option or a penalty is unknown, or a value is out of range.
    """
    objective = registry.create(name, **options)
    for penalty, weight in objective.penalties.items():
        penalties.registry.canonical(penalty)
        if not 0 <= weight < math.inf:
            raise UserError(f"penalty {penalty}: its weight must be a finite number, 0 or more, not {weight}")
    return objective
