"""Inception's feature space: Keras's ImageNet weights, or FID's network of 2015 from its frozen graph."""

import hashlib
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from evaluation.features import Features, FeatureSpace, registry, traced
from support.errors import UserError, reason
from support.files import expanded

SIDE = 299
#: What `resized` does, in the identity of the features: those of another resizing are not these.
RESIZING = "bicubic, clipped"


def resized(pictures: np.ndarray) -> np.ndarray:
    """uint8 (n, H, W, C) -> float32 (n, 299, 299, 3) in [0, 255], grey repeated.

    As in clean-fid (Parmar et al. 2022, arXiv 2104.11222): Pillow's bicubic filter, which widens with the
    reduction, one colour at a time in floating point, so that nothing aliases and nothing is rounded; what
    overshoots is clipped, as clean-fid does since 0.1.35.
    """
    colours = np.moveaxis(np.asarray(pictures, np.float32), -1, 1)
    planes = [
        np.asarray(Image.fromarray(plane).resize((SIDE, SIDE), Image.Resampling.BICUBIC)).clip(0, 255)
        for plane in colours.reshape(-1, *pictures.shape[1:3])
    ]
    found = np.moveaxis(np.stack(planes).reshape(*colours.shape[:2], SIDE, SIDE), 1, -1)
    return np.repeat(found, 3, axis=-1) if found.shape[-1] == 1 else found


class KerasInception(FeatureSpace):
    """InceptionV3 of keras.applications: 2048 means of the last layer, 1000 classes.

    Its features are not those of FID's network: published FIDs compare only with `FrozenInception`.
    """

    def __init__(self, weights: str | None):
        try:
            model = keras.applications.InceptionV3(weights=weights or "imagenet")
        except Exception as error:  # The network, the server, the file: nearly every kind there is.
            place = f"--inception_weights={weights}" if weights else "Inception's weights"
            raise UserError(
                f"{place} cannot be had ({reason(error)}): name the file of keras.applications, or FID's "
                "inception-2015-12-05 graph (.pb), with --inception_weights, or choose --features=classifier"
            ) from None
        content = hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest()[:16]
        about = {"network": "InceptionV3 of keras.applications", "sha256": content}
        super().__init__("inception", f"keras inception/{content}/{RESIZING}", about)
        both = keras.Model(model.input, [model.layers[-2].output, model.output])
        self._run = traced(lambda pictures: both(pictures, training=False), (SIDE, SIDE, 3))

    def batch(self, examples):
        vectors, probabilities = self._run(tf.constant(resized(self.pictures(examples)) / 127.5 - 1))
        return Features(np.asarray(vectors), np.asarray(probabilities))


class FrozenInception(FeatureSpace):
    """The network that FID and the inception score were published with: 2048 features, 1008 classes.

    Class probabilities leave out the bias of the last layer, as the score's own code does. Pictures of
    other sizes than 299x299 are resized as by clean-fid, where the code of 2017 did it bilinearly: their FIDs
    compare with those that clean-fid gives.

    Args:
        path: `classify_image_graph_def.pb` of inception-2015-12-05.
    """

    def __init__(self, path: Path):
        def imported(pictures):
            names = ["pool_3:0", "softmax/logits/MatMul:0"]
            pool, scores = tf.import_graph_def(graph_def, {"ExpandDims:0": pictures}, names, name="")
            return tf.reshape(pool, (tf.shape(pictures)[0], -1)), scores.op.inputs[1]

        try:
            content = path.read_bytes()
            graph_def = tf.compat.v1.GraphDef.FromString(content)
            wrap = tf.compat.v1.wrap_function
            self._run = wrap(imported, [tf.TensorSpec((None, SIDE, SIDE, 3), tf.float32)])
        except Exception as error:  # Protobuf and the importer raise nearly every kind.
            raise UserError(
                f"--inception_weights={path} is no graph of FID's network ({reason(error)})"
            ) from None
        found = hashlib.sha256(content).hexdigest()[:16]
        about = {"network": path.name, "sha256": found}
        super().__init__("inception", f"frozen inception/{found}/{RESIZING}", about)

    def batch(self, examples):
        vectors, kernel = self._run(tf.constant(resized(self.pictures(examples))))
        return Features(vectors.numpy(), tf.nn.softmax(vectors @ kernel).numpy())


@registry.register("inception")
def _inception(dataset: str, weights: str | None) -> FeatureSpace:
    if weights and weights.endswith(".pb"):
        return FrozenInception(expanded(weights))
    return KerasInception(weights)
