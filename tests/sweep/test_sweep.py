"""Sweeps of a recipe that trains nothing: a plan is done once, whatever happens to its workers."""

import json
import os
import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import optuna
import pytest
from click.testing import CliRunner
from processes import Process
from steps_recipe import RECIPE

from kerastc import cli
from kerastc.errors import UserError
from kerastc.folders import Folders
from kerastc.run import Run
from kerastc.sweep import sweep
from kerastc.sweep.study import SharedStudy

GRID = ["rate=0.1,0.3", "units=1,2"]


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "steps.py"
    path.write_text(RECIPE)
    return str(path)


@pytest.fixture
def folders(tmp_path):
    return Folders(tmp_path / "runs", tmp_path / "cache")


def attempts(result) -> list[list[str]]:
    """The lines that each trial's run has kept, one for each start."""
    return [(trial.run / "attempts").read_text().splitlines() for trial in result.trials]


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The recipe, where things are kept, and what came of the grid."""
    folder = tmp_path_factory.mktemp("grid")
    path = folder / "steps.py"
    path.write_text(RECIPE)
    folders = Folders(folder / "runs", folder / "cache")
    return str(path), folders, sweep(str(path), GRID, folders=folders)


def test_a_grid_is_run_once_and_the_best_is_named_by_validation(done):
    *_, result = done
    assert [trial.words for trial in result.trials] == [
        (f"rate={rate}", f"units={units}") for rate in (0.1, 0.3) for units in (1, 2)
    ]
    assert [trial.value for trial in result.trials] == pytest.approx([0.799, 0.798, 0.999, 0.998])
    assert all(len(starts) == 1 for starts in attempts(result))
    assert result.best.words == ("rate=0.3", "units=1")
    assert "rate=0.3 units=1" in result.best_command
    assert "rate" in (result.folder / "compare.html").read_text()
    kept = json.loads((result.folder / "sweep.json").read_text())
    assert kept["best"]["words"] == ["rate=0.3", "units=1"]


def test_the_same_call_again_runs_nothing(done):
    script, folders, first = done
    again = sweep(script, GRID[::-1], folders=folders)
    assert again == first
    assert all(len(starts) == 1 for starts in attempts(again))


def test_a_loss_is_minimised(script, folders):
    result = sweep(script, ["rate=0.1,0.3"], folders=folders, objective="loss")
    assert result.best.words == ("rate=0.3",)
    assert result.best.value == pytest.approx(0.004)


def test_ranges_are_drawn_within_their_ends_and_types(script, folders):
    words = ["rate=1e-3..1:log", "units=8..64:int", "seed=1,2"]
    result = sweep(script, words, folders=folders, trials=8)
    configs = [json.loads((t.run / "config.json").read_text())["config"] for t in result.trials]
    assert len({config["rate"] for config in configs}) == 8
    assert all(1e-3 <= config["rate"] <= 1 for config in configs)
    assert sum(config["rate"] < 0.03 for config in configs) >= 2  # a linear draw: 3 in 100
    assert all(config["units"] in range(8, 65) for config in configs)
    assert {config["seed"] for config in configs} == {1, 2}


def test_more_trials_go_on_with_the_study(script, folders):
    few = sweep(script, ["rate=0..1"], folders=folders, trials=1)
    more = sweep(script, ["rate=0..1"], folders=folders, trials=2)
    assert more.trials[:1] == few.trials
    assert [len(starts) for starts in attempts(more)] == [1, 1]


def test_nothing_is_made_for_words_that_are_refused(script, folders):
    for words in (["rate=0.1,x"], ["raet=1,2"], ["rate=0..1"], ["kind=good,bad"]):
        with pytest.raises(UserError):
            sweep(script, words, folders=folders)
    assert not folders.runs.exists()


def test_another_space_under_the_same_name_is_refused(script, folders):
    sweep(script, ["rate=0.1,0.3"], folders=folders, name="mine")
    with pytest.raises(UserError) as caught:
        sweep(script, ["rate=0.1,0.5"], folders=folders, name="mine")
    assert "rate=0.1,0.3" in str(caught.value)
    assert "rate=0.1,0.5" in str(caught.value)
    assert "--name" in caught.value.hint


def test_a_failing_trial_is_recorded_with_its_way_on_and_the_others_go_on(script, folders):
    result = sweep(script, ["kind=broken,offline,good"], folders=folders)
    assert [trial.state for trial in result.trials] == ["failed", "failed", "finished"]
    assert result.trials[0].error == "ValueError: nothing to read"
    assert result.trials[1].error == "No network. Take a folder."
    assert result.best.words == ("kind=good",)


def test_where_all_trials_fail_the_command_fails_and_can_be_repeated(script, folders, tmp_path):
    words = ["rate=0.1,0.3", f"mended={tmp_path / 'mended'}"]
    with pytest.raises(UserError, match=r"2 trials failed.*nothing to read"):
        sweep(script, words, folders=folders)
    (tmp_path / "mended").touch()
    result = sweep(script, words, folders=folders)
    assert [trial.state for trial in result.trials] == ["finished", "finished"]
    assert [len(starts) for starts in attempts(result)] == [2, 2]


def test_a_trial_that_was_stopped_goes_on_in_its_run(script, folders):
    words = ["kind=good,stopped", "rate=0.3"]
    with pytest.raises(UserError, match="Stopped") as caught:
        sweep(script, words, folders=folders)
    assert isinstance(caught.value.__context__, KeyboardInterrupt)  # exit code 130
    assert "same command" in caught.value.hint
    result = sweep(script, words, folders=folders)
    assert [trial.state for trial in result.trials] == ["finished", "finished"]
    starts = [[line.partition(" ")[2] for line in lines] for lines in attempts(result)]
    assert starts == [["from step 0"], ["from step 0", "from step 2"]]


def test_a_run_that_another_process_holds_is_waited_for(script, folders):
    first = sweep(script, ["rate=0.1,0.3"], folders=folders, name="first")
    held = Run(folders.runs / "steps" / "sweeps" / "second" / first.trials[0].run.name)
    held.folder.mkdir(parents=True)
    waited = []

    def hold() -> None:
        with held.lock():
            ready.set()
            time.sleep(0.6)
            waited.append(not held.path("config.json").exists())

    ready = threading.Event()
    thread = threading.Thread(target=hold)
    thread.start()
    ready.wait()
    result = sweep(script, ["rate=0.1,0.3"], folders=folders, name="second", heartbeat=1)
    thread.join()
    assert waited == [True]
    assert [trial.state for trial in result.trials] == ["finished", "finished"]


def test_a_storage_can_be_given_and_is_shared_by_runs_folders(script, folders, tmp_path):
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    sweep(script, GRID, folders=folders, storage=url, name="shared")
    assert not list(folders.runs.rglob("*.db"))
    elsewhere = Folders(tmp_path / "other", tmp_path / "cache")
    result = sweep(script, GRID, folders=elsewhere, storage=url, name="shared")
    assert len(result.of("finished")) == 4
    assert result.runs() == []  # they are in the other folder, and none was run again


def test_a_storage_that_cannot_be_is_told_without_its_password(script, folders):
    with pytest.raises(UserError) as caught:
        sweep(script, GRID, folders=folders, storage="nosuch://me:secret@host/db")
    assert "nosuch://me:***@host/db" in caught.value.message


def test_a_file_that_is_no_database_is_told(script, folders, tmp_path):
    (tmp_path / "notes.txt").write_text("no database at all " * 100)
    with pytest.raises(UserError, match="not a database"):
        sweep(script, GRID, folders=folders, storage=f"sqlite:///{tmp_path / 'notes.txt'}")


def test_without_optuna_the_extra_is_named(script, folders, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UserError) as caught:
        sweep(script, GRID, folders=folders)
    assert "kerastc[sweep]" in caught.value.hint


def test_the_command_prints_json(done):
    script, folders, _ = done
    words = ["sweep", script, *GRID, "--runs", str(folders.runs), "--json"]
    done = CliRunner().invoke(cli.main, words, catch_exceptions=False)
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert told["best"]["words"] == ["rate=0.3", "units=1"]
    assert len(told["trials"]) == 4


def test_the_command_shows_the_comparison_and_the_best(done):
    script, folders, _ = done
    words = ["sweep", script, *GRID, "--runs", str(folders.runs)]
    done = CliRunner().invoke(cli.main, words, catch_exceptions=False)
    assert done.exit_code == 0
    assert "Taken:    rate=0.3 units=1" in done.stdout
    assert "Repeat:   kerastc train" in done.stdout


def work(script: str, runs: Path, *words: str) -> None:
    """Takes part in a sweep, and prints how many trials are finished at its end."""
    result = sweep(script, words, folders=Folders(runs, runs), name="shared", heartbeat=1)
    print(len(result.of("finished")))


def test_a_killed_workers_trial_is_run_again_by_another(script, folders, tmp_path):
    words = ["rate=0.1,0.3", "units=1,2,3", "seconds=0.8"]
    study = folders.runs / "steps" / "sweeps" / "shared"
    arguments = (work, script, folders.runs, *words)
    workers = [Process(tmp_path / f"worker {number}", *arguments) for number in range(2)]
    killed = workers[0]

    def at_work() -> list[Path]:
        """Runs that the first worker has brought beyond a step and not to their end."""
        return [
            path.parent
            for path in study.glob("*/attempts")
            if path.read_text().startswith(f"{killed.pid} ")
            and (path.parent / "steps").is_file()
            and not (path.parent / "finished.json").is_file()
        ]

    try:
        deadline = time.monotonic() + 300
        while not at_work() and time.monotonic() < deadline:
            time.sleep(0.02)
        [left] = at_work()
        assert killed.kill() == -signal.SIGKILL
        assert workers[1].wait() == 0, workers[1].err
    finally:
        for worker in workers:
            worker.kill()
    assert workers[1].out == "6\n"
    told = optuna.load_study(study_name="shared", storage=f"sqlite:///{study / 'study.db'}")
    complete = Counter(t.user_attrs["slot"] for t in told.trials if t.state.name == "COMPLETE")
    assert complete == {slot: 1 for slot in range(6)}
    starts = {path.parent: path.read_text().splitlines() for path in study.glob("*/attempts")}
    again = starts.pop(left)
    assert [line.split()[0] for line in again] == [str(killed.pid), str(workers[1].pid)]
    assert not again[1].endswith("from step 0")
    assert [len(lines) for lines in starts.values()] == [1] * 5


def claim(url: str, gate: Path) -> None:
    """Once the gate is open, takes trials as long as there are some."""
    gate.with_name(f"ready {os.getpid()}").touch()
    while not gate.exists():
        time.sleep(0.001)
    study = SharedStudy("s", url, {}, {i: {} for i in range(12)}, (True,), heartbeat=60)
    while trial := study.claim():
        print(trial.user_attrs["slot"])
        study.finish(trial, 0.0)


def test_workers_that_start_at_the_same_moment_claim_each_trial_once(tmp_path):
    url, gate = f"sqlite:///{tmp_path / 'study.db'}", tmp_path / "gate"
    workers = [Process(tmp_path / f"worker {number}", claim, url, gate) for number in range(3)]
    try:
        deadline = time.monotonic() + 300
        while len(list(tmp_path.glob("ready *"))) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        gate.touch()
        assert [worker.wait() for worker in workers] == [0, 0, 0]
    finally:
        for worker in workers:
            worker.kill()
    claimed = [slot for worker in workers for slot in worker.out.split()]
    assert sorted(map(int, claimed)) == list(range(12))
