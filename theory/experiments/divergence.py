"""The divergences, side by side."""

import numpy as np
from scipy.integrate import quad
from scipy.stats import norm

from support.numbers import Number
from theory import divergences as div
from theory.densities import gaussian, grid
from theory.experiment import Outcome, experiment, panels


@experiment(
    "Divergences: what each says of two distributions",
    formula=r"D_{KL}(P\|Q)=\sum_i P(i)\log\frac{P(i)}{Q(i)}=\int p\log\frac pq\,dx,\quad "
    r"JSD=\tfrac12 D_{KL}(P\|M)+\tfrac12 D_{KL}(Q\|M),\ M=\tfrac12(P+Q)",
    papers="Nowozin et al. 2016 (arXiv 1606.00709), Table 5; Arjovsky et al. 2017 (arXiv 1701.07875), "
    "section 2",
)
def divergences(generator: np.random.Generator) -> Outcome:
    """KL is not symmetric and has no bound; JS is symmetric and never above log 2, total variation never
    above 1: they, and Hellinger's, stop telling how far apart two distributions are once these no longer
    overlap. KL is infinite where the supports do not meet. The Wasserstein distance grows with the
    distance. Sums and integrals are one formula."""
    x, dx = grid(-30, 30, 24_001)
    p, q = gaussian(0, 1).pdf(x), gaussian(1, 1.5).pdf(x)
    ratio = 1.5
    forward = np.log(ratio) + (1 + 1) / (2 * ratio**2) - 0.5
    backward = -np.log(ratio) + (ratio**2 + 1) / 2 - 0.5
    hellinger = 2 - 2 * np.sqrt(2 * ratio / (1 + ratio**2)) * np.exp(-1 / (4 * (1 + ratio**2)))
    spread = 2 * ratio**2 - 1
    pearson = ratio**2 / np.sqrt(spread) * np.exp(1 / spread) - 1
    middle = lambda t: (norm.pdf(t) + norm.pdf(t, 1, 1.5)) / 2  # noqa: E731

    def half(scale, mean):
        return quad(
            lambda t: norm.pdf(t, mean, scale) * np.log(norm.pdf(t, mean, scale) / middle(t)), -25, 25
        )[0]

    shifted = gaussian(1, 1).pdf(x)
    coins, dice = np.array([9, 12, 4]) / 25, np.full(3, 1 / 3)
    of_sums = (
        (9 * np.log(27 / 25) + 12 * np.log(36 / 25) + 4 * np.log(12 / 25)) / 25,
        (np.log(25 / 27) + np.log(25 / 36) + np.log(25 / 12)) / 3,
    )
    apart = gaussian(-10, 1).pdf(x), gaussian(10, 1).pdf(x)
    numbers = [
        Number("KL(N(0, 1) || N(1, 1.5^2))", div.kl(p, q, dx), forward, 1e-6),
        Number("KL the other way round", div.kl(q, p, dx), backward, 1e-6),
        Number("squared Hellinger", div.squared_hellinger(p, q, dx), hellinger, 1e-6),
        Number("Pearson", div.pearson(p, q, dx), pearson, 1e-6),
        Number(
            "Jensen-Shannon",
            div.jensen_shannon(p, q, dx),
            (half(1, 0) + half(1.5, 1)) / 2,
            1e-6,
            source="adaptive quadrature",
        ),
        Number(
            "Jensen-Shannon the other way round, difference",
            div.jensen_shannon(q, p, dx) - div.jensen_shannon(p, q, dx),
            0.0,
            1e-12,
        ),
        Number(
            "total variation of N(0, 1), N(1, 1)",
            div.total_variation(p, shifted, dx),
            2 * norm.cdf(0.5) - 1,
            1e-6,
        ),
        Number("W1 of N(0, 1), N(1, 1)", div.wasserstein(p, shifted, dx), 1.0, 1e-6),
        Number("KL of (9, 12, 4)/25 and thirds, a sum", div.kl(coins, dice), of_sums[0], 1e-12),
        Number("the other way round", div.kl(dice, coins), of_sums[1], 1e-12),
        Number("Jensen-Shannon of N(-10, 1), N(10, 1)", div.jensen_shannon(*apart, dx), np.log(2), 1e-6),
        Number("total variation of these", div.total_variation(*apart, dx), 1.0, 1e-6),
        Number("W1 of these", div.wasserstein(*apart, dx), 20.0, 1e-6),
    ]

    figure, (left, right) = panels(1, 2, "Divergences of N(0, 1) and N(m, 1)")
    shifts = np.linspace(0, 8, 81)
    curves = {
        "KL = reverse KL": div.kl,
        "Pearson": div.pearson,
        "Jensen-Shannon": div.jensen_shannon,
        "squared Hellinger": div.squared_hellinger,
        "total variation": div.total_variation,
        "W1": div.wasserstein,
    }
    base = gaussian().pdf(x)
    for label, function in curves.items():
        left.plot(shifts, [function(base, gaussian(m).pdf(x), dx) for m in shifts], label=label)
    left.axhline(np.log(2), color="black", lw=0.6, ls=":", label="log 2")
    left.set(
        ylim=(0, 8), xlabel="shift m", ylabel="divergence (nats; W1 in units of x)", title="Against the shift"
    )
    left.legend(fontsize=8)
    stds = np.geomspace(1 / 3, 3, 61)
    x, dx = grid(-12, 12, 9601)  # Further out the narrowest density underflows to 0, and KL to infinity.
    base, others = gaussian(0, 1).pdf(x), [gaussian(0, s).pdf(x) for s in stds]
    right.plot(stds, [div.kl(base, other, dx) for other in others], label="KL(N(0, 1) || N(0, s^2))")
    right.plot(stds, [div.kl(other, base, dx) for other in others], label="KL(N(0, s^2) || N(0, 1))")
    both = [div.jensen_shannon(base, other, dx) for other in others]
    right.plot(stds, both, label="Jensen-Shannon, either way")
    right.set(xscale="log", xlabel="standard deviation s", ylabel="nats", title="KL is not symmetric")
    right.set_xticks([1 / 3, 1, 3], ["1/3", "1", "3"])
    right.minorticks_off()
    right.legend(fontsize=8)
    return Outcome(numbers, figure)
