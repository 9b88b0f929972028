"""Arjovsky, Chintala and Bottou 2017, WGAN (arXiv 1701.07875): LSUN bedrooms at 64x64.

Algorithm 1 with the networks of the authors' code: 64 filters next to the image, 4x4 kernels. The code also
takes 100 critic turns in each of the first 25 steps and in every 500th (`--algorithm=critic_warmup`); the
paper and this run do not.
The paper gives curves (Figure 3: the estimate falls as samples improve), no number.
"""

settings = dict(
    model="dcgan",
    loss="wgan",
    dataset="lsun/bedroom",
    image_size=64,
    steps=25 * 3_033_042 // (5 * 64),
    batch_size=64,
    n_critic=5,
    latent="normal",
    filters=64,
    kernel=4,
    clip=0.01,
    optimizer="rmsprop",
    learning_rate=5e-5,
    rho=0.99,
    sample_every=1000,
    checkpoint_every=2000,
)
