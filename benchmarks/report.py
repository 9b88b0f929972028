"""RESULTS.md and its plots, from what was recorded in a folder."""

import re
from pathlib import Path
from statistics import mean, median, quantiles, stdev

from tabulate import tabulate

from benchmarks.contenders import BFLOAT16, CONTENDERS, FLOAT32
from benchmarks.profile import by_kind
from benchmarks.quality import CANDIDATES, Candidate
from benchmarks.records import recorded
from benchmarks.workloads import find
from support.errors import UserError
from support.files import atomic

#: What the repository's numbers mean, in words: a section for the whole page and one for each table.
NOTES = Path(__file__).parent / "notes.md"
PLOT, MINUTES_PLOT = "ratios.png", "minutes.png"
#: The coverage that a quick configuration is to reach; real test pictures have 0.96.
COVERED = 0.85
#: Kinds of kernels that a trace tells apart.
TOLD = 8
#: Kernels that a step cannot do without, and the heading of what remains if there are no others.
PRODUCT = re.compile("MatMul|Conv2D|GatherV2")
BOUND = "if only products took time"
#: What was aimed for: time of the best peer over ours, by workload and precision.
TARGETS = {
    "mlp": {FLOAT32: 2.0, BFLOAT16: 1.8},
    "dcgan_28": {FLOAT32: 1.1, BFLOAT16: 1.1},
    "dcgan_32": {FLOAT32: 1.1, BFLOAT16: 1.1},
    "dcgan_64": {FLOAT32: 1.1, BFLOAT16: 1.1},
    "wgan": {FLOAT32: 1.3, BFLOAT16: 1.3},
    "wgan_gp": {FLOAT32: 1.3, BFLOAT16: 1.3},
}


def write(folder: Path) -> Path:
    """Writes page and plots; returns the page's path.

    Raises:
        UserError: Nothing is recorded in the folder.
    """
    results, notes = recorded(folder), _notes()
    if not results:
        raise UserError(f"--output={folder}: nothing is recorded there yet")
    sections = ["# Speed", notes.pop("Speed"), *_about(results)]
    if folder.resolve() != NOTES.parent:
        notes = {}  # They are about other numbers.
    if "steps" in results:
        profiles = results.get("profile", {})
        sections += ["## Training steps", _targets(results["steps"], profiles), f"![ratios]({PLOT})"]
        sections += [
            _workload(name, found, profiles.get(name), notes.get(name))
            for name, found in results["steps"].items()
        ]
        _plot(results["steps"], folder / PLOT)
    for part, section in (
        ("start", _start),
        ("callbacks", _callbacks),
        ("pipeline", _pipeline),
        ("scaling", _scaling),
        ("minutes", _minutes),
        ("same_steps", _same_steps),
    ):
        if part in results:
            sections += filter(None, [section(results[part]), notes.get(part)])
    page = "\n\n".join(sections) + "\n"
    if "minutes" in results:
        _plot_minutes(results["minutes"], folder / MINUTES_PLOT)
    with atomic(folder / "RESULTS.md") as temporary:
        temporary.write_text(page)
    return folder / "RESULTS.md"


def _notes() -> dict[str, str]:
    """The sections of `NOTES` by their headings."""
    sections = NOTES.read_text().split("\n## ")
    return {
        heading: text.strip() for heading, _, text in (section.partition("\n") for section in sections[1:])
    }


def _table(rows: list, headers: list[str]) -> str:
    """Cells are written as they are given."""
    return tabulate(rows, headers, tablefmt="github", disable_numparse=True)


def _about(results: dict) -> list[str]:
    """The machines and days of all measurements, and what was measured there."""
    lines: dict[str, list[str]] = {}
    for part, measured in results.items():
        for found in measured.values():
            told = ", ".join(f"{name} {value}" for name, value in found["machine"].items() if value)
            parts = lines.setdefault(f"- {found['date']}: {told}", [])
            if part not in parts:
                parts.append(part)
    return ["## Machine", "\n".join(f"{line}: {', '.join(parts)}" for line, parts in lines.items())]


def _ratios(found: dict, name: str, reference: str) -> list[float]:
    """In every round, the time of one contender over that of another."""
    contenders = found["contenders"]
    pairs = zip(contenders[name]["seconds"], contenders[reference]["seconds"], strict=True)
    return [ours / theirs for ours, theirs in pairs]


