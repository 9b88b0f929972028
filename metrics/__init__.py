"""Sample-quality metrics: pure functions of arrays."""

from metrics.classes import ClassBalance, InceptionScore, class_balance, inception_score
from metrics.frechet import Moments, frechet_distance, frechet_infinity
from metrics.kernel import KernelDistance, kernel_distance
from metrics.manifold import (
    DensityCoverage,
    Neighbors,
    PrecisionRecall,
    data_copying,
    density_coverage,
    nearest_neighbors,
    precision_recall,
)
from metrics.modes import ModeCoverage, mode_coverage, stacked_coverage
from metrics.parzen import choose_sigma, parzen_log_likelihood
from metrics.similarity import ms_ssim, ms_ssim_diversity
from metrics.sliced import sliced_wasserstein

__all__ = [
    "ClassBalance",
    "DensityCoverage",
    "InceptionScore",
    "KernelDistance",
    "ModeCoverage",
    "Moments",
    "Neighbors",
    "PrecisionRecall",
    "choose_sigma",
    "class_balance",
    "data_copying",
    "density_coverage",
    "frechet_distance",
    "frechet_infinity",
    "inception_score",
    "kernel_distance",
    "mode_coverage",
    "ms_ssim",
    "ms_ssim_diversity",
    "nearest_neighbors",
    "parzen_log_likelihood",
    "precision_recall",
    "sliced_wasserstein",
    "stacked_coverage",
]
