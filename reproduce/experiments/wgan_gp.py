"""Gulrajani et al. 2017, Improved Training of Wasserstein GANs (arXiv 1704.00028): Figure 1."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from reproduce.experiment import Measured, Reproduction, Runs, registry
from reproduce.training import trained
from support.files import save_figure
from support.numbers import Number
from support.pages import table

#: The data of the authors' toy code: ours, brought to their size.
SCALES = {"ring": 2 / 1.414, "grid": 1 / 2.828, "swiss_roll": 1.0}
#: The authors' two critics.
WAYS: dict[str, dict[str, Any]] = {
    "clipping": dict(loss="wgan", clip=0.01),
    "penalty": dict(loss="wgan_gp", penalties={"gradient_penalty": 0.1}),
}
#: What the toy code's optimizers have besides, other than WGAN's and WGAN-GP's code for pictures.
TOY: dict[str, dict[str, Any]] = {"clipping": {"rho": 0.9}, "penalty": {"beta_1": 0.5}}
#: Points that a surface is drawn at, on each side, and how far from the middle.
SIDE, REACH = 49, 2.2
#: Of the circle that a point of data is compared with.
RADIUS = 0.25
#: Updates in one call of the graph.
TOGETHER = 100
#: Points of each kind for which the optimal critic is found.
TRANSPORTED = 300
#: Bars of a histogram of weights.
BINS = 61


def points_of(dataset: str) -> np.ndarray:
    """The data at the authors' size, (N, 2)."""
    import support.environment  # isort: skip  # Before TensorFlow.  # noqa: F401
    import data

    source = data.find(dataset)
    assert isinstance(source, data.Points)
    return (SCALES[dataset] * source.draw()).astype(np.float32)


def _surface(dataset: str, way: str, updates: int, units: int = 512) -> dict[str, Any]:
    settings: dict[str, Any] = dict(model="toy", dataset=dataset, units=units, batch_size=256)
    return {**settings, **WAYS[way], **TOY[way], "updates": updates}


@registry.register("value_surfaces")
class ValueSurfaces(Reproduction):
    """A critic alone is trained, the generator held at the data plus N(0, I), of a batch the same points:
    three hidden layers of 512 units, batches of 256, clipping at 0.01 with RMSProp 5e-5 and a decay of 0.9,
    or a penalty of 0.1 with Adam 1e-4, beta_1 0.5 and beta_2 0.9, as in the authors' toy code; 6,000 updates
    of the critic, where theirs makes 500,000. Relief: by how much the critic's value at a point of data
    exceeds the mean on the circle of radius 0.25 around it, in units of that radius times the critic's mean
    slope; a plane has 0, a cone on each point would have 1. The optimal critic of 300 points of each kind is
    the solution of a linear programme, Kantorovich's dual; the correlation is that of a critic's values with
    it on these points.
    """

    title = "Value surfaces of critics"
    paper = "Gulrajani et al. 2017 (arXiv 1704.00028), Figure 1a"
    seeds = range(2)
    cases = {f"{data}-{way}": _surface(data, way, 6000) for data in SCALES for way in WAYS}
    quick = {f"ring-{way}": _surface("ring", way, 400, 64) for way in WAYS}

    def measure(self, case, run):
        import tensorflow as tf

        from experiment import build
        from experiment.settings import resolve
        from theory.divergences import distances, potentials

        case = dict(case)
        updates = case.pop("updates")
        gan = build.gan(resolve({**case, "seed": run.seed}))
        points = tf.constant(points_of(case["dataset"]))
        random = tf.random.Generator.from_seed(run.seed)

        def some(size):
            return tf.gather(points, random.uniform((size,), 0, len(points), tf.int32))

        @tf.function
        def train(steps):
            for _ in tf.range(steps):
                real = some(case["batch_size"])
                gan.update_discriminator(real, real + random.normal(real.shape))

        state = tf.train.Checkpoint(variables=[variable.value for variable in gan.state], random=random)
        kept = tf.train.CheckpointManager(state, run.workdir / "checkpoints", max_to_keep=1)
        state.restore(kept.latest_checkpoint)
        made = int(gan.discriminator_optimizer.iterations)
        parts = range(made // TOGETHER, updates // TOGETHER)
        for _ in tqdm(parts, unit_scale=TOGETHER, unit="update", mininterval=10):
            train(tf.constant(TOGETHER))
            kept.save()
        side = np.linspace(-REACH, REACH, SIDE, dtype=np.float32)
        grid = tf.constant(np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2))
        real, fake = some(TRANSPORTED), some(TRANSPORTED) + random.normal((TRANSPORTED, 2))
        with tf.GradientTape() as tape:
            everywhere = tf.concat([grid, real, fake], axis=0)
            tape.watch(everywhere)
            values = gan.discriminator(everywhere, training=False)
        slopes = tf.norm(tape.gradient(values, everywhere), axis=1).numpy()
        values = values.numpy()[:, 0]
        on_grid, on_real, on_fake = np.split(values, [SIDE**2, SIDE**2 + TRANSPORTED])
        distance, of_real, of_fake = potentials(distances(real, fake))
        optimal, found = np.concatenate([of_real, -of_fake]), np.concatenate([on_real, on_fake])
        return dict(
            correlation=float(np.corrcoef(optimal, found)[0, 1]),
            estimate=float(on_real.mean() - on_fake.mean()),
            wasserstein=distance,
            slope=float(slopes.mean()),
            surface=[float(f"{value:.4g}") for value in on_grid],
        )

    def derived(self, case):
        return {"relief": relief(case)}

    def claims(self, runs):
        for dataset in SCALES:
            clipped, penalised = (f"{dataset}-{way}" for way in WAYS)
            if runs.tried(clipped, penalised):
                title = f"{dataset}: relief of the penalised critic"
                source, name = "goal: 1.5 times the clipped critic's", relief(penalised)
                yield runs.against(title, penalised, name, ">", clipped, 1.5, source)

    def quick_claims(self, runs):
        clipped, penalised = (runs.mean(f"ring-{way}", "correlation") for way in WAYS)
        name, source = "ring: correlation with the optimal critic", "the clipped critic's"
        yield Number(name, penalised, clipped, 0, ">", source)

    def section(self, runs, folder):
        self._draw(runs, folder / "value_surfaces.png")
        forms = {"correlation": ".3f", "estimate": ".3g", "wasserstein": ".3f", "slope": ".3g"}
        headers = [
            "data, critic",
            "relief",
            "correlation",
            "E f(x) - E f(x + noise)",
            "W1 of 300 points",
            "mean slope",
            "seeds",
        ]
        rows = [
            [
                case.replace("-", ", "),
                runs.spread(case, relief(case), ".3f"),
                *(runs.spread(case, name, form) for name, form in forms.items()),
                runs.seeds(case),
            ]
            for case in self.cases
            if runs.has(case)
        ]
        return (
            f"![value surfaces]({folder.name}/value_surfaces.png)\n\nAbove clipping, below the penalty; "
            "lines of equal value from violet (low) to yellow (high), first seed; dots are data.\n\n"
            f"{table(rows, headers)}"
        )

    def _draw(self, runs: Runs, path: Path) -> None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(10, 7), dpi=110, layout="constrained")
        side = np.linspace(-REACH, REACH, SIDE)
        for row, way in zip(figure.subplots(len(WAYS), len(SCALES), squeeze=False), WAYS, strict=True):
            for axes, dataset in zip(row, SCALES, strict=True):
                for found in runs.of(f"{dataset}-{way}")[:1]:
                    values = np.reshape(found["surface"], (SIDE, SIDE))
                    axes.contour(side, side, values, levels=24, cmap="viridis", linewidths=0.8)
                points = points_of(dataset)[:800]
                axes.scatter(*points.T, s=3, color="tab:orange", zorder=3)
                limits = -REACH, REACH
                axes.set(title=f"{dataset}, {way}", aspect="equal", xlim=limits, ylim=limits)
        save_figure(figure, path)


