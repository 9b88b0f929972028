"""Pages made from the code are those in the repository."""

import shutil

from conftest import ROOT

from docs import losses_page
from reproduce import page as reproduction
from theory import page


def test_the_page_of_the_losses_is_current():
    assert losses_page.PAGE.read_text() == losses_page.page(), "run python docs/losses_page.py"


def test_the_page_of_the_reproductions_is_made_from_the_recorded_runs(tmp_path):
    shutil.copytree(ROOT / "docs" / "reproduction", tmp_path / "reproduction")
    made = reproduction.write(tmp_path / "reproduction").read_text()
    assert made == (ROOT / "docs" / "reproduction.md").read_text()


def test_the_theory_page_is_made_from_the_recorded_numbers(tmp_path):
    shutil.copytree(ROOT / "docs" / "theory", tmp_path / "theory")
    assert page.write(tmp_path / "theory").read_text() == (ROOT / "docs" / "theory.md").read_text()
