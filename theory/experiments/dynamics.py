"""What happens while both players learn: circles, and modes that get lost."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
from keras.optimizers.schedules import ExponentialDecay

import data
import losses
from metrics import mode_coverage
from support.numbers import Number
from theory.experiment import Outcome, experiment, panels
from theory.games import Field, bilinear, descend, dirac_gan
from theory.players import Game, perceptron


@experiment(
    "Gradient descent on a game need not converge; a penalty makes it",
    formula=r"\min_x\max_y xy:\ r_{t+1}=r_t\sqrt{1+\eta^2}\ \text{(simultaneous)},\quad "
    r"x^2+y^2-\eta xy=\text{const (alternating)}",
    papers="Goodfellow 2016 (arXiv 1701.00160), sections 5.1 and 8.2; "
    "Mescheder et al. 2018 (arXiv 1801.04406), sections 2 to 4",
)
def non_convergence(generator: np.random.Generator) -> Outcome:
    """In the bilinear game, whose equilibrium is 0, simultaneous descent leaves on a spiral whose radius
    grows by sqrt(1 + eta^2) a step, and alternating descent goes round for ever. So do both in the Dirac-GAN,
    one point that learns to be another. With R1 on its discriminator it comes to rest, as fast as the
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
    round_and_round = radius["Dirac-GAN, alternating"]
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
        *(
            Number(
                f"Dirac-GAN, alternating: {which} radius of the last half over that of the first",
                float(of(round_and_round[steps // 2 :]) / of(round_and_round[: steps // 2])),
                1.0,
                1e-2,
                source="it goes round",
            )
            for which, of in (("smallest", np.min), ("largest", np.max))
        ),
    ]
    for gamma in (0.3, 1.0):
        small = descend(dirac_gan(gamma), (1e-3, 0.0), rate, 2 * steps, False)
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


#: Title -> objective, learning rate of the discriminator over the generator's, and its turns.
GAMES: dict[str, tuple[losses.Objective | str, float, int]] = {
    "G far ahead of D": ("gan", 0.2, 1),
    "equally fast": ("gan", 1.0, 2),
    "equally fast, R1": (losses.get("gan", penalties={"r1": 0.1}), 1.0, 2),
    "equally fast, WGAN-GP": (losses.get("wgan_gp", penalties={"gradient_penalty": 0.1}), 1.0, 2),
}
FAST, PLAIN, *CURES = GAMES
CHECKS = range(200, 3201, 200)


@dataclasses.dataclass(frozen=True)
class Played:
    """A mixture, and what a game made of it: modes found and samples (N, 2) at each of `CHECKS`."""

    centres: np.ndarray
    found: list[int]
    samples: list[np.ndarray]


def play(dataset: str, title: str) -> Played:
    """Plays one of `GAMES` against "ring" or "grid", brought to [-1, 1]^2."""
    source = data.find(dataset)
    assert isinstance(source, data.Points) and source.centres is not None and source.std is not None
    extent = np.abs(source.centres).max()
    centres, real = source.centres / extent, source.draw() / extent
    objective, pace, turns = GAMES[title]

    def adam(rate: float, updates: int) -> keras.optimizers.Optimizer:
        """Its rate is halved in 1,000 steps, of so many updates each."""
        return keras.optimizers.Adam(ExponentialDecay(rate, 1000 * updates, 0.5), 0.5, 0.9)

    game = Game(
        perceptron(2, units=128, depth=3, outputs=2, seed=7),
        objective,
        perceptron(2, units=128, depth=3, seed=8),
        adam(1e-3 * pace, turns),
        generator_optimizer=adam(1e-3, 1),
        latent_dim=2,
        turns=turns,
        seed=7,
    )
    samples = [game.play(real, step).samples(2500) for step in CHECKS]
    found = [mode_coverage(some, centres, source.std / extent).modes for some in samples]
    return Played(centres, found, samples)


@experiment(
    "Mode collapse and mode dropping, and what helps",
    formula=r"G^*=\arg\min_G\max_D V(G,D)\ \ne\ \arg\max_D\min_G V(G,D)",
    papers="Goodfellow 2016 (arXiv 1701.00160), section 5.1.1; Metz et al. 2017 (arXiv 1611.02163), "
    "section 3.1; Srivastava et al. 2017 (arXiv 1705.07761), section 5.1",
)
def mode_collapse(generator: np.random.Generator) -> Outcome:
    """Eight Gaussians on a ring and 25 on a grid, the same networks for four games, non-saturating but for
    the last. A generator far ahead of the discriminator, which has one turn at a fifth of its learning rate,
    solves the game in the wrong order, for each D the best place: its samples stay together and chase from
    mode to mode. Where D has two turns at the same rate the ring is found, and of the grid some modes are
    dropped. With a penalty on the slope of D, or of a Wasserstein critic, all are found and kept. A mode
    counts as found when one of 2,500 samples lies within three standard deviations of it."""
    places = [(dataset, title) for dataset in ("ring", "grid") for title in GAMES]
    with ThreadPoolExecutor(2) as pool:
        played = dict(zip(places, pool.map(lambda place: play(*place), places), strict=True))

    late = len(CHECKS) // 3
    numbers = []
    for dataset in ("ring", "grid"):
        whole = len(played[dataset, PLAIN].centres)
        most = max(played[dataset, FAST].found[-late:])
        numbers.append(Number(f"{dataset}, {FAST}: most modes late", most, whole // 2, 0, "<", "collapse"))
        least = min(played[dataset, PLAIN].found[-late:])
        if dataset == "ring":
            numbers.append(Number(f"ring, {PLAIN}: fewest late", least, whole, source="all"))
        else:
            numbers.append(Number(f"grid, {PLAIN}: fewest late", least, whole - 1, 0, "<", "some dropped"))
        numbers += [
            Number(
                f"{dataset}, {cure}: fewest late",
                min(played[dataset, cure].found[-late:]),
                whole,
                source="all",
            )
            for cure in CURES
        ]

    figure, axes = panels(2, 1 + len(GAMES), "Modes found", size=(3.2, 3.2))
    for (over_time, *clouds), dataset in zip(axes.reshape(2, -1), ("ring", "grid"), strict=True):
        for title, cloud in zip(GAMES, clouds, strict=True):
            over_time.plot(CHECKS, played[dataset, title].found, label=title)
            _cloud(cloud, title, played[dataset, title], -1)
        whole = len(played[dataset, PLAIN].centres)
        over_time.axhline(whole, color="black", lw=0.6, ls=":")
        over_time.set(xlabel="steps", ylabel=f"modes found of {whole}", title=dataset)
    axes.flat[0].legend(fontsize=7)  # On the grid it would hide a curve.
    frames = []
    for check, step in enumerate(CHECKS):
        frame, axes = panels(2, len(GAMES), f"After {step} steps", size=(2.4, 2.4))
        for cloud, (dataset, title) in zip(axes, places, strict=True):
            _cloud(cloud, title, played[dataset, title], check)
        frames.append(frame)
    return Outcome(numbers, figure, frames)


def _cloud(axes, title: str, played: Played, check: int) -> None:
    axes.plot(*played.centres.T, "k+", ms=6)
    axes.plot(*played.samples[check].T, ".", ms=1, alpha=0.4)
    axes.set(xlim=(-2, 2), ylim=(-2, 2), xlabel="x1", ylabel="x2")
    axes.set_title(f"{title}: {played.found[check]} of {len(played.centres)}", fontsize=8)
