"""What the generator descends: its costs, their gradients, and steps that are too large."""

import keras
import numpy as np
from scipy.stats import norm

import losses
from support.numbers import Number
from theory.densities import Mixture, gaussian, grid
from theory.divergences import jensen_shannon
from theory.experiment import Outcome, experiment, panels
from theory.players import Critic, Game, columns, log_spaced, perceptron, sigmoid, value

COSTS = {"minimax": "minimax", "non_saturating": "non-saturating", "maximum_likelihood": "maximum likelihood"}


def gradients(loss: str, scores, by_real: bool = False) -> np.ndarray:
    """d cost / d score of each sample, or of each example of the data, from the objective of `losses`
    itself."""
    import tensorflow as tf

    fake = tf.constant(np.reshape(scores, (-1, 1)), tf.float64)
    real = tf.identity(fake)
    with tf.GradientTape() as tape:
        tape.watch([real, fake])
        cost = losses.get(loss).generator_loss(real, fake)
    slopes = tape.gradient(cost, real if by_real else fake, unconnected_gradients="zero")
    return slopes.numpy()[:, 0] * len(scores)


@experiment(
    "Three costs of the generator, and which samples they listen to",
    formula=r"J^{(G)}:\ \tfrac12E\log(1-D(G(z))),\quad -\tfrac12E\log D(G(z)),\quad "
    r"-\tfrac12E\exp(\sigma^{-1}(D(G(z))))",
    papers="Goodfellow 2016 (arXiv 1701.00160), sections 3.2.2 to 3.2.5, 3.2.6 and Figure 16",
)
def generator_costs(generator: np.random.Generator) -> Outcome:
    """Against D(G(z)) = sigmoid(a) the slopes of the three costs by the score a are -D, D - 1 and -D / (1 -
    D), each times 1/2 in the tutorial. Where D rejects the samples, at the left, only the non-saturating
    cost has a slope. The maximum likelihood cost lives at the right end: with the best D its slope is
    -p_data / p_g, and few samples carry it. For N(0, 1) as model of N(2, 1), the best hundredth of the
    samples carries the share of the data that lies beyond the same point; the number of samples that count
    is exp(-4) of all."""
    chances = np.array([0.01, 0.1, 0.5, 0.9, 0.99])
    scores = np.log(chances / (1 - chances))
    slopes = {
        "minimax": -chances,
        "non_saturating": chances - 1,
        "maximum_likelihood": -chances / (1 - chances),
    }
    # The tutorial's game of costs has halves; so has the maximum likelihood game of `losses`.
    halves = {"minimax": 1.0, "non_saturating": 1.0, "maximum_likelihood": 0.5}
    first_term = gradients("minimax", scores, by_real=True)
    numbers = [Number("slope of the minimax cost by the scores of data", np.abs(first_term).max(), 0.0)]
    for name, title in COSTS.items():
        error = np.abs(gradients(name, scores) - halves[name] * slopes[name]).max()
        numbers.append(Number(f"{title}: largest error of the slope", error, 0.0, 1e-6))

    count = 1_000_000
    z = np.sort(generator.normal(0, 1, count))
    best = 2 * z - 2  # log(p_data / p_g) of N(2, 1) and N(0, 1).
    shares = {}
    for name, title in COSTS.items():
        weight = np.abs(gradients(name, best))
        shares[title] = np.cumsum(np.sort(weight)[::-1]) / weight.sum()
    # (E w)^2 / E w^2 by the integral: of samples, a few would decide it.
    points, dz = grid(-10, 14, 24_001)
    weight, mass = np.abs(gradients("maximum_likelihood", 2 * points - 2)), norm.pdf(points) * dz
    effective = np.sum(weight * mass) ** 2 / np.sum(weight**2 * mass)
    hundredth = count // 100
    numbers += [
        Number(
            "maximum likelihood: share of the gradient in 1 % of the samples",
            shares["maximum likelihood"][hundredth - 1],
            1 - norm.cdf(norm.ppf(0.99) - 2),
            0.02,
        ),
        Number("maximum likelihood: share of samples that count", effective, np.exp(-4), 1e-6),
        Number(
            "non-saturating: share in 1 % of the samples",
            shares["non-saturating"][hundredth - 1],
            0.05,
            0,
            "<",
            "spread evenly",
        ),
    ]

    figure, (left, middle, right) = panels(1, 3, "Costs of the generator")
    a = np.linspace(-6, 6, 241)
    d = sigmoid(a)
    curves = {"minimax": np.log(1 - d), "non-saturating": -np.log(d), "maximum likelihood": -np.exp(a)}
    for label, curve in curves.items():
        left.plot(d, curve / 2, label=label)
    left.set(
        ylim=(-20, 5),
        xlabel="D(G(z))",
        ylabel="cost of the generator (nats)",
        title="The tutorial's Figure 16",
    )
    left.legend(fontsize=8)
    for name, label in COSTS.items():
        middle.plot(d, np.abs(gradients(name, a)) / (2 * halves[name]), label=label)
    middle.set(yscale="log", xlabel="D(G(z))", ylabel="|d cost / d score|", title="What pushes the generator")
    middle.legend(fontsize=8)
    part = np.geomspace(1, count, 400).astype(int)
    for label, share in shares.items():
        right.plot(part / count, share[part - 1], label=label)
    right.set(
        xscale="log",
        xlabel="share of the samples, heaviest first",
        ylabel="share of the gradient",
        title="Who carries it: G = N(0, 1), data N(2, 1)",
    )
    right.legend(fontsize=8)
    return Outcome(numbers, figure)


