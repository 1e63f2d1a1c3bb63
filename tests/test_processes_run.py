"""Trainings that several processes share: as by one, stopped, killed, refused. On loopback."""

import csv
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
from corpora import corpus, words_of_two_layers
from processes import Process, kerastc

from kerastc import launch
from kerastc.models.tokenizer_file import read_tokenizer
from kerastc.npz_files import read_arrays
from kerastc.run import Run

TEXTS = ["the cat sat on a mat", "the dog ran in the sun and sat", "a cat ran on the mat"]
SETTINGS = ["max_tokens=12", "batch_size=12", "learning_rate=1e-2", "validation_rows=40"]
SETTINGS += ["epochs=2", "evaluate_every=9", "accumulation=2", "early_stopping.patience=0"]
TIMED = {"seconds", "examples_per_second", "val_examples_per_second"}

on_jax = [pytest.mark.backend]
if keras.backend.backend() != "jax":
    on_jax.append(pytest.mark.skip(reason="several processes share a training on JAX"))


def jax_only(test):
    for mark in on_jax:
        test = mark(test)
    return test


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("processes")


@pytest.fixture(scope="module")
def words(folder):
    """A corpus in one shard, whose last batch is divided by no number, and settings."""
    published = Path(__file__).parent / "models" / "published" / "bert_words"
    texts = [TEXTS[i % 3] for i in range(300)]
    made = corpus(folder / "corpus", read_tokenizer(published), texts, shard_tokens=10**6)
    return [f"corpus={made.folder}", *SETTINGS]


@pytest.fixture(scope="module")
def models(folder):
    """The settings that name an encoder, by recipe."""
    published = Path(__file__).parent / "models" / "published" / "bert_words"
    return {
        "language-model": [f"backbone={published}"],
        "distil-encoder": [f"teacher={words_of_two_layers(folder / 'teacher')}", "layers=1"],
    }


@pytest.fixture(scope="module")
def alone(words, models, folder):
    """The run of one process, by recipe."""
    runs, known = launch.Folders(folder / "runs", folder / "cache"), {}

    def trained(recipe) -> Run:
        if recipe not in known:
            given = [*words, *models[recipe]]
            known[recipe] = launch.train(
                recipe, given, folders=runs, folder=runs.runs / f"alone-{recipe}"
            )
        return known[recipe]

    return trained


def history(folder):
    with (folder / "history.csv").open() as file:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]


def same(one: Path, other: Path) -> None:
    """Losses, figures and weights are equal to rounding."""
    rows = [
        [[row[name] for name in row if name not in TIMED] for row in history(folder)]
        for folder in (one, other)
    ]
    assert len(rows[0]) == 4
    np.testing.assert_allclose(*rows, rtol=2e-5)
    figures = [json.loads((folder / "metrics.json").read_text()) for folder in (one, other)]
    assert figures[0]["validation"]["rows"] == figures[1]["validation"]["rows"]
    losses = [found["validation"]["loss"] for found in figures]
    np.testing.assert_allclose(*losses, rtol=2e-5)
    newest = (folder / "checkpoints" / f"step-{rows[0][-1][0]:.0f}.npz" for folder in (one, other))
    mine, theirs = (read_arrays(path) for path in newest)
    assert {*mine} == {*theirs}
    for name in set(mine) - {"state"}:
        np.testing.assert_allclose(mine[name], theirs[name], atol=2e-4, err_msg=name)


def children(pid: int) -> list[int]:
    return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def until(process, condition):
    for _ in range(60_000):
        if process.poll() is not None or condition():
            return
        time.sleep(0.005)


def evaluations(folder):
    try:
        return len(history(folder))
    except FileNotFoundError:
        return 0


