"""Modes of two mixtures in the plane, as VEEGAN and PacGAN count them."""

from typing import Any

from PIL import Image

from metrics.modes import MODE_SAMPLES
from reproduce.experiment import Reproduction, Runs, registry
from reproduce.experiments.ring import CASES
from reproduce.experiments.stacked import PACGAN_RUNS
from reproduce.training import Judge, trained
from support.numbers import ONE_RUN, Number, with_error
from support.pages import table

MIXTURES = {"ring": 8, "grid": 25}
#: PacGAN's synthetic experiments, but for the number of updates.
PACGAN: dict[str, Any] = dict(
    model="pacgan",
    loss="non_saturating",
    algorithm="simultaneous",
    steps=40_000,
    batch_size=100,
    optimizer="adam",
    learning_rate=1e-4,
    beta_1=0.8,
    beta_2=0.999,
)


def _packed(count: int) -> dict[str, Any]:
    """A batch is of 100 packs."""
    return {**PACGAN, "packing": count, "batch_size": 100 * count}


#: The methods of PacGAN's table.
PACGANS = {"gan": PACGAN, **{f"pacgan{count}": _packed(count) for count in (2, 3, 4)}}
#: The published number of updates, what is looked at on their way, and what such runs are called.
FULL: dict[str, Any] = dict(
    steps=400_000,
    log_every=1000,
    checkpoint_every=5000,
    eval_every=20_000,
    eval_metrics="mode_coverage",
    eval_samples=MODE_SAMPLES,
)
FULL_SUFFIX = "_full"
#: Beside a row of the ring's table: trained for longer.
LONG: dict[str, Any] = dict(steps=20_000, learning_rate_decay=1.0003, generator_ema=0.999)
#: The method that is held to the goals.
MODERN = "r3gan"
METHODS: dict[str, dict[str, Any]] = {
    **PACGANS,
    **{f"{method}{FULL_SUFFIX}": {**own, **FULL} for method, own in PACGANS.items()},
    "unrolled": {**CASES["minimax+unrolled"], "latent_dim": 256, "beta_1": 0.5, "steps": 25_000},
    "wgan": {**CASES["wgan"], **LONG},
    "wgan_gp": {**CASES["wgan_gp"], **LONG},
    # More layers are what makes its generator steep enough between modes.
    MODERN: {
        **CASES["r3gan"],
        "depth": 7,
        "n_critic": 1,
        "steps": 40_000,
        "learning_rate": 2e-3,
        "learning_rate_decay": 1.0001,
        "generator_ema": 0.999,
    },
}
#: (Method, mixture) -> what it has there alone. The same critic has smaller slopes where modes are farther
#: apart: 0.77 on the ring, 2 on the grid.
OWN: dict[tuple[str, str], dict[str, Any]] = {
    (MODERN, "ring"): {"penalties": {"r1": 0.02, "r2": 0.02}},
    (MODERN, "grid"): {"penalties": {"r1": 0.1, "r2": 0.1}},
}
#: Method -> mixture -> modes, share of high quality in % and reverse KL, with standard errors of 10 runs; and
#: where from.
PUBLISHED: dict[str, dict[str, tuple[tuple[float, float | None], ...]]] = {
    "gan": {
        "ring": ((6.3, 0.5), (98.2, 0.2), (0.45, 0.09)),
        "grid": ((17.3, 0.8), (94.8, 0.7), (0.70, 0.07)),
    },
    "pacgan2": {
        "ring": ((7.9, 0.1), (95.6, 2.0), (0.07, 0.03)),
        "grid": ((23.8, 0.7), (91.3, 0.8), (0.13, 0.04)),
    },
    "pacgan3": {
        "ring": ((7.8, 0.1), (97.7, 0.3), (0.10, 0.02)),
        "grid": ((24.6, 0.4), (94.2, 0.4), (0.06, 0.02)),
    },
    "pacgan4": {
        "ring": ((7.8, 0.1), (95.9, 1.4), (0.07, 0.02)),
        "grid": ((24.8, 0.2), (93.6, 0.6), (0.04, 0.01)),
    },
    # VEEGAN's table has no errors, and no reverse KL.
    "unrolled": {"ring": ((7.6, None), (35.6, None)), "grid": ((23.6, None), (16.0, None))},
}
PUBLISHED |= {f"{method}{FULL_SUFFIX}": PUBLISHED[method] for method in PACGANS}
#: What is counted -> its title, factor and form of its print.
NUMBERS = {
    "modes": ("modes", 1, ".1f"),
    "high_quality": ("high quality, %", 100, ".1f"),
    "reverse_kl": ("reverse KL", 1, ".3f"),
}
#: Pictures of samples side by side.
A_ROW = 4
#: PacGAN's best reverse KL on each mixture.
BEST = {"ring": 0.07, "grid": 0.04}