def _spread(values: list[float]) -> str:
    """Median, and the range of the middle half."""
    low, _, high = quantiles(values, n=4) if len(values) > 1 else [values[0]] * 3
    return f"{median(values):.2f} ({low:.2f} to {high:.2f})"


def _runners(found: dict, precision: str) -> list[str]:
    """Contenders of that precision, ours first."""
    names = (name for name in found["contenders"] if CONTENDERS[name].trains)
    return [name for name in names if CONTENDERS[name].precision == precision]


def _targets(steps: dict, profiles: dict) -> str:
    rows = []
    for workload, found in steps.items():
        for precision in (FLOAT32, BFLOAT16):
            ours, *peers = _runners(found, precision) or [""]
            if not peers:
                continue
            best = min(peers, key=lambda peer: median(_ratios(found, peer, ours)))
            ratio = _ratios(found, best, ours)
            target = TARGETS.get(workload, {}).get(precision, 1.0)
            met = "yes" if median(ratio) >= target else "no"
            share = _share_of_products(profiles[workload]["seconds"]) if workload in profiles else None
            bound = f"{median(ratio) / share:.2f}" if share and precision == FLOAT32 else ""
            title = CONTENDERS[best].title
            rows.append([workload, precision, title, _spread(ratio), f"{target:.1f}", met, bound])
    headers = ["workload", "precision", "best peer", "its time / ours", "target", "met", BOUND]
    return _table(rows, headers)


def _share_of_products(seconds: dict[str, float]) -> float:
    """The share of a traced step's kernels that are matrix products and convolutions."""
    products = sum(taken for kernel, taken in seconds.items() if PRODUCT.search(kernel))
    return products / sum(seconds.values())


def _workload(name: str, found: dict, profiled: dict | None, note: str | None) -> str:
    workload = find(name)
    contenders = found["contenders"]
    rows = []
    for precision in (FLOAT32, BFLOAT16):
        ours, *peers = _runners(found, precision) or [""]
        for runner in [ours, *peers] if ours else []:
            seconds = contenders[runner]["seconds"]
            rows.append(
                [
                    CONTENDERS[runner].title,
                    precision,
                    f"{1000 * median(seconds):.1f}",
                    f"{workload.images_per_step / median(seconds):.0f}",
                    _spread(_ratios(found, runner, ours)),
                    f"{contenders[runner]['memory']:.2f}",
                    f"{found['differences'][runner]:.0e}" if runner in found["differences"] else "",
                ]
            )
    headers = ["", "precision", "ms a step", "images/s", "time / ours", "peak GiB", "losses differ by"]
    table = _table(rows, headers)
    trace = _kernels(name, profiled) if profiled else None
    return "\n\n".join(filter(None, [f"### {name}", table, _share(found), trace, note]))


def _kernels(name: str, profiled: dict) -> str:
    """The longest kernels of a traced step, and its picture."""
    taken = profiled["seconds"]
    whole = sum(taken.values())
    longest = sorted(taken, key=taken.__getitem__, reverse=True)[:TOLD]
    rows = [[kernel, f"{1000 * taken[kernel]:.1f}", f"{taken[kernel] / whole:.1%}"] for kernel in longest]
    rest = whole - sum(taken[kernel] for kernel in longest)
    rows.append([f"{len(taken) - len(longest)} others", f"{1000 * rest:.1f}", f"{rest / whole:.1%}"])
    table = _table(rows, ["kernel, in one traced step", "ms", "of all kernels"])
    return f"{table}\n\n![trace of {name}]({_trace(name)})"


def _trace(name: str) -> str:
    return f"trace-{name}.png"


