"""Files that are whole or not there, whoever else writes them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT

from support.errors import UserError
from support.files import atomic, expanded

WRITER = """
import sys, time
from support.files import atomic
with atomic(sys.argv[1]) as temporary:
    temporary.write_text("half")
    print(temporary, flush=True)
    time.sleep(600)
"""


def test_what_a_killed_process_left_goes_and_what_a_running_one_writes_stays(tmp_path):
    path = tmp_path / "numbers.json"
    command = [sys.executable, "-c", WRITER, path]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        temporary = process.stdout.readline().strip()
        with atomic(path) as mine:
            mine.write_text("whole")
        assert os.path.exists(temporary)
        process.send_signal(signal.SIGKILL)
    assert path.read_text() == "whole" and os.path.exists(temporary)
    with atomic(path) as mine:
        mine.write_text("again")
    assert [file.name for file in tmp_path.iterdir()] == [path.name] and path.read_text() == "again"


def test_a_name_may_begin_like_a_temporary_one(tmp_path):
    path = tmp_path / "tmp_x.tmp.json"
    (tmp_path / ".tmp_x.tmp.system-1.tmp.json").write_text("of another machine")
    with atomic(path) as mine:
        mine.write_text("whole")
    assert path.read_text() == "whole" and len([*tmp_path.iterdir()]) == 2


def test_a_home_folder_that_is_not_there_is_named():
    assert expanded("~") == Path.home()
    with pytest.raises(UserError, match="~nosuchuser/runs: there is no such home folder"):
        expanded("~nosuchuser/runs")


def test_another_container_may_have_a_process_of_the_same_number(tmp_path, monkeypatch):
    path = tmp_path / "pictures.u8"
    with atomic(path) as one:
        one.write_text("one")
        monkeypatch.setattr("socket.gethostname", lambda: "another")
        with atomic(path) as other:
            other.write_text("other")
        assert path.read_text() == "other"
    assert path.read_text() == "one" and [*tmp_path.iterdir()] == [path]


def test_what_another_container_left_goes_after_a_day(tmp_path, monkeypatch):
    path = tmp_path / "pictures.u8"
    with monkeypatch.context() as patch:
        patch.setattr("socket.gethostname", lambda: "another")
        with atomic(path) as temporary:
            temporary.write_text("whole")
            left = temporary
    for hours, stays in ((23, True), (25, False)):
        left.write_text("half")
        os.utime(left, (time.time() - 3600 * hours,) * 2)
        with atomic(path) as temporary:
            temporary.write_text("whole")
        assert left.exists() == stays
