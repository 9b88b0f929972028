"""train.py and export.py as a user runs them: real processes, really killed."""

import fcntl
import json
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from conftest import ROOT, assert_one_line_error
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

#: Small and quick, with dropout (mlp) or batch norm (dcgan), and an odd number of batches an epoch.
MLP = ("--model=mlp", "--loss=wgan_gp", "--batch_size=16", "--n_critic=2")
DCGAN = ("--model=dcgan", "--loss=wgan", "--batch_size=16", "--n_critic=3", "--filters=8")
SCORE = "eval/frechet_distance (thumbnail)"
CADENCE = ("--log_every=5", "--sample_every=10", "--checkpoint_every=7")


def variables(workdir, step):
    """Every tensor of a checkpoint."""
    reader = tf.train.load_checkpoint(str(workdir / "checkpoints" / f"ckpt-{step}"))
    return {
        name: reader.get_tensor(name)
        for name in reader.get_variable_to_shape_map()
        if name.startswith("variables/")
    }


def assert_same_state(workdir, other, step):
    mine, theirs = variables(workdir, step), variables(other, step)
    assert len(mine) > 10 and mine.keys() == theirs.keys()
    for name, value in mine.items():
        np.testing.assert_array_equal(value, theirs[name], err_msg=name)


def scalars(workdir):
    """The lines of metrics.jsonl, without what the clock decides."""
    lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    for line in lines:
        for name in ("seconds", "steps_per_second"):
            line.pop(name, None)
    return lines


@pytest.fixture(scope="module")
def finished(run_program, tmp_path_factory):
    """An uninterrupted run of 40 steps."""
    workdir = tmp_path_factory.mktemp("finished")
    result = run_program("train.py", *DCGAN, *CADENCE, "--steps=40", f"--workdir={workdir}")
    assert result.returncode == 0, result.stderr
    return workdir


def test_a_run_leaves_what_a_user_needs(finished):
    config = json.loads((finished / "config.json").read_text())
    assert config["seed"] == 0 and config["versions"]["tensorflow"] == tf.__version__
    assert config["rho"] == 0.99 and config["image_shape"] == [8, 8, 1]

    steps = [line["step"] for line in scalars(finished)]
    assert steps == sorted(steps) and steps[-1] == 40
    last = next(line for line in reversed(scalars(finished)) if "generator_loss" in line)
    for name in (
        "generator_loss",
        "discriminator_loss",
        "critic(x)",
        "critic(G(z))",
        "wasserstein_estimate",
        "generator_gradient_norm",
        "discriminator_gradient_norm",
        "generator_learning_rate",
        "discriminator_learning_rate",
    ):
        assert np.isfinite(last[name]), name
    assert last["wasserstein_estimate"] == pytest.approx(last["critic(x)"] - last["critic(G(z))"], abs=1e-6)

    samples = sorted(file.name for file in (finished / "samples").iterdir())
    assert samples == [
        "real.png",
        *[f"step-{step:07d}.png" for step in (0, 10, 20, 30, 40)],
        "training.gif",
    ]
    with Image.open(finished / "samples" / "training.gif") as gif:
        assert gif.n_frames == 5
    checkpoints = {file.name for file in (finished / "checkpoints").glob("*.index")}
    assert checkpoints == {"ckpt-28.index", "ckpt-35.index", "ckpt-40.index"}
    assert len(list((finished / "checkpoints" / "best").glob("*.index"))) == 1
    assert not list(finished.rglob("*tmp*"))


def test_tensorboard_shows_the_same_scalars_pictures_settings_and_graph(finished):
    events = EventAccumulator(str(finished / "tensorboard"), size_guidance={"tensors": 0})
    events.Reload()
    tags = events.Tags()
    for line in scalars(finished):
        for name in line.keys() - {"step"}:
            shown = {e.step: float(tf.make_ndarray(e.tensor_proto)) for e in events.Tensors(name)}
            assert shown[line["step"]] == pytest.approx(line[name], rel=1e-6)
    assert [event.step for event in events.Tensors("samples")] == [0, 10, 20, 30, 40]
    assert "real" in tags["tensors"] and "steps_per_second" in tags["tensors"]
    assert tags["graph"]
    assert "_hparams_/session_start_info" in events.summary_metadata


