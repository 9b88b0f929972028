"""What the Wasserstein distance changes."""

import keras
import numpy as np
import tensorflow as tf

import losses
from support.numbers import Number
from theory.densities import Mixture
from theory.divergences import distances, jensen_shannon, kl, potentials, transport
from theory.experiment import Outcome, experiment, panels
from theory.players import Critic, perceptron


def critic_with_penalty(seed: int) -> Critic:
    """A critic for the plane under WGAN-GP's penalty."""
    return Critic("wgan_gp", perceptron(2, units=64, depth=3, seed=seed), _adam(), seed=seed)


def _adam(learning_rate: float = 1e-3) -> keras.optimizers.Optimizer:
    return keras.optimizers.Adam(learning_rate, 0.0, 0.9)


def under_penalty(distance, weight: float = 10.0):
    """What the best critic under WGAN-GP's penalty says in place of W1, at least.

    s times the best 1-Lipschitz critic gains s W1 and costs weight (s - 1)^2: the best s is
    1 + W1 / (2 weight). A critic that is steeper where interpolates are few says more.
    """
    return distance * (1 + distance / (2 * weight))


def estimate(critic: Critic, real, fake) -> float:
    """E D(x) - E D(G(z))."""
    return float(critic.scores(real).mean() - critic.scores(fake).mean())


def steepest(critic: Critic, real, fake) -> float:
    """The largest slope found between pairs of points, and at points between them: at most ||D||_L."""
    between = np.linspace(0, 1, 9)[:, None, None]
    pairs = zip(np.tile(real, (len(fake), 1)), np.repeat(fake, len(real), axis=0), strict=True)
    starts, ends = map(np.array, zip(*list(pairs)[::7], strict=True))
    points = (between * starts + (1 - between) * ends).reshape(-1, 2)
    return float(np.linalg.norm(critic.slopes(points), axis=1).max())


def histogram(points, bins: np.ndarray) -> np.ndarray:
    """Shares of the points in the cells of a grid over the plane, flat."""
    counts, _ = np.histogramdd(np.asarray(points), bins=(bins, bins))
    return counts.ravel() / counts.sum()


@experiment(
    "Two parallel segments: only W1 knows how far apart they are",
    formula=r"P_0=(0,Z),\ P_\theta=(\theta,Z):\quad KL=\infty,\ JSD=\log2\ (\theta\ne0),\ W_1=|\theta|",
    papers="Arjovsky et al. 2017 (arXiv 1701.07875), Example 1 and Figure 1",
)
def disjoint_supports(generator: np.random.Generator) -> Outcome:
    """Data on the segment (0, Z), samples on (theta, Z), Z uniform. However small theta is, the supports do
    not meet: KL is infinite, JS is log 2, neither has a gradient by theta. W1 is |theta|, and a critic
    under a gradient penalty follows it within a tenth, mostly too high, for the penalty allows it to be
    somewhat too steep; and it says at every theta which way to go."""
    z = generator.uniform(0, 1, 100)
    data = np.stack([np.zeros_like(z), z], axis=1)
    bins = np.linspace(-2, 2, 161) + 1e-9
    thetas = np.array([-1.0, -0.5, -0.2, 0.2, 0.5, 1.0])
    numbers = []
    found: dict[str, list[float]] = {"KL": [], "JSD": [], "W1": [], "critic": [], "gradient": []}
    for index, theta in enumerate(thetas):
        samples = data + np.array([theta, 0.0])
        shares = histogram(data, bins), histogram(samples, bins)
        critic = critic_with_penalty(index + 1)
        critic.train(data, samples, 1500, 100)
        found["KL"].append(kl(*shares))
        found["JSD"].append(jensen_shannon(*shares))
        found["W1"].append(transport(distances(data, samples))[0])
        found["critic"].append(estimate(critic, data, samples))
        # W1 falls as the samples move the way in which the critic rises.
        found["gradient"].append(-float(critic.slopes(samples)[:, 0].mean()))
    for name, expected, tolerance, source in (
        ("KL", np.full(len(thetas), np.inf), 0.0, "no overlap"),
        ("JSD", np.full(len(thetas), np.log(2)), 1e-12, "no overlap"),
        ("W1", np.abs(thetas), 1e-9, "|theta|"),
        ("critic", np.abs(thetas), 0.1, "|theta|"),
        ("gradient", np.sign(thetas), 0.1, "sign of theta"),
    ):
        for theta, measured, value in zip(thetas, found[name], expected, strict=True):
            if theta > 0 or name in ("critic", "gradient"):
                numbers.append(
                    Number(f"{name}, theta {theta:g}", measured, float(value), tolerance, source=source)
                )

    figure, (left, middle, right) = panels(1, 3, "Two parallel segments")
    left.plot([0, 0], [0, 1], lw=3, label="data")
    left.plot([0.5, 0.5], [0, 1], lw=3, label="samples")
    left.annotate("", (0.5, 0.5), (0, 0.5), arrowprops=dict(arrowstyle="<->"))
    left.text(0.25, 0.53, "theta", ha="center")
    left.set(xlim=(-1, 1), xlabel="x1", ylabel="x2", title="The two distributions")
    left.legend(fontsize=8)
    line = np.linspace(-1, 1, 201)
    middle.plot(line, np.abs(line), label="W1 = |theta|")
    middle.plot(line, np.where(line == 0, np.nan, np.log(2)), color="C1", label="JSD: log 2, and 0 at 0")
    middle.plot(0, 0, "o", color="C1", ms=4)
    middle.plot(thetas, found["critic"], "ko", ms=5, label="critic with penalty")
    middle.set(xlabel="theta", ylabel="distance, or nats", title="Distances (KL: infinite)")
    middle.legend(fontsize=8)
    right.plot(line, np.where(line == 0, np.nan, np.sign(line)), label="derivative of W1")
    right.plot(line, np.where(line == 0, np.nan, 0), label="derivative of JSD")
    right.plot(thetas, found["gradient"], "ko", ms=5, label="through the critic")
    right.set(xlabel="theta", ylabel="d / d theta", title="What the generator is told")
    right.legend(fontsize=8)
    return Outcome(numbers, figure)


