"""Four to nine minutes on two cores: MNIST with the original non-saturating game and R1.

R1 (Mescheder et al. 2018, arXiv 1801.04406) on every fourth turn, four times as strongly (Karras et al. 2020,
arXiv 1912.04958), one turn of the discriminator for one of the generator, a DCGAN of half the usual width
with kernels of 4, the moving average of the generator (Yaz et al. 2019), and ten times DCGAN's learning rate.
Layers compute in bfloat16 where the machine gains by it. No paper's run: chosen by what it reaches in a
minute; benchmarks/RESULTS.md has the curves of this and other candidates, and what to expect.
"""

settings = dict(
    model="dcgan",
    loss="non_saturating",
    dataset="mnist",
    steps=6000,
    precision="auto",
    batch_size=64,
    n_critic=1,
    filters=32,
    kernel=4,
    discriminator_batch_norm=False,
    penalties={"r1": 0.5},
    penalty_every=4,
    generator_ema=0.995,
    optimizer="adam",
    learning_rate=2e-3,
    beta_1=0.0,
    beta_2=0.9,
    sample_every=500,
    checkpoint_every=1000,
)
