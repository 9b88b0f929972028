"""What is exported against the generator that it comes from."""

import numpy as np
import tensorflow as tf

import models
from experiment.serving import export_saved_model


def test_both_signatures_give_the_pictures_of_the_moving_average(tmp_path):
    generator, _ = models.get("mlp", (8, 8, 1), latent_dim=4, latent="normal", generator_ema=0.5)
    rng = np.random.default_rng(0)
    for weight in generator.trainable_variables:
        weight.assign(rng.normal(0, 0.1, weight.shape))
    generator.after_update()
    served = tf.saved_model.load(str(export_saved_model(generator, tmp_path, 2)))

    (tmp_path / "3").mkdir()  # Cut short, or emptied: made anew.
    assert (export_saved_model(generator, tmp_path, 3) / "saved_model.pb").stat().st_size

    z = rng.normal(size=(5, 4)).astype(np.float32)
    expected = (generator.finished(z).numpy() + 1) / 2
    assert np.abs(expected - (generator(z).numpy() + 1) / 2).max() > 0.1
    given = served.signatures["serving_default"](z=tf.constant(z))["images"]
    np.testing.assert_allclose(given, expected, atol=1e-6)

    def drawn(*seed):
        return served.signatures["sample"](num_images=tf.constant(7), seed=tf.constant(seed))[
            "images"
        ].numpy()

    z = tf.random.stateless_normal((7, 4), (1, 2))
    pictures = (generator.finished(z).numpy() + 1) / 2 * 255
    assert drawn(1, 2).dtype == np.uint8 and pictures.std() > 10
    np.testing.assert_allclose(drawn(1, 2), pictures, atol=0.51)
    assert (drawn(1, 2) != drawn(1, 3)).any()
