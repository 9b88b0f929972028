"""Ten minutes on two cores: Fashion-MNIST with the settings of mnist_quick, and some more steps."""

from configs import mnist_quick

settings = {**mnist_quick.settings, "dataset": "fashion_mnist", "steps": 7000}
