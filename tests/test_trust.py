"""A run from a stranger is data: its recipe script runs only where the user has named it."""

import json
import os
import shutil
import stat
import subprocess
import sys

import pytest
from click.testing import CliRunner

from kerastc import launch
from kerastc.cli import main
from kerastc.environment import changed_versions, environment
from kerastc.errors import UserError
from kerastc.folders import Folders, cache_folder, state_folder
from kerastc.run import Run

SCRIPT = '''"""A recipe that leaves a mark when it runs."""

from pathlib import Path

from kerastc.settings import Config as Settings

Path(__file__).with_name("mark").write_text("I ran")


class Config(Settings):
    """Nothing to set."""


def load(config, run):
    return None


def run(config, run):
    run.write_json("metrics.json", {})
'''


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "theirs" / "mine.py"
    path.parent.mkdir()
    path.write_text(SCRIPT)
    return path


@pytest.fixture
def call(tmp_path):
    def invoke(*words):
        environment = {"XDG_STATE_HOME": str(tmp_path / "state")}
        return CliRunner().invoke(main, [str(word) for word in words], env=environment)

    return invoke


@pytest.fixture
def stranger(script, tmp_path):
    """A run whose config.json names a script."""
    config = {"recipe": str(script), "config": {}, "command": "kerastc train"}
    run = Run.create(tmp_path / "run", config)
    run.write_json("preprocessing.json", {"task": "text-classification"})
    return run


def ran(script) -> bool:
    return script.with_name("mark").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["train", "--resume", "--run", "{run}"],
        ["train", "--from", "{run}"],
        ["compress", "{run}", "quantize:int8"],
        ["compress", "{run}", "--within", "accuracy=0.01"],
    ],
)
def test_a_strangers_script_is_shown_and_not_run(stranger, script, call, words):
    stranger.write_json("metrics.json", {})
    if "--resume" not in words:
        ended = {"finished": "2026-11-29T06:00:00+0000", "seconds": 1.0, "peak_memory_bytes": 1}
        stranger.write_json("finished.json", ended)
    stranger.write_json("environment.json", environment(0))
    stranger.write_text("checkpoints/step-1.npz", "")
    done = call(*(word.format(run=stranger.folder) for word in words))
    assert done.exit_code == 1
    assert str(script) in done.stderr and f"kerastc trust {script}" in done.stderr
    assert not ran(script)


def test_a_run_cannot_bring_a_cache_that_trusts_it(stranger, script):
    from kerastc import trust
    from kerastc.recipe import find

    trust.remember(find(str(script)), stranger.folder / "state")
    with pytest.raises(UserError, match="you have not run before"):
        trust.recipe_of(stranger, stranger.folder / "state")


def test_cleaning_the_cache_keeps_what_is_trusted(script, call, tmp_path, monkeypatch):
    monkeypatch.setenv("KERASTC_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "own"
    assert call("train", script, "--run", folder).exit_code == 0
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)
    (folder / "finished.json").unlink()
    assert call("train", "--resume", "--run", folder).exit_code == 0
    kept = tmp_path / "state" / "kerastc" / "trusted-recipes.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_list_that_others_can_write_to_trusts_nothing(stranger, script, call, tmp_path):
    assert call("trust", script).exit_code == 0
    kept = tmp_path / "state" / "kerastc" / "trusted-recipes.json"
    kept.chmod(0o666)
    done = call("train", "--resume", "--run", stranger.folder)
    assert done.exit_code == 1 and "kerastc trust" in done.stderr
    assert call("trust", script).exit_code == 0  # a new one, of this user alone
    assert call("train", "--resume", "--run", stranger.folder).exit_code == 0


def test_a_script_runs_where_no_list_can_be_kept(script, call, tmp_path):
    (tmp_path / "state").touch()
    done = call("train", script, "--run", tmp_path / "own")
    assert done.exit_code == 0 and "cannot be kept" in done.stderr
    done = call("trust", script)
    assert done.exit_code == 1 and "XDG_STATE_HOME=FOLDER" in done.stderr


def test_where_the_list_lies(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_folder() == tmp_path / "kerastc"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert state_folder() == tmp_path / ".local" / "state" / "kerastc"
    monkeypatch.setenv("HOME", str(tmp_path / "nowhere"))
    monkeypatch.setenv("KERASTC_CACHE", str(tmp_path / "cache"))
    assert state_folder() == cache_folder() == tmp_path / "cache"


def test_two_scripts_trusted_at_once_are_both_kept(script, tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    from kerastc import trust
    from kerastc.recipe import find

    scripts = [script.with_name(f"mine{number}.py") for number in range(8)]
    for number, path in enumerate(scripts):
        path.write_text(f"{SCRIPT}\n# {number}\n")
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda path: trust.remember(find(str(path)), tmp_path), scripts))
    assert len(json.loads((tmp_path / trust.FILE).read_text())) == 8


def test_a_script_that_was_trusted_runs_until_it_changes(stranger, script, call):
    assert call("trust", script).exit_code == 0
    assert not ran(script)
    done = call("train", "--resume", "--run", stranger.folder)
    assert done.exit_code == 0, done.output
    assert ran(script)
    script.write_text(SCRIPT + "\n# changed\n")
    stranger.path("finished.json").unlink()
    done = call("train", "--resume", "--run", stranger.folder)
    assert done.exit_code == 1 and "kerastc trust" in done.stderr


