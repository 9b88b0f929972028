"""Radford et al. 2016, DCGAN (arXiv 1511.06434): section 5.1 and the figures of section 6."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from reproduce.experiment import Reproduction, registry
from reproduce.pictures import between, generated, save_grid
from reproduce.training import trained
from support.numbers import Number
from support.pages import table

#: Cells of the grid that activations are pooled to, on each side.
CELLS = 4
#: Weights of the SVM's loss that a held-out sixth of the training pictures chooses among.
COSTS = (1e-4, 1e-3, 1e-2, 1e-1)
#: Of the k-means baseline: side of a patch, number of means, patches that they are found from.
PATCH, MEANS, PATCHES = 6, 400, 100_000
#: Samples that latent arithmetic chooses from, how many of a kind it averages, and how much ink these have: a
#: quantile of their class. The lightest and heaviest of all are often no digits.
SAMPLES, AVERAGED = 4000, 3
LIGHT, HEAVY = 0.1, 0.9
#: Test pictures of each dataset.
TESTED = 10_000
#: What is measured of arithmetic, as shares of all pairs of classes.
ARITHMETIC = ("arithmetic_heavier", "arithmetic_class", "light_class")
#: Features that classes are told from, and how the table names them.
FEATURES = {
    "discriminator": "DCGAN's discriminator",
    "k_means": "k-means",
    "untrained": "untrained discriminator",
    "pixels": "pixels",
}
#: Features that a discriminator's are to be better than, and where that comes from.
TO_BEAT = {"k_means": "k-means; order of Table 1", "untrained": "goal: untrained", "pixels": "goal: pixels"}
#: Lines of the walk, and pictures along each.
LINES, ALONG = 6, 10

ADAM: dict[str, Any] = dict(optimizer="adam", learning_rate=2e-4, beta_1=0.5, beta_2=0.999)
NETWORKS: dict[str, Any] = dict(model="dcgan", loss="non_saturating", filters=32, kernel=5, **ADAM)


def _case(dataset: str, steps: int, pictures: int, **own: Any) -> dict[str, Any]:
    return {**NETWORKS, "dataset": dataset, "batch_size": 128, "steps": steps, "pictures": pictures, **own}


@registry.register("dcgan_features")
class DCGANFeatures(Reproduction):
    """A DCGAN of 32 filters next to the image (its layers of 32, 64 and 128 filters are an eighth of those
    that the paper's 28,672 features come from; here 3,584), with the paper's Adam and batches of 128, is
    trained without labels. Its discriminator's activations of all convolutions, max-pooled to a grid of 4 x 4
    and standardised, go to a linear L2-SVM, whose weight of the loss is chosen on a sixth of the training
    pictures. Beside them the same network before training, the pixels, and k-means of whitened 6 x 6 patches
    with soft assignment, pooled over quadrants (Coates et al. 2011), 400 means. The untrained network's batch
    norm has seen nothing: mean 0, variance 1. The paper trains on ImageNet and tests on CIFAR-10; here
    training and test are of the same dataset. The CIFAR-10 of these runs was made from JPEG copies of its
    pictures, so its numbers are not those of the original files. The paper's SVHN is not here. Arithmetic in
    z: the mean z of three heavy samples of one class (nearest to the 90 % quantile of ink), minus that of
    three light ones (10 %), plus that of three light ones of another class, for all pairs.
    """

    title = "What a discriminator learns: features, walks and arithmetic"
    paper = "Radford et al. 2016 (arXiv 1511.06434), Table 1, Figures 4 and 7"
    seeds = range(2)
    cases = {
        "mnist": _case("mnist", 3000, 60_000),
        "fashion_mnist": _case("fashion_mnist", 3000, 60_000),
        "cifar10": _case("cifar10", 4000, 50_000),
    }
    quick = {"digits": _case("digits", 60, 1500, filters=16)}

    def measure(self, case, run):
        import data
        from experiment import build

        own = dict(case)
        count = own.pop("pictures")
        gan, settings = trained(own, run)
        train, test = (data.labelled(settings.dataset, split) for split in ("train", "test"))
        train = tuple(part[:count] for part in train)
        spaces = {
            "discriminator": _activations(gan.discriminator),
            "untrained": _activations(build.gan(settings).discriminator),
            "pixels": lambda images: images.reshape(len(images), -1) / np.float32(255),
            "k_means": _k_means(train[0], run.seed),
        }
        found = {name: _accuracy(space, train, test) for name, space in spaces.items()}
        if settings.dataset != "cifar10":
            found |= _arithmetic(gan, settings, run.figure("arithmetic"))
        _walk(gan, run)
        return found

    def claims(self, runs):
        for case in self.cases:
            if runs.tried(case):
                yield self._learned(runs, case, "untrained", TESTED)
                yield self._learned(runs, case, "k_means", TESTED)

    def quick_claims(self, runs):
        yield self._learned(runs, "digits", "pixels", 1797 - self.quick["digits"]["pictures"])

    def _learned(self, runs, case: str, than: str, tested: int) -> Number:
        ours, others = (runs.mean(case, name) for name in ("discriminator", than))
        name = f"{case}: accuracy on the discriminator's features"
        # Of the test pictures, which are the same in all seeds.
        error = math.sqrt((ours * (1 - ours) + others * (1 - others)) / tested)
        return Number(name, ours, others, 0, ">", TO_BEAT[than], error)

    def section(self, runs, folder):
        made = [case for case in self.cases if runs.has(case)]
        rows = [
            ["CIFAR-10, published", "82.8 (trained on ImageNet)", "80.6 (one layer, 4,800 units)", "", "", ""]
        ]
        rows += [
            [case, *(runs.spread(case, name, ".1f", 100) for name in FEATURES), runs.seeds(case)]
            for case in made
        ]
        headers = ["accuracy, %", *FEATURES.values(), "seeds"]
        parts = [table(rows, headers)]
        for case in made:
            if case != "cifar10":
                heavier, right, light = (100 * runs.mean(case, name) for name in ARITHMETIC)
                parts.append(
                    f"{case}, heavy minus light of one class plus light of another (below, in this order, "
                    "with the result), all pairs of classes: "
                    f"{heavier:.0f} % of the results are heavier than the other class's light ones, "
                    f"{right:.0f} % are of that class; of the means of its light ones alone {light:.0f} % "
                    "are; by chance 10 %."
                )
                parts.append(f"![arithmetic]({folder.name}/dcgan_features-{runs.figure(case, 'arithmetic')})")
            parts.append(f"![walk in z]({folder.name}/dcgan_features-{runs.figure(case, 'walk')})")
            parts.append(f"{case}, each row along a straight line in z.")
        return "\n\n".join(parts)


def _activations(discriminator) -> Callable[[np.ndarray], np.ndarray]:
    """Pictures, uint8 (n, H, W, C), to the pooled activations of all convolutions, (n, features)."""
    import tensorflow as tf
    from keras import layers

    from data.images import from_uint8
    from models.layers import LeakyReLU

    @tf.function(reduce_retracing=True)
    def pooled(images):
        x, kept = discriminator.given(from_uint8(images)), []
        for layer in discriminator.body.layers:
            x = layer(x, training=False) if isinstance(layer, layers.BatchNormalization) else layer(x)
            if isinstance(layer, LeakyReLU):
                size = -(-x.shape[1] // CELLS)
                cells = tf.nn.max_pool2d(x, size, size, "SAME")
                kept.append(tf.reshape(cells, (tf.shape(x)[0], -1)))
        return tf.concat(kept, axis=1)

    return lambda images: pooled(tf.constant(images)).numpy()


def _k_means(images: np.ndarray, seed: int) -> Callable[[np.ndarray], np.ndarray]:
    """Coates, Ng and Lee 2011: distances from means of whitened patches, pooled over quadrants."""
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.decomposition import PCA
    from sklearn.metrics import pairwise_distances

    rng = np.random.default_rng(seed)

    def patches_of(some: np.ndarray) -> np.ndarray:
        windows = np.lib.stride_tricks.sliding_window_view(some, (PATCH, PATCH), axis=(1, 2))
        rows = windows.reshape(*windows.shape[:3], -1).astype(np.float32)
        rows = rows - rows.mean(axis=-1, keepdims=True)
        return rows / np.sqrt(rows.var(axis=-1, keepdims=True) + 10)

    chosen = images[rng.integers(len(images), size=PATCHES // 50)]
    everywhere = patches_of(np.asarray(chosen))
    everywhere = everywhere.reshape(-1, everywhere.shape[-1])
    patches = rng.permutation(everywhere)[:PATCHES]
    whitening = PCA(0.99, whiten=True, random_state=seed).fit(patches)
    means = MiniBatchKMeans(MEANS, n_init=1, batch_size=4096, random_state=seed)
    means.fit(whitening.transform(patches))

    def features(some: np.ndarray) -> np.ndarray:
        rows = patches_of(some)
        shape = rows.shape[:3]
        whitened = whitening.transform(rows.reshape(-1, rows.shape[-1]))
        distances = pairwise_distances(whitened, means.cluster_centers_.astype(np.float32))
        soft = np.maximum(0, distances.mean(axis=1, keepdims=True) - distances).reshape(*shape, MEANS)
        middle = shape[1] // 2, shape[2] // 2
        quadrants = [
            half
            for rows in np.split(soft, [middle[0]], axis=1)
            for half in np.split(rows, [middle[1]], axis=2)
        ]
        return np.concatenate([quadrant.sum(axis=(1, 2)) for quadrant in quadrants], axis=1)

    return features


def _accuracy(space: Callable, train, test) -> float:
    """Of a linear L2-SVM on standardised features, on the test pictures."""
    from sklearn.preprocessing import StandardScaler

    x, tested = (_in_parts(space, images) for images, _ in (train, test))
    scaler = StandardScaler(copy=False).fit(x)
    x, tested = scaler.transform(x), scaler.transform(tested)
    last = 5 * len(x) // 6
    scores, weights = {}, None
    for cost in COSTS:
        weights = l2_svm(x[:last], train[1][:last], cost, weights)
        scores[cost] = _share_right(weights, x[last:], train[1][last:])
    best = max(scores, key=scores.__getitem__)
    return _share_right(l2_svm(x, train[1], best, weights), tested, test[1])


def l2_svm(x: np.ndarray, classes: np.ndarray, cost: float, start: np.ndarray | None = None) -> np.ndarray:
    """Linear SVMs of every class against the others, with squared hinge losses, as scikit-learn's LinearSVC
    has them: the minimum of |w|^2 / 2 + cost * sum of max(0, 1 - y (w x + b))^2, b counted with w. LinearSVC
    takes an hour where these dense products take minutes.

    Args:
        x: Features, (n, d).
        classes: 0, 1, ..., (n,).
        cost: Weight of the losses.
        start: Weights to begin from.

    Returns:
        Weights, (d + 1, classes), those of b in the last row.
    """
    from scipy.optimize import minimize

    shape = x.shape[1] + 1, classes.max() + 1
    signs = np.where(classes[:, None] == np.arange(shape[1]), np.float32(1), np.float32(-1))

    def loss(flat):
        w = flat.reshape(shape)
        short = np.maximum(0, 1 - signs * _scores(w, x))
        pull = signs * short
        slope = w - 2 * cost * np.vstack([x.T @ pull, pull.sum(axis=0)])
        return (w**2).sum() / 2 + cost * (short.astype(np.float64) ** 2).sum(), slope.ravel()

    begin = np.zeros(shape) if start is None else start
    found = minimize(loss, begin.ravel(), method="L-BFGS-B", jac=True, options=dict(maxiter=300, ftol=1e-6))
    return found.x.reshape(shape)


def _scores(weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    narrow = weights.astype(np.float32)
    return x @ narrow[:-1] + narrow[-1]


def _share_right(weights: np.ndarray, x: np.ndarray, classes: np.ndarray) -> float:
    return float((_scores(weights, x).argmax(axis=1) == classes).mean())


def _in_parts(function: Callable, images: np.ndarray, size: int = 250) -> np.ndarray:
    parts = (np.asarray(images[start : start + size]) for start in range(0, len(images), size))
    return np.concatenate([function(part) for part in parts]).astype(np.float32)


def _walk(gan, run) -> None:
    z = gan.generator.sample_latent(LINES + 1, run.seed)
    save_grid(generated(gan, between(z[:-1], z[1:], ALONG)), ALONG, run.figure("walk"))


def _arithmetic(gan, settings, path: Path) -> dict[str, float]:
    from evaluation import features

    classify = features.find("classifier", settings.dataset)
    z = np.asarray(gan.generator.sample_latent(SAMPLES, settings.seed))
    samples = generated(gan, z)
    classes, ink = classify(samples).probabilities.argmax(axis=1), samples.mean(axis=(1, 2, 3))

    def mean_z(kind: int, quantile: float) -> np.ndarray:
        mine = np.flatnonzero(classes == kind)
        off = np.abs(ink[mine] - np.quantile(ink[mine], quantile))
        return z[mine[off.argsort()[:AVERAGED]]].mean(axis=0)

    found = sorted({*classes.tolist()})
    pairs = [(a, b) for a in found for b in found if a != b]
    terms = np.stack([[mean_z(a, HEAVY), mean_z(a, LIGHT), mean_z(b, LIGHT)] for a, b in pairs])
    columns = [generated(gan, terms[:, i]) for i in range(3)]
    columns.append(generated(gan, terms[:, 0] - terms[:, 1] + terms[:, 2]))
    rows = np.stack(columns, axis=1)
    shown = rows[:: max(1, len(pairs) // 8)]
    save_grid(shown.reshape(-1, *rows.shape[2:]), 4, path)

    aimed = np.array([b for _, b in pairs])
    before, after = (
        float((classify(column).probabilities.argmax(axis=1) == aimed).mean()) for column in columns[2:]
    )
    _, _, light, result = rows.mean(axis=(2, 3, 4)).T
    return dict(zip(ARITHMETIC, (float((result > light).mean()), after, before), strict=True))
