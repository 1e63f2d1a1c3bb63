"""Whatever advises a `--resume` advises one that works: each situation made, each command run."""

import errno
import importlib
import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from kerastc import files
from kerastc.cli import main
from kerastc.compress import pipeline
from kerastc.run import Run

SCRIPT = '''"""A recipe that reads two files, and is stopped as a file beside them says."""

from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

from kerastc.settings import Config as Settings
from kerastc.settings import Location


class Config(Settings):
    """A file, and another."""

    data: str  # the file
    rules: Location = ""  # another
    level: int = 0


def load(config, run):
    text = Path(config.data).read_bytes()
    described = {"fingerprint": sha256(text).hexdigest(), "classes": ["a"], "source": config.data}
    described |= {"splits": {part: {"rows": 1} for part in ("train", "validation", "test")}}
    if run.folder.parent.name == "compressed":
        stop()
    return SimpleNamespace(as_dict=lambda: described)


def stop():
    if (word := Path(__file__).with_name("stop").read_text()) == "interrupted":
        raise KeyboardInterrupt
    if word == "full":
        raise OSError(28, "No space left on device", "somewhere")


def run(config, run):
    run.describe_data(load(config, run))
    stop()
    run.write_json("metrics.json", {})
    run.write_json("preprocessing.json", {"task": "text-classification"})
'''
NAME = "my run's"  # a shell would take it apart


