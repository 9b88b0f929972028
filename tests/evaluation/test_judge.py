"""Measures on evidence: defects that the right one must see, the cache, the errors, the floor."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from scipy.spatial.distance import cdist
from scipy.special import logsumexp

import data
import metrics
from callbacks import Evaluation
from data.cache import folder
from evaluation import features, judge, measures, report
from evaluation.reference import Reference
from evaluation.samples import Samples, of_folder, of_gan
from experiment import build
from experiment.settings import resolve
from metrics.parzen import SIGMAS
from support.errors import UserError


@pytest.fixture(name="digits", scope="module")
def _digits(cache):
    return reference()


def reference(space="classifier", dataset="digits", count=1500, **given):
    source = data.find(dataset)
    return Reference(dataset, "train", None, source.shape, features.find(space, dataset), count, **given)


def numbers(found, examples, *names):
    samples = Samples("these", examples, lambda: examples / 255, {})
    return judge.measured(names or measures.names(), judge.evidence(found, samples), "these")


def defects():
    """Held-out digits, and what can be wrong with samples."""
    good = data.load("digits", "test")
    labels = data.find("digits", "test").labels()
    train = data.load("digits")
    rng = np.random.default_rng(0)
    noise = rng.normal(scale=60, size=good.shape)
    return {
        "good": good,
        "blurred": ndimage.gaussian_filter(good.astype(float), (0, 1, 1, 0)).astype(np.uint8),
        "three classes": good[labels < 3],
        "noisy": np.clip(good + noise, 0, 255).astype(np.uint8),
        "memorised": train[rng.permutation(len(train))[: len(good)]],
    }


def test_each_defect_is_seen_by_the_measure_that_should(digits):
    found = {name: numbers(digits, examples) for name, examples in defects().items()}

    def value(name, number):
        return found[name][number].value

    for broken in ("blurred", "three classes", "noisy"):
        for number in ("frechet_distance", "kernel_distance"):
            assert value(broken, number) > 2 * value("good", number), (broken, number)
    for broken in ("blurred", "noisy"):
        assert value(broken, "precision") < value("good", "precision"), broken
        assert value(broken, "density") < value("good", "density"), broken
    # Of 8x8 pixels hardly more than one patch: noise is normalised away with the contrast, blur is not.
    assert value("blurred", "sliced_wasserstein") > 2 * value("good", "sliced_wasserstein")
    assert value("three classes", "recall") < 0.6 * value("good", "recall")
    assert value("three classes", "coverage") < 0.6 * value("good", "coverage")
    assert value("three classes", "class_imbalance") == pytest.approx(0.7, abs=0.05)
    zeros = data.load("digits", "test")[data.find("digits", "test").labels() == 0]
    assert numbers(digits, zeros, "ms_ssim")["ms_ssim"].value > 2 * value("good", "ms_ssim")
    assert value("three classes", "inception_score") < 4
    assert value("good", "inception_score") > 8
    assert value("memorised", "data_copying") > 0.95
    assert 0.4 < value("good", "data_copying") < 0.6
    # Copies look perfect to everything else.
    assert value("memorised", "frechet_distance") < value("good", "frechet_distance")


def test_errors_are_those_of_repeated_sampling():
    """The errors of single sets of samples against the spread over many sets."""
    found = reference("pixels", "ring", 400)
    drawn = data.find("ring", "test").draw()
    sets = [drawn[400 * i : 400 * (i + 1)] for i in range(60)]
    for measure, name, moved in (("frechet_distance",) * 2 + (0.5,), ("precision_recall", "precision", 0.02)):
        every = [numbers(found, x + moved, measure)[name] for x in sets]
        spread = np.std([x.value for x in every])
        assert np.mean([x.error for x in every[:5]]) == pytest.approx(spread, rel=0.35), name


def test_the_error_of_the_kernel_distance_is_that_of_new_examples_on_both_sides():
    rng = np.random.default_rng(0)

    def estimate(count):
        real, fake = rng.normal(size=(count, 8)), rng.normal(0.5, size=(count, 8))
        seen = SimpleNamespace(
            real=SimpleNamespace(features=features.Features(real, None)),
            fake=features.Features(fake, None),
            seed=0,
        )
        return measures.find("kernel_distance").function(seen)["kernel_distance"]

    every = [estimate(200) for _ in range(60)]
    spread = np.std([x.value for x in every])
    assert np.mean([x.error for x in every]) == pytest.approx(spread, rel=0.2)
    assert estimate(2).error is None  # There is one subset alone.


@pytest.mark.parametrize(
    ("measure", "name"), [("precision_recall", "recall"), ("density_coverage", "coverage")]
)
def test_errors_of_what_samples_cover_together_are_rather_too_large(measure, name):
    """Sixty samples decide of a thousand real examples, whose shares are not of independent ones."""
    found = reference("pixels", "ring", 1000)
    drawn = data.find("ring", "test").draw()
    every = [numbers(found, drawn[60 * i : 60 * (i + 1)] + 0.02, measure)[name] for i in range(60)]
    spread = np.std([x.value for x in every])
    assert 0.8 * spread < np.mean([x.error for x in every]) < 1.7 * spread
    few = numbers(found, drawn[:30], measure)[name]
    assert (few.error is None) == (name == "recall")  # Radii need more than three neighbours in a part.


def test_the_floor_is_that_of_test_examples(digits):
    found = judge.floor(["frechet_distance", "class_balance", "parzen_log_likelihood"], digits)
    tested = numbers(digits, data.load("digits", "test"), "frechet_distance", "class_balance")
    assert found["frechet_distance"].value == pytest.approx(tested["frechet_distance"].value, rel=1e-9)
    labels = data.find("digits", "test").labels()
    assert found["class_3"].value == pytest.approx(np.mean(labels == 3), abs=0.02)
    # From the cache the second time, number for number.
    assert judge.floor(["frechet_distance", "class_balance", "parzen_log_likelihood"], digits) == found
    assert judge.floor(["frechet_distance"], reference("pixels", "swiss_roll", 100)) != {}


def test_a_cache_that_cannot_be_written_costs_time_alone(capsys, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("kept")
    digits = reference("pixels")
    assert len(digits.examples)
    monkeypatch.setenv("GAN_CACHE_DIR", str(tmp_path / "file"))
    assert digits.statistics.moments.count == len(digits.examples)
    assert "GAN_CACHE_DIR names another folder" in capsys.readouterr().err


def test_statistics_are_kept_and_stale_ones_are_noticed(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("GAN_CACHE_DIR", str(tmp_path))
    made = reference("pixels").statistics
    calls = []
    monkeypatch.setattr(features.Pixels, "batch", lambda self, x: calls.append(1))
    kept = reference("pixels").statistics
    assert not calls
    np.testing.assert_array_equal(kept.features.vectors, made.features.vectors)
    np.testing.assert_array_equal(kept.moments.scatter, made.moments.scatter)
    monkeypatch.undo()
    monkeypatch.setenv("GAN_CACHE_DIR", str(tmp_path))

    (pictures,) = tmp_path.glob("*.u8")
    pictures.write_bytes(pictures.read_bytes()[::-1])
    other = reference("pixels").statistics
    assert "made anew" in capsys.readouterr().err
    assert not np.array_equal(other.moments.mean, made.moments.mean)

    (stored,) = (tmp_path / "features").glob("*.npz")
    stored.write_bytes(stored.read_bytes()[:100])
    again = reference("pixels").statistics
    assert "made anew" in capsys.readouterr().err
    np.testing.assert_array_equal(again.moments.mean, other.moments.mean)


def test_moments_are_of_all_and_features_of_the_chosen(cache):
    found = reference("pixels", count=10)
    everything = found.examples.reshape(1500, -1) / 255
    np.testing.assert_allclose(found.statistics.moments.mean, everything.mean(axis=0), atol=1e-6)
    assert found.statistics.moments.count == 1500 and len(found.statistics.chosen) == 10
    np.testing.assert_allclose(
        found.statistics.features.vectors, everything[found.statistics.chosen], atol=1e-6
    )
    assert folder() == cache


def test_the_order_of_a_sorted_folder_does_not_matter(tmp_path, digits):
    """The score's splits are successive: sorted by class, each would hold one class or two."""
    labels = data.find("digits", "test").labels()
    for i, picture in enumerate(data.load("digits", "test")):
        Image.fromarray(picture[..., 0]).save(tmp_path / f"{labels[i]}-{i:04}.png")
    sorted_ones = of_folder(tmp_path, (8, 8, 1), 297, seed=0)
    found = judge.measured(["inception_score"], judge.evidence(digits, sorted_ones), "these")
    expected = numbers(digits, data.load("digits", "test"), "inception_score")
    assert found["inception_score"].value == pytest.approx(expected["inception_score"].value, rel=0.1)


