"""Sample-quality metrics: pure functions of arrays."""

from metrics.frechet import frechet_distance

__all__ = ["frechet_distance"]
