"""What the discriminator learns: against fixed densities, and at the end of the game."""

import numpy as np

from support.numbers import Number
from theory.densities import Mixture, gaussian, grid
from theory.divergences import jensen_shannon
from theory.experiment import Outcome, experiment, panels
from theory.players import Critic, Game, log_spaced, perceptron, sigmoid

DATA = Mixture([-1.5, 1.5], [0.6, 0.6])
MODEL = gaussian(0.5, 1.2)


def value_of(critic: Critic, p, q, x, dx) -> float:
    """V(D, G) by the integral over densities on a grid."""
    scores = critic.scores(x).astype(np.float64)
    return float(np.sum(-p * np.logaddexp(0, -scores) - q * np.logaddexp(0, scores)) * dx)


@experiment(
    "The best discriminator is p_data / (p_data + p_g), and measures the Jensen-Shannon divergence",
    formula=r"D^*_G(x)=\frac{p_{data}(x)}{p_{data}(x)+p_g(x)},\quad V(G,D^*)=-2\log2+2\,JSD(p_{data}\|p_g)",
    papers="Goodfellow et al. 2014 (arXiv 1406.2661), Proposition 1 and Theorem 1",
)
def optimal_discriminator(generator: np.random.Generator) -> Outcome:
    """A perceptron trained to tell samples of two fixed densities apart approaches D*, and its value
    approaches the Jensen-Shannon divergence; its raw score is the logarithm of their ratio. After too few
    updates (the algorithm's k) the value is far below: what the generator then descends is no divergence.
    Where both densities are the same, D is 1/2 everywhere."""
    x, dx = grid(-8, 8, 1601)
    p, q = DATA.pdf(x), MODEL.pdf(x)
    best = p / (p + q)
    highest = -2 * np.log(2) + 2 * jensen_shannon(p, q, dx)
    real, fake = (d.sample(200_000, generator) for d in (DATA, MODEL))

    critic = Critic("gan", perceptron(1, units=64, depth=3, seed=1), seed=1)
    steps = log_spaced(4000, 12)
    values = []
    pictured = {}
    for step in steps:
        critic.train(real, fake, step, 1024)
        values.append(value_of(critic, p, q, x, dx))
        pictured[step] = sigmoid(critic.scores(x))
    critic.learn_at(1e-4)
    critic.train(real, fake, 5500, 4096)
    likely = (p + q) / 2 > 0.01
    error = np.abs(sigmoid(critic.scores(x)) - best)[likely].max()
    found = value_of(critic, p, q, x, dx)
    ratio = np.abs(critic.scores(x) - np.log(p / q))[likely].mean()

    same = Critic("gan", perceptron(1, units=64, depth=3, seed=2), seed=2)
    same.train(real, DATA.sample(200_000, generator), 1500, 1024)
    same.learn_at(1e-4)
    same.train(real, DATA.sample(200_000, generator), 3000, 4096)
    at_equilibrium = np.abs(sigmoid(same.scores(x)) - 0.5)[DATA.pdf(x) > 0.02].max()
    few = values[steps.index(2)]
    numbers = [
        Number("largest |D - D*| where the densities exceed 0.01", error, 0.0, 0.04),
        Number("mean |score - log(p_data / p_g)| there", ratio, 0.0, 0.1),
        Number("V(G, D) after training", found, highest, 0.003, source="-2 log 2 + 2 JSD by the integral"),
        Number("no D does better", max(*values, found), highest, 1e-6, "<", "the same integral"),
        Number("V(G, D) after 2 updates", few, highest - 0.1, 0.0, "<", "far below"),
        Number("largest |D - 1/2| where both are the data", at_equilibrium, 0.0, 0.04),
    ]

    figure, (left, right) = panels(1, 2, "The discriminator of two fixed densities")
    left.fill_between(x, p, alpha=0.25, label="p_data")
    left.fill_between(x, q, alpha=0.25, label="p_g")
    left.plot(x, best, "k--", label="D* = p_data / (p_data + p_g)")
    for step in (steps[4], steps[7]):
        left.plot(x, pictured[step], lw=0.8, label=f"D after {step} updates")
    left.plot(x, sigmoid(critic.scores(x)), label="D after all")
    left.set(xlim=(-5, 5), ylim=(0, 1.4), xlabel="x", ylabel="density, D(x)", title="D approaches D*")
    left.legend(fontsize=8, ncols=2, loc="upper center")
    right.plot(steps, values, "o-", ms=3, label="V(G, D)")
    right.axhline(highest, color="black", ls="--", label="-2 log 2 + 2 JSD")
    right.axhline(-2 * np.log(2), color="grey", ls=":", label="-2 log 2: D = 1/2 everywhere")
    right.set(
        xscale="symlog",
        xlim=(0, 1.3 * steps[-1]),
        xlabel="updates of D (k)",
        ylabel="value (nats)",
        title="V approaches the divergence",
    )
    right.legend(fontsize=8)
    return Outcome(numbers, figure)


