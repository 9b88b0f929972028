"""The command: quick modes whose claims hold, runs that are interrupted, records that several write."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future

import numpy as np
import pytest
import tensorflow as tf
from conftest import ROOT
from sklearn.datasets import load_digits
from sklearn.svm import LinearSVC

import data
import losses
from reproduce import conduct
from reproduce.experiment import DIVERGED, Run, Runs, by_year, registry
from reproduce.experiments.dcgan import l2_svm
from reproduce.experiments.ring import CASES
from reproduce.experiments.wgan_gp import TOGETHER
from reproduce.page import write
from reproduce.records import KEYS, Record
from support.files import hold
from support.numbers import with_error


def reproduce(*arguments, **options):
    command = [sys.executable, "-m", "reproduce", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, **options)


def folders(tmp_path):
    return f"--output={tmp_path / 'records'}", f"--workdir={tmp_path / 'work'}"


@pytest.mark.parametrize("name", registry.names())
def test_the_quick_mode_shows_the_claim(name, tmp_path, request):
    if name == "stacked_mnist":
        request.getfixturevalue("tfds_dir")
    run = reproduce(name, "--quick", *folders(tmp_path))
    assert run.returncode == 0, run.stdout + run.stderr
    recorded = Record(tmp_path / "records" / f"{name}-quick.json").read()
    assert {each["case"] for each in recorded} == {*registry.find(name).quick}
    assert all(each["seconds"] > 0 and each["machine"]["keras"] for each in recorded)
    # Pictures and directories of the full runs are others.
    assert all(path.name.startswith(f"{name}-quick") for path in (tmp_path / "records").glob("*.png"))


def test_a_command_that_trains_nothing_does_without_tensorflow():
    looking = "import sys; from reproduce.__main__ import main; main(); exit('tensorflow' in sys.modules)"
    command = [sys.executable, "-c", looking, "list"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert listing.returncode == 0 and "parzen" in listing.stdout, listing.stderr


QUICK_RUN = ("ring", "--quick", "--cases=minimax", "--jobs=1")


def interrupted(tmp_path, interrupt, run=QUICK_RUN):
    """Interrupts the run while it trains; returns its exit code and last words."""
    command = [sys.executable, "-m", "reproduce", *run, *folders(tmp_path)]
    pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with subprocess.Popen(command, cwd=ROOT, start_new_session=True, **pipes) as process:
        while process.poll() is None and not any(
            path.read_text() for path in tmp_path.glob("work/ring/*/run/metrics.jsonl")
        ):
            time.sleep(0.05)
        interrupt(process)
        _, said = process.communicate()
    assert not [*tmp_path.glob("records/*.json")]
    return process.returncode, (said.strip().splitlines() or [""])[-1]


def test_the_terminals_interrupt_ends_all_processes_of_the_command(tmp_path):
    code, said = interrupted(tmp_path, lambda process: os.killpg(process.pid, signal.SIGINT))
    # Whichever hears of it first, the command or the run itself, has the last word.
    assert code in (130, 1) and said.startswith("error: ") and "the same command goes on" in said


def test_an_interrupt_of_the_command_alone_ends_its_runs(tmp_path):
    code, said = interrupted(tmp_path, lambda process: process.send_signal(signal.SIGINT))
    assert code == 130 and said.startswith("error: interrupted; the same command goes on")
    assert not [*tmp_path.glob("work/ring/minimax-0-*/run/checkpoints/ckpt-1500.index")]


def test_an_impatient_second_signal_changes_nothing(tmp_path):
    def twice(process):
        for _ in range(2):
            os.killpg(process.pid, signal.SIGTERM)
            time.sleep(0.3)

    code, said = interrupted(tmp_path, twice)
    assert code == 130 and said.startswith("error: interrupted; the same command goes on")


def test_a_killed_command_leaves_no_run_at_work_and_no_run_is_made_twice_at_a_time(tmp_path):
    run = ("ring", "--cases=minimax+unrolled", "--seeds=0", "--jobs=1")

    def kill(process):
        again = reproduce(*run, *folders(tmp_path))
        assert again.returncode == 1 and "another process makes it" in again.stderr
        process.kill()

    assert interrupted(tmp_path, kill, run)[0] == -signal.SIGKILL
    (folder,) = tmp_path.glob("work/ring/*")
    for _ in range(600):
        try:
            hold(folder / ".lock").close()
            break
        except BlockingIOError:
            time.sleep(0.1)
    else:
        raise AssertionError("its run goes on")
    last = registry.find("ring").cases["minimax+unrolled"]["steps"]
    assert not [*folder.glob(f"run/checkpoints/ckpt-{last}.index")]


def test_a_terminated_run_goes_on_and_gives_the_same_numbers(tmp_path):
    code, said = interrupted(tmp_path / "cut", lambda process: process.terminate())
    assert code == 130 and said.startswith("error: interrupted; the same command goes on")
    runs = []
    for place in ("cut", "whole"):
        again = reproduce(*QUICK_RUN, *folders(tmp_path / place))
        assert again.returncode == 0, again.stderr
        runs += Record(tmp_path / place / "records" / "ring-quick.json").read()
    (log,) = tmp_path.glob("cut/work/ring/minimax-0-*/log")
    assert "resuming after step" in log.read_text()
    assert runs[0]["measured"] == runs[1]["measured"]
    # Recorded elsewhere it is made again, not measured again: the code may have changed in between.
    output, workdir = f"--output={tmp_path / 'again'}", f"--workdir={tmp_path / 'cut' / 'work'}"
    assert reproduce(*QUICK_RUN, output, workdir).returncode == 0
    (again,) = Record(tmp_path / "again" / "ring-quick.json").read()
    assert "trained to step" not in log.read_text() and "resuming" not in log.read_text()
    assert again["measured"] == runs[0]["measured"]


def test_what_is_recorded_is_not_run_again_unless_its_settings_have_changed(tmp_path):
    record = Record(tmp_path / "records" / "ring-quick.json")
    case = registry.find("ring").quick["wgan_gp"]
    known = dict(case="wgan_gp", seed=0, command="", seconds=1, commit="", machine={}, measured=dict(modes=8))
    record.add({**known, "settings": case})
    run = reproduce("ring", "--quick", "--cases=wgan_gp", *folders(tmp_path))
    assert "1 of 1 runs are recorded already" in run.stdout
    record.add({**known, "settings": {**case, "steps": 3}})
    assert [each["settings"]["steps"] for each in record.read()] == [3]


def _add(path, first):
    for seed in range(first, first + 20):
        Record(path).add({**dict.fromkeys(KEYS, "a"), "seed": seed, "seconds": 1})


def test_processes_that_record_at_the_same_time_lose_nothing(tmp_path):
    path = tmp_path / "runs.json"
    writers = [multiprocessing.Process(target=_add, args=(path, first)) for first in (0, 20, 40)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(run["seed"] for run in Record(path).read()) == [*range(60)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("rings",), "did you mean 'ring'"),
        (("ring", "--cases=wgan_pg"), "wgan_gp"),
        (("ring", "--seeds=a"), "as in 0,1,2"),
        (("ring", "--seeds="), "names none"),
        (("ring", "--cases="), "names none"),
        (("ring", "--jobs=0"), "1 at least"),
        (("ring", "--output=/proc/x"), "cannot be written"),
        (("ring", "--quick", "--workdir=/proc/x"), "--workdir=/proc/x cannot be written"),
        (("ring", "--quick", "--workdir=runs/w[1]"), "characters"),
        (("report", "--quick"), "leave --quick out"),
        (("report", "--seeds=1"), "leave --seeds out"),
        (("report", "--jobs=2"), "leave --jobs out"),
        (("report",), "nothing is recorded"),
        (("list", "--cases=minimax"), "leave --cases out"),
        (("list", "--workdir=runs"), "leave --workdir out"),
        (("list", "--output=README.md"), "README.md is a file"),
        (("report", "--against=docs/reproduction"), "leave --against out"),
        (("ring", "--against=docs/rep"), "--against=docs/rep has no ring.json"),
        (("ring", "--quick", "--against=docs/reproduction"), "has no ring-quick.json"),
        (("ring", "--output=docs/reproduction", "--against=docs/reproduction"), "record them elsewhere"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(arguments, words, tmp_path):
    output, workdir = folders(tmp_path)
    run = reproduce(*([output] if arguments[0] in ("list", "report") else [output, workdir]), *arguments)
    assert run.returncode in (1, 2)
    assert len(run.stderr.strip().splitlines()) == 1 and words in run.stderr
    assert not [*tmp_path.rglob("*.json")]


@pytest.mark.parametrize("text", ["{", '{"runs": [{"case": "wgan_gp", "seed": 0}]}'])
def test_a_damaged_record_is_kept_and_named(text, tmp_path):
    path = tmp_path / "records" / "ring-quick.json"
    path.parent.mkdir()
    path.write_text(text)
    run = reproduce("ring", "--quick", *folders(tmp_path))
    assert run.returncode == 1 and str(path) in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("value", "error", "form", "printed"),
    [
        (225, 2, "", "225 ± 2"),
        (4.5912, 0.14249, ".3g", "4.59 ± 0.14"),
        (9.98728, 1.4917, ".3g", "9.99 ± 1.49"),
        (0.0144554, 0.000202, ".3g", "0.0145 ± 0.0002"),
        (0.1, 0.0, ".3g", "0.100 ± 0.000"),
        (1.23e-5, 1.5e-6, ".3g", "1.23e-05 ± 1.5e-06"),
        (1234.5, 20.5, ".3g", "1.23e+03 ± 20.5"),
        (0.5, None, ".3g", "0.5"),
    ],
)
def test_an_error_ends_at_its_numbers_last_place(value, error, form, printed):
    assert with_error(value, error, form) == printed


def test_the_list_says_what_is_recorded(tmp_path):
    run = reproduce("list", "--output=docs/reproduction")
    wanted = len(CASES) * len(registry.find("ring")().seeds)
    assert run.returncode == 0 and f"of {wanted} runs" in run.stdout
    (tmp_path / "ring.json").write_text("{")
    run = reproduce("list", f"--output={tmp_path}")
    assert run.returncode == 1 and str(tmp_path / "ring.json") in run.stderr
    assert len(run.stdout.splitlines()) == len(registry.in_order()) and "damaged" in run.stdout


def test_a_run_that_cannot_be_made_beside_outdated_records_says_why(tmp_path):
    known = dict(case="mnist", seed=0, settings={}, seconds=1, machine={}, measured=dict(x=1))
    Record(tmp_path / "records" / "parzen.json").add({**dict.fromkeys(KEYS, ""), **known})
    nowhere = os.environ | {"TFDS_DATA_DIR": str(tmp_path / "none"), "GAN_CACHE_DIR": str(tmp_path / "cache")}
    run = reproduce("parzen", "--cases=mnist", "--jobs=1", *folders(tmp_path), env=nowhere)
    assert run.returncode == 1 and "could not be downloaded" in run.stderr


def test_a_run_that_breaks_keeps_no_other_from_being_recorded(tmp_path):
    made = {**dict.fromkeys(KEYS, "b"), "seed": 0, "seconds": 1, "measured": {"modes": 8}}
    broken, whole = Future(), Future()
    broken.set_exception(OSError("no space\nleft"))
    whole.set_result(made)
    runs = [Run(case, 0, tmp_path / case, tmp_path / case) for case in "ab"]
    for run in runs:
        run.workdir.mkdir()
    record = Record(tmp_path / "ring.json")
    (said,) = conduct._recorded(lambda run: whole if run.case == "b" else broken, runs, 1, record)
    assert said == f"a, seed 0: OSError: no space; see {tmp_path / 'a' / 'log'}"
    assert record.read() == [made]


def test_a_run_that_diverges_is_recorded_and_no_claim_holds_of_its_case(tmp_path, monkeypatch):
    ring = registry.find("ring")
    case = {**ring.quick["wgan_gp"], "optimizer": "sgd", "learning_rate": 1e30}
    monkeypatch.setattr(ring, "cases", {"wgan_gp": case})
    lost = conduct._make("ring", Run("wgan_gp", 0, tmp_path / "work", tmp_path / "records" / "ring"), False)
    assert [*lost["measured"]] == [DIVERGED] and 0 < lost["measured"][DIVERGED] <= case["steps"]
    ended = {**lost, "seed": 1, "measured": dict(modes=8, high_quality=0.5, reverse_kl=0.01)}
    record = Record(tmp_path / "records" / "ring.json")
    for run in (lost, ended):
        record.add(run)
    runs = Runs(record.read())
    assert [number.holds for number in ring().claims(runs)] == [False]
    assert runs.spread("wgan_gp", "modes") == "8.00 (1 diverged)" and runs.of("wgan_gp") == [
        ended["measured"]
    ]
    page = write(tmp_path / "records").read_text()
    assert f"Diverged: wgan_gp of seed 0 at step {lost['measured'][DIVERGED]}." in page
    assert "| 8.0 (8 to 8) |" in page


@pytest.mark.parametrize("name", registry.names())
def test_of_cases_that_only_diverged_nothing_holds_and_the_page_says_so(name, tmp_path):
    cases = registry.find(name).cases
    record = Record(tmp_path / "records" / f"{name}.json")
    for case, settings in cases.items():
        known = dict(case=case, seed=0, settings=settings, seconds=1, machine={}, measured={DIVERGED: 7})
        record.add({**dict.fromkeys(KEYS, ""), **known})
    page = write(tmp_path / "records").read_text()
    assert all(f"{case} of seed 0 at step 7" in page for case in cases)
    assert "| NO" in page and "| yes" not in page


def test_a_published_mean_is_compared_as_one_of_equally_scattered_runs():
    records = [dict(case="a", seed=seed, measured=dict(x=x)) for seed, x in enumerate((0.5, 0.7))]
    # Of single runs the deviation is sqrt(10) times 0.3; of the difference of means of 2 and of 10 runs, that
    # times the root of 1/2 + 1/10.
    ours, theirs, within = Runs(records).agreement("a", "x", (58, 0.3), runs=10, scale=100)
    assert (ours, theirs) == (pytest.approx(60), 58)
    # 2.262: Student's t of nine degrees of freedom, two-sided, 5 %, as tables have it.
    assert within == pytest.approx(2.262 * 0.3 * np.sqrt(10) * np.sqrt(1 / 2 + 1 / 10), rel=1e-3)


def test_runs_made_again_stand_beside_the_recorded_ones(tmp_path):
    def add(folder, case, seed, measured):
        settings = registry.find("ring")().cases[case]
        known = dict(case=case, seed=seed, settings=settings, seconds=1, machine={}, measured=measured)
        Record(tmp_path / folder / "ring.json").add({**dict.fromkeys(KEYS, ""), **known})

    def numbers(share):
        return dict(modes=8.0, high_quality=share, reverse_kl=0.01)

    for seed, share in enumerate((0.92, 0.93, 0.94, 0.95)):
        add("old", "wgan_gp", seed, numbers(share))
    add("records", "wgan_gp", 0, numbers(0.96) | dict(new=1))
    # Of one case a single run is recorded, of another one that diverged, of the third none.
    add("old", "wgan", 0, numbers(0.5))
    add("old", "hinge", 0, numbers(0.5))
    add("old", "hinge", 1, {DIVERGED: 7})
    for case in ("wgan", "hinge", "lsgan"):
        add("records", case, 0, {DIVERGED: 7} if case == "wgan" else numbers(0.6))
    names = "--cases=wgan_gp,wgan,hinge,lsgan", "--seeds=0"
    run = reproduce("ring", *names, f"--against={tmp_path / 'old'}", *folders(tmp_path))
    assert "Traceback" not in run.stderr
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in run.stdout.splitlines()]
    found = {row[0]: row[1:] for row in cells if row and ":" in row[0]}
    # Deviation and standard error of the four recorded shares: 0.0129 and 0.0065.
    assert found["wgan_gp: high_quality"] == ["0.96", "0.9350 ± 0.0065", "1", "4", "+1.9"]
    assert found["wgan_gp: modes"] == ["8", "8.000 ± 0.000", "1", "4", "-"]
    assert found["wgan: high_quality"] == ["- (1 diverged)", "0.5", "1", "1", "-"]
    assert found["hinge: high_quality"] == ["0.6", "0.5 (1 diverged)", "1", "2", "-"]
    assert found["lsgan: high_quality"] == ["0.6", "-", "1", "0", "-"]
    assert "wgan_gp: new" not in found


def test_a_run_names_the_commits_of_all_its_sittings(tmp_path):
    for commit in ("one", "two", "two"):
        commits = conduct._sittings(tmp_path / "commits", commit)
    assert commits == ["one", "two"]


def test_value_surfaces_go_on_from_their_checkpoint(tmp_path):
    surfaces = registry.find("value_surfaces")()
    case = {**surfaces.quick["ring-penalty"], "updates": 2 * TOGETHER}

    def measured(place, *updates):
        run = Run("ring-penalty", 0, tmp_path / place, tmp_path / place)
        return [surfaces.measure({**case, "updates": some}, run) for some in updates][-1]

    first, last = TOGETHER, 2 * TOGETHER
    assert measured("cut", first) != measured("cut", last) == measured("whole", last)


@pytest.mark.parametrize(
    ("name", "case", "short", "long", "steps"),
    [
        ("created_equal", "digits-vae", dict(steps=5), dict(steps=12), 5),
        ("semi_supervised", "digits", dict(epochs=1), dict(epochs=2), 15),
    ],
)
def test_a_model_that_no_settings_describe_goes_on_from_its_checkpoint(
    name, case, short, long, steps, tmp_path, monkeypatch
):
    chosen, batches, starts = registry.find(name)(), data.batches, []
    known = chosen.quick[case]

    def noted(*arguments):
        starts.append(arguments[-1])
        return batches(*arguments)

    def weights(place, *lengths):
        for length in lengths:
            run = Run(case, 0, tmp_path / place, tmp_path / f"{place}-figures")
            chosen.measure({**known, **length}, run)
        found = tf.train.load_checkpoint(str(tmp_path / place / "checkpoints"))
        names = [name for name in found.get_variable_to_shape_map() if name.startswith("variables/")]
        return {name: found.get_tensor(name) for name in names}

    monkeypatch.setattr(data, "batches", noted)
    cut, whole = weights("cut", short, long), weights("whole", long)
    assert starts == [0, steps, 0]
    assert cut and cut.keys() == whole.keys()
    for variable, value in cut.items():
        np.testing.assert_array_equal(value, whole[variable], err_msg=variable)


def test_runs_with_other_settings_are_left_out_of_the_page(tmp_path):
    recorded = Record(ROOT / "docs" / "reproduction" / "ring.json").read()
    folder = tmp_path / "records"
    for run in recorded:
        if run["seed"] == 0:
            old = run["case"] == "wgan_gp"
            Record(folder / "ring.json").add(
                {**run, "settings": {**run["settings"], "steps": 3 if old else 5000}}
            )
    page = write(folder).read_text()
    assert "| `wgan`" in page and "| `wgan_gp`" not in page
    assert "1 run of ring" in page


def test_runs_of_further_seeds_do_not_stand_for_those_that_are_missing(tmp_path):
    recorded = Record(ROOT / "docs" / "reproduction" / "ring.json").read()
    folder = tmp_path / "records"
    for run in recorded:
        if run["seed"] == 0:
            Record(folder / "ring.json").add({**run, "seed": 1000})
    page = write(folder).read_text()
    assert "| 0 of " in page and f"{len(CASES)} of further seeds" in page


def test_a_seed_or_a_case_named_twice_is_run_once():
    assert registry.find("ring")().chosen(True, ["wgan_gp"] * 2, [3, 3]) == [("wgan_gp", 3)]


def test_a_published_row_is_compared_with_the_run_of_all_updates_where_there_is_one():
    chosen = registry.find("mode_coverage")()
    recorded = Record(ROOT / "docs" / "reproduction" / "mode_coverage.json").read()
    tenth = [run for run in recorded if run["case"] == "gan-ring"]
    both = [*tenth, {**tenth[0], "case": "gan_full-ring"}]
    cases = [{number.name.split(":")[0] for number in chosen.claims(Runs(runs))} for runs in (tenth, both)]
    assert cases == [{"gan-ring"}, {"gan_full-ring"}]
    seeds = [[seed for case, seed in chosen.wanted if case == name] for name in ("gan-ring", "gan_full-ring")]
    assert seeds == [[*range(10)], [0]]


def test_the_oldest_paper_comes_first():
    names = by_year()
    assert sorted(names) == registry.names()
    assert (names[0], names[-1]) == ("parzen", "ring")


def test_every_objective_has_its_row_on_the_ring():
    assert {*losses.names(aliases=False)} <= {*CASES}


@pytest.mark.parametrize("case", registry.find("parzen").cases)
def test_a_case_of_the_parzen_window_has_its_section_without_the_other(case, tmp_path):
    every = Record(ROOT / "docs" / "reproduction" / "parzen.json").read()
    recorded = next(run for run in every if run["case"] == "mnist")
    last = dict(last_weights=100.0, last_weights_error=1.0) if case == "average" else {}
    run = {**recorded, "case": case, "measured": {**recorded["measured"], **last}}
    section = registry.find("parzen")().section(Runs([run]), tmp_path)
    assert f"parzen-{case}-0-samples.png" in section and f"parzen-{case}-0-lines.png" in section
    assert "219.2 ± 2.3" in section and ("100.0 ± 1.0" in section) == (case == "average")


def test_numbers_of_runs():
    records = [dict(case="a", seed=seed, measured=dict(x=value)) for seed, value in ((1, 3.0), (0, 1.0))]
    runs = Runs(records)
    assert [*runs.values("a", "x")] == [1, 3]
    assert runs.mean("a", "x") == 2
    assert runs.spread("a", "x") == "2.00 ± 1.00"  # sqrt(2) / sqrt(2).
    assert runs.has("a") and not runs.has("a", "b")


def test_a_mean_beside_a_bound_has_the_error_of_their_difference():
    values = {"a": (1.0, 3.0), "b": (2.0, 2.5), "c": (1.0,)}
    runs = Runs(
        [
            dict(case=case, seed=seed, measured=dict(x=value))
            for case, of_case in values.items()
            for seed, value in enumerate(of_case)
        ]
    )
    a, b = (np.std(values[case], ddof=1) / np.sqrt(2) for case in "ab")
    found = runs.bounded("", "a", "x", ">", 190, "goal", scale=100)
    assert (found.measured, found.expected, found.holds) == (200, 190, True)
    assert found.error == pytest.approx(100 * a) and found.undecided
    found = runs.against("", "a", "x", "<", "b", 0.5, "goal")
    assert (found.measured, found.expected) == (2, 1.125)
    assert found.error == pytest.approx(np.sqrt(a**2 + b**2 / 4)) and found.undecided
    assert not runs.against("", "a", "x", "<", "c", 0.5, "goal").undecided


@pytest.mark.parametrize("cost", [1e-4, 1e-2])
def test_svms_are_scikit_learns(cost):
    images, classes = load_digits(return_X_y=True)
    x = ((images - 8) / 6).astype(np.float32)
    expected = LinearSVC(C=cost, dual=False, tol=1e-6, max_iter=5000).fit(x, classes)
    weights = l2_svm(x, classes, cost)
    np.testing.assert_allclose(weights[:-1], expected.coef_.T, atol=0.01 * abs(expected.coef_).max())
    np.testing.assert_allclose(weights[-1], expected.intercept_, atol=0.01 * abs(expected.coef_).max())


def test_remarks_on_recorded_runs_stand_on_their_page_alone(tmp_path):
    folder = tmp_path / "records"
    with_remarks, without = folder / "one", folder / "two"
    for each in (with_remarks, without):
        each.mkdir(parents=True)
        (each / "ring.json").write_text((ROOT / "docs" / "reproduction" / "ring.json").read_text())
    (with_remarks / "ring.md").write_text("A remark on these runs.\n")
    for each, there in ((with_remarks, True), (without, False)):
        assert ("A remark on these runs." in write(each).read_text()) == there
