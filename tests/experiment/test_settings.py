"""Where each setting of a run comes from, and which settings are refused."""

import json

import pytest

import configs
import losses
from experiment import acceleration, build
from experiment.settings import Settings, differences, parse_penalties, resolve
from support.errors import UserError


@pytest.mark.parametrize("loss", losses.names())
def test_what_is_not_given_comes_from_the_objectives_paper(loss):
    settings = resolve({"loss": loss})
    paper = losses.get(loss).paper
    assert {"optimizer", "learning_rate", "n_critic", "batch_size"} <= set(paper)
    assert {name: settings.to_json()[name] for name in paper} == dict(paper)
    assert settings.discriminator_learning_rate == settings.learning_rate


def test_wgan_is_trained_as_in_its_paper():
    settings = resolve({"loss": "wgan"})
    assert (settings.optimizer, settings.learning_rate) == ("rmsprop", 5e-5)
    assert (settings.n_critic, settings.batch_size) == (5, 64)
    assert settings.options["clip"] == 0.01 and settings.options["rho"] == 0.99
    assert "beta_1" not in settings.options


def test_a_flag_goes_before_the_config_and_the_config_before_the_paper():
    published = resolve({"dataset": "digits"}, "wgan_gp")
    assert (published.latent_dim, published.steps) == (128, 200_000)
    assert published.options["beta_1"] == 0.5
    assert resolve({"dataset": "digits", "beta_1": 0.3}, "wgan_gp").options["beta_1"] == 0.3


def test_another_loss_than_the_configs_leaves_its_objective_behind():
    settings = resolve({"dataset": "digits", "loss": "wgan"}, "wgan_gp")
    assert settings.options["penalties"] == {} and settings.options["clip"] == 0.01
    assert settings.optimizer == "rmsprop" and settings.options["filters"] == 128


def test_another_optimizer_than_the_configs_leaves_its_rates_behind():
    settings = resolve({"optimizer": "adam", "dataset": "digits"}, "gan_mnist")
    assert settings.learning_rate == settings.discriminator_learning_rate == resolve({}).learning_rate
    assert settings.learning_rate_decay == 1
    chosen = resolve({"optimizer": "adam", "dataset": "digits", "learning_rate": 3e-3}, "gan_mnist")
    assert chosen.learning_rate == chosen.discriminator_learning_rate == 3e-3


def test_points_have_no_part_of_a_configs_size_of_pictures():
    assert resolve({"dataset": "ring", "model": "toy"}, "dcgan").image_shape == (2,)
    with pytest.raises(ValueError, match="points have no --image_size"):
        resolve({"dataset": "ring", "model": "toy", "image_size": 8}, "dcgan")


def test_another_losss_own_algorithm_goes_before_the_configs():
    assert resolve({"loss": "began", "dataset": "digits"}, "gan_mnist").algorithm == "began"
    assert resolve({"loss": "lsgan", "dataset": "digits"}, "gan_mnist").algorithm == "simultaneous"


def test_the_configs_loss_by_another_name_is_the_configs():
    given = dict(dataset="digits")
    assert resolve({**given, "loss": "gan"}, "mnist_quick") == resolve(given, "mnist_quick")


def test_another_learning_rate_is_that_of_both_networks():
    settings = resolve({"dataset": "digits", "learning_rate": 0.3}, "gan_mnist")
    assert settings.discriminator_learning_rate == 0.3 and settings.split == "train"


def test_another_optimizer_leaves_the_papers_options_behind():
    settings = resolve({"loss": "wgan", "optimizer": "adam"})
    assert "rho" not in settings.options and settings.options["beta_1"] == 0.9
    assert settings.learning_rate == 5e-5


def test_gan_is_recorded_under_its_own_name():
    assert resolve({"loss": "gan"}).loss == "non_saturating"


def test_a_critic_under_a_penalty_has_no_batch_norm_unasked():
    assert resolve({"loss": "wgan"}).options["discriminator_batch_norm"] is True
    assert resolve({"loss": "wgan_gp"}).options["discriminator_batch_norm"] is False
    # With virtual batch norm a score does not depend on the rest of the batch.
    virtual = {"penalties": {"r1": 1.0}, "virtual_batch_norm": 8}
    assert resolve(virtual).options["discriminator_batch_norm"] is True
    asked = {"loss": "wgan_gp", "virtual_batch_norm": 8, "discriminator_batch_norm": True}
    assert resolve(asked).options["discriminator_batch_norm"] is True
    combined = resolve({"loss": "gan", "penalties": {"gradient_penalty": 1.0}})
    assert combined.options["discriminator_batch_norm"] is False
    assert "discriminator_batch_norm" not in resolve({"model": "mlp", "loss": "wgan_gp"}).options