@experiment(
    "A better discriminator leaves the minimax generator without a gradient",
    formula=r"D\to D^*\Rightarrow\nabla_\theta E\log(1-D(G_\theta(z)))\to0;\quad |\nabla_\theta "
    r"W(P_r,P_\theta)|=1",
    papers="Arjovsky and Bottou 2017 (arXiv 1701.04862), Theorems 2.1, 2.4, 2.6 and Figure 2",
)
def vanishing_gradient(generator: np.random.Generator) -> Outcome:
    """Data and samples lie on two parallel segments in the plane, one apart: supports of lower dimension
    that do not meet. G is fixed; while D learns to tell the segments apart the gradient of the minimax cost
    by the shift of G falls to nothing, that of the non-saturating cost does not, and the estimated
    Jensen-Shannon divergence sticks at log 2. A critic under a gradient penalty gives 1, the
    gradient of W1."""
    height = generator.uniform(0, 1, (4096, 2))
    real = np.stack([np.zeros(4096), height[:, 0]], axis=1)
    fake = np.stack([np.ones(4096), height[:, 1]], axis=1)
    steps = log_spaced(4000, 14)
    discriminator = Critic("gan", perceptron(2, units=64, seed=1), seed=1)
    wasserstein = Critic(
        "wgan_gp", perceptron(2, units=64, seed=1), keras.optimizers.Adam(1e-3, 0.0, 0.9), seed=1
    )
    norms: dict[str, list[float]] = {name: [] for name in ("minimax", "non-saturating", "WGAN-GP")}
    divergence = []
    for step in steps:
        for critic in (discriminator, wasserstein):
            critic.train(real, fake, step)
        scores, slope = discriminator.scores(fake), discriminator.slopes(fake)[:, 0]
        for name in ("minimax", "non_saturating"):
            norms[COSTS[name]].append(abs(np.mean(gradients(name, scores) * slope)))
        norms["WGAN-GP"].append(abs(np.mean(wasserstein.slopes(fake)[:, 0])))
        divergence.append(value(discriminator.scores(real), scores) / 2 + np.log(2))
    numbers = [
        Number(
            "estimated Jensen-Shannon divergence at the end", divergence[-1], np.log(2), 0.002, source="log 2"
        ),
        Number(
            "minimax gradient, end over start",
            norms["minimax"][-1] / norms["minimax"][0],
            0.01,
            0,
            "<",
            "vanishes",
        ),
        Number(
            "non-saturating gradient, end over start",
            norms["non-saturating"][-1] / norms["non-saturating"][0],
            1.0,
            0,
            ">",
            "does not",
        ),
        Number("gradient of the WGAN-GP critic", norms["WGAN-GP"][-1], 1.0, 0.1, source="derivative of W1"),
    ]
    figure, (left, right) = panels(1, 2, "G fixed, D ever better")
    for label, curve in norms.items():
        left.plot(steps, curve, "o-", ms=3, label=label)
    left.set(
        xscale="symlog",
        yscale="log",
        xlabel="updates of D",
        ylabel="|d cost / d shift of G|",
        title="The generator's gradient",
    )
    left.legend(fontsize=8)
    right.plot(steps, divergence, "o-", ms=3, label="V(G, D) / 2 + log 2")
    right.axhline(np.log(2), color="black", ls="--", label="log 2")
    right.set(
        xscale="symlog",
        xlim=(0, 1.3 * steps[-1]),
        xlabel="updates of D",
        ylabel="nats",
        title="The divergence that D measures",
    )
    right.legend(fontsize=8)
    return Outcome(numbers, figure)


