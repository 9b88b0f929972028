"""The command: experiments that hold, one that does not, and what is written."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from support.errors import UserError
from support.numbers import Number
from theory import page
from theory.claims import CLAIMS, NOTES
from theory.experiment import SEED, Experiment, Outcome, conduct, registry

ROOT = Path(__file__).parents[2]
#: Those that take seconds.
QUICK = (
    "mle_is_kl",
    "divergences",
    "generator_step_too_large",
    "non_convergence",
    "generator_costs",
    "nce_mle_gan",
    "vanishing_gradient",
)
#: Those that train for half a minute at most.
TRAINED = ("disjoint_supports", "wasserstein_duality", "discriminator_at_the_end", "optimal_discriminator")


def test_quick_claims_hold_and_are_written(run_program, tmp_path):
    run = run_program("theory", *QUICK, f"--output={tmp_path / 'theory'}")
    assert run.returncode == 0, run.stdout + run.stderr
    page = (tmp_path / "theory.md").read_text()
    for name in QUICK:
        record = json.loads((tmp_path / "theory" / f"{name}.json").read_text())
        assert all(number["holds"] for number in record["numbers"])
        published = json.loads((ROOT / "docs" / "theory" / f"{name}.json").read_text())
        for found, told in zip(record["numbers"], published["numbers"], strict=True):
            assert found["name"] == told["name"]
            assert found["measured"] == pytest.approx(told["measured"], rel=1e-3, abs=1e-4), found["name"]
        assert (tmp_path / "theory" / f"{name}.png").stat().st_size > 10_000
        assert f"theory/{name}.png" in page
        assert name in run.stdout


@pytest.mark.parametrize("name", TRAINED)
def test_claims_that_train_hold(name):
    for number in registry.find(name)(np.random.default_rng(SEED)).numbers:
        assert number.holds, f"{number.name}: {number.measured}, where theory says {number.expected}"


def test_a_damaged_record_is_named(tmp_path):
    (tmp_path / "mle_is_kl.json").write_text('{"numbers": [')
    with pytest.raises(UserError, match="mle_is_kl.json is no record .* move it away"):
        page.write(tmp_path)


def test_a_claim_that_fails_is_named_and_recorded(tmp_path, capsys):
    number = Number("one", 2.0, 1.0, 0.5)
    failing = Experiment("nonsense", "", "", "", "", lambda generator: Outcome([number], Figure()))
    assert not conduct(failing, tmp_path)
    assert json.loads((tmp_path / "nonsense.json").read_text())["numbers"][0]["holds"] is False
    assert "NO" in capsys.readouterr().out


@pytest.mark.parametrize("beside", [[], ["list"], ["all"]])
def test_a_wrong_name_is_refused_in_one_line(run_program, tmp_path, beside):
    run = run_program("theory", *beside, "divergence", f"--output={tmp_path}")
    assert run.returncode != 0
    assert len(run.stderr.strip().splitlines()) == 1 and "divergences" in run.stderr
    assert not any(tmp_path.iterdir())


def test_every_claim_of_the_notes_is_shown_somewhere_and_every_experiment_shows_one():
    experiments = registry.names()
    places = [place for _, _, places, _ in CLAIMS for place in places.split(", ")]
    for place in places:
        assert place in experiments or (ROOT / place).is_file(), place
    assert {*experiments} <= {*places}
    cited = {letter for sections, *_ in CLAIMS for letter in re.findall(r"\b[A-E]\b", sections)}
    assert cited == {*NOTES}


def test_every_experiment_says_what_it_claims():
    for chosen in map(registry.find, registry.names()):
        assert all((chosen.title, chosen.statement, chosen.formula, chosen.papers)), chosen.name


@pytest.mark.parametrize(
    ("output", "words"),
    [("/proc/x", "cannot be written"), ("file", "cannot be written"), ("notes", "would replace")],
)
def test_an_output_that_would_lose_something_is_refused_before_the_run(run_program, tmp_path, output, words):
    (tmp_path / "file").write_text("kept")
    (tmp_path / "notes.md").write_text("kept")
    run = run_program("theory", "divergences", f"--output={tmp_path / output}")
    assert run.returncode == 1
    assert len(run.stderr.strip().splitlines()) == 1 and words in run.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "notes.md"]
    assert {path.read_text() for path in tmp_path.iterdir()} == {"kept"}