def relief(case: str) -> Measured:
    """How far the data stand out on a recorded surface of the case; see `ValueSurfaces`."""
    from scipy.interpolate import RegularGridInterpolator

    side = np.linspace(-REACH, REACH, SIDE)
    points = points_of(case.partition("-")[0])[:1000]
    angles = 2 * np.pi * np.arange(16) / 16
    around = points[:, None] + RADIUS * np.stack([np.cos(angles), np.sin(angles)], axis=1)

    def of_one(found) -> float:
        # Rows of the grid are the second coordinate.
        value = RegularGridInterpolator((side, side), np.reshape(found["surface"], (SIDE, SIDE)).T)
        return (value(points) - value(around).mean(axis=1)).mean() / (RADIUS * found["slope"])

    return of_one


def _deep(steps: int, units: int = 512, **own: Any) -> dict[str, Any]:
    shared: dict[str, Any] = dict(model="toy", dataset="swiss_roll", depth=12, units=units, batch_size=256)
    return {**shared, "steps": steps, **own}


def _deep_cases(steps: int, units: int, bounds: Sequence[float]) -> dict[str, dict[str, Any]]:
    clipped = {f"clip-{c:g}": _deep(steps, units, loss="wgan", clip=c) for c in bounds}
    return {**clipped, "penalty": _deep(steps, units, **WAYS["penalty"])}