@experiment(
    "A step of the generator that lowers V at D_0* can raise the divergence",
    formula=r"V(G_1,D_0^*)<V(G_0,D_0^*)\ \text{and}\ JSD(G_1)>JSD(G_0);\quad "
    r"\partial_\theta V(G_\theta,D_0^*)|_{\theta_0}=2\,\partial_\theta JSD|_{\theta_0}",
    papers="Goodfellow et al. 2014 (arXiv 1406.2661), Proposition 2",
)
def generator_step_too_large(generator: np.random.Generator) -> Outcome:
    """The generator descends V at the discriminator of the moment, D_0*. At G_0 the slope of that curve is
    the slope of the divergence; further on they part. With data N(0, 1) and G_0 = N(-1, 1) a step to N(4,
    1) lowers V(G, D_0*) and raises the true divergence: steps must be small enough for D* to follow."""
    x, dx = grid()
    p = gaussian().pdf(x)

    def at(mean):
        return gaussian(mean, 1).pdf(x)

    start, small, large = -1.0, -0.5, 4.0
    log_reject = -np.logaddexp(0, np.log(p) - np.log(at(start)))  # log(1 - D_0*)
    log_accept = -np.logaddexp(0, np.log(at(start)) - np.log(p))

    def against_first(mean):
        return float(np.sum(p * log_accept + at(mean) * log_reject) * dx)

    def best(mean):
        return -2 * np.log(2) + 2 * jensen_shannon(p, at(mean), dx)

    means = np.linspace(-3, 5, 161)
    values = [best(mean) for mean in means]
    h = 1e-4
    slope = (against_first(start + h) - against_first(start - h)) / (2 * h)
    true_slope = (best(start + h) - best(start - h)) / (2 * h)
    numbers = [
        Number(
            "V(G_0, D_0*)", against_first(start), best(start), 1e-9, source="-2 log 2 + 2 JSD by the integral"
        ),
        Number(
            "mean of the G with the least max_D V", means[np.argmin(values)], 0.0, 1e-9, source="the data's"
        ),
        Number("its slope by G at G_0", slope, true_slope, 1e-5, source="slope of 2 JSD"),
        Number(
            "small step: change of V(G, D_0*)",
            against_first(small) - against_first(start),
            0.0,
            0,
            "<",
            "descends",
        ),
        Number("small step: change of 2 JSD", best(small) - best(start), 0.0, 0, "<", "descends too"),
        Number(
            "large step: change of V(G, D_0*)",
            against_first(large) - against_first(start),
            0.0,
            0,
            "<",
            "descends",
        ),
        Number("large step: change of 2 JSD", best(large) - best(start), 0.5, 0, ">", "rises"),
    ]
    figure, (axes,) = panels(1, 1, "The step of the generator", size=(7.5, 4.2))
    axes.plot(means, [against_first(m) for m in means], label="V(G, D_0*): what G descends")
    axes.plot(means, values, label="max_D V(G, D) = -2 log 2 + 2 JSD")
    for mean, name in ((start, "G_0"), (small, "small step"), (large, "G_1: too large")):
        axes.plot([mean, mean], [against_first(mean), best(mean)], "ko-", ms=4, lw=0.6)
        axes.annotate(name, (mean, best(mean)), xytext=(4, 6), textcoords="offset points", fontsize=8)
    axes.set(xlabel="mean of G (data: 0)", ylabel="value (nats)")
    axes.legend(fontsize=8)
    return Outcome(numbers, figure)


