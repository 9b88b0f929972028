"""What happens while both players learn: circles, and modes that get lost."""

import keras
import numpy as np

import losses
from metrics import mode_coverage
from theory.experiment import Number, Outcome, experiment, panels
from theory.games import Field, bilinear, descend, dirac_gan
from theory.players import Game, perceptron


@experiment(
    "Gradient descent on a game need not converge; a penalty makes it",
    formula=r"\min_x\max_y xy:\ r_{t+1}=r_t\sqrt{1+\eta^2}\ \text{(simultaneous)},\quad "
    r"x^2+y^2-\eta xy=\text{const (alternating)}",
    papers="Goodfellow 2016 (arXiv 1701.00160), section 5.1.1; "
    "Mescheder et al. 2018 (arXiv 1801.04406), Lemmas 2.3 and 2.4, Theorem 3.1",
)
def non_convergence(generator: np.random.Generator) -> Outcome:
    """In the bilinear game, whose equilibrium is 0, simultaneous descent leaves on a spiral whose radius
    grows by sqrt(1 + eta^2) a step, and alternating descent goes round for ever. So does the Dirac-GAN, one
    point that learns to be another. With R1 on the discriminator both come to rest, as fast as the
    eigenvalues -gamma / 2 +- sqrt(gamma^2 / 4 - 1 / 4) say."""
    rate, steps, start = 0.1, 400, (1.0, 0.5)
    paths = {
        "bilinear, simultaneous": descend(bilinear, start, rate, steps, False),
        "bilinear, alternating": descend(bilinear, start, rate, steps, True),
        "Dirac-GAN, simultaneous": descend(dirac_gan(), start, rate, steps, False),
        "Dirac-GAN, alternating": descend(dirac_gan(), start, rate, steps, True),
        "Dirac-GAN with R1, gamma 0.3": descend(dirac_gan(0.3), start, rate, steps, False),
        "Dirac-GAN with R1, gamma 1": descend(dirac_gan(1.0), start, rate, steps, False),
    }
    radius = {name: np.linalg.norm(path, axis=1) for name, path in paths.items()}
    x, y = paths["bilinear, alternating"].T
    kept = x**2 + y**2 - rate * x * y
    near = descend(dirac_gan(), (1e-3, 0.0), rate, steps, False)
    numbers = [
        Number(
            "bilinear, simultaneous: growth of the radius a step",
            (radius["bilinear, simultaneous"][-1] / radius["bilinear, simultaneous"][0]) ** (1 / steps),
            float(np.sqrt(1 + rate**2)),
            1e-9,
        ),
        Number("bilinear, alternating: change of x^2 + y^2 - eta x y", float(np.ptp(kept)), 0.0, 1e-9),
        Number(
            "Dirac-GAN near 0, simultaneous: growth a step",
            float(np.linalg.norm(near[-1]) / 1e-3) ** (1 / steps),
            float(np.sqrt(1 + rate**2 / 4)),
            1e-6,
            source="|1 + eta i / 2|",
        ),
        Number(
            "Dirac-GAN, alternating: radius at the end",
            radius["Dirac-GAN, alternating"][-1],
            0.5,
            0,
            ">",
            "no rest",
        ),
    ]
    for gamma in (0.3, 1.0):
        small = descend(dirac_gan(gamma), (1e-3, 1e-3), rate, 2 * steps, False)
        eigenvalue = max(np.roots([1, gamma, 0.25]), key=lambda value: abs(1 + rate * value))
        late = np.linalg.norm(small[[steps, 2 * steps]], axis=1)
        # Two real eigenvalues that coincide (gamma = 1) add a factor linear in time.
        tolerance = 1e-3 if gamma < 1 else 3e-3
        numbers.append(
            Number(
                f"Dirac-GAN with R1, gamma {gamma:g}: shrinking a step",
                (late[1] / late[0]) ** (1 / steps),
                abs(1 + rate * eigenvalue),
                tolerance,
                source="|1 + eta lambda|",
            )
        )
    figure, all_axes = panels(2, 3, f"Phase portraits, step {rate:g}", size=(4.2, 3.6))
    for axes, (name, path) in zip(all_axes, paths.items(), strict=True):
        extent = max(1.2, np.abs(path).max() * 1.05)
        gamma = float(name.rpartition("gamma ")[2]) if "R1" in name else 0.0
        field: Field = bilinear if name.startswith("bilinear") else dirac_gan(gamma)
        ticks = np.linspace(-extent, extent, 15)
        places = np.stack(np.meshgrid(ticks, ticks))
        arrows = np.vectorize(field)(*places)
        axes.quiver(*places, -arrows[0], arrows[1], color="lightgrey")
        axes.plot(*path.T, lw=0.8)
        axes.plot(*path[0], "go", ms=5)
        axes.plot(*path[-1], "rs", ms=5)
        axes.plot(0, 0, "k+")
        players = ("x", "y") if name.startswith("bilinear") else ("generator's place", "slope of D")
        axes.set(xlabel=players[0], ylabel=players[1])
        axes.set_title(f"{name}\n(green: start, red: after {steps} steps)", fontsize=8)
    return Outcome(numbers, figure)