class _ClippedFromZero(Critic):
    """As a note has it: weights clipped to [0, 1]."""

    def update(self, real, fake):
        loss = super().update(real, fake)
        for weight in self.network.trainable_variables:
            weight.assign(tf.clip_by_value(weight, 0.0, 1.0))
        return loss


@experiment(
    "W1: the transport plan, its dual, and what a critic makes of it",
    formula=r"W(P_r,P_g)=\inf_\gamma E_{(x,y)\sim\gamma}\|x-y\|="
    r"\sup_{\|D\|_L\le1}E_{P_r}[D(x)]-E_{P_g}[D(x)]",
    papers="Arjovsky et al. 2017 (arXiv 1701.07875), equations 1 and 2, Algorithm 1; "
    "Gulrajani et al. 2017 (arXiv 1704.00028), sections 3 and 4",
)
def wasserstein_duality(generator: np.random.Generator) -> Outcome:
    """Between two clouds of points W1 is a linear programme over transport plans. Its dual is one over
    potentials, which are a 1-Lipschitz function and its negative: the same number. A critic is that
    function, learned: under a gradient penalty of weight 10 the best one exceeds W1 by W1^2 / 20 at least,
    for a slope of 1 + e costs only 10 e^2. Clipped to [-c, c] it finds a multiple that depends on c;
    divided by its own steepness it is a lower bound, and a poor one. The note that clips 'between 0 and 1'
    cannot be right: no weight is negative, so the critic only rises with each coordinate; it is blind where
    the samples lie above the data, and far too steep where they lie below. The paper's range is [-c, c]."""
    count = 64
    real = np.stack([Mixture([0], [0.5]).sample(count, generator) for _ in range(2)], axis=1)
    fake = np.stack(
        [Mixture([-1, 2], [0.4, 0.4]).sample(count, generator), generator.normal(1, 0.5, count)], axis=1
    )
    costs = distances(real, fake)
    primal, plan = transport(costs)
    dual, _, v = potentials(costs)
    # A potential at the data extends to a 1-Lipschitz function: D(x) = min_j |x - y_j| - v_j.
    extended = lambda points: np.min(distances(points, fake) - v, axis=1)  # noqa: E731
    steep = np.abs(extended(real)[:, None] - extended(real)[None]) / (distances(real, real) + np.eye(count))

    penalised = critic_with_penalty(1)
    penalised.train(real, fake, 4000, count)
    penalised.learn_at(1e-4)
    penalised.train(real, fake, 6000, count)
    with_penalty = estimate(penalised, real, fake)
    numbers = [
        Number("W1 by the dual", dual, primal, 1e-7, source="the primal linear programme"),
        Number(
            "mean difference of the dual's potential",
            float(extended(real).mean() - extended(fake).mean()),
            primal,
            1e-7,
            source="the supremum is reached",
        ),
        Number("steepest slope of the dual's potential", steep.max(), 1.0, 1e-7, "<", "1-Lipschitz"),
        Number("mass moved by the plan", plan.sum(), 1.0, 1e-9),
        Number(
            "critic with penalty", with_penalty, under_penalty(primal), 0.03, ">", "at least W1 + W1^2 / 20"
        ),
        Number("critic with penalty", with_penalty, 1.15 * primal, 0, "<", "W1 and 15 %"),
        Number(
            "the same over its steepest slope",
            with_penalty / steepest(penalised, real, fake) / primal,
            1.0,
            0,
            "<",
        ),
    ]
    limits = (0.03, 0.1, 0.3)
    clipped = {}
    for c in limits:
        critic = Critic(losses.get("wgan", clip=c), perceptron(2, units=64, depth=3, seed=1), _adam(), seed=1)
        critic.train(real, fake, 3000, count)
        clipped[c] = estimate(critic, real, fake), steepest(critic, real, fake)
        bound = clipped[c][0] / clipped[c][1] / primal
        numbers.append(
            Number(f"clipped to {c:g}: over its steepness, over W1", bound, 1.0, 0, "<", "a lower bound")
        )
    growth = np.log(clipped[0.3][0] / clipped[0.03][0]) / np.log(10)
    numbers.append(
        Number("clipped: power of c by which the estimate grows", growth, 4.0, 0.5, source="4 layers")
    )

    left_of = real - [1.0, 1.0]
    blind, steep_critic = (
        _ClippedFromZero(
            losses.get("wgan", clip=None), perceptron(2, units=64, depth=3, seed=2), _adam(), seed=2
        )
        for _ in range(2)
    )
    blind.train(real, real + 1.0, 1000, count)
    steep_critic.train(real, left_of, 1000, count)
    numbers += [
        Number(
            "weights in [0, 1], samples above the data: estimate",
            estimate(blind, real, real + 1.0),
            0.0,
            1e-6,
            "<",
            "D rises with x; W1 = 1.41",
        ),
        Number(
            "weights in [0, 1], samples below: estimate",
            estimate(steep_critic, real, left_of),
            100.0,
            0,
            ">",
            "slopes multiply; W1 = 1.41",
        ),
    ]

    figure, (left, middle, right) = panels(1, 3, "W1 and its dual")
    for i, j in zip(*np.nonzero(plan > 1e-9), strict=True):
        left.plot(*zip(real[i], fake[j], strict=True), color="grey", lw=0.4)
    left.set_title(f"The plan: W1 = {primal:.3f}")
    axis = np.linspace(-3, 4, 71)
    points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    shades = middle.contourf(axis, axis, penalised.scores(points).reshape(71, 71), 20, cmap="viridis")
    for axes in (left, middle):
        axes.plot(*real.T, "o", ms=3, color="white", mec="black", mew=0.5, label="data")
        axes.plot(*fake.T, "o", ms=3, color="red", label="samples")
        axes.legend(fontsize=8, facecolor="lightgrey")
        axes.set(xlabel="x1", ylabel="x2")
    figure.colorbar(shades, ax=middle, label="D(x)")
    middle.set_title(f"Critic with penalty: {with_penalty:.3f}")
    right.plot(limits, [clipped[c][0] for c in limits], "o-", label="estimate")
    right.plot(limits, [clipped[c][1] for c in limits], "s--", ms=9, mfc="none", label="steepest slope")
    right.plot(
        limits, [clipped[c][0] / clipped[c][1] for c in limits], "^-", label="estimate / steepest slope"
    )
    right.axhline(primal, color="black", ls="--", label="W1")
    right.set(
        xscale="log",
        yscale="log",
        xlabel="c of the clipping to [-c, c]",
        ylabel="distance, or slope",
        title="Clipped critics",
    )
    right.set_xticks(limits, map(str, limits))
    right.minorticks_off()
    right.legend(fontsize=8)
    return Outcome(numbers, figure)