@pytest.mark.parametrize("name", configs.names())
def test_published_configurations_resolve(name):
    settings = resolve({"dataset": "digits"}, name)
    for key, value in configs.get(name).settings.items():
        if key not in ("dataset", "split"):
            # The precision "auto" is what the machine at hand gains by.
            expected = acceleration.precision(value) if key == "precision" else value
            assert settings.to_json()[key] == expected
    build.gan(settings)


def test_the_original_gan_config_is_the_authors_schedule():
    """lr after t updates 0.1 / 1.000004^t: 0.0819 after 100 epochs of 500 updates, 0.0607 after 250."""
    gan = build.gan(resolve({"dataset": "digits", "split": "train"}, "gan_mnist"))
    optimizer = gan.generator_optimizer
    for epoch, rate in ((0, 0.1), (100, 0.0819), (250, 0.0607)):
        optimizer.iterations.assign(500 * epoch)
        assert float(optimizer.learning_rate) == pytest.approx(rate, abs=5e-5)
    # The authors' discriminator cost is half of ours.
    gan.discriminator_optimizer.iterations.assign(0)
    assert float(gan.discriminator_optimizer.learning_rate) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"loss": "wgna"}, "unknown --loss 'wgna': did you mean 'wgan'"),
        ({"model": "dcgn"}, "unknown --model 'dcgn': did you mean 'dcgan'"),
        ({"optimizer": "adm"}, "unknown --optimizer 'adm': did you mean 'adam'"),
        ({"steps": 0}, "--steps=0: must be at least 1"),
        ({"batch_size": -5}, "--batch_size=-5: must be at least 1"),
        ({"learning_rate": 0.0}, "--learning_rate=0.0: must be greater than 0"),
        ({"learning_rate": float("nan")}, "finite"),
        ({"beta_1": 1.0}, "--beta_1=1.0: must be less than 1"),
        ({"clip": -0.1}, "--clip=-0.1: must be at least 0"),
        ({"seed": 2**31}, "--seed=2147483648: must be at most"),
        ({"channels": 2}, "unknown --channels '2'"),
        ({"loss": "wgan", "beta_1": 0.5}, "--beta_1 has no meaning for --optimizer=rmsprop"),
        ({"model": "mlp", "filters": 8}, "--filters has no meaning for --model=mlp"),
        (
            {"loss": "wgan_gp", "discriminator_batch_norm": True},
            "--discriminator_batch_norm and the penalty gradient_penalty exclude each other",
        ),
    ],
)
def test_bad_settings_are_refused_with_what_would_be_right(given, message):
    with pytest.raises(ValueError) as error:
        resolve(given)
    assert message in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    "given",
    [
        dict(instance_noise=1.0, instance_noise_steps=100),
        dict(loss="ebgan", autoencoder=1, reconstruction="l1"),
        dict(loss="wgan_gp", penalty_every=4),
        dict(top_k=0.5, top_k_decay=0.9),
    ],
)
def test_an_option_goes_with_the_one_it_needs(given):
    assert resolve(given).options.items() >= {k: v for k, v in given.items() if k != "loss"}.items()


@pytest.mark.parametrize(
    ("given", "needed"),
    [
        (dict(instance_noise_steps=100), "instance_noise"),
        (dict(reconstruction="l1"), "autoencoder"),
        (dict(loss="wgan_gp", penalties={}, penalty_every=4), "penalties"),
        (dict(top_k_decay=0.9), "top_k"),
        (dict(optimizer="sgd", momentum_steps=5), "final_momentum"),
    ],
)
def test_an_option_without_the_one_it_needs_is_refused(given, needed):
    with pytest.raises(ValueError, match=f"no effect without --{needed}"):
        resolve(given)


def test_spectral_norm_leaves_batch_norm_out_unless_asked_for_both():
    for loss in ("hinge", "rsgan"):
        assert resolve({"loss": loss}).options["discriminator_batch_norm"]
        assert not resolve({"loss": loss, "spectral_norm": True}).options["discriminator_batch_norm"]
    both = {"loss": "hinge", "spectral_norm": True, "discriminator_batch_norm": True}
    assert resolve(both).options["discriminator_batch_norm"]


def test_unknown_configurations_are_refused():
    with pytest.raises(ValueError, match="did you mean 'dcgan'.*list"):
        resolve({}, "dcgam")


def test_penalties_are_read_from_text():
    assert parse_penalties("none") == {}
    assert parse_penalties("gradient_penalty:2.5") == {"gradient_penalty": 2.5}
    for text in ("gradient_penalty", "gradient_penalty:x"):
        with pytest.raises(ValueError, match="gradient_penalty:10"):
            parse_penalties(text)
    with pytest.raises(ValueError, match="r1 is given twice"):
        parse_penalties("r1:1,r1:2")


