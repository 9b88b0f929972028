"""Stacked MNIST: how many of a thousand modes the samples hold."""

from typing import Any

from metrics.modes import STACKED_SAMPLES
from reproduce.experiment import Reproduction, registry
from reproduce.pictures import generated, save_grid
from reproduce.training import Judge, trained
from support.numbers import Number, with_error
from support.pages import table

NETWORKS: dict[str, Any] = dict(dataset="stacked_mnist", model="dcgan", filters=32, kernel=4, batch_size=64)
#: DCGAN's objective and optimizer; PacGAN's code takes the latter over.
DCGAN: dict[str, Any] = dict(
    loss="non_saturating", optimizer="adam", learning_rate=2e-4, beta_1=0.5, beta_2=0.999
)
#: Trainings behind each mean of PacGAN's tables.
PACGAN_RUNS = 10
#: R3GAN's game after the preset `mnist_quick`; both penalties on every fourth turn.
MODERN: dict[str, Any] = dict(
    loss="r3gan",
    penalties={"r1": 0.5, "r2": 0.5},
    penalty_every=4,
    discriminator_batch_norm=False,
    generator_ema=0.995,
    optimizer="adam",
    learning_rate=2e-3,
    beta_1=0.0,
    beta_2=0.99,
)
#: Packs of two, as many as pictures elsewhere.
PACKED: dict[str, Any] = {**DCGAN, "packing": 2, "batch_size": 128}
#: Large batches make the shares of the digits more even than more updates of small ones do.
LARGE: dict[str, Any] = {
    **MODERN,
    "batch_size": 256,
    "generator_ema": 0.999,
    "steps": 20_000,
    "precision": "auto",
}
METHODS = {"dcgan": DCGAN, "pacdcgan2": PACKED, "r3gan": LARGE}
#: Modes and KL of the papers' tables, with their standard errors where they have them, and where from; first
#: of methods that are not run here.
PUBLISHED: dict[str, tuple[tuple[float, ...], tuple[float, ...], str]] = {
    "VEEGAN": ((150,), (2.95,), "R3GAN"),
    "WGAN-GP": ((959,), (0.73,), "R3GAN"),
    "dcgan": ((78.9, 6.5), (4.50, 0.13), "PacGAN, Table 2"),
    "pacdcgan2": ((1000, 0), (0.06, 0.003), "PacGAN, Table 2"),
    "r3gan": ((1000,), (0.029,), "R3GAN, its own residual networks; small ones: 1000, 0.078"),
}


@registry.register("stacked_mnist")
class StackedMNIST(Reproduction):
    """Three digits as the colours of a picture, 128,000 of them drawn from MNIST's training split (PacGAN's
    from all 70,000 digits). All methods have DCGANs of three layers of 32, 64 and 128 filters with kernels of
    4, PacGAN's four of 64 to 512 with kernels of 5. `dcgan` and `pacdcgan2`: DCGAN's Adam, batches of 64
    scores and 12,000 updates, where PacGAN's code makes 100,000, gives the generator two for one of the
    discriminator, on the same z, has pixels in [0, 1], and takes each picture of a pack from a pass of its
    own through the generator and its batch norm. `r3gan`: no batch norm in the discriminator, Adam 2e-3 with
    beta_1 0 and beta_2 0.99, penalties of 0.5 on every fourth turn, batches of 256, 20,000 updates and an
    average of the weights, in bfloat16 where the machine gains by it. A classifier of MNIST (not PacGAN's;
    99.5 % of test digits) reads each colour of 26,000 samples; a mode is a triple of digits seen at least
    once, the KL is that of the samples' histogram from equal shares. With perfect sampling it is 0.019 if all
    digits are equally frequent, and 0.024 of MNIST's own, which are not. PacGAN's rows hold within the
    95 % interval (Student's t) of the difference of the means, if single runs here scatter as theirs.
    """

    title = "A thousand modes: stacked MNIST"
    paper = (
        "PacGAN (Lin et al. 2018, arXiv 1712.04086), Table 2, and R3GAN (Huang et al. 2024, arXiv 2501.05441)"
    )
    seeds = range(2)
    cases = {
        method: {**NETWORKS, "steps": 12_000, **own, "samples": STACKED_SAMPLES}
        for method, own in METHODS.items()
    }
    quick = {
        "r3gan": {**NETWORKS, **MODERN, "filters": 16, "generator_ema": 0.98, "steps": 500, "samples": 2600}
    }

    def measure(self, case, run):
        own = dict(case)
        count = own.pop("samples")
        # Of the samples alone: distances would first take the features of 128,000 pictures.
        gan, settings = trained(
            {**own, "eval_metrics": "stacked_coverage", "eval_features": "classifier"}, run
        )
        found = Judge(settings, count).numbers(gan, ["stacked_coverage"])
        z = gan.generator.sample_latent(48, run.seed)
        save_grid(generated(gan, z), 12, run.figure("samples"))
        return {name: found[name] for name in ("stacked_modes", "stacked_kl")}

    def claims(self, runs):
        if runs.tried("r3gan"):
            (their_modes,), (their_kl,), _ = PUBLISHED["r3gan"]
            yield Number("r3gan: modes", runs.mean("r3gan", "stacked_modes"), their_modes, source="R3GAN")
            for bound, source in ((0.06, "goal"), (their_kl, "R3GAN")):
                yield runs.bounded("r3gan: KL", "r3gan", "stacked_kl", "<", bound, source)
        for method in ("dcgan", "pacdcgan2"):
            if runs.tried(method):
                *published, source = PUBLISHED[method]
                for name, numbers in zip(("modes", "KL"), published, strict=True):
                    measured = f"stacked_{name.lower()}"
                    found = runs.agreement(method, measured, numbers, runs=PACGAN_RUNS)
                    yield Number(f"{method}: {name}", *found, source=source)

    def quick_claims(self, runs):
        (collapsed, _), _, source = PUBLISHED["dcgan"]
        found = runs.mean("r3gan", "stacked_modes")
        yield Number("r3gan: modes", found, collapsed, relation=">", source=f"{source}, DCGAN")

    def section(self, runs, folder):
        rows = [
            [
                f"`{method}`" if method in METHODS else method,
                *(with_error(*numbers) for numbers in (modes, kl)),
                source,
                *(
                    runs.spread(method, name, form) if method in METHODS else "-"
                    for name, form in (("stacked_modes", ".1f"), ("stacked_kl", ".3f"))
                ),
                runs.seeds(method) if method in METHODS else "-",
            ]
            for method, (modes, kl, source) in PUBLISHED.items()
            if method not in METHODS or runs.has(method)
        ]
        headers = ["method", "modes, published", "KL, published", "from", "modes, ours", "KL, ours", "seeds"]
        pictures = [
            f"![samples of {method}]({folder.name}/stacked_mnist-{runs.figure(method, 'samples')})"
            for method in PUBLISHED
            if runs.has(method)
        ]
        return "\n\n".join([table(rows, headers), *pictures])