@experiment(
    "At the end of the game the discriminator is 1/2 on the data, and elsewhere what history left",
    formula=r"p_g=p_{data}\Rightarrow D^*(x)=\tfrac12\ \text{where}\ p_{data}(x)>0",
    papers="Goodfellow et al. 2014 (arXiv 1406.2661), Figure 1(d)",
)
def discriminator_at_the_end(generator: np.random.Generator) -> Outcome:
    """The notes hold two views of the trained discriminator: it rots and says 1/2 everywhere, or it ends as
    an evaluator, high on the data and low elsewhere. A generator that is linear can be the data exactly,
    and starts six times as wide. On the data D ends as 1/2, whatever the density there: view 1. Off the
    data, where neither data nor samples come any more, theory says nothing, and D keeps what it learned
    from early samples: there they were generated. So it tells the data from other points, as view 2 has it,
    but as a step, not as a density."""
    x, _ = grid(-8, 12, 801)
    data = gaussian(2.0, 0.5)
    real = data.sample(100_000, generator)
    linear = perceptron(1, depth=0)
    linear.layers[0].kernel.assign([[3.0]])
    game = Game(linear, "gan", perceptron(1, units=64, depth=2, seed=4), turns=2, seed=3)
    early = game.samples(5000)[:, 0]
    game.play(real, 3000, 512)
    game.learn_at(1e-4)
    game.play(real, 8000, 1024)
    samples = game.samples(50_000)[:, 0]
    scores = sigmoid(game.scores(x))
    where_it_began = sigmoid(game.scores(early[np.abs(early - 2.0) > 2.0]))
    numbers = [
        Number("mean of the samples", samples.mean(), 2.0, 0.05, source="the data's"),
        Number("their standard deviation", samples.std(), 0.5, 0.05, source="the data's"),
        Number(
            "largest |D - 1/2| within two deviations of the data",
            np.abs(scores - 0.5)[np.abs(x - 2.0) <= 1.0].max(),
            0.0,
            0.05,
            source="view 1",
        ),
        Number(
            "mean D on the first samples, beyond four deviations",
            where_it_began.mean(),
            0.25,
            0.0,
            "<",
            "view 2: half of 1/2",
        ),
    ]

    figure, (axes,) = panels(1, 1, "The discriminator at the end", size=(7.5, 4.2))
    axes.fill_between(x, data.pdf(x), alpha=0.25, label="p_data")
    axes.hist(samples, 80, density=True, histtype="step", label="samples at the end")
    axes.hist(early, 60, density=True, alpha=0.25, color="grey", label="samples at the start")
    axes.plot(x, scores, "k", label="D at the end")
    axes.axhline(0.5, color="black", lw=0.6, ls=":", label="1/2: view 1")
    axes.plot(x, data.pdf(x) / data.pdf(x).max(), "r--", lw=0.8, label="p_data, to height 1: view 2")
    axes.set(xlim=(-8, 12), ylim=(0, 1.25), xlabel="x", ylabel="density, D(x)")
    axes.legend(fontsize=8, loc="upper left")
    return Outcome(numbers, figure)
