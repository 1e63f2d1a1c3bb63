"""Files that appear whole, whoever else writes, and nothing removed that is not ours."""

import multiprocessing
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from kerastc import files, folders
from kerastc.cli import main
from kerastc.errors import UserError
from kerastc.run import Run


def _write(path: Path, letter: str) -> None:
    for _ in range(30):
        files.write_text(path, letter * 200_000)


def _begin(parent: Path, ready) -> None:
    ready.wait()
    Run.create_in(parent, {"recipe": "text", "pid": os.getpid()})


def _together(target, *arguments) -> None:
    processes = [
        multiprocessing.get_context("spawn").Process(target=target, args=a) for a in arguments
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * len(processes)


def test_two_writers_of_one_file_leave_one_whole(tmp_path):
    path = tmp_path / "page.html"
    _together(_write, (path, "a"), (path, "b"))
    assert path.read_text() in ("a" * 200_000, "b" * 200_000)
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]


def test_runs_that_start_in_the_same_second_have_folders_of_their_own(tmp_path):
    ready = multiprocessing.get_context("spawn").Barrier(3)
    _together(_begin, *[(tmp_path, ready)] * 3)
    configs = [Run.open(folder).config for folder in tmp_path.iterdir()]
    assert len({config["pid"] for config in configs}) == 3


def test_a_folder_is_replaced_whole_and_comes_back_where_that_fails(tmp_path, monkeypatch):
    target = tmp_path / "tokenizer"

    def write(text: str) -> None:
        with files.writing(target) as folder:
            folder.mkdir()
            (folder / f"{text}.txt").write_text(text)

    write("old")
    rename = Path.rename

    def failing(path, to):
        if path.name.startswith(".writing") and (path / "new.txt").exists():
            raise OSError("no")
        return rename(path, to)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match="no"):
        write("new")
    assert [p.name for p in target.iterdir()] == ["old.txt"]
    monkeypatch.undo()
    write("new")
    assert [p.name for p in target.iterdir()] == ["new.txt"]
    assert [p.name for p in tmp_path.iterdir()] == ["tokenizer"]


def test_only_what_this_process_made_is_taken_back(tmp_path):
    theirs = tmp_path / "run"
    theirs.mkdir()
    (theirs / ".env").write_text("SECRET=1")
    files.write_text(theirs / "config.json", "{}")
    files.write_text(theirs / "sub" / "data.json", "{}")
    (theirs / "sub" / "notes.txt").write_text("mine")
    files.take_back(theirs)
    assert sorted(p.name for p in theirs.rglob("*")) == [".env", "notes.txt", "sub"]
    files.write_text(tmp_path / "new" / "deep" / "a.txt", "a")
    files.take_back(tmp_path / "new" / "deep")
    assert not (tmp_path / "new").exists()


def test_a_file_that_was_there_before_is_replaced_but_not_taken_back(tmp_path):
    (tmp_path / "a.txt").write_text("theirs")
    files.write_text(tmp_path / "a.txt", "ours")
    files.take_back(tmp_path)
    assert (tmp_path / "a.txt").read_text() == "ours"


@pytest.mark.parametrize("before", ["absent", "empty", "dots"])
def test_a_refused_training_leaves_the_folder_as_it_was(tmp_path, before):
    folder = tmp_path / "project"
    if before != "absent":
        folder.mkdir()
    if before == "dots":
        (folder / ".git").mkdir()
        (folder / ".git" / "HEAD").write_text("ref: refs/heads/main")
        (folder / ".env").write_text("SECRET=1")
    kept = sorted(folder.rglob("*"))
    words = ["train", "text", "data=/nowhere/missing.csv", "--run", str(folder)]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 1 and "missing.csv" in done.stderr and "--resume" not in done.stderr
    assert folder.exists() == (before != "absent")
    assert sorted(folder.rglob("*")) == kept