@jax_only
@pytest.mark.skipif(sys.platform != "linux", reason="children are found in /proc")
def test_two_processes_come_to_what_one_does_also_if_one_is_killed(alone, words, models, folder):
    run, recipe = folder / "two", "language-model"
    line = ["train", recipe, *words, *models[recipe], "--run", run, "--processes", 2]
    process = Process(folder / "told", kerastc, *line)
    until(process, lambda: evaluations(run) >= 2)
    started = children(process.pid)
    os.kill(started[1], signal.SIGKILL)
    assert process.wait() == 1, process.err
    assert "Error: Process 1 of 2 was ended by SIGKILL, perhaps because memory" in process.err
    assert "Error: Another of 2 processes ended after epoch" in process.err
    assert f"kerastc train --resume --run {run} --processes 2" in process.err
    assert "Traceback" not in process.err
    assert not any(Path(f"/proc/{pid}").exists() for pid in started)
    assert 2 <= evaluations(run) < 4
    again = Process(folder / "told again", kerastc, "train", "--resume", "--run", run)
    assert again.wait() == 1
    assert "--processes 2 became --processes 1" in again.err
    again = Process(folder / "told on", kerastc, *line, "--resume")
    assert again.wait() == 0, again.err
    assert "Report:" in again.out and again.out.count("Report:") == 1
    same(run, alone(recipe).folder)
    assert json.loads((run / "environment.json").read_text())["processes"] == 2
    left = {path.name for path in alone(recipe).folder.rglob("*")} - {"cache"}
    assert {path.name for path in run.rglob("*")} - {"cache"} == left


def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def by_hand(folder: Path, words: dict[int, list], count: int) -> list[Process]:
    """Processes as on several machines: each with folders of its own."""
    at = f"127.0.0.1:{port()}"
    found = []
    for rank, given in words.items():
        own = folder / f"machine-{rank}"
        (own / "tmp").mkdir(parents=True)
        line = ["train", *given, "--runs", own / "runs"]
        line += ["--processes", count, "--coordinator", at, "--rank", rank]
        told, cache = own / "told", str(own / "cache")
        found.append(Process(told, kerastc, *line, KERASTC_CACHE=cache, TMPDIR=str(own / "tmp")))
    return found


@jax_only
def test_three_processes_by_hand_and_only_the_first_writes(alone, words, models, folder):
    recipe = "distil-encoder"
    given = [recipe, *words, *models[recipe]]
    processes = by_hand(folder / "three", dict.fromkeys(range(3), given), 3)
    assert [process.wait() for process in processes] == [0, 0, 0], processes[0].err
    [run] = (folder / "three" / "machine-0" / "runs" / recipe).iterdir()
    same(run, alone(recipe).folder)
    for rank in (1, 2):
        written = (folder / "three" / f"machine-{rank}").rglob("*")
        assert {path.name for path in written} <= {"told", "out", "err", "tmp", "cache"}
        assert processes[rank].out == ""


@jax_only
def test_a_process_that_disagrees_is_refused_in_all(words, models, folder):
    given = ["language-model", *words, *models["language-model"]]
    other = [*given, "learning_rate=2e-2"]
    processes = by_hand(folder / "other", {0: given, 1: other}, 2)
    assert [process.wait() for process in processes] == [1, 1]
    for process in processes:
        assert process.err.count("Error: ") == 1
        assert "Process 1 has learning_rate=0.02, process 0 learning_rate=0.01." in process.err
    missing = [*given, f"corpus={folder / 'nowhere'}"]
    processes = by_hand(folder / "missing", {0: given, 1: missing}, 2)
    assert [process.wait() for process in processes] == [1, 1]
    assert "Error: Process 1: corpus=" in processes[0].err
    assert not [*folder.glob("other/*/runs/*/*"), *folder.glob("missing/*/runs/*/*")]


@jax_only
def test_a_batch_that_cannot_be_divided_is_refused_in_a_line(words, models, folder):
    line = ["train", "language-model", *words, *models["language-model"], "batch_size=5"]
    process = Process(folder / "five", kerastc, *line, "--processes", 2, "--runs", folder / "none")
    assert process.wait() == 1
    told = process.err.strip().splitlines()
    assert told[-2:] == [
        "Error: batch_size=5 cannot be divided between 2 processes.",
        "Give batch_size=6, or --processes 1.",
    ]
    assert not (folder / "none").exists()


@jax_only
def test_two_processes_of_which_each_has_a_part_of_the_weights(alone, words, models, folder):
    run, recipe = folder / "parts", "language-model"
    line = ["train", recipe, *words, *models[recipe], "--run", run, "--processes", 2]
    process = Process(folder / "told parts", kerastc, *line, "--layout", "model")
    assert process.wait() == 0, process.err
    same(run, alone(recipe).folder)
