"""Every claim of the five lecture notes, and where it can be seen."""

from theory.experiment import Experiment, registry

NOTES = {
    "A": "Theory behind GAN",
    "B": "GAN: Generative Adversarial Nets",
    "C": "The mathematics of generative adversarial networks (Pytorch Note46)",
    "D": "GAN: the classical model, and WGAN",
    "E": "Why study GANs? (the tutorial of NIPS 2016)",
}

#: Note and section, claim, experiments or other places that show it, and what is to be said of it. In the
#: notes' order; the experiments have theirs from it.
CLAIMS = (
    ("A 1; D", "A generative model brings P_G near P_data", "gan_1d", ""),
    (
        "A 1.1",
        "Maximum likelihood needs a P_G simple enough to write down",
        "mle_is_kl",
        "One Gaussian, two modes.",
    ),
    ("A 1.2; C; D; E", "Maximum likelihood is minimum KL(P_data || P_G)", "mle_is_kl", ""),
    ("E", "D(p || q) = H(p, q) - H(p)", "mle_is_kl", "The mean negative log-likelihood."),
    ("A 1.2; C", "KL of discrete and of continuous distributions", "divergences", ""),
    ("A 2", "Any divergence may take KL's place", "divergences", "As objectives: `fgan_*` in losses.md."),
    ("A 2.1; C", "G maps simple noise to P_G(x), the mass of all z with G(z) = x", "gan_1d", ""),
    ("A 2.1", "Densities unknown, the divergence is taken from samples", "optimal_discriminator", ""),
    ("A 2.2; D", "The discriminator solves a problem of two classes", "optimal_discriminator", ""),
    ("A 2.2; B; C", "D* = p_data / (p_data + p_g)", "optimal_discriminator", ""),
    ("A 2.2; C; D", "max_D V = -2 log 2 + 2 JSD", "optimal_discriminator", ""),
    ("A 2.2", "D is taken to fit any function", "optimal_discriminator", "How nearly is its first number."),
    ("A 2.2; C", "KL is not symmetric, JSD is", "divergences", ""),
    ("A 2.3", "D is trained k times, or V is no divergence", "optimal_discriminator", "V after 2 updates."),
    ("A 2.3", "Of candidate G that one is best whose max_D V is least", "generator_step_too_large", ""),
    ("A 2.3", "The first term of V has no part in G's update", "generator_costs", ""),
    ("A 3.1", "A step of G need not lower the divergence; small steps do", "generator_step_too_large", ""),
    (
        "A 3.2; B",
        "Mode collapse and mode dropping",
        "mode_collapse",
        "All objectives, five seeds: reproduction.md.",
    ),
    ("A 3.3; D", "Supports that do not meet", "disjoint_supports, vanishing_gradient", ""),
    (
        "A appendix",
        "At the end D is 1/2 everywhere, or it evaluates the data",
        "discriminator_at_the_end",
        "",
    ),
    ("B; D", "The two-player game, step by step", "gan_1d", "The paper's Figure 1."),
    ("B; D; E", "log(1 - D) saturates early; -log D does not", "generator_costs, vanishing_gradient", ""),
    ("B", "At p_g = p_data D is 1/2", "optimal_discriminator, gan_1d", ""),
    (
        "B",
        "Losses as cross entropies with labels 1 and 0",
        "tests/losses/test_objectives.py",
        "`non_saturating`, against the formula in float64.",
    ),
    ("B; E", "Gradient descent need not find the equilibrium", "non_convergence", ""),
    ("B", "No loss tells whether training makes progress", "disjoint_supports", "JSD does not, W1 does."),
    (
        "B",
        "G models no density, and is hard to control for large pictures",
        "gan_1d",
        "Seen on the line alone; control is a matter of labels, which this suite does not have yet.",
    ),
    ("D", "A discriminator trained too well takes G's gradient away", "vanishing_gradient", ""),
    (
        "D",
        "Two manifolds of low dimension overlap in measure 0",
        "disjoint_supports",
        "Two segments in the plane.",
    ),
    ("D", "W1 is a linear programme over plans", "wasserstein_duality", ""),
    ("D", "Its dual is a supremum over 1-Lipschitz functions", "wasserstein_duality", ""),
    ("D", "WGAN: no sigmoid, no logarithm, clipped weights", "wasserstein_duality", "`wgan` in losses.md."),
    (
        "D",
        "Weights are clipped to between 0 and 1",
        "wasserstein_duality",
        "Not so: to [-c, c], c = 0.01 in the paper. What [0, 1] does is the last two numbers.",
    ),
    ("D", "WGAN-GP mends what clipping does", "wasserstein_duality, mode_collapse", ""),
    (
        "E",
        "The discriminator estimates the ratio p_data / p_model",
        "optimal_discriminator",
        "Its second number.",
    ),
    ("E", "Minimax, non-saturating and maximum likelihood costs", "generator_costs", ""),
    ("E", "In maximum likelihood few samples carry the gradient", "generator_costs", ""),
    (
        "E",
        "Proofs need convexity in the functions, updates are of parameters",
        "non_convergence, mode_collapse",
        "",
    ),
    ("E", "Minimising JSD is more like the reverse KL", "mle_is_kl", "Its last number."),
    (
        "E",
        "Few modes come from training, not from the divergence",
        "mode_collapse",
        "The original game loses modes that its divergence would keep, and penalties bring them back. Of "
        "five seeds on the ring (reproduction.md) minimax holds 5.2 modes of 8, the f-GAN of the forward KL, "
        "whose generator descends its bound too, 7.4 (Welch's p 0.05): the divergence may have its effect.",
    ),
    ("E", "GAN, noise-contrastive estimation and maximum likelihood share V", "nce_mle_gan", ""),
    ("E", "GANs learn from pictures without labels", "semi_supervised", ""),
    (
        "E",
        "High-dimensional samples; reinforcement learning",
        "README.md",
        "Samples; planning is not covered.",
    ),
    ("E", "DCGAN's architecture", "models/dcgan.py", "`--model=dcgan`."),
)


def experiments() -> list[Experiment]:
    """All experiments, in the order in which the claims first call for them."""
    called = [name for _, _, places, _ in CLAIMS for name in places.split(", ")]
    return [registry.find(name) for name in sorted(registry.names(), key=called.index)]
