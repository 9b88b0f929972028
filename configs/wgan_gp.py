"""Gulrajani et al. 2017, Improved Training of Wasserstein GANs (arXiv 1704.00028): CIFAR-10.

Settings of the authors' `gan_cifar.py`: DCGAN networks with 128 filters next to the image, batch norm in
the generator only, and beta_1 = 0.5 where the paper's Algorithm 1 has 0; the weights are drawn as DCGAN's.
The paper scores its residual network instead (inception score 7.86 +- .07), so this run has no published
number.
"""

settings = dict(
    model="dcgan",
    loss="wgan_gp",
    dataset="cifar10",
    steps=200_000,
    batch_size=64,
    n_critic=5,
    latent_dim=128,
    latent="normal",
    filters=128,
    penalties={"gradient_penalty": 10.0},
    optimizer="adam",
    learning_rate=1e-4,
    beta_1=0.5,
    beta_2=0.9,
    sample_every=1000,
    checkpoint_every=2000,
)
