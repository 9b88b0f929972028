"""Goodfellow et al. 2014, Generative Adversarial Nets (arXiv 1406.2661): Table 1, Figures 2 and 3."""

from collections.abc import Iterator
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
PAPERS = configs.get("gan_mnist")
SETTINGS = PAPERS.settings
#: Case -> what is said of its weights, and where the bound of its claim is from.
WEIGHTS = {"mnist": ("", "Table 1"), "average": (", average of weights", "goal: Table 1's")}
#: Of fewer steps, six times as many as the average goes back.
AVERAGE: dict[str, Any] = {**SETTINGS, "steps": 400 * PAPERS.STEPS_AN_EPOCH, "generator_ema": 0.99997}
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
    error over these, as the paper's. `average` is the same for 400 epochs, with a moving average of the
    generator's weights, as in Yaz et al. 2019 (arXiv 1806.04498) but over 67 epochs (0.99997 an update),
    beside the weights themselves, of two seeds.
    """

    title = "Adversarial nets on MNIST"
    paper = "Goodfellow et al. 2014 (arXiv 1406.2661), Table 1, Figures 2 and 3"
    seeds = (0, 1)
    cases = {"mnist": SETTINGS, "average": AVERAGE}
    quick = {"digits": {**ON_DIGITS, "generator_ema": 0.9}}

    def seeds_of(self, case):
        return self.seeds if case == "average" else self.seeds[:1]

    def measure(self, case, run):
        from experiment import build
        from models.network import Copies

        gan, settings = trained(case, run)
        judge = Judge(settings)
        self._draw(gan, judge, run)
        untrained = build.gan(settings)
        untrained.adapt(judge.reference.examples)
        found = judge.numbers(gan, [METRIC]) | dict(
            training_pictures=judge.of_real([METRIC])[METRIC],
            before_training=judge.numbers(untrained, [METRIC])[METRIC],
        )
        if gan.generator.average:
            gan.generator.average = Copies()  # From here on samples are of the last weights.
            last = judge.numbers(gan, [METRIC])
            found |= dict(last_weights=last[METRIC], last_weights_error=last[f"{METRIC}_error"])
        return found

    def claims(self, runs):
        published, _ = PUBLISHED["Adversarial nets"]
        for case, (of, source) in WEIGHTS.items():
            if runs.tried(case):
                name = f"test log-likelihood{of}, nats"
                yield runs.bounded(name, case, METRIC, ">", published, source)

    def quick_claims(self, runs):
        found, before, data = (
            runs.mean("digits", name) for name in (METRIC, "before_training", "training_pictures")
        )
        name = "test log-likelihood of samples, nats"
        yield Number(name, found, before, 0, ">", "before training")
        yield Number(name, found, data, 0, "<", "training pictures")

    def section(self, runs, folder):
        rows = [[f"{model}, published", with_error(*numbers)] for model, numbers in PUBLISHED.items()]
        pictures = []
        for case, (of, _) in WEIGHTS.items():
            for record in runs.recorded(case):
                rows += self._rows(record, of)
            if runs.of(case):
                pictures += [
                    f"![samples]({folder.name}/parzen-{runs.figure(case, 'samples')})",
                    f"Samples{of}; in the last column the training picture nearest to the one beside it "
                    "(Figure 2).",
                    f"![lines in z]({folder.name}/parzen-{runs.figure(case, 'lines')})",
                    f"Along straight lines in z{of} (Figure 3).",
                ]
        data = runs.of(*WEIGHTS)[0]["training_pictures"]
        rows.append(["training pictures in the samples' place", f"{data:.1f}"])
        return "\n\n".join([table(rows, ["MNIST, nats", "test log-likelihood"]), *pictures])

    def _rows(self, record, of: str) -> Iterator[list[str]]:
        found, seed = record["measured"], f"seed {record['seed']}"
        what = f"Adversarial nets, ours{of}, {seed} (sigma {found['parzen_sigma']:.3f})"
        yield [what, self._number(found, METRIC)]
        if "last_weights" in found:
            yield [f"the last weights of {seed} there, ours", self._number(found, "last_weights")]

    def _number(self, found, name: str) -> str:
        return with_error(found[name], found[f"{name}_error"], ".1f")

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
