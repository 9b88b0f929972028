"""Lucic et al. 2018, Are GANs created equal? A large-scale study (arXiv 1711.10337)."""

from typing import Any

import numpy as np

from reproduce.experiment import Reproduction, Runs, registry
from reproduce.training import Judge, carried_on, trained
from support.numbers import Number
from support.pages import table

ADAM: dict[str, Any] = dict(optimizer="adam", learning_rate=2e-4, beta_1=0.5, beta_2=0.999)
SHARED: dict[str, Any] = dict(model="infogan", batch_size=64, n_critic=1, **ADAM)
#: Their name, and within their narrow ranges what each objective's own paper or its successors take.
METHODS: dict[str, dict[str, Any]] = {
    "MM GAN": dict(loss="minimax"),
    "NS GAN": dict(loss="non_saturating"),
    "LSGAN": dict(loss="lsgan"),
    "WGAN": dict(loss="wgan", clip=0.1),
    "WGAN GP": dict(loss="wgan_gp", penalties={"gradient_penalty": 1.0}),
    "DRAGAN": dict(loss="non_saturating", penalties={"dragan": 1.0}),
    "BEGAN": dict(loss="began", diversity_ratio=0.75),
    "VAE": {},
}
#: FID of the best setting of their search, mean over 50 runs.
PUBLISHED = {
    "mnist": dict(zip(METHODS, (9.8, 6.8, 7.8, 6.7, 20.3, 7.6, 13.1, 23.8), strict=True)),
    "fashion_mnist": dict(zip(METHODS, (29.6, 26.5, 30.7, 21.5, 24.5, 27.7, 22.9, 58.7), strict=True)),
}


def _slug(method: str) -> str:
    return method.lower().replace(" ", "_")


def _cases(dataset: str, steps: int, methods=METHODS) -> dict[str, dict[str, Any]]:
    return {
        f"{dataset}-{_slug(method)}": {**SHARED, "dataset": dataset, "steps": steps, **METHODS[method]}
        for method in methods
    }


@registry.register("created_equal")
class CreatedEqual(Reproduction):
    """One architecture for all (InfoGAN's; BEGAN's discriminator is an autoencoder with it, those under a
    gradient penalty have no batch norm), Adam 2e-4 with beta_1 0.5 for all, batches of 64, one turn of the
    discriminator for one of the generator. The paper searches 100 settings of each method, trains the best
    for 20 epochs 50 times and takes the best of its checkpoints; here each method has one setting, three
    epochs and its last checkpoint. The Frechet distance is in the features of this suite's classifier of the
    dataset, the paper's in Inception's, so only the ranking can be compared.
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
        found = Judge(settings).numbers(model, ["frechet_distance", "precision_recall"])
        return {name: found[name] for name in ("frechet_distance", "precision", "recall")}

    def claims(self, runs):
        for dataset in PUBLISHED:
            if runs.has(*_cases(dataset, 0)):
                name = f"{dataset}: rank correlation with the paper's distances"
                yield Number(name, self._agreement(runs, dataset), 0.5, 0, ">", "goal")

    def quick_claims(self, runs):
        gan, vae = (runs.mean(f"digits-{_slug(method)}", "precision") for method in ("NS GAN", "VAE"))
        yield Number("NS GAN: precision", gan, vae, 0, ">", "the VAE's: its samples are blurred")

    def section(self, runs, folder):
        parts = []
        for dataset, published in PUBLISHED.items():
            rows = [
                [
                    method,
                    f"{distance}",
                    runs.spread(case, "frechet_distance", ".2f"),
                    runs.spread(case, "precision"),
                    runs.spread(case, "recall"),
                ]
                for method, distance in published.items()
                if runs.has(case := f"{dataset}-{_slug(method)}")
            ]
            if rows:
                headers = [dataset, "FID, published", "Frechet distance, ours", "precision", "recall"]
                parts.append(table(rows, headers))
        return "\n\n".join(parts)

    def _agreement(self, runs: Runs, dataset: str) -> float:
        from scipy.stats import spearmanr

        ours = [runs.mean(f"{dataset}-{_slug(method)}", "frechet_distance") for method in METHODS]
        return float(spearmanr(ours, [*PUBLISHED[dataset].values()]).statistic)


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
