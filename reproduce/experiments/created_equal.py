"""Lucic et al. 2018, Are GANs created equal? A large-scale study (arXiv 1711.10337)."""

from typing import Any

import numpy as np

from reproduce.experiment import Reproduction, registry, said
from reproduce.experiments.stacked import MODERN
from reproduce.pictures import generated, save_grid
from reproduce.training import Judge, carried_on, trained
from support.numbers import Number, with_error
from support.pages import table

ADAM: dict[str, Any] = dict(optimizer="adam", learning_rate=2e-4, beta_1=0.5, beta_2=0.999)
SHARED: dict[str, Any] = dict(model="infogan", batch_size=64, n_critic=1, **ADAM)
#: Their name, and the middle of the range that the paper's narrow search draws their own setting from.
METHODS: dict[str, dict[str, Any]] = {
    "MM GAN": dict(loss="minimax"),
    "NS GAN": dict(loss="non_saturating"),
    "LSGAN": dict(loss="lsgan"),
    "WGAN": dict(loss="wgan", clip=0.1),
    "WGAN GP": dict(loss="wgan_gp", penalties={"gradient_penalty": 1.0}),
    "DRAGAN": dict(loss="non_saturating", penalties={"dragan": 1.0}),
    "BEGAN": dict(loss="began", diversity_ratio=0.75),
    "VAE": {},
    # Younger than the paper: what is gained since.
    "R3GAN": MODERN,
}
#: FID of the best setting of their search: mean and standard deviation of 50 runs, for the methods in order.
PUBLISHED: dict[str, list[tuple[float, float]]] = {
    "mnist": [(9.8, 0.9), (6.8, 0.5), (7.8, 0.6), (6.7, 0.4), (20.3, 5.0), (7.6, 0.4), (13.1, 1.0)],
    "fashion_mnist": [
        (29.6, 1.6),
        (26.5, 1.6),
        (30.7, 2.2),
        (21.5, 1.6),
        (24.5, 2.1),
        (27.7, 1.2),
        (22.9, 0.9),
    ],
}
#: What is measured, and how the table prints it.
NUMBERS = {
    "frechet_distance": ".2f",
    "precision": ".3f",
    "recall": ".3f",
    "coverage": ".3f",
    "class_imbalance": ".3f",
}
METRICS = ("frechet_distance", "precision_recall", "density_coverage", "class_balance")
#: Pictures in a row of the samples, and in all.
COLUMNS, SHOWN = 6, 36
#: Rank correlation of seven methods that chance reaches or exceeds in 4.4 % of cases.
CHANCE = 0.714


def _slug(method: str) -> str:
    return method.lower().replace(" ", "_")


def _cases(dataset: str, steps: int, methods=METHODS) -> dict[str, dict[str, Any]]:
    return {
        f"{dataset}-{_slug(method)}": {**SHARED, "dataset": dataset, "steps": steps, **METHODS[method]}
        for method in methods
    }


