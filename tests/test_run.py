import multiprocessing
import os
import time

import pytest

from kerastc import data
from kerastc.errors import UserError
from kerastc.run import Run
from kerastc.unfinished import newest_unfinished, only_unfinished


@pytest.fixture
def run(tmp_path):
    return Run.create(tmp_path / "run", {"recipe": "text"})


def test_a_file_appears_whole_or_not_at_all(run):
    run.write_text("note.txt", "before")
    with pytest.raises(RuntimeError), run.writing("note.txt") as path:
        path.write_text("half")
        raise RuntimeError
    assert run.path("note.txt").read_text() == "before"
    assert sorted(p.name for p in run.folder.glob("[!.]*")) == ["config.json", "note.txt"]
    assert not list(run.folder.glob(".writing*"))


def test_a_folder_takes_the_place_of_an_older_one(run):
    for text in ("old", "new"):
        with run.writing("tokenizer") as path:
            path.mkdir()
            (path / f"{text}.txt").write_text(text)
    assert [p.name for p in run.path("tokenizer").iterdir()] == ["new.txt"]


def test_what_a_killed_process_left_half_written_is_removed_by_the_next(run):
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_write_for_ever, args=(run.folder,))
    process.start()
    while not (left := list(run.folder.glob("checkpoints/.writing-*"))):
        time.sleep(0.05)
    with run.lock():
        assert left[0].exists()  # its writer is alive
    process.kill()
    process.join()
    with run.lock():
        assert not left[0].exists()


def _write_for_ever(folder):
    with Run(folder).writing("checkpoints", "last.npz") as path:
        path.write_bytes(b"half")
        time.sleep(60)


def test_a_folder_that_holds_something_is_not_written_into(run):
    with pytest.raises(UserError, match="--resume"):
        Run.create(run.folder, run.config)


def test_opening_what_is_no_run_names_runs_near_it(run):
    with pytest.raises(UserError) as error:
        Run.open(run.folder.parent / "rnu")
    assert str(run.folder) in error.value.hint


@pytest.mark.parametrize("part", ["tokenizer", "exports/model", "phases/1/tokenizer/x"])
def test_a_path_inside_of_a_run_names_the_run_and_no_tokenizer(run, part):
    (run.folder / "tokenizer").mkdir()
    encoder = run.folder / "encoder"
    encoder.mkdir()
    (encoder / "config.json").write_text('{"class_name": "BertTokenizer"}')
    (run.folder / "phases" / "1").mkdir(parents=True)
    (run.folder / "phases" / "1" / "config.json").write_text('{"phase": "1"}')
    with pytest.raises(UserError) as error:
        Run.open(run.folder / part)
    assert error.value.hint == f"It is inside of a run: {run.folder.absolute()}"


def test_a_broken_config_is_an_error_with_its_path(run):
    run.path("config.json").write_text("{")
    with pytest.raises(UserError, match=r"config\.json cannot be read"):
        Run.open(run.folder)


def _hold(folder, held):
    with Run(folder).lock():
        held.set()
        time.sleep(60)


def test_a_second_process_is_refused_until_the_first_is_gone(run):
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    process = context.Process(target=_hold, args=(run.folder, held))
    process.start()
    assert held.wait(30)
    with pytest.raises(UserError, match=f"pid {process.pid}"), run.lock():
        pass
    process.kill()  # no chance to clean up
    process.join()
    with run.lock():
        pass


def test_the_newest_unfinished_run_is_found(tmp_path):
    for name in ("1", "2", "3"):
        Run.create(tmp_path / "text" / name, {"recipe": "text"})
        time.sleep(0.02)
    Run(tmp_path / "text" / "3").write_json("finished.json", {})
    assert newest_unfinished(tmp_path, "text").folder.name == "2"
    with pytest.raises(UserError, match="No unfinished run of arxiv"):
        newest_unfinished(tmp_path, "arxiv")


def test_the_only_unfinished_run_is_found_and_several_are_told(tmp_path):
    with pytest.raises(UserError, match="No unfinished run"):
        only_unfinished(tmp_path)
    old = Run.create(tmp_path / "text" / "1", {"recipe": "text"})
    Run.create(tmp_path / "arxiv" / "1", {"recipe": "arxiv"}).write_json("finished.json", {})
    assert only_unfinished(tmp_path).folder == old.folder
    new = Run.create(tmp_path / "arxiv" / "2", {"recipe": "arxiv"})
    os.utime(old.path("config.json"), (1, 1))
    with pytest.raises(UserError, match="2 under") as caught:
        only_unfinished(tmp_path)
    hint = caught.value.hint
    assert hint.index(new.resume_command) < hint.index(old.resume_command)


def test_what_was_explored_stands_in_data_json_beside_the_parts(run):
    texts = data.LabelledTexts.of(
        [f"{name} text number {i * i * 7919}" for i in range(20) for name in ("one", "two")],
        ["a", "b"] * 20,
        "a test",
    )
    splits, exploration = data.split(texts, 0), data.explore(texts)
    run.describe_data(splits, exploration)
    written = run.read_json("data.json")
    assert written.pop("exploration") == exploration.as_dict()
    run.describe_data(splits)
    assert run.read_json("data.json") == written


def test_the_line_of_a_run_goes_up_to_the_first_and_never_round(tmp_path):
    first = Run.create(tmp_path / "first", {})
    second = Run.create(tmp_path / "second", {"parent": {"run": str(first.folder)}})
    third = Run.create(tmp_path / "third", {"parent": {"run": str(second.folder)}})
    assert [run.folder for run in third.line()] == [third.folder, second.folder, first.folder]
    first.write_json("config.json", {"parent": {"run": str(third.folder)}})
    with pytest.raises(UserError, match="its own ancestor"):
        list(third.line())
