"""Every objective on the ring of 8 Gaussians."""

from typing import Any

import numpy as np

from metrics.modes import MODE_SAMPLES
from reproduce.experiment import Reproduction, registry, said, short
from reproduce.training import Judge, trained
from support.numbers import Number
from support.pages import table

#: What all rows share; a row overrides it.
PROTOCOL: dict[str, Any] = dict(
    dataset="ring",
    model="toy",
    depth=3,
    units=128,
    steps=5000,
    batch_size=128,
    learning_rate=1e-3,
    learning_rate_decay=1.0005,
    generator_ema=0.99,
)

#: Row of the table, an objective and what it has beside it -> its own settings.
ROWS: dict[str, dict[str, Any]] = {
    "minimax": {},
    "non_saturating": {},
    "maximum_likelihood": {},
    "lsgan": {},
    "hinge": {},
    "fgan_gan": {},
    "fgan_jensen_shannon": {},
    "fgan_kl": {},
    "fgan_reverse_kl": {},
    "fgan_pearson": {},
    "fgan_neyman": {},
    "fgan_squared_hellinger": {},
    "fgan_jeffrey": {},
    "rsgan": {},
    "rlsgan": {},
    "rasgan": {},
    "ralsgan": {},
    "rahinge": {},
    # Its section 2.3: the samples regularise an autoencoder whose code could hold the data.
    "ebgan": dict(autoencoder=16, margin=0.1),
    "ebgan+pulling_away": dict(autoencoder=16, margin=0.1, algorithm="pulling_away"),
    "began": dict(autoencoder=16),
    "mmd_gan": dict(penalties={"gradient_penalty": 0.1}),
    "wgan": dict(clip=0.1),
    "wgan_gp": dict(penalties={"gradient_penalty": 0.1}),
    "wgan_lp": dict(penalties={"lipschitz_penalty": 0.1}),
    "wgan_div": {},
    "r3gan": dict(penalties={"r1": 0.005, "r2": 0.005}),
    **{
        f"{loss}+saturating": dict(saturating=True)
        for loss in ("fgan_kl", "fgan_reverse_kl", "fgan_squared_hellinger")
    },
    # As SN-GAN and its successors use the hinge.
    "hinge+spectral_norm": dict(spectral_norm=True),
    "non_saturating+r1": dict(penalties={"r1": 0.005}),
    "non_saturating+dragan": dict(penalties={"dragan": 0.1}),
    "non_saturating+packing": dict(packing=4, batch_size=512),
    # After the authors' notebook, which has 25,000 steps, z of 256 entries and orthogonal weights.
    "minimax+unrolled": dict(
        algorithm="unrolled",
        unrolled_steps=5,
        depth=2,
        activation="tanh",
        batch_size=512,
        discriminator_learning_rate=1e-4,
        learning_rate_decay=1.0,
    ),
}

CASES = {row: {**PROTOCOL, "loss": row.split("+", maxsplit=1)[0], **own} for row, own in ROWS.items()}
QUICK: dict[str, dict[str, Any]] = {
    "minimax": {**CASES["minimax"], "steps": 1500},
    "wgan_gp": {**CASES["wgan_gp"], "steps": 1000, "learning_rate_decay": 1.002},
}


@registry.register("ring")
class Ring(Reproduction):
    """Networks, rates, batches and updates of the generator are the same for all but where the column "own"
    says otherwise (packing and unrolling have larger batches). The critic's turns for one of the generator
    are those of the objective's paper, so critics of five see five times as much data; so are the optimizer,
    RMSProp for WGAN and Adam for all others, and Adam's betas. The small weights of the gradient penalties
    are those that suit the plane, as lambda = 0.1 in WGAN-GP's toy code. Of 2,500 samples, those within three
    standard deviations of a mode are of high quality (of the data itself 98.9 %); a mode is found if it is
    nearest to one of these. The reverse KL is that of the samples over the modes against equal shares.
    """

    title = "Every objective on the ring of 8 Gaussians"
    paper = "No published protocol"
    seeds = range(5)
    cases = CASES
    quick = QUICK

    def measure(self, case, run):
        gan, settings = trained(case, run)
        return Judge(settings, MODE_SAMPLES).numbers(gan, ["mode_coverage"])

    def claims(self, runs):
        for row in ("wgan", "wgan_gp", "non_saturating+r1", "r3gan", "minimax+unrolled"):
            if runs.tried(row):
                fewest = runs.values(row, "modes").min()
                yield Number(f"{row}: fewest modes of a seed", fewest, 8, source="goal")

    def quick_claims(self, runs):
        fewest = runs.values("wgan_gp", "modes").min()
        yield Number("wgan_gp: modes", fewest, 8, source="goal")
        yield Number("minimax: modes", runs.mean("minimax", "modes"), 7, 0, "<", "goal: it drops modes")

    def section(self, runs, folder):
        import support.environment  # isort: skip  # Before TensorFlow.  # noqa: F401
        from experiment.settings import resolve

        rows, runs = [], runs.ended()
        for row, own in ROWS.items():
            if not runs.has(row):
                continue
            found, good = runs.values(row, "modes"), 100 * runs.values(row, "high_quality")
            rows.append(
                [
                    f"`{row}`",
                    said(own),
                    str(resolve(CASES[row]).n_critic),
                    f"{found.mean():.1f} ({found.min():.0f} to {found.max():.0f})",
                    f"{good.mean():.1f}{_deviation(good)}",
                    f"{runs.mean(row, 'reverse_kl'):.3f}",
                    runs.seeds(row),
                ]
            )
        headers = ["objective", "own", "turns", "modes of 8", "high quality, %", "reverse KL", "seeds"]
        shared = ", ".join(f"`{key}={short(value)}`" for key, value in PROTOCOL.items())
        return (
            f"All rows share {shared}; they take the rest from their own papers' settings, but for what the "
            'column "own" says. Means over the seeds, with the range of modes and the standard deviation of '
            f"the share.\n\n{table(rows, headers)}"
        )


def _deviation(values: np.ndarray) -> str:
    return f" ± {values.std(ddof=1):.1f}" if len(values) > 1 else ""