@registry.register("created_equal")
class CreatedEqual(Reproduction):
    """One architecture for all (InfoGAN's, but for batch norm's averages over 10 updates, the authors' over
    1,000; BEGAN's discriminator is an autoencoder with its dense layers of 1,024 units, the authors' has none
    of these, and its energies are of pixels in [-1, 1], theirs in [0, 1]; those under a gradient penalty have
    no batch norm; LSGAN's squares are of scores, in the authors' code of their sigmoid), Adam 2e-4 with
    beta_1 0.5 for all, batches of 64, one turn of the discriminator for one of the generator. The paper
    searches 100 settings of each method, trains the best for 20 epochs 50 times and takes the best of its
    checkpoints; here each method has one setting, the middle of the range of the paper's narrow search but
    for the rate (whose middle is 3.2e-4), three epochs and its last checkpoint. The Frechet distance is in
    the features of this suite's classifier of the dataset, the paper's in Inception's, so only the ranking
    can be compared: Spearman's correlation over the seven GANs, which by chance reaches 0.714 in 4.4 of a
    hundred cases, and on one of two datasets in nearly nine. `R3GAN` stands for what came later, and is not
    held to the shared settings. All numbers are of 10,000 samples: the distance to the training split (the
    paper's to 10,000 test pictures); improved precision and recall (k = 3) and coverage (k = 5) in the same
    features, beside as many training pictures; imbalance, the total variation between the samples' classes
    and equal shares.
    """

    title = "Are GANs created equal?"
    paper = "Lucic et al. 2018 (arXiv 1711.10337), Table 2"
    seeds = range(3)
    cases = _cases("mnist", 2800) | _cases("fashion_mnist", 2800)
    quick = {
        name: {**case, "learning_rate": 2e-3}
        for name, case in _cases("digits", 150, ("NS GAN", "VAE")).items()
    }

    def measure(self, case, run):
        if "loss" in case:
            model, settings = trained(case, run)
        else:
            model, settings = _vae(case, run)
        z = model.generator.sample_latent(SHOWN, run.seed)
        save_grid(generated(model, z), COLUMNS, run.figure("samples"))
        found = Judge(settings).numbers(model, METRICS)
        return {name: found[name] for name in NUMBERS}

    def claims(self, runs):
        from scipy.stats import spearmanr

        for dataset, published in PUBLISHED.items():
            cases = [*_cases(dataset, 0)][: len(published)]
            if runs.tried(*cases):
                ours = [runs.mean(case, "frechet_distance") for case in cases]
                found = float(spearmanr(ours, [mean for mean, _ in published]).statistic)
                name = f"{dataset}: rank correlation with the paper's distances"
                yield Number(name, found, CHANCE, 0, ">", "goal: beyond chance")

    def quick_claims(self, runs):
        gan, vae = (runs.mean(f"digits-{_slug(method)}", "precision") for method in ("NS GAN", "VAE"))
        yield Number("NS GAN: precision", gan, vae, 0, ">", "the VAE's: its samples are blurred")

    def section(self, runs, folder):
        parts = []
        for dataset, published in PUBLISHED.items():
            made = {m: case for m in METHODS if runs.has(case := f"{dataset}-{_slug(m)}")}
            printed = {m: with_error(*numbers) for m, numbers in zip(METHODS, published, strict=False)}
            rows = [
                [
                    method,
                    said(METHODS[method]),
                    printed.get(method, "-"),
                    *(runs.spread(case, name, form) for name, form in NUMBERS.items()),
                    runs.seeds(case),
                ]
                for method, case in made.items()
            ]
            if rows:
                names = (name.replace("_", " ").capitalize() for name in NUMBERS)
                parts.append(table(rows, [dataset, "Own settings", "FID, published", *names, "Seeds"]))
                pictures = [
                    f"![{m}]({folder.name}/created_equal-{runs.figure(case, 'samples')})"
                    for m, case in made.items()
                ]
                parts.append(table([pictures], [*made]))
        return "\n\n".join(parts)


def _vae(case, run):
    import keras

    import data
    import models
    from experiment.settings import resolve
    from models.vae import VAE

    shared = {name: case[name] for name in ("model", "dataset", "batch_size", "steps")}
    settings = resolve({**shared, "seed": run.seed, "latent": "normal"})
    keras.utils.set_random_seed(run.seed)
    networks = models.get(
        settings.model,
        settings.image_shape,
        settings.latent_dim,
        latent="normal",
        outputs=2 * settings.latent_dim,
    )
    vae = VAE(networks[1], networks[0], seed=run.seed)
    vae.compile(keras.optimizers.Adam(case["learning_rate"], case["beta_1"], case["beta_2"]))
    images = data.load(settings.dataset, settings.split, data_dir=settings.data_dir)

    def batches(start):
        return data.batches(np.asarray(images), settings.batch_size, run.seed, start)

    carried_on(vae, images, batches, settings.steps, run)
    return vae, settings