def draw_trace(folder: Path, name: str, kernels: list) -> None:
    """Draws the kernels of one step over time, a row for each thread, a colour for each longest kind."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    figure = Figure(figsize=(11, 2.6), dpi=110, layout="constrained")
    axes = figure.subplots()
    longest = [*by_kind(kernels)][:TOLD]
    threads = sorted({thread for thread, *_ in kernels})
    colors = {operation: f"C{index}" for index, operation in enumerate(longest)}
    for thread, begin, seconds, operation in kernels:
        bar = (1000 * begin, 1000 * seconds)
        axes.broken_barh([bar], (threads.index(thread) - 0.4, 0.8), color=colors.get(operation, "lightgrey"))
    axes.set_yticks(range(len(threads)), [f"thread {row + 1}" for row in range(len(threads))])
    axes.set(xlabel="ms", title=f"One step of {name}: kernels over time, each with its own threads inside")
    patches = [Patch(color=color, label=operation) for operation, color in colors.items()]
    patches.append(Patch(color="lightgrey", label="others"))
    figure.legend(handles=patches, loc="outside lower center", ncols=5, fontsize=7)
    figure.savefig(folder / _trace(name))


def _share(found: dict) -> str:
    """What of the machine's peak our step reaches, by precision."""
    contenders = found["contenders"]
    if "suite" not in contenders:
        return ""
    work = contenders["suite"]["operations"]
    shares = []
    for precision in (FLOAT32, BFLOAT16):
        ours = next(iter(_runners(found, precision)), None)
        peaks = {
            CONTENDERS[name].title: run["operations"] / median(run["seconds"]) / 1e9
            for name, run in contenders.items()
            if CONTENDERS[name].precision == precision and not CONTENDERS[name].trains
        }
        if ours and peaks:
            rate = work / median(contenders[ours]["seconds"]) / 1e9
            told = ", ".join(f"{title} {peak:.0f}" for title, peak in peaks.items())
            share = rate / max(peaks.values())
            shares.append(f"in {precision} {rate:.0f} GFLOP/s, {share:.0%} of this machine's peak ({told})")
    if not shares:
        return ""
    return f"A step is {work / 1e9:.1f} GFLOP of matrix products and convolutions: {'; '.join(shares)}."


def _start(found: dict) -> str:
    times = found["digits"]
    rows = []
    for name, title in (("suite", "`train.py`"), ("keras", "plain Keras")):
        first, images = zip(*times[name], strict=True)
        rows.append([title, f"{median(first):.1f} s", f"{median(images):.1f} s"])
    ratios = [
        [ours[index] / theirs[index] for ours, theirs in zip(times["suite"], times["keras"], strict=True)]
        for index in (0, 1)
    ]
    rows.append(["ratio", *map(_spread, ratios)])
    table = _table(rows, ["", "first step", "1,000 images"])
    return f"## From the start of the process, digits\n\n{table}"


def _callbacks(found: dict) -> str:
    names = list(dict.fromkeys(name for run in found.values() for name in run))
    names = [name for name in names if name not in ("date", "machine", "steps")]
    rows = [[name, *(f"{run.get(name, 0) / run['steps']:.2%}" for run in found.values())] for name in names]
    totals = (sum(run[name] for name in names if name in run) / run["steps"] for run in found.values())
    rows.append(["all", *(f"{total:.2%}" for total in totals)])
    table = _table(rows, ["beside the steps", *found])
    return f"## A run's callbacks, over the time of its steps\n\n{table}"


def _pipeline(found: dict) -> str:
    rows = []
    for name, run in found.items():
        seconds = median(run["seconds"])
        rows.append([name, f"{1e3 * seconds:.2f}", f"{find(name).images_per_step / seconds:,.0f}"])
    table = _table(rows, ["workload", "ms a batch", "images/s"])
    return f"## The input pipeline alone\n\n{table}"


def _scaling(found: dict) -> str:
    rows = []
    for name, run in found.items():
        images = find(name).images_per_step
        speeds = [images / median(run["contenders"][peer]["seconds"]) for peer in _runners(run, FLOAT32)]
        rows.append([name, *(f"{speed:.0f}" for speed in speeds)])
    some = next(iter(found.values()))
    titles = [CONTENDERS[name].title for name in _runners(some, FLOAT32)]
    table = _table(rows, ["images/s", *titles])
    return f"## Over batch size, side and n_critic\n\n{table}"


