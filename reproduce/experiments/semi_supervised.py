"""Salimans et al. 2016, Improved techniques for training GANs (arXiv 1606.03498): few labels."""

import dataclasses

import numpy as np

from reproduce.experiment import Reproduction, registry
from reproduce.training import carried_on
from support.numbers import Number, with_error
from support.pages import table

UNITS = [1000, 500, 250, 250, 250]
#: The authors add 1e-8 under the root of Adam.
ADAM = dict(batch_size=100, rate=3e-3, epsilon=1e-4)

#: Errors of a single model, mean and spread over ten choices of the labels.
PUBLISHED = 93, 6.5


@registry.register("semi_supervised")
class SemiSupervised(Reproduction):
    """The authors' networks and settings, but for z from U(-1, 1), theirs from U(0, 1): a discriminator of
    1000-500-250-250-250 units with weight normalisation and noise, a generator that matches features, Adam
    3e-3 with beta_1 0.5, batches of 100, all 60,000 pictures without labels, and with them 10 of each digit,
    another choice for each seed; errors of the 10,000 test pictures by an average of the weights. The paper
    trains 300 epochs and averages over ten choices. Beside it the nearest neighbour in pixels, which has the
    same labels.
    """

    title = "MNIST from 100 labels"
    paper = "Salimans et al. 2016 (arXiv 1606.03498), Table 1"
    seeds = range(10)
    cases = {"mnist": dict(dataset="mnist", a_class=10, units=UNITS, decay=0.9999, epochs=50, **ADAM)}
    quick = {
        "digits": dict(dataset="digits", a_class=5, units=[256, 128, 128], decay=0.99, epochs=60, **ADAM)
    }

    def measure(self, case, run):
        import keras
        import tensorflow as tf
        from sklearn.neighbors import KNeighborsClassifier

        import data
        from data.images import from_uint8
        from models.semi_supervised import ClassDiscriminator, ClassGenerator, SemiSupervisedGAN

        (images, classes), (tested, truth) = (
            data.labelled(case["dataset"], split) for split in ("train", "test")
        )
        order = np.random.default_rng(run.seed).permutation(len(images))
        chosen = np.concatenate([order[classes[order] == digit][: case["a_class"]] for digit in range(10)])

        keras.utils.set_random_seed(run.seed)
        generator = ClassGenerator(image_shape=images.shape[1:], latent_dim=100, latent="uniform")
        sizes = dict(units=case["units"], decay=case["decay"])
        discriminator = ClassDiscriminator(image_shape=images.shape[1:], classes=10, **sizes)
        gan = SemiSupervisedGAN(generator, discriminator, "minimax", n_critic=1, seed=run.seed)
        rates = dict(learning_rate=case["rate"], beta_1=0.5, epsilon=case["epsilon"])
        gan.compile(*(keras.optimizers.Adam(**rates) for _ in range(2)))

        size = case["batch_size"]
        known = from_uint8(tf.constant(images[chosen])), tf.constant(classes[chosen])
        few = tf.data.Dataset.from_tensor_slices(known).shuffle(len(chosen), run.seed).repeat().batch(size)

        def batches(start):
            unlabelled = data.batches(images, 2 * size, run.seed, start)
            return tf.data.Dataset.zip(unlabelled, few.skip(start)).map(lambda x, few: ((x, few[0]), few[1]))

        steps = case["epochs"] * len(images) // size
        carried_on(gan, images, batches, steps, run)
        parts = np.array_split(tested, -(-len(tested) // 500))
        found = np.concatenate([discriminator.classify(from_uint8(tf.constant(part))) for part in parts])
        neighbor = KNeighborsClassifier(1).fit(_rows(images[chosen]), classes[chosen])
        return dict(
            errors=int((found != truth).sum()),
            of=len(truth),
            neighbor_errors=int((neighbor.predict(_rows(tested)) != truth).sum()),
        )

    def claims(self, runs):
        if runs.tried("mnist"):
            name = "errors of 10,000, mean over the choices"
            goal = runs.bounded(name, "mnist", "errors", "<", 200, "goal")
            yield goal
            published, within = PUBLISHED
            yield dataclasses.replace(goal, expected=published, tolerance=within, source="Table 1")

    def quick_claims(self, runs):
        errors, neighbor = (runs.mean("digits", name) for name in ("errors", "neighbor_errors"))
        yield Number("errors of 297 from 50 labels", errors, neighbor, 0, "<", "nearest neighbour in pixels")

    def section(self, runs, folder):
        rows = [
            ["single model, published: ten choices, 300 epochs", with_error(*PUBLISHED)],
            [
                f"ours, choices: {len(runs.of('mnist'))}, epochs: {self.cases['mnist']['epochs']}",
                runs.spread("mnist", "errors", ".1f"),
            ],
            ["nearest neighbour in pixels, ours", runs.spread("mnist", "neighbor_errors", ".0f")],
        ]
        return table(rows, ["100 labels", "errors of 10,000"])


def _rows(images: np.ndarray) -> np.ndarray:
    return np.asarray(images).reshape(len(images), -1) / 255
