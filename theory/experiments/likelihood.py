"""What a generative model wants: maximum likelihood, and why that is a divergence."""

import numpy as np
from scipy.optimize import minimize

from support.numbers import Number
from theory.densities import Mixture, gaussian, grid
from theory.divergences import jensen_shannon, kl, reverse_kl
from theory.experiment import Outcome, experiment, panels


def _closest(divergence, p, x, dx) -> tuple[float, float, float]:
    """Mean, standard deviation and divergence of the Gaussian q for which `divergence(p, q)` is least."""

    def value(parameters):
        mean, log_std = parameters
        return divergence(p, gaussian(mean, np.exp(log_std)).pdf(x), dx)

    options = dict(xatol=1e-7, fatol=1e-12, maxiter=2000)
    # Between two modes there are several minima.
    starts = ((-2.0, 0.0), (0.0, 1.0), (2.0, 0.0))
    tries = [minimize(value, start, method="Nelder-Mead", options=options) for start in starts]
    found = min(tries, key=lambda one: one.fun)
    return float(found.x[0]), float(np.exp(found.x[1])), float(found.fun)


@experiment(
    "Maximum likelihood is minimum KL(P_data || P_G)",
    formula=r"\arg\max_\theta \frac1m\sum_i\log P_G(x^i;\theta) \to "
    r"\arg\min_\theta KL(P_{data}\,\|\,P_G(\theta))",
    papers="Goodfellow 2016 (arXiv 1701.00160), section 2.1 and Figure 14",
)
def mle_is_kl(generator: np.random.Generator) -> Outcome:
    """Fitting a model by maximum likelihood finds the parameters that minimise KL(P_data || P_G), for the
    mean negative log-likelihood is H(P_data) + KL(P_data || P_G), and the first term does not depend on the
    model. Where the model is too simple, a Gaussian for two modes, that divergence covers both modes with
    its one; the reverse KL(P_G || P_data) seeks out one of them and leaves the other,
    and so does the Jensen-Shannon divergence."""
    x, dx = grid()
    numbers = []

    data = gaussian(1.5, 0.8)
    count = 50_000
    sample = data.sample(count, generator)
    mean, std, _ = _closest(kl, data.pdf(x), x, dx)
    error = 3 * 0.8 / np.sqrt(count)
    numbers += [
        Number("mean that maximises the likelihood", sample.mean(), mean, error, source="minimum of the KL"),
        Number("its standard deviation", sample.std(), std, error, source="minimum of the KL"),
    ]
    model = gaussian(0.9, 1.1)
    entropy = 0.5 * np.log(2 * np.pi * np.e * 0.8**2)
    difference = np.log(1.1 / 0.8) + (0.8**2 + 0.6**2) / (2 * 1.1**2) - 0.5
    log_likelihoods = np.log(model.pdf(sample))
    numbers += [
        Number("KL by the integral", kl(data.pdf(x), model.pdf(x), dx), difference, 1e-6),
        Number(
            "mean negative log-likelihood",
            -log_likelihoods.mean(),
            entropy + difference,
            3 * log_likelihoods.std() / np.sqrt(count),
            source="H(P_data) + KL",
        ),
    ]

    modes = Mixture([-3, 2], [0.5, 0.7], [0.4, 0.6])
    p = modes.pdf(x)
    forward = _closest(kl, p, x, dx)
    between = _closest(jensen_shannon, p, x, dx)
    backward = _closest(reverse_kl, p, x, dx)
    numbers += [
        Number(
            "KL(P || G): mean of the closest Gaussian", forward[0], modes.mean, 1e-3, source="moments of P"
        ),
        Number("its standard deviation", forward[1], modes.std, 1e-3, source="moments of P"),
        Number("KL(G || P): mean of the closest Gaussian", backward[0], 2.0, 1e-2, source="one mode alone"),
        Number("its standard deviation", backward[1], 0.7, 1e-2, source="one mode alone"),
        Number(
            "its divergence, KL(G || P)", backward[2], -np.log(0.6), 1e-3, source="-log of that mode's share"
        ),
        Number(
            "JSD: mean of the closest Gaussian",
            between[0],
            backward[0],
            0.01,
            source="as the reverse KL's",
        ),
    ]

    figure, (left, middle, right) = panels(1, 3, "Maximum likelihood is minimum KL")
    means = np.linspace(0, 3, 61)
    left.plot(means, [kl(data.pdf(x), gaussian(m, 0.8).pdf(x), dx) for m in means], label="KL(P_data || P_G)")
    likelihoods = [-np.log(gaussian(m, 0.8).pdf(sample)).mean() - entropy for m in means]
    left.plot(means, likelihoods, "--", label="mean -log P_G(x) of the data, minus H(P_data)")
    left.axvline(sample.mean(), color="black", lw=0.8, label="maximum likelihood")
    left.set(xlabel="mean of the model", ylabel="nats", title="One minimum")
    left.legend(fontsize=8)
    middle.hist(sample, 80, density=True, color="lightgrey", label="data")
    middle.plot(x, gaussian(sample.mean(), sample.std()).pdf(x), label="fitted by maximum likelihood")
    middle.set(xlim=(-2, 5), xlabel="x", ylabel="density", title="The fit")
    middle.legend(fontsize=8)
    right.fill_between(x, p, color="lightgrey", label="P: two modes")
    right.plot(x, gaussian(*forward[:2]).pdf(x), label="least KL(P || G): covers")
    right.plot(x, gaussian(*backward[:2]).pdf(x), label="least KL(G || P): seeks")
    right.plot(x, gaussian(*between[:2]).pdf(x), "--", label="least JSD")
    right.set(xlim=(-7, 6), xlabel="x", ylabel="density", title="One Gaussian for two modes")
    right.legend(fontsize=8)
    return Outcome(numbers, figure)