def _minutes(found: dict) -> str:
    rows = []
    for name, run in found.items():
        curve = run["curve"]
        covered = next((point for point in curve if point["coverage"] >= COVERED), None)
        last = curve[-1]
        shares = [last[f"class_{index}"] for index in range(10)]
        rows.append(
            [
                name,
                "all" if CANDIDATES[name].alone else "1",
                _differences(CANDIDATES[name]),
                f"{last['seconds'] / 60:.1f}",
                last["step"],
                f"{last['frechet_distance']:.2f}",
                f"{last['coverage']:.3f}",
                f"{min(shares):.3f} to {max(shares):.3f}",
                f"{covered['seconds'] / 60:.1f}" if covered else "",
            ]
        )
    headers = [
        "",
        "cores",
        "differs in",
        "minutes",
        "steps",
        "Frechet distance",
        "coverage",
        "shares of classes",
    ]
    table = _table(rows, [*headers, f"minutes to coverage {COVERED}"])
    return f"## Quality over time\n\n{table}\n\n![distance and coverage over minutes]({MINUTES_PLOT})"


def _differences(candidate: Candidate) -> str:
    changes = [
        f"without {setting}" if value is None else f"{setting} {value}"
        for setting, value in candidate.changes.items()
    ]
    return ", ".join([f"as {candidate.like}", *changes] if candidate.like else changes)


def _plot_minutes(found: dict, path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 7), dpi=110, layout="constrained")
    grid = figure.subplots(2, 2, sharey="row", squeeze=False)
    columns = (("two cores", True), ("MNIST, one core each, two at a time", False))
    for column, (title, alone) in enumerate(columns):
        for name, run in found.items():
            if CANDIDATES[name].alone == alone:
                minutes = [point["seconds"] / 60 for point in run["curve"]]
                for row, number in enumerate(("frechet_distance", "coverage")):
                    values = [point[number] for point in run["curve"]]
                    grid[row][column].plot(minutes, values, label=name)
        grid[0][column].set(yscale="log", title=title)
        grid[1][column].axhline(COVERED, color="black", lw=0.5)
        grid[1][column].set_xlabel("minutes of training")
        grid[0][column].legend(fontsize=7, ncols=2)
    grid[0][0].set_ylabel("Frechet distance, classifier features")
    grid[1][0].set_ylabel("coverage")
    figure.savefig(path)


def _same_steps(found: dict) -> str:
    names = [name for name in next(iter(found.values()))["seeds"][0] if not name.startswith("class_")]
    rows = []
    for way, run in found.items():
        columns = [[seed[name] for seed in run["seeds"]] for name in names]
        rows.append([way, *(f"{mean(values):.3f} ± {stdev(values):.3f}" for values in columns)])
    some = next(iter(found.values()))
    title = f"## Quality after {some['steps']} steps, {len(some['seeds'])} seeds"
    return f"{title}\n\n{_table(rows, ['', *names])}"


def _plot(steps: dict, path: Path) -> None:
    from matplotlib.figure import Figure

    ran = [p for p in (FLOAT32, BFLOAT16) if any(_runners(found, p)[1:] for found in steps.values())]
    figure = Figure(figsize=(9, 0.5 + 3.2 * len(ran)), dpi=110, layout="constrained")
    grid = figure.subplots(len(ran), squeeze=False)[:, 0]
    for axes, precision in zip(grid, ran, strict=True):
        _bars(axes, steps, precision)
    figure.savefig(path)


def _bars(axes, steps: dict, precision: str) -> None:
    """How many times as long as ours a step of every peer takes, by workload."""
    peers = list(dict.fromkeys(p for found in steps.values() for p in _runners(found, precision)[1:]))
    for index, peer in enumerate(peers):
        ratios = []
        for found in steps.values():
            ours = _runners(found, precision)[:1]
            ratios.append(_ratios(found, peer, *ours) if ours and peer in found["contenders"] else [])
        places = [place + 0.8 * (index + 0.5) / len(peers) - 0.4 for place in range(len(steps))]
        heights = [median(ratio) if ratio else 0 for ratio in ratios]
        errors = [
            [h - quantiles(r, n=4)[0] if len(r) > 1 else 0 for h, r in zip(heights, ratios, strict=True)],
            [quantiles(r, n=4)[2] - h if len(r) > 1 else 0 for h, r in zip(heights, ratios, strict=True)],
        ]
        title = CONTENDERS[peer].title
        axes.bar(places, heights, 0.8 / len(peers), yerr=errors, label=title, error_kw=dict(lw=1))
    axes.axhline(1, color="black", lw=1)
    axes.set_xticks(range(len(steps)), list(steps))
    axes.set_ylabel(f"time of a step / this suite's, {precision}")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.25), ncols=3, fontsize=8)
