"""Pages made from the code are those in the repository."""

import shutil

from conftest import ROOT

from docs import losses_page
from reproduce import ring
from theory import page


def test_the_page_of_the_losses_is_current():
    assert losses_page.PAGE.read_text() == losses_page.page(), "run python docs/losses_page.py"


def test_the_ring_page_is_made_from_the_recorded_runs(monkeypatch, tmp_path):
    monkeypatch.setattr(ring, "PAGE", tmp_path / "ring.md")
    assert ring.report().read_text() == (ROOT / "docs" / "ring.md").read_text()


def test_the_theory_page_is_made_from_the_recorded_numbers(tmp_path):
    shutil.copytree(ROOT / "docs" / "theory", tmp_path / "theory")
    assert page.write(tmp_path / "theory").read_text() == (ROOT / "docs" / "theory.md").read_text()


def test_every_objective_has_its_row():
    import losses

    assert set(losses.names(aliases=False)) <= set(ring.ROWS)


def test_a_short_run_is_recorded(monkeypatch):
    monkeypatch.setitem(ring.PROTOCOL, "steps", 3)
    result = ring.train("wgan_gp", 1)
    assert result["row"] == "wgan_gp" and 0 <= result["modes"] <= 8 and 0 <= result["high_quality"] <= 1
