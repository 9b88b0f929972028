"""Every objective on the ring of 8 Gaussians: modes found and share of high-quality samples, five seeds.

One protocol for all, so that the objectives can be compared: it is no published one, and the small weights
of the gradient penalties are those that suit the plane, as lambda = 0.1 in WGAN-GP's toy code.
"""

import support.environment  # isort: skip  # Before TensorFlow, in the workers too.  # noqa: F401

import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np

from support import machine
from support.files import atomic

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "reproduce" / "results" / "ring.json"
PAGE = ROOT / "docs" / "ring.md"
SEEDS = range(5)
SAMPLES = 2500

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

#: Row of the table -> its own settings.
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
    "mmd_gan": dict(penalties={"gradient_penalty": 0.1}),
    "wgan": dict(clip=0.1),
    "wgan_gp": dict(penalties={"gradient_penalty": 0.1}),
    "wgan_lp": dict(penalties={"lipschitz_penalty": 0.1}),
    "wgan_div": {},
    "r3gan": dict(penalties={"r1": 0.005, "r2": 0.005}),
    **{
        f"{loss} + saturating": dict(saturating=True)
        for loss in ("fgan_kl", "fgan_reverse_kl", "fgan_squared_hellinger")
    },
    # As SN-GAN and its successors use the hinge.
    "hinge + spectral_norm": dict(spectral_norm=True),
    "non_saturating + r1": dict(penalties={"r1": 0.005}),
    "non_saturating + dragan": dict(penalties={"dragan": 0.1}),
    "non_saturating + packing": dict(packing=4, batch_size=512),
    # The authors' notebook, but for its 25,000 steps.
    "minimax + unrolled": dict(
        algorithm="unrolled",
        unrolled_steps=5,
        depth=2,
        activation="tanh",
        batch_size=512,
        discriminator_learning_rate=1e-4,
        learning_rate_decay=1.0,
    ),
}


REMARKS = """

## What to make of it

- What its paper says of such mixtures holds here: the Wasserstein games, R1, DRAGAN and R3GAN find every
  mode, as do packing (published: 7.8 of 8 with four examples a pack), unrolling (published: 7.6, 36 % of
  high quality) and the hinge with spectral normalisation. The original games drop modes, the minimax one
  most, as the papers that mend it report (6.3 of 8).
- `hinge` without spectral normalisation is here to show what that does: an unbounded critic five turns
  ahead collapses it.
- `maximum_likelihood` is a thought experiment of the tutorial's: few samples carry the whole gradient.
- f-GAN's paper trained on MNIST alone and claims no modes. Its reverse KL, Neyman and squared Hellinger
  games have activations like -e^-v, whose gradient by -E g_f(v) explodes where the critic is sure; the
  generator's own bound (`+ saturating`) does better for two of them.
- `ebgan`'s paper makes no claim on mixtures, and offers a pulling-away term, not built here, against
  dropped modes. Codes of 1 to 64 entries and margins of 0.1 to 1 gave 3 to 7 modes.
- Samples of penalised critics are wider than the data: a critic of bounded slope hardly sees a standard
  deviation of 0.01.
"""


def settings_of(row: str, seed: int) -> dict:
    """The settings of one run, as `experiment.settings.resolve` takes them."""
    return {**PROTOCOL, "loss": row.split(" + ", maxsplit=1)[0], **ROWS[row], "seed": seed}


def train(row: str, seed: int) -> dict:
    """Trains one run and counts the modes of its samples."""
    import tensorflow as tf

    import data
    from callbacks import Pace
    from experiment import build
    from experiment.settings import resolve
    from metrics import mode_coverage

    tf.config.experimental.enable_op_determinism()
    settings = resolve(settings_of(row, seed))
    gan = build.gan(settings)
    ring = data.find("ring")
    assert isinstance(ring, data.Points) and ring.centres is not None and ring.std is not None
    gan.fit(
        data.batches(ring.draw(), settings.n_critic * settings.batch_size, seed),
        shuffle=False,
        verbose=0,
        callbacks=[Pace([], settings.steps)],
    )
    samples = np.asarray(gan.generator.finished(gan.generator.sample_latent(SAMPLES, seed)))
    counted = mode_coverage(samples, ring.centres, ring.std)._asdict()
    return dict(row=row, seed=seed, **counted)


def recorded() -> dict:
    if RESULTS.exists():
        return json.loads(RESULTS.read_text())
    return dict(machine=machine.describe("tensorflow-cpu", "keras", "numpy"), protocol=PROTOCOL, runs=[])


def run(jobs: int) -> None:
    """Makes the runs that are not recorded yet, and records each as it ends."""
    results = recorded()
    done = {(run["row"], run["seed"]) for run in results["runs"]}
    missing = [(row, seed) for seed in SEEDS for row in ROWS if (row, seed) not in done]
    os.environ["TF_NUM_INTRAOP_THREADS"] = "1"
    # One run a process: TensorFlow's memory and threads do not pile up.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=spawn, max_tasks_per_child=1) as pool:
        for future in as_completed([pool.submit(train, *case) for case in missing]):
            result = future.result()
            results["runs"].append(result)
            with atomic(RESULTS) as temporary:
                temporary.write_text(json.dumps(results, indent=1) + "\n")
            print(json.dumps(result), flush=True)


def report() -> Path:
    """Writes docs/ring.md from the recorded runs."""
    results = recorded()
    lines = []
    for row, changed in ROWS.items():
        runs = [run for run in results["runs"] if run["row"] == row]
        if not runs:
            continue
        modes = [run["modes"] for run in runs]
        good = np.array([run["high_quality"] for run in runs])
        kl = np.array([run["reverse_kl"] for run in runs])
        own = ", ".join(f"{key} {_short(value)}" for key, value in changed.items()) or "-"
        lines.append(
            f"| `{row}` | {own} | {np.mean(modes):.1f} ({min(modes)} to {max(modes)}) | "
            f"{100 * good.mean():.1f}{_spread(100 * good)} | "
            f"{kl.mean():.3f} | {len(runs)} |"
        )
    protocol = ", ".join(f"`{key}={_short(value)}`" for key, value in results["protocol"].items())
    told = ", ".join(f"{key} {value}" for key, value in results["machine"].items())
    PAGE.write_text(
        f"""# Every objective on the ring of 8 Gaussians

Made by `python -m reproduce ring` from `reproduce/results/ring.json` ({told}). Of {SAMPLES} samples a
run, those within three standard deviations of a mode are of high quality (of the data itself 98.9 %); a mode
is found if it is nearest to one of these. The reverse KL is that of the samples over the modes against equal
shares. Means over the seeds, with the range of modes and the standard deviation of the share.

All rows share {protocol}; they take the rest from their own papers' settings, but for what the column "own"
says. This protocol is no published one.

| objective | own | modes of 8 | high quality, % | reverse KL | seeds |
|---|---|---|---|---|---|
"""
        + "\n".join(lines)
        + REMARKS,
        encoding="utf-8",
    )
    return PAGE


def _spread(values: np.ndarray) -> str:
    return f" ± {values.std(ddof=1):.1f}" if len(values) > 1 else ""


def _short(value) -> str:
    if isinstance(value, dict):
        return ",".join(f"{name}:{weight:g}" for name, weight in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)