@experiment(
    "The game on a line: the original paper's Figure 1",
    formula=r"\min_G\max_D E_{x\sim p_{data}}[\log D(x)]+E_{z\sim p_z}[\log(1-D(G(z)))]",
    papers="Goodfellow et al. 2014 (arXiv 1406.2661), Figure 1 and Algorithm 1",
)
def gan_1d(generator: np.random.Generator) -> Outcome:
    """P_G(x) is the mass of all the noise that G sends to x. Noise z is mapped to x, and the arrows show
    where to: they crowd where the model's density is high. D starts anywhere and, two updates behind every
    move of the generator, stays short of p_data / (p_data + p_g); it tells the generator which way to go
    all the same. In the end the densities agree and D is near 1/2 on the data."""
    x, _ = grid(-6, 6, 601)
    data = Mixture([-1.0, 1.5], [0.5, 0.7], [0.4, 0.6])
    bins = np.linspace(-5, 5, 101)
    counts, _ = np.histogram(np.sinh(generator.normal(0, 1, 1_000_000)), bins)
    # The mass of all z with sinh(z) in a bin.
    masses = np.diff(norm.cdf(np.arcsinh(bins)))
    real = data.sample(100_000, generator)
    game = Game(
        perceptron(1, units=64, depth=2, activation="tanh", seed=5),
        "gan",
        perceptron(1, units=64, depth=2, activation="tanh", seed=6),
        turns=2,
        seed=5,
    )
    shown, last = [0, 30, 100, 300, 1000], 7500
    frames_at = sorted({*shown, *range(0, 300, 20), *range(300, 2000, 100), *range(2000, 6001, 400)})
    seen, frames = {}, []
    for step in frames_at:
        if step > 3000:
            game.learn_at(2e-4)
        game.play(real, step, 512)
        state = game.samples(20_000)[:, 0], sigmoid(game.scores(x)), _arrows(game)
        figure, (axes,) = panels(1, 1, f"After {step} steps", size=(5.2, 4.2))
        _picture(axes, x, data, *state)
        axes.legend(fontsize=7, loc="upper right")
        frames.append(figure)
        if step in shown:
            seen[step] = state
    game.play(real, last, 2048)
    samples = game.samples(100_000)[:, 0]
    seen[last] = samples, sigmoid(game.scores(x)), _arrows(game)
    dense = data.pdf(x) > 0.05
    numbers = [
        Number(
            "G(z) = sinh(z): largest error of P_G in a bin",
            np.abs(counts / 1_000_000 - masses).max(),
            0.0,
            1e-3,
            source="P_z of the z that land there",
        ),
        Number("mean of the samples", samples.mean(), data.mean, 0.08, source="the data's"),
        Number("their standard deviation", samples.std(), data.std, 0.08, source="the data's"),
        Number("W1 of samples and data", _distance(samples, real), 0.0, 0.1),
        Number(
            "largest |D - 1/2| where p_data > 0.05",
            np.abs(sigmoid(game.scores(x)) - 0.5)[dense].max(),
            0.0,
            0.05,
        ),
    ]
    figure, all_axes = panels(2, 3, "The game on a line", size=(4.2, 3.4))
    for axes, (step, state) in zip(all_axes, seen.items(), strict=True):
        _picture(axes, x, data, *state)
        axes.set_title(f"after {step} steps", fontsize=9)
    all_axes[0].legend(fontsize=7, loc="upper right")
    return Outcome(numbers, figure, frames)


def _distance(x, y) -> float:
    from scipy.stats import wasserstein_distance

    return float(wasserstein_distance(x, y))


def _arrows(game: Game) -> tuple[np.ndarray, np.ndarray]:
    """Noise at equal steps of probability, and where G takes it."""
    z = norm.ppf(np.linspace(0.02, 0.98, 33))
    return z, game.generator(columns(z)).numpy()[:, 0]


def _picture(axes, x, data, samples, chances, arrows) -> None:
    axes.plot(x, data.pdf(x), "k:", label="p_data")
    axes.hist(samples, np.linspace(-6, 6, 121), density=True, color="C2", alpha=0.5, label="p_g")
    axes.plot(x, chances, "b--", lw=1, label="D(x)")
    for noise, to in zip(*arrows, strict=True):
        axes.annotate("", (to, -0.02), (noise, -0.35), arrowprops=dict(arrowstyle="->", lw=0.4, color="grey"))
    axes.axhline(-0.35, color="black", lw=0.8)
    axes.text(-4.9, -0.33, "z", fontsize=8)
    axes.set(xlim=(-5, 5), ylim=(-0.4, 1.15), xlabel="x", ylabel="density, D(x)")
