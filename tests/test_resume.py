"""Real processes, really killed: what they resume to is what they would have come to."""

import csv
import itertools
import json
import re
import signal
import time

import pytest
from processes import Process, kerastc

from kerastc.outputs.classes.predictions import read_predictions

SETTINGS = ["epochs=6", "batch_size=8", "learning_rate=3e-3", "max_tokens=32", "accumulation=2"]


@pytest.fixture(scope="module")
def command(tiny_encoder, subjects_csv, tmp_path_factory):
    """Starts `kerastc train text` in a folder of its own."""
    base = tmp_path_factory.mktemp("resume")
    attempts = itertools.count()

    def start(folder, *words, trainable="top_1"):
        line = ["train", *words, "--run", str(base / folder)]
        if "--resume" not in words or "text" in words:
            line += [f"data={subjects_csv}", f"backbone={tiny_encoder}", f"trainable={trainable}"]
            line += SETTINGS
        told, cache = base / f"told-{next(attempts)}", str(base / f"cache-{folder}")
        return base / folder, Process(told, kerastc, *line, KERASTC_CACHE=cache)

    return start


def finish(process):
    assert process.wait() == 0, process.err
    assert "Traceback" not in process.err


def until(process, condition):
    for _ in range(60_000):
        if condition() or process.poll() is not None:
            return
        time.sleep(0.001)


def epochs(folder):
    try:
        return len((folder / "history.csv").read_text().splitlines()) - 1
    except FileNotFoundError:
        return -1


def history(folder):
    with (folder / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    timed = ("seconds", "examples_per_second", "val_examples_per_second")
    return [{k: v for k, v in row.items() if k not in timed} for row in rows]


def figures(folder):
    metrics = json.loads((folder / "metrics.json").read_text())
    return {part: metrics[part] for part in ("validation", "test")}


@pytest.fixture(scope="module")
def whole(command):
    folder, process = command("whole", "text")
    finish(process)
    return folder


MOMENTS = {
    "as soon as the folder is there": lambda folder: (folder / "config.json").exists(),
    "while the first checkpoint is written": lambda folder: any(
        (folder / "checkpoints").glob(".writing-*")
    ),
    "in the third epoch": lambda folder: epochs(folder) >= 2,
    "while the model is saved": lambda folder: any(folder.glob(".writing-*.keras")),
    "before the report": lambda folder: (folder / "metrics.json").exists(),
}


# A moment is two processes that start, train and report: half a minute, or more on JAX.
MARKS = {
    "in the third epoch": pytest.mark.backend,
    "as soon as the folder is there": pytest.mark.slow,
    "while the first checkpoint is written": pytest.mark.slow,
    "before the report": pytest.mark.slow,
}


@pytest.mark.parametrize(
    "moment", [pytest.param(moment, marks=MARKS.get(moment, ())) for moment in MOMENTS]
)
def test_a_killed_run_resumes_to_the_same_figures(command, whole, moment):
    for attempt in range(3):  # some moments last for milliseconds, and are missed now and then
        name = re.sub(r"\W", "-", f"{moment} {attempt}")
        folder, process = command(name, "text")
        until(process, lambda run=folder: MOMENTS[moment](run))
        if process.kill() == -signal.SIGKILL:
            break
    else:
        pytest.fail("it ended each time before it was killed")
    _, again = command(name, "--resume")
    finish(again)
    assert history(folder) == history(whole)
    assert figures(folder) == figures(whole)
    ours, theirs = (read_predictions(f / "predictions" / "test.csv") for f in (folder, whole))
    assert (ours.probabilities == theirs.probabilities).all()


@pytest.mark.slow
def test_a_cross_validation_killed_again_and_again_comes_to_the_same_figures(command):
    plain, process = command("plain", "text", "folds=3")
    finish(process)
    folder, process = command("folds", "text", "folds=3")
    for sign in (
        "folds/1/checkpoints/step-*.npz",
        "folds/2/held_out.npz",
        "folds/3/history.csv",
        "history.csv",
        "model.keras",
    ):
        until(process, lambda sign=sign: any(folder.glob(sign)))
        assert process.kill() == -signal.SIGKILL, "it ended before it was killed"
        _, process = command("folds", "--resume")
    finish(process)
    assert figures(folder) == figures(plain)
    for path in ("", "folds/1", "folds/2", "folds/3"):
        assert history(folder / path) == history(plain / path)
    for part in ("validation", "test"):
        ours, theirs = (
            read_predictions(run / "predictions" / f"{part}.csv") for run in (folder, plain)
        )
        assert (ours.probabilities == theirs.probabilities).all()


@pytest.mark.parametrize(
    "ending", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_ctrl_c_says_where_it_stands_and_how_to_go_on(command, whole, ending):
    folder, process = command(ending.name, "text")
    until(process, lambda: epochs(folder) >= 1)
    process.send_signal(ending)
    assert process.wait() == 130
    assert re.search(r"Stopped after epoch \d", process.err)
    assert f"kerastc train --resume --run {folder}" in process.err
    assert "Traceback" not in process.err
    _, again = command(ending.name, "text", "--resume")  # the whole line with --resume works too
    finish(again)
    assert figures(folder) == figures(whole)


def test_resuming_with_other_settings_is_refused(command, whole):
    _, process = command("whole", "text", "--resume", "seed=5")
    assert process.wait() == 1
    assert "has seed=0, not 5" in process.err