def test_a_refused_resume_removes_nothing(tmp_path, tiny_encoder):
    data = tmp_path / "a.csv"
    words = [f"data={data}", f"backbone={tiny_encoder}"]
    config = {"data": str(data), "backbone": str(tiny_encoder)}
    run = Run.create(
        tmp_path / "run", {"recipe": "text", "config": config, "command": " ".join(words)}
    )
    files._made.clear()  # another process made it
    (run.folder / "notes.txt").write_text("mine")
    before = sorted(run.folder.iterdir())
    done = CliRunner().invoke(main, ["train", "--resume", "--run", str(run.folder)])
    assert done.exit_code == 1 and "a.csv" in done.stderr
    assert set(before) <= set(run.folder.iterdir())


@pytest.mark.parametrize("name", [".lock", "history.csv", "plots", "checkpoints"])
def test_links_out_of_a_run_are_not_followed(tmp_path, name):
    run = Run.create(tmp_path / "run", {"recipe": "text"})
    outside = tmp_path / "outside"
    if name in ("plots", "checkpoints"):
        outside.mkdir()
        (outside / "step-1.npz").write_text("theirs")
    else:
        outside.write_text("theirs")
    run.folder.joinpath(name).unlink(missing_ok=True)
    run.folder.joinpath(name).symlink_to(outside)
    with pytest.raises(UserError, match="a link that leads out of its run"):
        if name == ".lock":
            with run.lock():
                pass
        elif name == "history.csv":
            run.write_rows(name, [{"step": 1}])
        else:
            with run.writing(name, "a.png") as path:
                path.write_text("ours")
    found = outside / "step-1.npz" if outside.is_dir() else outside
    assert found.read_text() == "theirs"


def test_a_lock_that_is_a_link_inside_the_run_is_refused(tmp_path):
    run = Run.create(tmp_path / "run", {"recipe": "x"})
    (run.folder / "notes.txt").write_text("mine")
    (run.folder / ".lock").unlink()
    (run.folder / ".lock").symlink_to("notes.txt")
    with pytest.raises(UserError, match="is a link"), run.lock():
        pass
    assert (run.folder / "notes.txt").read_text() == "mine"


def test_a_run_in_a_linked_folder_works(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "runs").symlink_to(tmp_path / "disk")
    run = Run.create(tmp_path / "runs" / "a", {"recipe": "text"})
    with run.lock():
        run.write_text("plots/a.txt", "a")
    assert (tmp_path / "disk" / "a" / "plots" / "a.txt").read_text() == "a"
    run.folder.joinpath("b.txt").symlink_to(run.folder / "plots" / "a.txt")
    assert run.path("b.txt").read_text() == "a"  # it leads inside


def test_suggestions_name_runs_and_no_encoders(tmp_path, tiny_encoder):
    Run.create(tmp_path / "run", {"recipe": "text", "config": {}})
    shutil.copytree(tiny_encoder, tmp_path / "encoder")
    with pytest.raises(UserError) as error:
        Run.open(tmp_path / "rnu")
    assert error.value.hint.endswith(f"{tmp_path / 'run'}")
    done = CliRunner().invoke(
        main, ["train", "text", "data=x.csv", "--run", str(tmp_path / "encoder")]
    )
    assert done.exit_code == 1 and "--resume" not in done.stderr


def test_no_home_is_no_obstacle_where_the_cache_is_named(monkeypatch, tmp_path):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("KERASTC_CACHE", str(tmp_path))
    assert folders.cache_folder() == tmp_path
    monkeypatch.delenv("KERASTC_CACHE")
    with pytest.raises(UserError, match="no home folder"):
        folders.cache_folder()


def test_only_what_is_known_by_name_is_removed(tmp_path):
    folder = tmp_path / "checkpoints"
    (folder / "deep").mkdir(parents=True)
    for name in ("step-1.npz", "deep/step-2.npz", "notes.txt"):
        (folder / name).write_text("x")
    outside = tmp_path / "outside.npz"
    outside.write_text("mine")
    (folder / "step-3.npz").symlink_to(outside)
    files.remove_known(folder, "step-*.npz", "deep/step-*.npz")
    assert sorted(path.name for path in folder.rglob("*")) == ["notes.txt"]
    assert outside.read_text() == "mine"
    (folder / "notes.txt").unlink()
    files.remove_known(folder, "step-*.npz")
    assert not folder.exists()
    files.remove_known(folder, "step-*.npz")
