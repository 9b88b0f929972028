"""Tricks that act on scores, with any objective."""

from keras import ops

from support import pictures


def flip_labels(real_scores, fake_scores, share: float, seed=None):
    """Swaps the scores of real and generated examples, each pair with probability `share`.

    Noisy labels for the discriminator: Chintala et al. 2016, How to train a GAN, tip 6.
    """
    flipped = pictures.uniform_per_example(real_scores, seed=seed) < share
    return ops.where(flipped, fake_scores, real_scores), ops.where(flipped, real_scores, fake_scores)


def keep_best(real_scores, fake_scores, share, better: int = 1):
    """The generated examples with the highest scores, ceil(share * batch) of them, and as many real ones.

    With `better` = -1 those with the lowest.

    Sinha et al. 2020, Top-k training of GANs (arXiv 2002.06224), section 3. Scores: (batch,) or (batch, 1).
    """
    # Less what rounding adds: 0.6 of 100 are 60.000002 in float32.
    exact = share * ops.cast(ops.shape(fake_scores)[0], "float32") - 1e-3
    count = ops.maximum(ops.cast(ops.ceil(exact), "int32"), 1)
    best = ops.argsort(-better * ops.reshape(fake_scores, (-1,)))[:count]
    return real_scores[:count], ops.take(fake_scores, best, axis=0)