def test_the_same_command_and_seed_give_the_same_weights(run_program, finished, tmp_path):
    command = ("train.py", *DCGAN, *CADENCE, "--steps=40")
    assert run_program(*command, f"--workdir={tmp_path / 'again'}").returncode == 0
    assert_same_state(finished, tmp_path / "again", 40)
    assert scalars(finished) == scalars(tmp_path / "again")
    assert run_program(*command, f"--workdir={tmp_path / 'other'}", "--seed=1").returncode == 0
    ours, theirs = (sorted(variables(w, 40).items()) for w in (finished, tmp_path / "other"))
    differing = [name for (name, x), (_, y) in zip(ours, theirs, strict=True) if not np.array_equal(x, y)]
    assert len(differing) > 10


def test_a_larger_number_of_steps_continues_a_finished_run(run_program, finished, tmp_path):
    command = ("train.py", *DCGAN, *CADENCE, f"--workdir={tmp_path}")
    assert run_program(*command, "--steps=23").returncode == 0
    resumed = run_program(*command, "--steps=40")
    assert resumed.returncode == 0 and "resuming after step 23" in resumed.stdout
    assert_same_state(finished, tmp_path, 40)
    again = run_program(*command, "--steps=40")
    assert again.returncode == 0 and "trained to step 40 already" in again.stdout


