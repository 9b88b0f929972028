"""Writes docs/losses.md from the docstrings of `losses/`: python docs/losses_page.py"""

import inspect
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import losses  # noqa: E402
import support.environment  # noqa: E402, F401  # Before TensorFlow.
from losses import penalties  # noqa: E402
from losses.objective import Objective, registry  # noqa: E402
from support.options import parameters  # noqa: E402

PAGE = ROOT / "docs" / "losses.md"

HEAD = """# Objectives and penalties

Made from the docstrings by `python docs/losses_page.py`. Every formula is tested by value and by gradient
against the same formula in float64 (`tests/losses/`). Losses are minimised, E is the mean over the batch. In
the original game D is the probability sigmoid(score); everywhere else C, D, f and v are the raw score.

Every objective also takes `--penalties`, `--clip`, `--penalty_every`, `--label_flipping`, `--top_k` and
`--top_k_decay` (`mmd_gan` has no top-k). What has no flag or config comes from the objective's paper, where
that says it for networks like these; README.md lists where it differs.
"""

ELSEWHERE = """## Where other suites differ

On the real scores (1.3, -0.4, 2.2, 0.1) and the generated ones (-0.7, 0.9, -2.1, 0.3):

| loss | as published, here | elsewhere | why |
|---|---|---|---|
| `minimax`, discriminator | 1.1294 | 1.2294 in TF-GAN | label smoothing of 0.25 is on by default |
| `minimax`, generator | -0.6536 | +1.0536 in mimicry | the non-saturating loss under the other name |
| `lsgan`, discriminator | 1.2625 | 2.525 in LynnHo's | the paper's factors 1/2 are left out |
| `lsgan`, discriminator | 1.2625 | 0.1997 in compare_gan | scores pass a sigmoid before the squares |

- `-log(sigmoid(x) + 1e-8)`, as often written, stops at 18.4 and has no gradient there; here it is softplus.
- The interpolation weight of `gradient_penalty` is uniform on [0, 1], one per example; the Keras example drew
  it from N(0, 1) for years.
- `r1` and `r2` carry the paper's 1/2. Its authors' code does not: their 10 is `r1:20` here.
- `dragan` perturbs as the authors' code does; suites that add Gaussian noise follow another reading.
- `rasgan`, `ralsgan` and `rahinge` are half the sum of their two terms, as in the author's code; without the
  half, losses and gradients are twice as large.
- The tutorial's 1/2 belong to `maximum_likelihood` alone; Algorithm 1, and so `minimax` and
  `non_saturating`, has none.
- `fgan_jensen_shannon` bounds twice the usual Jensen-Shannon divergence: that is what the paper's f gives.
"""


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)


def page() -> str:
    """The whole page."""
    parts = [HEAD, "## Objectives\n"]
    parts += [_objective(name) for name in losses.names(aliases=False)]
    parts += ["## Penalties\n"]
    parts += [_penalty(name) for name in penalties.registry.names()]
    return "\n".join([*parts, ELSEWHERE])


def _objective(name: str) -> str:
    objective = losses.get(name)
    kind = type(objective)
    aliases = [alias for alias in losses.names() if registry.canonical(alias) == name and alias != name]
    title = f"### `{name}`" + "".join(f" (`{alias}`)" for alias in aliases)
    text = _doc(kind).partition("\nArgs:")[0].strip()
    own = [option for option in parameters(kind) if option not in parameters(Objective)]
    changed = {
        option: getattr(objective, option)
        for option in parameters(kind)
        if option in own or getattr(objective, option) != parameters(Objective)[option].default
    }
    return "\n".join(
        [
            title,
            "",
            text,
            "",
            f"- Discriminator: `{_formula(kind.discriminator_loss)}`",
            f"- Generator: `{_formula(kind.generator_loss)}`",
            f"- Settings unless asked otherwise: {_settings({**objective.paper, **changed})}",
            "",
        ]
    )


def _doc(thing) -> str:
    return inspect.getdoc(thing) or ""


def _formula(method) -> str:
    return " ".join(_doc(method).split("\n\n")[0].split())


def _settings(values) -> str:
    return ", ".join(f"`{name}={_text(value)}`" for name, value in values.items())


def _text(value) -> str:
    if isinstance(value, dict):
        return ",".join(f"{name}:{weight:g}" for name, weight in value.items()) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value).lower()


def _penalty(name: str) -> str:
    text = _doc(penalties.registry.find(name))
    first, _, rest = text.partition("\n\n")
    return f"### `{name}`\n\n`{' '.join(first.split())}`\n\n{rest}\n"


if __name__ == "__main__":
    main()
