"""One value function, three ways to estimate a density."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import norm

from support.numbers import Number
from theory.experiment import Outcome, experiment, panels
from theory.players import value

MEAN, STD = 1.5, 0.8


def slope(real_scores, fake_scores, real_features, fake_features) -> np.ndarray:
    """The gradient of V by parameters w of the scores; features are d score / d w, (w, N)."""
    return np.mean(expit(-real_scores) * real_features, axis=1) - np.mean(
        expit(fake_scores) * fake_features, axis=1
    )


def log_model(parameters, x) -> np.ndarray:
    """log p_m(x) of a Gaussian with mean, log std and an offset of its own: -1/2 log 2 pi if normalised."""
    mean, log_std, offset = parameters
    return offset - log_std - 0.5 * ((x - mean) * np.exp(-log_std)) ** 2


def log_model_slopes(parameters, x) -> np.ndarray:
    """d log p_m / d (mean, log std, offset), (3, N)."""
    mean, log_std, _ = parameters
    standard = (x - mean) * np.exp(-log_std)
    return np.stack([standard * np.exp(-log_std), standard**2 - 1, np.ones_like(x)])


@experiment(
    "Noise-contrastive estimation, maximum likelihood and GAN: one value, three ways to move",
    formula=r"V(p_c,p_g)=E_{p_d}\log p_c(y=1|x)+E_{p_g}\log p_c(y=0|x),\quad "
    r"\nabla V|_{p_m=p_g}=\tfrac12\nabla E_{p_d}\log p_m",
    papers="Goodfellow 2014, On distinguishability criteria (arXiv 1412.6515), Figure 1 and section 4; "
    "Gutmann and Hyvarinen 2010; Goodfellow 2016 (arXiv 1701.00160), section 3.4",
)
def nce_mle_gan(generator: np.random.Generator) -> Outcome:
    """All three play V. Noise-contrastive estimation keeps the noise fixed and learns the density inside
    the classifier, its normaliser too. Self-contrastive estimation copies that density into the noise after
    every step: its gradient is half that of the log-likelihood. A GAN learns the sampler instead, by the
    gradient that the classifier passes back. Each finds the mean and deviation of a Gaussian."""
    count = 20_000
    data = generator.normal(MEAN, STD, count)
    # Seven standard errors of the best estimator's mean; contrastive ones have more variance.
    tolerance = 0.04
    numbers = []

    noise_std = 2.0
    noise = generator.normal(0, noise_std, count)

    def contrastive(parameters, x):
        return log_model(parameters, x) - norm.logpdf(x, 0, noise_std)

    def loss(parameters):
        scores = contrastive(parameters, data), contrastive(parameters, noise)
        features = log_model_slopes(parameters, data), log_model_slopes(parameters, noise)
        return -value(*scores), -slope(*scores, *features)

    path_nce = [np.zeros(3)]
    found = minimize(loss, np.zeros(3), jac=True, method="BFGS", callback=lambda w: path_nce.append(w.copy()))
    mean, log_std, offset = found.x
    numbers += [
        Number("NCE: mean", mean, MEAN, tolerance, source="the data's"),
        Number("NCE: standard deviation", np.exp(log_std), STD, tolerance, source="the data's"),
        Number("NCE: offset, the normaliser", offset, -0.5 * np.log(2 * np.pi), tolerance),
    ]

    weights, path_self = np.array([0.0, 0.5, -0.5 * np.log(2 * np.pi)]), []
    for step in range(300):
        path_self.append(weights.copy())
        copy = generator.normal(weights[0], np.exp(weights[1]), count)
        zeros = np.zeros(count)  # The scores are log p_m - log p_g: the model is its own noise.
        gradient = slope(zeros, zeros, log_model_slopes(weights, data), log_model_slopes(weights, copy))
        if step == 0:
            likelihood = log_model_slopes(weights, data)[:2].mean(axis=1)
            error = np.abs(gradient[:2] - likelihood / 2).max()
        weights = weights + 0.1 * np.array([*gradient[:2], 0.0])
    numbers += [
        Number(
            "self-contrastive: gradient - half the likelihood's", error, 0.0, 0.02, source="4 standard errors"
        ),
        Number("self-contrastive: mean", weights[0], MEAN, tolerance, source="the data's"),
        Number(
            "self-contrastive: standard deviation", np.exp(weights[1]), STD, tolerance, source="the data's"
        ),
    ]

    mean, std, discriminator, path_gan = 0.0, 1.6, np.zeros(3), []
    powers = lambda x: np.stack([x**2, x, np.ones_like(x)])  # noqa: E731
    for step in range(3000):
        path_gan.append((mean, np.log(std)))
        real, z = data[generator.integers(0, count, 2000)], generator.normal(0, 1, 2000)
        fake = mean + std * z
        for _ in range(5):
            scores = discriminator @ powers(real), discriminator @ powers(fake)
            discriminator = discriminator + 0.1 * slope(*scores, powers(real), powers(fake))
        by_sample = -expit(discriminator @ powers(fake)) * (2 * discriminator[0] * fake + discriminator[1])
        rate = 0.02 if step < 2000 else 0.004
        mean, std = mean - rate * by_sample.mean(), std - rate * np.mean(by_sample * z)
    late = np.array(path_gan[-500:])
    numbers += [
        Number("GAN: mean", late[:, 0].mean(), MEAN, tolerance, source="the data's"),
        Number("GAN: standard deviation", np.exp(late[:, 1]).mean(), STD, tolerance, source="the data's"),
    ]

    figure, (left, right) = panels(1, 2, "One value function, three ways to move")
    for label, path in (
        ("NCE (BFGS)", np.array(path_nce)[:, :2]),
        ("self-contrastive MLE", np.array(path_self)[:, :2]),
        ("GAN", np.array(path_gan)),
    ):
        left.plot(path[:, 0], np.exp(path[:, 1]), ".-", ms=2, lw=0.6, label=label)
        steps = np.linspace(0, 1, len(path))
        right.plot(steps, np.hypot(path[:, 0] - MEAN, np.exp(path[:, 1]) - STD), label=label)
    left.plot(MEAN, STD, "k*", ms=10, label="data")
    left.set(xlabel="mean", ylabel="standard deviation", title="Paths of the parameters")
    left.legend(fontsize=8)
    right.set(
        yscale="log",
        xlabel="share of the steps taken",
        ylabel="distance from the data's parameters",
        title="They all arrive",
    )
    right.legend(fontsize=8)
    return Outcome(numbers, figure)
