"""The smallest games: gradient descent on them can be followed by hand."""

from collections.abc import Callable

import numpy as np

#: Gradients that both players follow at (x, y): x descends the first, y ascends the second.
Field = Callable[[float, float], tuple[float, float]]


def bilinear(x: float, y: float) -> tuple[float, float]:
    """min_x max_y x y: its gradients by x and by y."""
    return y, x


def dirac_gan(gamma: float = 0.0) -> Field:
    """Data at 0, a generator at x, D(t) = y t, the original game: V = f(x y) + f(0), f(t) = -log(1 + e^-t).

    Mescheder, Geiger and Nowozin 2018 (arXiv 1801.04406), Definition 2.1. With gamma, D ascends
    V - gamma / 2 y^2: R1, the squared slope of D at the data.
    """

    def field(x: float, y: float) -> tuple[float, float]:
        slope = 1 / (1 + np.exp(x * y))
        return y * slope, x * slope - gamma * y

    return field


def descend(
    field: Field, start: tuple[float, float], rate: float, steps: int, alternating: bool
) -> np.ndarray:
    """The path of both players, (steps + 1, 2): x descends, y ascends, at once or y after x."""
    path = [start]
    for _ in range(steps):
        x, y = path[-1]
        moved = x - rate * field(x, y)[0]
        path.append((moved, y + rate * field(moved if alternating else x, y)[1]))
    return np.array(path)