def test_the_parzen_floor_has_no_validation_examples_among_its_samples(digits):
    validation = digits.validation.reshape(len(digits.validation), -1) / 255
    samples = digits.training.reshape(len(digits.training), -1)
    assert len(samples) == 1500 - len(validation) == 1250
    assert metrics.nearest_neighbors(validation, samples).distances.min() > 0


def test_nor_has_that_of_another_split_that_holds_some(digits, monkeypatch):
    """As "train[1000:]" does; the validation examples are those of "train" from 1,250 on."""
    monkeypatch.setattr(digits, "split", "train[1000:]")
    monkeypatch.setattr(digits, "_other", lambda split: digits.examples)
    assert len(digits.training) == 1250


def test_a_damaged_floor_is_made_anew(digits):
    found = judge.floor(["frechet_distance"], digits)
    for path in (folder() / "floors").glob("*.json"):
        path.write_text(path.read_text()[:20])
    assert judge.floor(["frechet_distance"], digits) == found


@pytest.mark.parametrize(
    "own",
    [
        dict(loss="hinge"),
        dict(loss="hinge", packing=3),
        dict(loss="hinge", minibatch_discrimination=5),
        dict(loss="ebgan", autoencoder=4),
        dict(loss="began", autoencoder=4),
    ],
)
def test_the_critic_judges_data_and_samples(own):
    gan = build.gan(resolve(dict(dataset="ring", model="toy", units=8, batch_size=9, **own)))
    real = data.find("ring").draw()[:2048]
    samples = of_gan(gan, 2048, seed=0, turn=9)
    judged = samples.critic(real)
    for side, examples in (("score_real", real), ("score_fake", samples.examples)):
        turns = np.split(examples[: 9 * 227], 227)
        expected = np.mean([gan.discriminator(turn) for turn in turns])
        assert judged[side] == pytest.approx(expected, rel=1e-4)
    assert judged["score_real"] != pytest.approx(judged["score_fake"], rel=0.1)