def ring(modes: int = 8, radius: float = 2.0) -> np.ndarray:
    """Centres on a circle, (modes, 2). Metz et al. 2017 (arXiv 1611.02163), section 3.1."""
    angles = 2 * np.pi * np.arange(modes) / modes
    return radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def square(side: int = 5, spacing: float = 1.0) -> np.ndarray:
    """Centres on a grid, (side^2, 2)."""
    ticks = spacing * (np.arange(side) - (side - 1) / 2)
    return np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)


#: Name -> objective.
PLAYED = {
    "minimax": "minimax",
    "non-saturating": "gan",
    "non-saturating + R1": losses.get("gan", penalties={"r1": 0.01}),
    "WGAN-GP": losses.get("wgan_gp", penalties={"gradient_penalty": 0.1}),
}
DEVIATION = 0.05


@experiment(
    "Mode collapse and mode dropping, and what helps",
    formula=r"G^*=\arg\min_G\max_D V(G,D)\ \ne\ \arg\max_D\min_G V(G,D)",
    papers="Goodfellow 2016 (arXiv 1701.00160), section 5.1.1; "
    "Metz et al. 2017 (arXiv 1611.02163), section 3.1; Srivastava et al. 2017 (arXiv 1705.07761), section 4",
)
def mode_collapse(generator: np.random.Generator) -> Outcome:
    """Eight Gaussians on a ring and 25 on a grid, the same networks for four games. The original ones put
    their samples on a part of the modes, or move from one to another; with a penalty on the critic's slope,
    the same networks find all. A mode counts as found when a sample lies within three standard deviations
    of it."""
    steps, every = 4000, 250
    numbers = []
    figure, axes = panels(2, 1 + len(PLAYED), "Modes found", size=(3.2, 3.2))
    grid_of_axes = axes.reshape(2, -1)
    for row, (name, centres) in enumerate((("ring", ring()), ("grid", square()))):
        chosen = generator.integers(0, len(centres), 50_000)
        real = centres[chosen] + generator.normal(0, DEVIATION, (len(chosen), 2))
        over_time = grid_of_axes[row][0]
        for column, (title, objective) in enumerate(PLAYED.items(), start=1):
            game = Game(
                perceptron(2, units=128, depth=3, outputs=2, seed=7),
                objective,
                perceptron(2, units=128, depth=3, seed=8),
                keras.optimizers.Adam(5e-4, 0.5, 0.9),
                latent_dim=2,
                learning_rate=5e-4,
                seed=7,
            )
            found = []
            for _ in range(steps // every):
                game.play(real, every, 256)
                samples = game.samples(2500)
                found.append(mode_coverage(samples, centres, DEVIATION).modes)
            over_time.plot(np.arange(1, len(found) + 1) * every, found, label=title)
            shown = grid_of_axes[row][column]
            shown.plot(*centres.T, "k+", ms=6)
            shown.plot(*samples.T, ".", ms=1, alpha=0.4)
            reach = np.abs(centres).max() + 1
            shown.set(xlim=(-reach, reach), ylim=(-reach, reach), xlabel="x1", ylabel="x2")
            shown.set_title(f"{title}: {found[-1]} of {len(centres)}", fontsize=9)
            whole = len(centres)
            if title == "minimax":
                numbers.append(
                    Number(f"{name}, {title}: modes", found[-1], whole - 1, 0, "<", "some are lost")
                )
            elif title in ("non-saturating + R1", "WGAN-GP"):
                numbers.append(Number(f"{name}, {title}: modes", found[-1], whole, 0, "=", "all are found"))
        over_time.axhline(len(centres), color="black", lw=0.6, ls=":")
        over_time.set(xlabel="steps", ylabel=f"modes found of {len(centres)}", title=name)
        over_time.legend(fontsize=7)
    return Outcome(numbers, figure)