@registry.register("mode_coverage")
class ModeCoverage(Reproduction):
    """The ring of 8 Gaussians (standard deviation 0.01, radius 1) and the grid of 25 (0.05, two apart),
    100,000 points of each. `gan` and `pacgan2` to `4`: PacGAN's networks (a generator of four layers of 400
    units with batch norm, a discriminator of three maxout layers of 200 x 5), Adam 1e-4 with beta_1 0.8,
    batches of 100 packs, both networks updated at once as in the authors' code, a tenth of the published
    400,000 updates, or once, as `gan_full` to `pacgan4_full`, all of these; the points of a pack pass the
    generator and its batch norm together, theirs one place of the pack at a time. `unrolled`: after the
    authors' notebook (two layers of 128 tanh units, z of 256 normal entries, five updates ahead, 25,000
    updates), but with a moving average and other initial weights. `wgan` and `wgan_gp` have the networks of
    the ring's table, three layers of 128 units, and its settings but for 20,000 updates, a rate that is
    divided by 1.0003 after each, and an average of 0.999; `r3gan` seven layers, 40,000 updates at a falling
    rate from 2e-3, an average of 0.999, penalties of 0.02 on the ring and 0.1 on the grid, chosen on seeds 0
    to 2. Of 2,500 samples, those within three standard deviations of a mode are of high quality (of the data
    itself 98.9 %); a mode is found if it is nearest to one of these; the reverse KL is that of the shares of
    the modes from equal ones, of all samples, where PacGAN's code counts those of high quality alone. A
    published row is compared with the run of all its updates where there is one. It holds where ours lies
    within the 95 % interval (Student's t) of the difference of the means, if single runs here scatter as the
    paper's ten. With few seeds that is a weak test: of one run the interval is 7.5 times as wide as the error
    that the paper prints, and that of modes and reverse KL mostly takes in the best values there are, all
    modes and a divergence of 0.
    """

    title = "Modes of two mixtures"
    paper = "Lin et al. 2018, PacGAN (arXiv 1712.04086), Table 1; `unrolled`: VEEGAN's (arXiv 1705.07761)"
    seeds = range(10)
    cases = {
        f"{method}-{mixture}": {**own, "dataset": mixture, **OWN.get((method, mixture), {})}
        for mixture in MIXTURES
        for method, own in METHODS.items()
    }
    quick = {f"{MODERN}-ring": {**CASES[MODERN], "steps": 2000, "learning_rate_decay": 1.002, "n_critic": 1}}

    def seeds_of(self, case):
        return self.seeds[:1] if FULL_SUFFIX in case else self.seeds

    def measure(self, case, run):
        gan, settings = trained(case, run)
        last = run.workdir / "run" / "samples" / f"step-{settings.steps:07d}.png"
        Image.open(last).reduce(2).save(run.figure("samples"))
        return Judge(settings, MODE_SAMPLES).numbers(gan, ["mode_coverage"])

    def claims(self, runs):
        for mixture, count in MIXTURES.items():
            for method, published in PUBLISHED.items():
                full = runs.tried(f"{method}{FULL_SUFFIX}-{mixture}")
                if runs.tried(case := f"{method}-{mixture}") and not full:
                    for name, (theirs, error) in zip(NUMBERS, published[mixture], strict=False):
                        # Beside numbers without an error nothing can be said.
                        if error is not None:
                            title, scale, _ = NUMBERS[name]
                            found = runs.agreement(case, name, (theirs, error), runs=PACGAN_RUNS, scale=scale)
                            of = "table" if len(runs.values(case, name)) > 1 else f"table, {ONE_RUN}"
                            yield Number(f"{case}: {title}", *found, source=of)
            if runs.tried(case := f"{MODERN}-{mixture}"):
                yield Number(f"{case}: fewest modes", runs.values(case, "modes").min(), count, source="goal")
                yield runs.bounded(f"{case}: high quality, %", case, "high_quality", ">", 95, "goal", 100)
                best = BEST[mixture], "goal: PacGAN's best"
                yield runs.bounded(f"{case}: reverse KL", case, "reverse_kl", "<", *best)

    def quick_claims(self, runs):
        for case in self.quick:
            yield Number(f"{case}: modes", runs.mean(case, "modes"), MIXTURES["ring"], source="goal")

    def section(self, runs, folder):
        parts = []
        for mixture in MIXTURES:
            made = [method for method in METHODS if runs.has(f"{method}-{mixture}")]
            if not made:
                continue
            pictures = [
                f"![{method}]({folder.name}/mode_coverage-{runs.figure(f'{method}-{mixture}', 'samples')})"
                for method in made
            ]
            parts += [self._table(runs, mixture, made), "Samples of the first seed:"]
            parts += [
                table([pictures[i : i + A_ROW]], [f"`{method}`" for method in made[i : i + A_ROW]])
                for i in range(0, len(made), A_ROW)
            ]
        return "\n\n".join(parts)

    def _table(self, runs: Runs, mixture: str, methods: list[str]) -> str:
        rows = []
        for method in methods:
            case = f"{method}-{mixture}"
            published = dict(zip(NUMBERS, PUBLISHED.get(method, {}).get(mixture, ()), strict=False))
            row = [f"`{method}`", runs.seeds(case)]
            for name, (_, scale, form) in NUMBERS.items():
                theirs = published.get(name)
                row += [with_error(*theirs, form) if theirs else "-", runs.spread(case, name, form, scale)]
            rows.append(row)
        headers = [
            mixture,
            "seeds",
            *(f"{title}, {whose}" for title, *_ in NUMBERS.values() for whose in ("published", "ours")),
        ]
        return table(rows, headers)