def test_exact_samples_are_the_pictures_before_rounding():
    gan = build.gan(resolve(dict(model="mlp")))
    samples = of_gan(gan, 20, seed=0, turn=64)
    exact = samples.exact()
    assert exact.min() >= 0 and exact.max() <= 1
    np.testing.assert_allclose(255 * exact, samples.examples, atol=0.51)


def test_the_parzen_window_is_of_the_samples_and_judges_the_test_pictures(digits):
    """By SciPy, and the width by the validation pictures alone."""
    source = data.find("digits")
    chosen = Reference("digits", "train", None, source.shape, features.find("pixels", "digits"), 400)
    made = data.load("digits")[:400]
    samples = Samples("these", made, lambda: made / 255, {})
    found = judge.measured(["parzen_log_likelihood"], judge.evidence(chosen, samples), "these")

    def log_likelihoods(of, width):
        squared = cdist(of.reshape(-1, 64) / 255, made.reshape(-1, 64) / 255, "sqeuclidean")
        log_density = logsumexp(-squared / (2 * width**2), axis=1) - np.log(len(made))
        return log_density - 64 * np.log(width * np.sqrt(2 * np.pi))

    best = max(SIGMAS, key=lambda width: log_likelihoods(chosen.validation, width).mean())
    log_likelihood = log_likelihoods(chosen.held_out, best)
    value = found["parzen_log_likelihood"]
    assert found["parzen_sigma"].value == pytest.approx(best)
    assert value.value == pytest.approx(log_likelihood.mean(), rel=1e-3)
    assert value.error == pytest.approx(log_likelihood.std() / len(log_likelihood) ** 0.5, rel=1e-2)


