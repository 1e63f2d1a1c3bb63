"""A run and its data are found again where they moved, together or alone."""

import pytest
from click.testing import CliRunner

from kerastc import files, locations
from kerastc.cli import main
from kerastc.errors import UserError
from kerastc.parents import parent_entry
from kerastc.report.account.lineage import ancestors
from kerastc.run import Run

SCRIPT = '''"""A recipe that reads a file."""

from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

from kerastc.settings import Config as Settings
from kerastc.settings import Location


class Config(Settings):
    """A file, and another."""

    data: str  # the file
    rules: Location = ""  # another


def load(config, run):
    text = Path(config.data).read_bytes()
    described = {"fingerprint": sha256(text).hexdigest(), "classes": ["a"], "source": config.data}
    described |= {"splits": {part: {"rows": 1} for part in ("train", "validation", "test")}}
    run.describe_data(SimpleNamespace(as_dict=lambda: described))
    return described


def run(config, run):
    load(config, run)
    if not Path(config.data).with_name("go").exists():
        raise KeyboardInterrupt
    run.write_json("metrics.json", {})
'''


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A folder with a script, its data and a run that was stopped; we are in another."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "mine.py").write_text(SCRIPT)
    (home / "data.csv").write_text("text,label\n")
    monkeypatch.chdir(home)
    monkeypatch.setenv("KERASTC_CACHE", str(tmp_path / "cache"))
    done = call("train", "./mine.py", "data=data.csv", "--run", "runs/one")
    assert "Stopped" in done.stderr
    (home / "go").touch()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return home


def call(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def resume(folder, *words):
    return call("train", "--resume", "--run", folder, *words)


def test_data_are_found_from_where_the_run_was_made(work):
    done = resume(work / "runs" / "one")
    assert done.exit_code == 0, done.output


def test_data_that_moved_with_the_run_are_found(work):
    moved = work.rename(work.with_name("moved"))
    assert call("trust", moved / "mine.py").exit_code == 0
    run = moved / "runs" / "one"
    done = resume(run)
    assert done.exit_code == 0, done.output


def test_data_that_are_gone_are_told_and_given_by_an_option(work):
    new = (work / "data.csv").rename(work / "new.csv")
    done = resume(work / "runs" / "one")
    assert done.exit_code == 1
    for told in ("data=data.csv", "a relative path", str(work), "--data NEW"):
        assert told in done.stderr, done.stderr
    done = resume(work / "runs" / "one", "--data", new)
    assert done.exit_code == 0, done.output


def test_where_the_data_are_has_to_be_said_once(work):
    new, folder = (work / "data.csv").rename(work / "new.csv"), work / "runs" / "one"
    (work / "go").unlink()
    before = Run.open(folder).config
    assert "Stopped" in resume(folder, "--data", new).stderr
    after = Run.open(folder).config
    assert after["config"] == before["config"]
    kept = after["locations"]["data"]
    assert kept.pop("moved") == str(new)
    assert kept.pop("moved_from_run") == "../../new.csv"
    assert kept == before["locations"]["data"]
    assert "Stopped" in resume(folder).stderr  # found where it was said to be
    last = new.rename(work / "last.csv")
    told = resume(folder).stderr
    assert "There is no" in told and str(new) in told
    assert "Stopped" in resume(folder, "--data", last).stderr
    (work / "go").touch()
    whole = work.rename(work.with_name("moved"))  # the data still lie beside the run
    assert call("trust", whole / "mine.py").exit_code == 0
    done = resume(whole / "runs" / "one")
    assert done.exit_code == 0, done.output


def test_a_place_of_other_data_is_not_kept(work, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_made", {})  # the run was made by another process
    (tmp_path / "other.csv").write_text("text,label\nx,y\n")
    folder = work / "runs" / "one"
    assert resume(folder, "--data", tmp_path / "other.csv").exit_code == 1
    assert "moved" not in Run.open(folder).config["locations"]["data"]
    assert resume(folder).exit_code == 0


def test_other_data_are_refused(work, tmp_path):
    (tmp_path / "other.csv").write_text("text,label\nx,y\n")
    (tmp_path / "go").touch()
    done = resume(work / "runs" / "one", "--data", tmp_path / "other.csv")
    assert done.exit_code == 1
    assert "fingerprint" in done.stderr and str(tmp_path / "other.csv") in done.stderr
    assert not (work / "runs" / "one" / "metrics.json").exists()


def test_a_wrong_place_is_told(work):
    done = resume(work / "runs" / "one", "--data", "nowhere.csv")
    assert done.exit_code == 1 and "no file or folder nowhere.csv" in done.stderr


def test_another_spelling_of_the_same_file_is_the_same_setting(work):
    words = ("train", work / "mine.py", "--resume", "--run", work / "runs" / "one")
    assert call(*words, "data=../home/data.csv").exit_code == 0
    (work / "runs" / "one" / "finished.json").unlink()
    assert "data=" in call(*words, "data=../home/mine.py").stderr


def test_every_setting_that_names_a_file_is_found(work, monkeypatch):
    monkeypatch.chdir(work)
    (work / "rules").touch()
    words = ("data=data.csv", "rules=rules", "--run", "two")
    assert call("train", "./mine.py", *words).exit_code == 0
    run = Run.open(work / "two")
    script = __import__("kerastc.recipe").recipe.find(str(work / "mine.py")).load()
    config = script.Config(**run.config["config"])
    assert locations.located(config, run) == config
    monkeypatch.chdir(work.parent / "elsewhere")
    assert locations.located(config, run).rules == str(work / "rules")
    (work / "rules").unlink()
    with pytest.raises(UserError, match="--data rules=NEW"):
        locations.located(config, run)


def test_a_word_that_names_no_file_is_left_alone(work, monkeypatch):
    from kerastc.recipe import find

    monkeypatch.chdir(work)
    (work / "digits").mkdir()
    (work / "minilm").mkdir()
    assert not locations.recorded(find("supervised").load().Config(), work / "run")
    config = find("text").load().Config(data="data.csv")
    assert list(locations.recorded(config, work / "run")) == ["data"]


def test_a_run_whose_parent_moved_with_it_finds_it(tmp_path):
    old = tmp_path / "old"
    parent = Run.create(old / "text" / "first", {"recipe": "text"})
    folder = old / "kept" / "small"
    entry = parent_entry(parent.folder, folder)
    Run.create(folder, {"recipe": "text", "steps": ["prune:0.5"], "parent": entry})
    inside = parent.folder / "compressed" / "x"
    entry = parent_entry(parent.folder, inside)
    Run.create(inside, {"recipe": "text", "steps": ["prune:0.5"], "parent": entry})
    new = old.rename(tmp_path / "new")
    for child in (new / "kept" / "small", new / "text" / "first" / "compressed" / "x"):
        assert Run.open(child).parent_run().folder == new / "text" / "first"
        assert ancestors(child) == [new / "text" / "first"]
        assert [run.folder for run in Run.open(child).line()] == [child, new / "text" / "first"]


def test_a_parent_that_is_gone_is_told(tmp_path):
    run = Run.create(tmp_path / "x", {"recipe": "text", "parent": {"run": "/nowhere/run"}})
    with pytest.raises(UserError, match="/nowhere/run"):
        run.parent_run()
