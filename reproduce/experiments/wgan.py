"""Arjovsky et al. 2017, Wasserstein GAN (arXiv 1701.07875): Figures 3 to 7."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from reproduce.experiment import Reproduction, Runs, registry
from reproduce.training import Judge, trained
from support.files import save_figure
from support.numbers import Number
from support.pages import table

NETWORKS: dict[str, dict[str, Any]] = {
    "dcgan": dict(model="dcgan"),
    "no_batch_norm": dict(model="dcgan", generator_batch_norm=False, generator_constant_filters=True),
    "mlp": dict(model="wgan_mlp"),
}
#: Objective, and the number that it gives of itself.
GAMES: dict[str, dict[str, Any]] = {
    "wgan": dict(loss="wgan", algorithm="critic_warmup", warmup_turns=100),
    "gan": dict(loss="non_saturating", n_critic=5),
}
ESTIMATES = {"wgan": "wasserstein_estimate", "gan": "jsd_estimate"}
DISTANCE = "eval/frechet_distance (classifier)"
#: Recorded means of the estimate whose median stands beside an evaluation.
WINDOW = 11


def _case(game: str, networks: str, steps: int, **own: Any) -> dict[str, Any]:
    shared = dict(dataset="mnist", latent="normal", steps=steps, batch_size=64, eval_features="classifier")
    return {
        **shared,
        "filters": 16,
        "kernel": 4,
        **NETWORKS[networks],
        **GAMES[game],
        "eval_every": steps // 20,
        "log_every": max(1, steps // 400),
        "eval_samples": 2500,
        **own,
    }


@registry.register("wgan_curves")
class WGANCurves(Reproduction):
    """The same generators, a DCGAN of 16 filters next to the image, one without batch norm with 16 in every
    layer, and the MLP of 512 units, against a DCGAN critic of 16 filters, trained on MNIST as WGAN (RMSProp
    5e-5, clipping at 0.01, five critic turns, a hundred in the first 25 steps and in every 500th, as the
    authors' code) and as a standard GAN with as many turns of the discriminator (Adam 2e-4, the generator
    descends -log D), for 4,000 updates of the generator; the authors' third pair, two MLPs at too high a
    rate, is not here. While they train: what the critic estimates, E f(x) - E f(G(z)), or what the
    discriminator does, the Jensen-Shannon divergence by its loss; and the Frechet distance of 2,500 samples
    in the features of a classifier, at the end that of 10,000. The estimate is the median of its last 11
    records of ten updates each, after the authors' median filter of 101. The rank correlation over the run
    says whether the one tells of the other. The paper has both games work with the DCGAN; with the other
    generators one of them fails if its distance at the end is twice the other's.
    """

    title = "The critic's estimate and the quality of samples"
    paper = "Arjovsky et al. 2017 (arXiv 1701.07875), Figures 3 to 7 (LSUN bedrooms there, MNIST here)"
    seeds = range(2)
    cases = {f"{game}-{networks}": _case(game, networks, 4000) for networks in NETWORKS for game in GAMES}
    quick = {
        f"{game}-dcgan": _case(game, "dcgan", 300, dataset="digits", learning_rate=5e-4) for game in GAMES
    }

    def measure(self, case, run):
        from evaluation.report import scalars

        gan, settings = trained(case, run)
        recorded = scalars(run.workdir / "run")
        steps, _, distances = recorded[DISTANCE].T
        known = recorded[ESTIMATES["wgan" if settings.loss == "wgan" else "gan"]]
        estimates = [_smoothed(known, step) for step in steps]
        found = Judge(settings).numbers(gan, ["frechet_distance", "class_balance"])
        return dict(
            frechet_distance=found["frechet_distance"],
            classes_found=found["classes_found"],
            steps=[int(step) for step in steps],
            estimates=[float(f"{value:.5g}") for value in estimates],
            distances=[float(f"{value:.5g}") for value in distances],
        )

    def derived(self, case):
        return {"correlation": correlation}

    def claims(self, runs):
        for networks in NETWORKS:
            wgan, gan = (f"{game}-{networks}" for game in GAMES)
            if runs.tried(wgan):
                name = f"{wgan}: correlation of estimate and distance"
                yield runs.bounded(name, wgan, correlation, ">", 0.8, "goal, after Figure 3")
            if runs.tried(gan):
                name = f"{gan}: correlation of estimate and distance, whatever its sign"
                yield runs.bounded(name, gan, unsigned, "<", 0.5, "goal, after Figure 4")
            if runs.tried(wgan, gan) and networks != "dcgan":
                title, source = f"{wgan}: Frechet distance", f"goal: half of {gan}'s, after Figures 6 and 7"
                yield runs.against(title, wgan, "frechet_distance", "<", gan, 0.5, source)

    def quick_claims(self, runs):
        wgan, gan = (runs.mean(f"{game}-dcgan", correlation) for game in GAMES)
        yield Number("wgan: correlation of estimate and distance", wgan, 0.6, 0, ">", "goal, after Figure 3")
        yield Number("gan: correlation of estimate and distance", gan, wgan, 0, "<", "goal, after Figure 4")

    def section(self, runs, folder):
        self._draw(runs, folder / "wgan_curves.png")
        rows = [
            [
                case.replace("-", ", "),
                runs.spread(case, correlation),
                runs.spread(case, "frechet_distance", ".1f"),
                runs.spread(case, "classes_found", ".1f"),
                runs.seeds(case),
            ]
            for case in self.cases
            if runs.has(case)
        ]
        headers = ["game, generator", "correlation", "Frechet distance at the end", "classes of 10", "seeds"]
        return (
            f"![estimates and distances]({folder.name}/wgan_curves.png)\n\n"
            f"Above WGAN, below the standard GAN (first seed).\n\n{table(rows, headers)}"
        )

    def _draw(self, runs: Runs, path: Path) -> None:
        from matplotlib.figure import Figure
        from matplotlib.ticker import LogFormatter

        drawn = [name for name in NETWORKS if any(runs.has(f"{game}-{name}") for game in GAMES)]
        figure = Figure(figsize=(1 + 3.5 * len(drawn), 6), dpi=110, layout="constrained")
        grid = figure.subplots(2, len(drawn), squeeze=False)
        for column, networks in enumerate(drawn):
            for row, game in enumerate(GAMES):
                axes = grid[row][column]
                beside = axes.twinx()
                for found in runs.of(f"{game}-{networks}")[:1]:
                    axes.plot(found["steps"], found["estimates"], color="tab:blue")
                    beside.semilogy(found["steps"], found["distances"], color="tab:orange")
                axes.set(title=f"{game}, {networks}")
                axes.set_ylabel(ESTIMATES[game].replace("_", " "), color="tab:blue")
                beside.set_ylabel("Frechet distance", color="tab:orange")
                for ticks in (beside.yaxis.set_major_formatter, beside.yaxis.set_minor_formatter):
                    ticks(LogFormatter(minor_thresholds=(2, 0.5)))
        for axes in grid[-1]:
            axes.set_xlabel("generator updates")
        save_figure(figure, path)


def correlation(found: Mapping[str, Any]) -> float:
    """Rank correlation of estimate and distance over a run."""
    from scipy.stats import spearmanr

    return float(spearmanr(found["estimates"], found["distances"]).statistic)


def unsigned(found: Mapping[str, Any]) -> float:
    """The same, whatever its sign."""
    return abs(correlation(found))


def _smoothed(points: np.ndarray, step: float) -> float:
    """The median of the last records of a number up to a step, as the authors' median filter."""
    values = points[points[:, 0] <= step, 2]
    return float(np.median(values[-WINDOW:]))
