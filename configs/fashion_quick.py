"""Ten minutes on two cores: Fashion-MNIST with R1 in place of spectral norm.

The networks, learning rate and average of mnist_quick, the original non-saturating game, and R1 (Mescheder et
al. 2018, arXiv 1801.04406) on every fourth turn, four times as strongly. No paper's run: at equal minutes it
covers more of the clothes than mnist_quick's settings; benchmarks/RESULTS.md has both curves.
"""

from configs import mnist_quick

settings = {
    **mnist_quick.settings,
    "dataset": "fashion_mnist",
    "loss": "non_saturating",
    "spectral_norm": False,
    "penalties": {"r1": 0.5},
    "penalty_every": 4,
}
