"""Radford, Metz and Chintala 2016, DCGAN (arXiv 1511.06434): faces at 64x64.

Settings of the paper's section 4 and the authors' `train_uncond_dcgan.py`. Their 350,000 faces were never
published; CelebA's 162,770 stand in, for as many passes, 25: 31,790 updates of each player. Their code
gives each batch to one player alone, so that theirs are about 34,180. Their L2 penalty of 1e-5 on the
weights is left out. The paper shows samples and gives no number for this run.
"""

settings = dict(
    model="dcgan",
    loss="non_saturating",
    dataset="celeb_a",
    image_size=64,
    steps=25 * 162_770 // 128,
    batch_size=128,
    latent="uniform",
    optimizer="adam",
    learning_rate=2e-4,
    beta_1=0.5,
    beta_2=0.999,
    sample_every=500,
    checkpoint_every=1000,
)