def call(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def advised(done):
    """The commands with --resume, or of a search, that were told, in words."""
    assert "Traceback" not in done.output
    found = re.findall(r"kerastc (?:train|compress) .*(?:--resume|--within).*", done.stderr)
    return [shlex.split(line)[1:] for line in found]


class Work:
    """A folder with a script, two files and a run that was stopped."""

    def __init__(self, home: Path):
        self.home = home
        self.run = home / "runs" / NAME
        self.data, self.rules = home / "data.csv", home / "rules"
        (home / "mine.py").write_text(SCRIPT)
        self.data.write_text("text,label\n")
        self.rules.write_text("a = b\n")
        self.words = ["./mine.py", "data=data.csv", "rules=rules", "--run", self.run]
        self.stop("interrupted")

    def stop(self, how: str) -> None:
        (self.home / "stop").write_text(how)

    def finished(self) -> Run:
        self.stop("no")
        assert call("train", "--resume", "--run", self.run).exit_code == 0
        return Run(self.run)

    def move(self, path: Path) -> Path:
        return path.rename(path.with_name(f"moved {path.name}"))

    def works(self, words) -> None:
        """Runs an advised command to its end; where it says that a script is to be trusted, too."""
        self.stop("no")
        told = {"NEW": "moved data.csv", "rules=NEW": "rules=moved rules"}
        words = [told.get(word, word) for word in words]
        done = call(*words)
        if found := re.search(r"kerastc (trust .*)", done.stderr):
            assert call(*shlex.split(found[1])).exit_code == 0
            done = call(*words)
        assert done.exit_code == 0, done.output


@pytest.fixture
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERASTC_CACHE", str(tmp_path / "cache"))
    made = Work(tmp_path)
    done = call("train", *made.words)
    assert "Stopped" in done.stderr
    assert advised(done) == [["train", "--resume", "--run", str(made.run)]]
    return made


def other_versions(work):
    path = work.run / "environment.json"
    known = json.loads(path.read_text())
    known["versions"]["numpy"] = "0.1"
    path.write_text(json.dumps(known))


def other_recipe(work):
    with (work.home / "mine.py").open("a") as script:
        script.write("# changed\n")


CHANGES = {
    "nothing": lambda work: None,
    "the data have moved": lambda work: work.move(work.data),
    "the rules have moved": lambda work: work.move(work.rules),
    "other versions": other_versions,
    "another recipe": other_recipe,
    "all of it": lambda work: [
        *map(work.move, (work.data, work.rules)),
        other_versions(work),
        other_recipe(work),
    ],
}
SAME = ("train", "./mine.py", "data=DATA", "rules=RULES")
COMMANDS = {
    "predict": lambda run: ["predict", run, "a text"],
    "evaluate": lambda run: ["evaluate", run, "--data", "stop"],
    "export": lambda run: ["export", run],
    "report": lambda run: ["report", run],
    "compress": lambda run: ["compress", run, "prune:0.5"],
    "a child": lambda run: ["train", "--from", run],
    "a run in a recipe's place": lambda run: ["train", run],
    "the same command": lambda run: [*SAME, "--run", run],
    "which run": lambda run: ["train", "--resume", "--runs", run.parents[1]],
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("command", ["predict", "the same command"])
def test_a_stopped_run_is_gone_on_with_as_advised(work, change, command):
    CHANGES[change](work)
    there = {"DATA": work.data, "RULES": work.rules}
    there = {k: p if p.exists() else p.with_name(f"moved {p.name}") for k, p in there.items()}
    words = [str(word) for word in COMMANDS[command](work.run)]
    for name, path in there.items():
        words = [word.replace(name, str(path)) for word in words]
    done = call(*words)
    assert done.exit_code == 1
    [found] = advised(done)
    work.works(found)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_that_lacks_the_end_advises_what_works(work, command):
    if command == "which run":  # two are unfinished
        runs = work.home / "runs" / "mine"
        for name in ("one", "two"):
            shutil.copytree(work.run, runs / name)
        done = call("train", "--resume")
        assert len(advised(done)) == 2
    else:
        words = [str(word).replace("DATA", "data.csv") for word in COMMANDS[command](work.run)]
        done = call(*(word.replace("RULES", "rules") for word in words))
    assert done.exit_code == 1 and advised(done), done.output
    for found in advised(done):
        work.works(found)


@pytest.mark.parametrize("command", ["predict", "evaluate", "export", "report", "compress"])
def test_a_finished_run_that_lost_a_file_is_not_resumed(work, command):
    run = work.finished()
    for name in ("metrics.json", "preprocessing.json"):
        run.path(name).unlink()
    done = call(*COMMANDS[command](work.run))
    assert done.exit_code == 1 and not advised(done), done.output
    assert re.search("Copy the run again|Restore the original file", done.stderr)


def test_a_finished_run_is_called_so_wherever_it_is_named(work):
    work.finished()
    for words in (["train", "--from", work.run], ["train", work.run]):
        done = call(*words)
        assert done.exit_code == 1 and not advised(done), done.output


@pytest.mark.parametrize(
    "words", [["level=1"], ["data=rules"], ["seed=3"]], ids=lambda words: "".join(words)
)
def test_another_run_in_the_folder_is_not_resumed(work, words):
    done = call("train", *work.words, *words)
    assert done.exit_code == 1 and not advised(done)
    assert "already holds another run" in done.stderr


def test_what_is_no_run_is_not_resumed(work):
    shutil.rmtree(work.run)
    work.run.mkdir()
    (work.run / "notes.txt").write_text("mine")
    done = call("train", *work.words)
    assert done.exit_code == 1 and not advised(done)
    assert "already holds something" in done.stderr
    assert (work.run / "notes.txt").read_text() == "mine"


def test_the_same_finished_run_is_not_resumed(work):
    work.finished()
    done = call("train", *work.words)
    assert done.exit_code == 1 and not advised(done)
    assert "it is finished" in done.stderr


def test_settings_that_the_recipe_takes_no_longer_are_told_as_the_runs(work):
    script = work.home / "mine.py"
    script.write_text(script.read_text().replace("level: int", "grade: int"))
    done = call("train", "./mine.py", "--resume", "--run", work.run)
    assert done.exit_code == 1 and not advised(done)
    assert "has settings that its recipe no longer accepts" in done.stderr


def test_what_was_given_to_go_on_is_given_again(work):
    moved = work.move(work.data)
    done = call("train", "--resume", "--run", work.run, "--data", moved)
    [found] = advised(done)
    assert found[-2:] == ["--data", str(moved)]
    work.works(found)


def test_a_full_disk(work):
    work.stop("full")
    done = call("train", "--resume", "--run", work.run)
    assert "No space left on device: somewhere" in done.stderr
    [found] = advised(done)
    work.works(found)


def test_a_phase_or_a_step_is_gone_on_with_in_its_run(work):
    for folder, config in (("phases/teacher", {"phase": "teacher"}), ("steps/1", {"step": "x"})):
        part = Run(work.run / folder)
        files.make_folder(part.folder)
        part.write_json("config.json", config)
        assert part.how_to_go_on == Run(work.run).how_to_go_on
    alone = Run(work.home / "cache" / "phases" / "x")
    files.make_folder(alone.folder)
    alone.write_json("config.json", {"phase": "x"})
    assert "--resume" not in alone.how_to_go_on


@pytest.fixture
def compressed(work, monkeypatch):
    """A compressed run that was stopped in its first step; the next attempt does all of them."""
    work.finished()

    def interrupted(run, source, load, config, steps):
        raise KeyboardInterrupt

    def done(run, source, load, config, steps):
        load(config, run)
        run.write_json("metrics.json", {})

    monkeypatch.setattr(pipeline, "_work", interrupted)
    found = advised(call("compress", work.run, "prune:0.5"))
    monkeypatch.setattr(pipeline, "_work", done)
    monkeypatch.setattr("kerastc.report.terminal.run_summary", lambda run: None)
    return Run(work.run / "compressed" / "prune-0.5"), found


@pytest.mark.parametrize("change", ["nothing", "the data have moved"])
def test_a_stopped_compression(work, compressed, change):
    child, found = compressed
    assert found == [["compress", "--resume", "--run", str(child.folder)]]
    CHANGES[change](work)
    for words in (["predict", child.folder, "a"], ["compress", work.run, "prune:0.5"]):
        if words[0] == "compress" and change != "nothing":
            words = [*words, "--data", work.home / "moved data.csv"]
        [found] = advised(call(*words))
    work.works(found)
    assert child.finished


def test_a_compression_whose_run_is_gone(work, compressed):
    child, _ = compressed
    alone = Run(shutil.copytree(child.folder, work.home / "alone"))
    work.run.rename(work.run.with_name("away"))
    assert "put it back first" in call("predict", alone.folder, "a").stderr
    work.run.with_name("away").rename(work.run)
    [found] = advised(call("predict", alone.folder, "a"))
    work.works(found)


def test_other_steps_in_the_folder_are_not_resumed(work, compressed):
    child, _ = compressed
    done = call("compress", work.run, "prune:0.8", "--run", child.folder)
    assert done.exit_code == 1 and not advised(done)


def test_a_stopped_search_goes_on_where_its_data_are(work, monkeypatch):
    module = importlib.import_module("kerastc.compress.search.search")
    monkeypatch.setattr(module, "_judged", lambda original: None)
    run = work.finished()
    moved = work.move(work.data)
    work.stop("interrupted")
    search = ["compress", run.folder, "--within", "accuracy=0.1", "--trials", "1"]
    [found] = advised(call(*search, "--data", moved))
    again = call(*found)  # as far as before, and not refused
    assert "Stopped" in again.stderr and advised(again) == [found]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["export", "."], "give the same command again"),
        (["benchmark", "."], "give the same command again"),
        (["compress", ".", "prune:0.5"], "--run chooses another folder"),
        (["train", "text", "data=stop"], "--run and --runs choose other folders"),
    ],
)
def test_a_disk_that_takes_nothing_more_is_told_with_what_the_command_has(
    work, command, said, monkeypatch
):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device", "somewhere")

    monkeypatch.setattr(main.commands[command[0]], "callback", full)
    done = call(*command)
    assert done.exit_code == 1 and said in done.stderr
