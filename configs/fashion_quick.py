"""Ten minutes on two cores that multiply in bfloat16: Fashion-MNIST with the settings of mnist_quick, Adam's
beta_2 nearer to 1, and nearly three times the steps.

No paper's run; benchmarks/RESULTS.md has its curve, and what to expect.
"""

from configs import mnist_quick

settings = {**mnist_quick.settings, "dataset": "fashion_mnist", "beta_2": 0.99, "steps": 16_500}
