"""What keeps an equation finite."""

import math

import keras
from keras import ops

#: Beyond it `exp` goes on along its tangent. The square of e^30 times a score of 1e4, which Adam takes of a
#: gradient, is still far from the end of float32.
TANGENT_FROM = 30.0


def widen(x):
    """`x` in float32 where it has half precision: its squares and exponentials would not fit."""
    x = ops.convert_to_tensor(x)
    narrow = keras.backend.standardize_dtype(x.dtype) in ("float16", "bfloat16")
    return ops.cast(x, "float32") if narrow else x


def exp(x):
    """e^x; above 30 its tangent there, so that value and gradient stay finite for any score."""
    bounded = ops.minimum(x, TANGENT_FROM)
    return ops.exp(bounded) * (1 + x - bounded)


def log_lambert_w_of_exp(y):
    """log W(e^y): the s with e^s + s = y, W Lambert's function. Newton's method from above."""
    s = ops.minimum(y, ops.log(ops.maximum(y, math.e)))
    for _ in range(8):
        s = s - (ops.exp(s) + s - y) / (ops.exp(s) + 1)
    return s
