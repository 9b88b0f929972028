"""Sample-quality metrics: pure functions of arrays."""

from metrics.frechet import frechet_distance
from metrics.modes import ModeCoverage, mode_coverage

__all__ = ["ModeCoverage", "frechet_distance", "mode_coverage"]
