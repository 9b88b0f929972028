"""Pictures: uint8 (..., H, W, C) on disk and on screen, float32 in [-1, 1] in the networks."""

import numpy as np
import tensorflow as tf

ImageShape = tuple[int, int, int]


def from_uint8(images):
    """uint8 tensor -> float32 in [-1, 1]; points (float32) stay as they are."""
    return tf.cast(images, tf.float32) / 127.5 - 1 if images.dtype == tf.uint8 else images


def to_uint8(images) -> np.ndarray:
    """Float images in [-1, 1], clipped to it -> uint8 array."""
    return np.rint((np.clip(images, -1, 1) + 1) * 127.5).astype(np.uint8)


def in_unit(images: np.ndarray) -> np.ndarray:
    """uint8 images -> float32 in [0, 1]; floats stay as they are."""
    return images / np.float32(255) if images.dtype == np.uint8 else images


def fit(image, shape: ImageShape):
    """One uint8 image (h, w, c) of any size -> uint8 of `shape` (H, W, C), if it has not that shape.

    Colours become grey by their luma or grey is repeated, the largest centred part of the right aspect ratio
    is kept, and resized with antialiasing.
    """
    if tuple(image.shape) == tuple(shape):
        return image
    height, width, channels = shape
    image = fit_channels(image, channels)
    size = tf.shape(image)
    h, w = size[0], size[1]
    crop_h = tf.minimum(h, tf.maximum(1, w * height // width))
    crop_w = tf.minimum(w, tf.maximum(1, h * width // height))
    image = tf.image.crop_to_bounding_box(image, (h - crop_h) // 2, (w - crop_w) // 2, crop_h, crop_w)
    resized = tf.image.resize(image, (height, width), method="bilinear", antialias=True)
    return tf.ensure_shape(tf.cast(tf.clip_by_value(tf.round(resized), 0, 255), tf.uint8), shape)


def fit_channels(image, channels: int):
    """Images (..., C) in grey (1: luma) or colour (3: repeated); transparency is dropped."""
    given = image.shape[-1]
    if given in (2, 4):  # The last one is transparency.
        image, given = image[..., : given - 1], given - 1
    if given == channels:
        return image
    return tf.image.rgb_to_grayscale(image) if channels == 1 else tf.image.grayscale_to_rgb(image)