def start(*arguments):
    return subprocess.Popen(
        [sys.executable, str(ROOT / "train.py"), *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def last_checkpoint(workdir):
    steps = [int(f.stem[5:]) for f in (workdir / "checkpoints").glob("ckpt-*.index")]
    return max(steps, default=0)


def wait_for_checkpoint_after(workdir, step, process):
    while last_checkpoint(workdir) <= step and process.poll() is None:
        time.sleep(0.01)


def test_a_run_killed_at_random_moments_ends_with_the_weights_of_one_that_was_not(run_program, tmp_path):
    steps = 60
    command = (*MLP, *CADENCE, f"--steps={steps}")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert run_program("train.py", *command, f"--workdir={whole}").returncode == 0
    moments, kills = random.Random(0), 0
    for _ in range(3):
        process = start(*command, f"--workdir={killed}")
        wait_for_checkpoint_after(killed, last_checkpoint(killed), process)
        time.sleep(moments.uniform(0, 0.2))
        process.kill()
        kills += process.wait() == -signal.SIGKILL
    assert kills >= 2
    finished = run_program("train.py", *command, f"--workdir={killed}")
    assert finished.returncode == 0, finished.stderr
    assert_same_state(whole, killed, steps)
    assert scalars(whole)[-1][SCORE] == scalars(killed)[-1][SCORE]
    assert [line["step"] for line in scalars(whole)] == [line["step"] for line in scalars(killed)]


@pytest.mark.parametrize(
    ("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_a_signal_ends_the_run_and_loses_nothing(run_program, finished, tmp_path, number, exit_code):
    command = (*DCGAN, *CADENCE, f"--workdir={tmp_path}")
    process = start(*command, "--steps=40")
    wait_for_checkpoint_after(tmp_path, 0, process)
    process.send_signal(number)
    assert process.wait() == exit_code
    assert "Traceback" not in process.stderr.read()
    resumed = run_program("train.py", *command, "--steps=40")
    assert resumed.returncode == 0, (resumed.returncode, resumed.stderr)
    assert_same_state(finished, tmp_path, 40)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="/proc says what a process has loaded")
def test_an_interrupt_of_the_imports_has_no_traceback(tmp_path):
    process = start(*MLP, "--steps=1", f"--workdir={tmp_path}")
    while process.poll() is None and "tensorflow" not in Path(f"/proc/{process.pid}/maps").read_text():
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait() == -signal.SIGINT
    assert process.stderr.read() == ""


def test_other_settings_on_an_old_workdir_are_refused_by_name(run_program, finished):
    before = (finished / "config.json").read_bytes()
    result = run_program(
        "train.py", *DCGAN, *CADENCE, "--steps=50", f"--workdir={finished}", "--clip=0.5", "--seed=3"
    )
    assert_one_line_error(result, "seed was 0, now 3", "clip was 0.01, now 0.5", "--workdir")
    assert (finished / "config.json").read_bytes() == before


def test_a_second_process_on_the_same_workdir_is_refused(run_program, tmp_path):
    with (tmp_path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = run_program("train.py", *DCGAN, "--steps=1", f"--workdir={tmp_path}")
    assert_one_line_error(result, "another process", "--workdir")
    assert not (tmp_path / "config.json").exists()


def test_damaged_records_are_named(run_program, finished, tmp_path):
    shutil.copytree(finished, tmp_path / "copy")
    with (tmp_path / "copy" / "metrics.jsonl").open("a") as file:
        file.write("not json\n")
    lines = len((finished / "metrics.jsonl").read_text().splitlines())
    command = ("train.py", *DCGAN, *CADENCE, "--steps=41", f"--workdir={tmp_path / 'copy'}")
    assert_one_line_error(run_program(*command), "metrics.jsonl", f"line {lines + 1}")
    config = tmp_path / "copy" / "config.json"
    good = json.loads(config.read_text())
    config.write_text(json.dumps({**good, "steps": "many"}))
    assert_one_line_error(run_program(*command), "config.json", "steps is 'many'")
    config.write_text(json.dumps({"model": "dcgan"}))
    assert_one_line_error(run_program("export.py", f"--workdir={tmp_path / 'copy'}"), "config.json")


def test_a_full_disk_keeps_the_last_checkpoint_and_ends_in_one_line(finished, tmp_path):
    """Files may not grow beyond 300 kB: the small networks' records fit, a larger one's checkpoint not."""
    program = (
        "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000)); "
        "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, str(ROOT / "train.py"), "--steps=3", f"--workdir={tmp_path}"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert result.returncode == 1
    assert "cannot be written" in result.stderr and "Traceback" not in result.stderr
    assert not list((tmp_path / "checkpoints").rglob("ckpt-*"))


def test_a_damaged_checkpoint_is_named_and_the_one_before_can_be_used(run_program, finished, tmp_path):
    command = ("train.py", *DCGAN, *CADENCE, f"--workdir={tmp_path}")
    assert run_program(*command, "--steps=20").returncode == 0
    damaged = tmp_path / "checkpoints" / "ckpt-20.data-00000-of-00001"
    damaged.write_bytes(damaged.read_bytes()[:1000])
    result = run_program(*command, "--steps=40")
    assert_one_line_error(result, "ckpt-20", "cannot be read", "away")
    for file in (tmp_path / "checkpoints").glob("ckpt-20.*"):
        file.unlink()
    result = run_program(*command, "--steps=40")
    assert result.returncode == 0 and "resuming after step 14" in result.stdout
    assert_same_state(finished, tmp_path, 40)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--loss=wgna"], ["'wgna'", "did you mean 'wgan'"]),
        (["--steps=abc"], ["--steps=abc", "whole number"]),
        (["--batch_size=-1"], ["--batch_size=-1", "at least 1"]),
        (["--lerning_rate=1"], ["lerning_rate", "learning_rate"]),
        (["digits"], ["'digits'", "--flag=value"]),
        (["--dataset=folder:/does/not/exist"], ["no such folder"]),
        (["--dataset=folder:~nosuchuser/pictures"], ["~nosuchuser/pictures", "no such home folder"]),
        (["--dataset=iris"], ["no images"]),
        (["--loss=wgan_gp", "--discriminator_batch_norm"], ["exclude each other"]),
        (["--dataset=ring"], ["not for points", "toy"]),
        (["--packing=3", "--batch_size=64"], ["no multiple of --packing=3"]),
    ],
    ids=lambda value: value[0] if value[0].startswith("-") else "",
)
def test_bad_input_ends_in_one_line_and_leaves_nothing(run_program, tmp_path, arguments, words):
    workdir = tmp_path / "run"
    assert_one_line_error(run_program("train.py", *arguments, f"--workdir={workdir}"), *words)
    assert not workdir.exists()


def test_a_run_does_not_write_among_the_pictures_it_learns_from(run_program, tmp_path):
    for index in range(8):
        Image.new("L", (8, 8), 30 * index).save(tmp_path / f"{index}.png")
    before = sorted(tmp_path.iterdir())
    command = ("train.py", f"--dataset=folder:{tmp_path}", "--image_size=8", "--batch_size=4", "--steps=1")
    result = run_program(*command, f"--workdir={tmp_path / 'run'}")
    assert_one_line_error(result, "--workdir", "whose pictures it would train on", "choose another")
    assert sorted(tmp_path.iterdir()) == before


def test_a_program_needs_no_stderr(tmp_path):
    command = [sys.executable, "train.py", "--steps=1", f"--workdir={tmp_path / 'run'}", "--sample_every=1"]
    shell = f"{shlex.join(command)} 2>&-"
    assert subprocess.run(shell, shell=True, cwd=ROOT, stdout=subprocess.PIPE, check=False).returncode == 0


def test_a_workdir_that_cannot_be_one_is_refused(run_program, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    result = run_program("train.py", "--steps=1", f"--workdir={tmp_path / 'file'}")
    assert_one_line_error(result, "--workdir", "cannot be")
    for name, shown, words in (
        ("run?", "run?", "characters"),
        ("run[1]", "run[1]", "characters"),
        ("run\udcff", "run\\xff", "no UTF-8"),
    ):
        result = run_program("train.py", "--steps=1", f"--workdir={tmp_path / name}")
        assert_one_line_error(result, shown, words)
        assert not (tmp_path / name).exists()
    (tmp_path / "config.json").write_text("{ not json")
    result = run_program("train.py", "--steps=1", f"--workdir={tmp_path}")
    assert_one_line_error(result, "config.json", "cannot be read")


def test_points_in_packs_train_are_drawn_and_served(run_program, tmp_path):
    result = run_program(
        "train.py",
        "--model=toy",
        "--dataset=ring",
        "--units=16",
        "--packing=2",
        "--generator_ema=0.9",
        "--batch_size=16",
        "--steps=3",
        f"--workdir={tmp_path}",
    )
    assert result.returncode == 0, result.stderr
    assert "100000 points of ring" in result.stdout
    assert Image.open(tmp_path / "samples" / "step-0000003.png").size == (400, 400)
    served = tf.saved_model.load(str(tmp_path / "saved_model" / "3")).signatures
    points = served["sample"](num_images=tf.constant(5), seed=tf.constant([1, 2]))["points"]
    assert points.shape == (5, 2) and points.dtype == tf.float32


def test_a_corrupt_picture_among_good_ones_does_not_end_the_run(run_program, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(12):
        Image.new("RGB", (16, 16), (20 * i, 0, 0)).save(folder / f"{i}.png")
    (folder / "broken.png").write_bytes(b"\x89PNG but no more")
    result = run_program(
        "train.py",
        *DCGAN,
        f"--dataset=folder:{folder}",
        "--image_size=8",
        "--steps=2",
        f"--workdir={tmp_path / 'run'}",
    )
    assert result.returncode == 0
    assert "1 of 13 files" in result.stderr and "broken.png" in result.stderr
    assert "12 pictures" in result.stdout


def test_help_lists_every_setting_and_configs_are_listed(run_program):
    page = run_program("train.py", "--help")
    assert page.returncode == 0
    for flag in ("--model", "--penalties", "--checkpoint_every", "--config", "--workdir"):
        assert flag in page.stdout
    listing = run_program("train.py", "--config=list")
    assert listing.returncode == 0
    for name, dataset in {
        "gan_mnist": "mnist",
        "dcgan": "celeb_a",
        "wgan": "lsun/bedroom",
        "wgan_gp": "cifar10",
    }.items():
        assert any(line.split()[:2] == [name, dataset] for line in listing.stdout.splitlines())


def test_export_of_the_best_checkpoint(run_program, finished):
    best = last_checkpoint_of_best(finished)
    result = run_program("export.py", f"--workdir={finished}", "--checkpoint=best")
    assert result.returncode == 0
    assert result.stdout.strip() == str(finished / "saved_model" / str(best))
    assert_one_line_error(run_program("export.py", "--workdir=/nowhere"), "holds no run")
    assert_one_line_error(run_program("export.py"), "--workdir")


def last_checkpoint_of_best(workdir):
    (index,) = (workdir / "checkpoints" / "best").glob("*.index")
    return int(index.stem[5:])


def test_the_saved_model_serves_without_this_project(finished, tmp_path):
    """saved_model_cli in an empty folder, in a process that cannot import the suite."""
    model = finished / "saved_model" / "40"
    np.save(tmp_path / "z.npy", np.random.default_rng(0).uniform(-1, 1, (3, 100)).astype(np.float32))
    command = [sys.executable, "-m", "tensorflow.python.tools.saved_model_cli", "run", "--dir", str(model)]
    command += ["--tag_set", "serve", "--outdir", str(tmp_path), "--overwrite"]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"}
    for arguments in (
        ["--signature_def", "serving_default", "--inputs", f"z={tmp_path / 'z.npy'}"],
        [
            "--signature_def",
            "sample",
            "--input_exprs",
            "num_images=5;seed=[1, 2]",
        ],
    ):
        served = subprocess.run(
            [*command, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert served.returncode == 0, served.stderr
        images = np.load(tmp_path / "images.npy")
        if "serving_default" in arguments:
            assert images.shape == (3, 8, 8, 1) and images.dtype == np.float32
            assert images.min() >= 0 and images.max() <= 1 and images.std() > 0
        else:
            assert images.shape == (5, 8, 8, 1) and images.dtype == np.uint8


def test_seeds_decide_what_a_served_generator_samples(finished):
    sample = tf.saved_model.load(str(finished / "saved_model" / "40")).signatures["sample"]

    def images(*seed):
        return sample(num_images=tf.constant(4), seed=tf.constant(seed))["images"].numpy()

    np.testing.assert_array_equal(images(1, 2), images(1, 2))
    assert not np.array_equal(images(1, 2), images(1, 3))
    assert not np.array_equal(images(1, 2), images(2, 2))


def test_xla_compiles_the_step_of_a_run(run_program, tmp_path, monkeypatch):
    """XLA says so itself: Keras would leave a deterministic run without it."""
    monkeypatch.setenv("XLA_FLAGS", f"--xla_dump_to={tmp_path / 'xla'}", prepend=" ")
    run = run_program("train.py", *MLP, "--steps=2", "--jit_compile=on", f"--workdir={tmp_path / 'run'}")
    assert run.returncode == 0, run.stderr
    assert any("step_on_device" in path.name for path in (tmp_path / "xla").iterdir())


@pytest.mark.parametrize(
    ("gone", "left"),
    [((), "checkpoints"), (("checkpoints",), "samples"), (("checkpoints", "samples"), "SavedModels")],
)
def test_a_new_run_does_not_begin_among_the_remains_of_another(run_program, finished, tmp_path, gone, left):
    """Whose generator it would otherwise serve as its own."""
    shutil.copytree(finished, tmp_path / "run")
    (tmp_path / "run" / "config.json").unlink()
    for name in gone:
        shutil.rmtree(tmp_path / "run" / name)
    command = ("train.py", *DCGAN, *CADENCE, "--steps=41", "--seed=7", f"--workdir={tmp_path / 'run'}")
    assert_one_line_error(run_program(*command), f"holds {left} but no config.json")
    assert not (tmp_path / "run" / "config.json").exists()