@registry.register("critic_gradients")
class CriticGradients(Reproduction):
    """WGANs whose networks are perceptrons of 12 hidden layers of 512 ReLU units learn the Swiss roll for
    2,000 updates of the critic, with weights clipped at three bounds (RMSProp 5e-5, a decay of 0.99) or with
    a penalty of 0.1 (Adam 1e-4, beta_1 0, as the paper's text has it; the authors' code for such data has a
    decay of 0.9, and 0.5). Of the critic before training (clipped once) and at the end: the norm of the
    derivative of the critic's score by the activations of each layer, averaged over 1,000 points of data; by
    how much it grows from one layer to the one before it (geometric mean); and how many weights of the hidden
    layers lie within 5 % of the largest.
    """

    title = "Gradients and weights of deep critics"
    paper = "Gulrajani et al. 2017 (arXiv 1704.00028), Figure 1b"
    seeds = range(2)
    cases = _deep_cases(400, 512, (0.1, 0.01, 0.001))
    quick = _deep_cases(200, 64, (0.1,))

    def measure(self, case, run):
        import tensorflow as tf

        from experiment import build

        gan, settings = trained(case, run)
        x = tf.constant(points_of(settings.dataset)[:1000])
        untrained = build.gan(settings)
        untrained.objective.constrain(untrained.discriminator.trainable_variables)
        before, after = (_inside(each.discriminator, x) for each in (untrained, gan))
        return {**after, **{f"initial_{name}": before[name] for name in ("growth", "at_the_ends")}}

    def claims(self, runs):
        growth, ends, source = "growth of gradients a layer", "weights at the ends", "goal, after Figure 1b"
        expected = {"clip-0.1": (">", 1.2), "clip-0.01": ("<", 0.5), "clip-0.001": ("<", 0.1)}
        for case, bound in expected.items():
            if runs.tried(case):
                yield runs.bounded(f"{case}: {growth}", case, "growth", *bound, source)
        if runs.tried("penalty"):
            yield Number(f"penalty: {growth}", runs.mean("penalty", "growth"), 1, 0.25, "=", source)
        if runs.tried("penalty", "clip-0.01"):
            for case, bound in {"clip-0.01": (">", 0.5), "penalty": ("<", 0.05)}.items():
                yield runs.bounded(f"{case}: {ends}", case, "at_the_ends", *bound, source)

    def quick_claims(self, runs):
        # What training does: of the critic before it, neither holds.
        growth, before = (runs.mean("clip-0.1", name) for name in ("growth", "initial_growth"))
        name, source = "clip-0.1: growth of gradients a layer", "1.5 times the untrained critic's"
        yield Number(name, growth, 1.5 * before, 0, ">", source)
        ends, before = (runs.mean("penalty", name) for name in ("at_the_ends", "initial_at_the_ends"))
        name, source = "penalty: weights at the ends", "half of the untrained critic's"
        yield Number(name, ends, before / 2, 0, "<", source)

    def section(self, runs, folder):
        self._draw(runs, folder / "critic_gradients.png")
        rows = [
            [
                case,
                *(runs.spread(case, name, ".3g") for name in ("initial_growth", "growth")),
                *(runs.spread(case, name, ".1f", 100) for name in ("initial_at_the_ends", "at_the_ends")),
                runs.spread(case, "largest_weight", ".3g"),
                runs.seeds(case),
            ]
            for case in self.cases
            if runs.has(case)
        ]
        headers = [
            "critic",
            "growth of gradients a layer, untrained",
            "trained",
            "weights at the ends, %, untrained",
            "trained",
            "largest weight",
            "seeds",
        ]
        return (
            f"![norms and weights]({folder.name}/critic_gradients.png)\n\n"
            "Norms of gradients, and weights of the hidden layers, after training (first seed).\n\n"
            f"{table(rows, headers)}"
        )

    def _draw(self, runs: Runs, path: Path) -> None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(12, 3.6), dpi=110, layout="constrained")
        norms, *histograms = figure.subplots(1, 3, width_ratios=(1.3, 1, 1))
        for case in self.cases:
            for found in runs.of(case)[:1]:
                # What underflows has no logarithm.
                told = [norm or np.nan for norm in found["norms"]]
                norms.semilogy(range(1, len(told) + 1), told, marker=".", label=case)
        norms.set(xlabel="hidden layer of the critic", ylabel="norm of the gradient")
        norms.legend()
        for axes, case in zip(histograms, ("clip-0.01", "penalty"), strict=True):
            for found in runs.of(case)[:1]:
                edges = found["largest_weight"] * np.linspace(-1, 1, BINS + 1)
                axes.stairs(found["histogram"], edges, fill=True)
                axes.set(title=f"{case}: weights", yticks=[])
        save_figure(figure, path)


def _inside(critic, x) -> dict[str, Any]:
    """Gradients by the critic's activations at points x (N, 2), and its weights."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        activations = []
        for layer in critic.body.layers:
            x = layer(x)
            tape.watch(x)
            activations.append(x)
        score = critic.head(x)
    gradients = tape.gradient(score, activations)
    # Of the first layers the squares would underflow in float32, in smaller critics the gradients do.
    norms = [float(np.linalg.norm(np.float64(gradient), axis=1).mean()) for gradient in gradients]
    told = [norm for norm in norms if norm]
    weights = np.concatenate([np.ravel(layer.kernel) for layer in critic.body.layers[1:]])
    largest = np.abs(weights).max()
    counts, _ = np.histogram(weights, bins=BINS, range=(-largest, largest))
    return dict(
        growth=float((told[0] / told[-1]) ** (1 / (len(told) - 1))) if len(told) > 1 else float("nan"),
        at_the_ends=float((np.abs(weights) > 0.95 * largest).mean()),
        largest_weight=float(largest),
        norms=norms,
        histogram=[int(count) for count in counts],
    )
