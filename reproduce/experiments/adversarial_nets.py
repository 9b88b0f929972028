"""Goodfellow et al. 2014, Generative Adversarial Nets (arXiv 1406.2661): Table 1, Figures 2 and 3."""

from typing import Any

import numpy as np

import configs
from reproduce.experiment import Reproduction, Run, registry
from reproduce.pictures import between, generated, save_grid
from reproduce.training import Judge, trained
from support.numbers import Number, with_error
from support.pages import table

#: Mean log-likelihoods of Table 1, MNIST, and their standard errors.
PUBLISHED = {
    "DBN": (138, 2),
    "Stacked CAE": (121, 1.6),
    "Deep GSN": (214, 1.1),
    "Adversarial nets": (225, 2),
}
METRIC = "parzen_log_likelihood"
SETTINGS = configs.get("gan_mnist").settings
ON_DIGITS: dict[str, Any] = {
    **{name: value for name, value in SETTINGS.items() if name != "split"},
    "dataset": "digits",
    "steps": 300,
}
#: Rows of Figure 2, and samples in each before the training picture nearest to the last.
ROWS, SAMPLES = 5, 6
#: Lines of Figure 3, and digits along each.
LINES, ALONG = 4, 10


@registry.register("parzen")
class Parzen(Reproduction):
    """The authors' networks, schedule and procedure: z uniform on [-sqrt 3, sqrt 3], the generator's output
    bias from the mean picture, dropout on every input of the discriminator, momentum rising over the first
    250 of 1,300 epochs of the first 50,000 pictures, both networks updated at once, no choice among
    checkpoints. Then 10,000 samples, a Gaussian on each, whose width is the best of ten for 1,000 validation
    pictures, and the mean log-likelihood of the 10,000 test pictures in nats; its spread is the standard
    error over these, as the paper's.
    """

    title = "Adversarial nets on MNIST"
    paper = "Goodfellow et al. 2014 (arXiv 1406.2661), Table 1, Figures 2 and 3"
    cases = {"mnist": SETTINGS}
    quick = {"digits": ON_DIGITS}

    def measure(self, case, run):
        from experiment import build

        gan, settings = trained(case, run)
        judge = Judge(settings)
        self._draw(gan, judge, run)
        return judge.numbers(gan, [METRIC]) | dict(
            training_pictures=judge.of_real([METRIC])[METRIC],
            untrained=judge.numbers(build.gan(settings), [METRIC])[METRIC],
        )

    def claims(self, runs):
        if runs.tried("mnist"):
            found = runs.mean("mnist", METRIC)
            published, _ = PUBLISHED["Adversarial nets"]
            yield Number("test log-likelihood, nats", found, published, relation=">", source="Table 1")

    def quick_claims(self, runs):
        found, before, data = (
            runs.mean("digits", name) for name in (METRIC, "untrained", "training_pictures")
        )
        name = "test log-likelihood of samples, nats"
        yield Number(name, found, before, 0, ">", "before training")
        yield Number(name, found, data, 0, "<", "training pictures")

    def section(self, runs, folder):
        rows = [[f"{model}, published", with_error(*numbers)] for model, numbers in PUBLISHED.items()]
        for found in runs.of("mnist"):
            ours = with_error(found[METRIC], found[f"{METRIC}_error"], ".1f")
            rows.append([f"Adversarial nets, ours (sigma {found['parzen_sigma']:.3f})", ours])
            rows.append(["before training, ours", f"{found['untrained']:.1f}"])
            rows.append(["training pictures in the samples' place", f"{found['training_pictures']:.1f}"])
        pictures = [
            f"![samples]({folder.name}/parzen-{runs.figure('mnist', 'samples')})",
            "Samples; in the last column the training picture nearest to the one beside it (Figure 2).",
            f"![lines in z]({folder.name}/parzen-{runs.figure('mnist', 'lines')})",
            "Along straight lines in z (Figure 3).",
        ]
        return "\n\n".join([table(rows, ["MNIST, nats", "test log-likelihood"]), *pictures])

    def _draw(self, gan, judge: Judge, run: Run) -> None:
        from evaluation.measures import nearest_examples

        shape = judge.reference.shape
        samples = generated(gan, gan.generator.sample_latent(ROWS * SAMPLES, run.seed))
        samples = samples.reshape(ROWS, SAMPLES, *shape)
        nearest = nearest_examples(samples[:, -1], judge.reference.examples).indices[:, 0]
        beside = np.stack([judge.reference.examples[i] for i in nearest])[:, None]
        shown = np.concatenate([samples, beside], axis=1).reshape(-1, *shape)
        save_grid(shown, SAMPLES + 1, run.figure("samples"))

        z = gan.generator.sample_latent(2 * LINES, run.seed + 1)
        save_grid(generated(gan, between(z[:LINES], z[LINES:], ALONG)), ALONG, run.figure("lines"))