def test_settings_survive_json():
    settings = resolve({"loss": "wgan_gp"})
    assert Settings.from_json(json.loads(json.dumps(settings.to_json()))) == settings


def test_a_record_of_before_an_option_existed_has_its_default():
    settings = resolve({"model": "dcgan"})
    old = json.loads(json.dumps(settings.to_json()))
    del old["generator_constant_filters"]
    assert Settings.from_json(old) == settings
    assert differences(old, settings) == []
    assert differences(old, resolve({"model": "dcgan", "generator_constant_filters": True})) == [
        "generator_constant_filters was false, now true"
    ]
    del old["batch_size"]  # No option: nothing says what it was.
    with pytest.raises(KeyError, match="batch_size"):
        Settings.from_json(old)


def test_only_steps_and_the_place_of_the_data_may_differ_on_resuming():
    old = json.loads(json.dumps(resolve({"loss": "wgan"}).to_json()))
    assert differences(old, resolve({"loss": "wgan", "steps": 9, "data_dir": "/elsewhere"})) == []
    assert differences(old, resolve({"loss": "wgan", "seed": 4, "clip": 0.5})) == [
        "seed was 0, now 4",
        "clip was 0.01, now 0.5",
    ]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (dict(model="toy"), "not for pictures.*dcgan"),
        (dict(model="mlp", dataset="ring"), "not for points.*toy"),
        (dict(dataset="ring", model="toy", image_size=28), "no --image_size"),
        (dict(loss="ebgan", autoencoder=0), "needs an energy"),
        (dict(loss="hinge", autoencoder=16), "low for data"),
        (dict(loss="hinge", outputs=4), "one score per example"),
        (dict(loss="ebgan", packing=2), "exclude each other"),
        (dict(packing=3, batch_size=64), "no multiple of --packing=3"),
        (dict(algorithm="unrolled", optimizer="sgd"), "choose adam"),
        (dict(algorithm="critic_warmup", learning_rate_decay=1.1), "has a constant rate"),
        (dict(unrolled_steps=3), "no meaning for --algorithm=alternating"),
        (dict(loss="wgan", real_label=0.9), "real_label has no meaning for --loss=wgan"),
        (dict(loss="mmd_gan", top_k=0.5), "no top_k"),
        (dict(diff_augment="colour"), "did you mean 'color'"),
        (dict(diff_augment="color", dataset="ring", model="toy"), "pictures"),
        (dict(penalties={"consistency": 10.0}, dataset="ring", model="toy"), "pictures"),
        (dict(loss="wgan_gp", minibatch_discrimination=10), "rest of the batch"),
        (dict(virtual_batch_norm=8, model="mlp"), "no batch norm"),
        (
            dict(virtual_batch_norm=8, discriminator_batch_norm=False, generator_batch_norm=False),
            "no batch norm",
        ),
        (
            dict(loss="wgan", penalties={"gradient_penalty": 10.0}),
            "--clip=0 for the penalty alone, --clip=0.01 for both",
        ),
        (dict(loss="wgan", spectral_norm=True), "no scale to clip"),
        (dict(loss="lsgan", a=1.0), "different labels"),
        (dict(label_flipping=1.5), "at most 1"),
        (dict(penalty_every=16), "no effect without --penalties"),
        (dict(top_k_decay=0.5), "no effect without --top_k"),
        (dict(instance_noise_steps=100), "no effect without --instance_noise"),
        (dict(loss="mmd_gan", batch_size=1), "too small for --loss=mmd_gan: 2 at least"),
        (dict(loss="mmd_gan", batch_size=4, packing=4), "8 at least"),
        (dict(loss="ebgan", diff_augment="color"), "diff_augment and autoencoder .*ebgan.* exclude"),
        (dict(loss="ebgan", outputs=4), "outputs and autoencoder .*ebgan.* exclude"),
        (dict(algorithm="feature_matching", top_k=0.5), "top_k has no place in FeatureMatchingGAN"),
        (
            dict(algorithm="unrolled", loss="wgan", optimizer="adam"),
            "clip has no place in UnrolledGAN: the updates",
        ),
        (dict(penalties={"r7": 1.0}), "unknown penalty 'r7'"),
        (dict(penalties={"gradient_penalty": -1.0}), "gradient_penalty: its weight must be .* 0 or more"),
        (dict(minibatch_discrimination=10**9), "at most 4096"),
        (dict(generator_ema=1.0), "less than 1"),
    ],
    ids=str,
)
def test_what_makes_no_sense_together_is_refused(flags, words):
    with pytest.raises(UserError, match=words):
        build.gan(resolve(flags))
