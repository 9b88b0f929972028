"""Goodfellow et al. 2014, Generative Adversarial Nets (arXiv 1406.2661): MNIST.

Settings of the authors' published `mnist.yaml`. Paper, Table 1: Parzen-window log-likelihood 225 +- 2 nats
on the test images. As the authors' code, and unlike Algorithm 1, it updates both networks at once, on the
same noise. They train without a stopping rule: the momentum stops rising after 250 epochs, the likelihood
has not after 1300.
"""

STEPS_AN_EPOCH = 500

settings = dict(
    model="mlp",
    loss="non_saturating",
    algorithm="simultaneous",
    dataset="mnist",
    split="train[:50000]",
    steps=1300 * STEPS_AN_EPOCH,
    batch_size=100,
    latent="unit_uniform",
    optimizer="sgd",
    learning_rate=0.1,
    # The authors' discriminator minimises half of our loss: under SGD, the same as half the rate.
    discriminator_learning_rate=0.05,
    learning_rate_decay=1.000004,
    momentum=0.5,
    final_momentum=0.7,
    momentum_steps=250 * STEPS_AN_EPOCH,
    sample_every=5 * STEPS_AN_EPOCH,
    checkpoint_every=5 * STEPS_AN_EPOCH,
)
