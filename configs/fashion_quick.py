"""Ten minutes on two cores that multiply in bfloat16: Fashion-MNIST, from the settings of mnist_quick.

Adam's beta_2 is nearer to 1, the learning rate falls to a fifth, and the average of the generator is longer.
No paper's run; benchmarks/RESULTS.md says what was tried, and what to expect.
"""

from configs import mnist_quick

settings = {
    **mnist_quick.settings,
    "dataset": "fashion_mnist",
    "steps": 15_500,
    "beta_2": 0.99,
    "learning_rate_decay": 1.0001,
    "generator_ema": 0.998,
}