def test_what_the_user_names_is_run_and_kept_with_its_hash(script, call, tmp_path):
    folder = tmp_path / "own"
    assert call("train", script, "--run", folder).exit_code == 0
    assert ran(script)
    assert len(json.loads((folder / "config.json").read_text())["recipe_sha256"]) == 64
    (folder / "finished.json").unlink()
    assert call("train", "--resume", "--run", folder).exit_code == 0  # it was named before


def test_a_resume_under_a_changed_recipe_is_refused_until_it_is_wanted(script, call, tmp_path):
    folder = tmp_path / "own"
    call("train", script, "--run", folder)
    (folder / "finished.json").unlink()
    script.write_text(SCRIPT + "\n# changed\n")
    words = ("train", script, "--resume", "--run", folder)
    done = call(*words)
    assert done.exit_code == 1 and "has changed" in done.stderr
    assert (folder / "metrics.json").exists()
    assert call(*words, "--despite-changes").exit_code == 0
    told = json.loads((folder / "environment.json").read_text())["resumed_despite"]
    assert told == [f"the recipe {script} has changed"]


def test_versions_that_move_figures_are_told():
    now = environment(0)["versions"]
    assert changed_versions(now, "tensorflow") == []
    before = now | {"keras": "3.0.0", "scikit-learn": "0.1"}
    assert changed_versions(before, "tensorflow") == [f"keras 3.0.0 became {now['keras']}"]


@pytest.mark.parametrize("how", [["-m", "kerastc"], ["-c", "import kerastc.cli as c; c.main()"]])
def test_no_module_of_the_users_folder_is_imported(tmp_path, how):
    for name in ("numpy", "click", "rich", "random", "pathlib"):
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('imported {name}')")
    if how[0] == "-c":
        how = ["-P", *how]  # as the console script is started
    root = str(shutil.os.path.dirname(launch.__file__).removesuffix("/kerastc"))
    done = subprocess.run(
        [sys.executable, *how, "recipes"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": root},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "supervised" in done.stdout


def test_processes_are_started_without_the_users_folder(tmp_path, monkeypatch):
    from kerastc.deploy.measure.process import Process

    (tmp_path / "numpy.py").write_text("raise SystemExit('imported')")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as error, Process("x", {"model": "nowhere.tflite", "threads": 1}):
        pass
    assert "imported" not in str(error.value)


def test_a_compiled_file_beside_a_script_is_not_run(script):
    import importlib.util
    import py_compile

    from kerastc.recipe import find

    honest = script.read_text()
    script.write_text("raise SystemExit('the compiled file ran')")
    py_compile.compile(
        str(script),
        importlib.util.cache_from_source(str(script)),
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    script.write_text(honest)
    find(str(script)).load()
    assert ran(script)


def test_a_script_that_moved_is_found_where_it_was_last_named(script, call, tmp_path):
    folder = tmp_path / "own"
    assert call("train", script, "--run", folder).exit_code == 0
    (folder / "finished.json").unlink()
    moved = script.rename(tmp_path / "moved.py")
    done = call("train", "--resume", "--run", folder)
    assert done.exit_code == 1 and "kerastc trust SCRIPT" in done.stderr
    assert call("trust", moved).exit_code == 0
    done = call("train", "--resume", "--run", folder)
    assert done.exit_code == 0, done.stderr


def test_what_is_trusted_is_what_is_run(script):
    from kerastc import trust
    from kerastc.recipe import find

    found = find(str(script))
    before = trust.digest(found)
    script.write_text("raise SystemExit('changed after it was looked at')")
    found.load()
    assert trust.digest(found) == before


def test_a_name_is_the_products_recipe_whatever_lies_in_the_folder(tmp_path, monkeypatch):
    from kerastc.recipe import find, folder

    monkeypatch.chdir(tmp_path)
    (tmp_path / "text").mkdir()
    (tmp_path / "supervised").write_text("raise SystemExit")
    for name in ("text", "supervised"):
        assert find(name).path.parent == folder()


def test_a_finished_run_is_returned_without_its_script(stranger, script, call):
    stranger.write_json("metrics.json", {})
    stranger.write_json("finished.json", {})
    script.unlink()
    launched = launch.train(None, resume=True, folder=stranger.folder, folders=Folders())
    assert launched.folder == stranger.folder


@pytest.mark.parametrize(
    "words", [["compress", "{run}", "prune:0.5"], ["train", "--from", "{run}"]]
)
def test_what_is_made_of_a_run_wants_its_recipe_unchanged(script, call, tmp_path, words):
    folder = tmp_path / "own"
    assert call("train", script, "--run", folder).exit_code == 0
    run = Run.open(folder)
    run.write_json("preprocessing.json", {"task": "text-classification"})
    run.write_text("checkpoints/step-1.npz", "")
    script.write_text(SCRIPT + "\n# changed\n")
    call("trust", script)
    words = [word.format(run=folder) for word in words]
    done = call(*words)
    assert done.exit_code == 1 and "--despite-changes" in done.stderr
    assert not (folder / "compressed").exists()