def test_examples_that_are_in_the_data_are_not_held_out(digits):
    source = data.find("digits", "all")
    everything = Reference("digits", "all", None, source.shape, features.find("pixels", "digits"), 400)
    assert everything.held_out is None
    assert len(digits.held_out) == 297


def test_an_interval_is_of_1_96_standard_errors():
    values = np.array([1.0, 2.0, 3.0, 4.0, 10.0])
    estimate = measures.mean_of(values, "lower")
    assert estimate.value == 4 and estimate.error == pytest.approx((10 / 5) ** 0.5)  # Variance 10.
    assert judge.interval(estimate) == pytest.approx((4 - 1.96 * 2**0.5, 4 + 1.96 * 2**0.5))


def test_the_best_checkpoint_needs_a_measure_that_ranks(digits):
    Evaluation.check(digits, ["frechet_distance", "ms_ssim"])
    with pytest.raises(UserError, match="ms_ssim does not say which checkpoint is better"):
        Evaluation.check(digits, ["ms_ssim", "frechet_distance"])
    with pytest.raises(UserError, match="frechet_infinity is for 20 samples"):
        Evaluation.check(reference("pixels", count=10), ["frechet_infinity"])


def test_a_cut_line_of_the_record_is_passed_over(tmp_path):
    lines = ['{"step": 5, "seconds": 1.5, "eval/frechet_distance (pixels)": 3.0}', '{"step": 10, "sec']
    lines[1:1] = ['{"step": 7, "seconds": "x"}', "\xff", "[]"]
    (tmp_path / "metrics.jsonl").write_text("\n".join(lines), encoding="latin-1")
    found = report.history(tmp_path)
    np.testing.assert_array_equal(found["frechet_distance (pixels)"], [[5, 1.5, 3.0]])


def test_points_have_modes_and_no_pictures():
    found = reference("pixels", "ring", 3000)
    draw = data.find("ring", "test").draw()[:3000]
    counted = numbers(found, draw)
    assert counted["modes"].value == 8
    assert counted["high_quality"].value == pytest.approx(0.9889, abs=0.01)
    samples = Samples("these", draw, lambda: draw, {})
    missing = judge.left_out(measures.names(), judge.evidence(found, samples))
    assert missing["ms_ssim"] == "for pictures" and missing["critic"] == "for run directories"
    assert "precision_recall" not in missing


def test_small_pictures_and_one_colour_of_stacked_digits_lack_what_these_measures_need():
    small = np.zeros((20, 6, 9, 1), np.uint8)
    grey = features.Features(np.zeros((20, 4)), np.full((20, 1, 10), 0.1))
    evidence = measures.Evidence(None, small, grey, lambda: small)
    needs = {
        name: measures.find(name).missing(evidence) for name in ("sliced_wasserstein", "stacked_coverage")
    }
    assert needs == {
        "sliced_wasserstein": "for pictures of 7 pixels a side at least",
        "stacked_coverage": "for stacked_mnist in three colours and the features of a classifier",
    }


def test_samples_that_cannot_be_judged_are_refused(digits):
    with pytest.raises(UserError, match=r"\(28, 28, 1\).*\(8, 8, 1\)"):
        numbers(digits, np.zeros((10, 28, 28, 1), np.uint8))
    with pytest.raises(UserError, match=r"examples of ring have the shape \(2,\)"):
        Reference("ring", "train", None, (8, 8, 1), features.find("pixels", "ring"))
    assert numbers(digits, np.zeros((1, 8, 8, 1), np.uint8), "frechet_distance") == {}


def test_stacked_digits_are_counted_colour_by_colour(tfds_dir):
    source = data.find("stacked_mnist", "test", tfds_dir)
    examples, labels = data.load("stacked_mnist", "test", data_dir=tfds_dir)[:3000], source.labels()[:3000]
    space = features.find("classifier", "stacked_mnist")
    found = space(examples)
    assert found.probabilities.shape == (3000, 3, 10)
    assert np.mean(found.probabilities.argmax(axis=2) @ [100, 10, 1] == labels) > 0.96
