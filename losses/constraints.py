"""Constraints on the critic's weights, applied after each of its updates."""

from collections.abc import Sequence

from keras import ops


def clip_weights(variables: Sequence, c: float) -> None:
    """w <- clip(w, -c, c) for every weight, in place.

    Arjovsky et al. 2017 (arXiv 1701.07875), Algorithm 1, line 7. As in the authors' code every
    trainable weight of the critic is clipped, the scale and shift of batch norm included.
    """
    for variable in variables:
        variable.assign(ops.clip(variable, -c, c))
