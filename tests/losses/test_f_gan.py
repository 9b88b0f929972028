"""The f-GAN family against the definition of its divergences, by numerical integration and maximisation."""

import numpy as np
import pytest
from scipy import integrate, optimize, stats

import losses

#: name -> (f, its derivative, inverse of g_f, D_f(N(0,1) || N(1,1)), D_f(N(0,1) || N(0,4))).
DIVERGENCES = {
    "fgan_kl": (lambda u: u * np.log(u), lambda u: 1 + np.log(u), lambda t: t, 0.5, 0.318147),
    "fgan_reverse_kl": (lambda u: -np.log(u), lambda u: -1 / u, lambda t: -np.log(-t), 0.5, 0.806853),
    "fgan_pearson": (lambda u: (u - 1) ** 2, lambda u: 2 * (u - 1), lambda t: t, 1.718282, 0.511858),
    "fgan_neyman": (
        lambda u: (1 - u) ** 2 / u,
        lambda u: 1 - 1 / u**2,
        lambda t: -np.log(1 - t),
        1.718282,
        None,  # Infinite.
    ),
    "fgan_squared_hellinger": (
        lambda u: (np.sqrt(u) - 1) ** 2,
        lambda u: 1 - 1 / np.sqrt(u),
        lambda t: -np.log(1 - t),
        0.235006,
        0.211146,
    ),
    "fgan_jeffrey": (
        lambda u: (u - 1) * np.log(u),
        lambda u: np.log(u) + 1 - 1 / u,
        lambda t: t,
        1.0,
        1.125,
    ),
    "fgan_jensen_shannon": (
        lambda u: u * np.log(u) - (u + 1) * np.log((u + 1) / 2),
        lambda u: np.log(2 * u / (u + 1)),
        lambda t: -np.log(2 * np.exp(-t) - 1),
        0.222843,
        0.185467,
    ),
    "fgan_gan": (
        lambda u: u * np.log(u) - (u + 1) * np.log(u + 1),
        lambda u: np.log(u / (u + 1)),
        lambda t: -np.log(np.exp(-t) - 1),
        -1.163451,
        -1.200828,
    ),
}


def test_the_whole_family_is_here():
    assert set(DIVERGENCES) == {name for name in losses.names() if name.startswith("fgan_")}


@pytest.mark.parametrize("name", DIVERGENCES)
def test_conjugate_is_the_supremum_of_its_definition(name):
    """f*(t) = sup over u > 0 of u t - f(u), by bounded maximisation over log u."""
    f = DIVERGENCES[name][0]
    objective = losses.get(name)
    for v in np.float32([-2, -0.5, 0, 0.7, 1.5]):
        t = float(objective.activation(v))
        best = optimize.minimize_scalar(
            lambda s, t=t: f(np.exp(s)) - np.exp(s) * t, bounds=(-12, 12), options=dict(xatol=1e-10)
        )
        assert float(objective.conjugate(v)) == pytest.approx(-best.fun, rel=2e-5, abs=2e-5)


def gaussians(case):
    return stats.norm(0, 1), stats.norm(1, 1) if case == "shifted" else stats.norm(0, 2)


@pytest.mark.parametrize("name", DIVERGENCES)
@pytest.mark.parametrize("case", ["shifted", "scaled"])
def test_the_bound_at_the_best_critic_is_the_divergence(name, case):
    """Quadrature of f(p/q), the closed form, and the objective's bound on samples agree."""
    f, derivative, inverse, *closed = DIVERGENCES[name]
    expected = closed[case == "scaled"]
    if expected is None:
        pytest.skip("the divergence is infinite")
    p, q = gaussians(case)
    integral, _ = integrate.quad(lambda x: q.pdf(x) * f(p.pdf(x) / q.pdf(x)), -12, 12, limit=200)
    assert integral == pytest.approx(expected, abs=2e-5)
    if (name, case) == ("fgan_jeffrey", "scaled"):
        return  # q/p has no variance under p: no number of samples would tell the mean.

    rng = np.random.default_rng(0)
    x, y = p.rvs(400_000, random_state=rng), q.rvs(400_000, random_state=rng)
    real, fake = (inverse(derivative(p.pdf(s) / q.pdf(s))).astype(np.float32) for s in (x, y))
    objective = losses.get(name)
    activation, conjugate = np.asarray(objective.activation(real)), np.asarray(objective.conjugate(fake))
    error = np.hypot(activation.std(), conjugate.std()) / np.sqrt(len(x))
    assert float(objective.bound(real, fake)) == pytest.approx(expected, abs=5 * error)
    assert 5 * error < 0.2  # The chi-square divergences have heavy tails.


@pytest.mark.parametrize("name", DIVERGENCES)
def test_any_other_critic_gives_less(name):
    _, derivative, inverse, divergence, _ = DIVERGENCES[name]
    p, q = gaussians("shifted")
    grid = np.linspace(-9, 10, 20_001)
    step = grid[1] - grid[0]
    best = inverse(derivative(p.pdf(grid) / q.pdf(grid)))
    objective = losses.get(name)

    def bound(v):
        v = v.astype(np.float32)
        t, conjugate = np.asarray(objective.activation(v)), np.asarray(objective.conjugate(v))
        return step * np.sum(p.pdf(grid) * t - q.pdf(grid) * conjugate)

    assert bound(best) == pytest.approx(divergence, abs=1e-4)
    for change in (0.3 * np.sin(grid), 0.2 * np.ones_like(grid), -0.3 * np.tanh(grid)):
        assert bound(best + change) < divergence - 1e-3
