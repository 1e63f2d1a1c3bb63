"""`make golden` finds one digit that differs, and passes over what the clock says."""

import io
import json
import subprocess
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from golden import __main__ as command
from golden import comparing, trees, values
from golden.moves import Move, Names
from golden.steps import STEPS, Step, chosen

WEIGHTS = {"layers/dense/vars/0": [[0.25, 0.5]], "layers/dense/vars/1": [0.125, 0.75]}
METRICS = {"training": {"seconds": 1.5, "steps": 12}, "test": {"accuracy": 0.8333333333333334}}


def keras_file(path: Path, weights=WEIGHTS) -> None:
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for name, value in weights.items():
            file[name] = np.asarray(value, "float32")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model.weights.h5", content.getvalue())


@pytest.fixture
def side(tmp_path):
    """`side(name)` makes the folder that a side leaves, the same each time."""

    def make(name: str) -> Path:
        folder = tmp_path / name
        run = folder / "runs" / "text"
        (run / "predictions").mkdir(parents=True)
        (run / "history.csv").write_text("epoch,val_loss,seconds\n1,0.91234567,1.2\n2,0.8,1.1\n")
        (run / "metrics.json").write_text(json.dumps(METRICS))
        (run / "predictions" / "test.csv").write_text("text,sport\n-1,0.12345678\n")
        (run / "labels.txt").write_text("sport\nnews\n")
        (run / "report.html").write_text("1.5 s")
        keras_file(run / "model.keras")
        (folder / "place.txt").write_text(str(folder))
        (folder / "printed").mkdir()
        said = [{"run": f"{run}/exports", "rows": 4, "machine": {"cores": 2}, "loss": 0.5}]
        (folder / "printed" / "benchmark.json").write_text(json.dumps(said))
        np.savez(folder / "exported.npz", logits=np.float32([[0.1, 0.2], [0.3, 0.4]]))
        return folder

    return make


def compared(base: Path, now: Path, moves: Names | None = None) -> comparing.Comparison:
    before = values.read(base, moves or Names())
    return comparing.compare(before, values.read(now, Names()))


def exchange(file: str, old: str, new: str):
    def change(folder: Path) -> None:
        path = folder / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return change


def one_weight(folder: Path) -> None:
    value = np.float32(0.75)
    weights = WEIGHTS | {"layers/dense/vars/1": [0.125, np.nextafter(value, np.float32(1))]}
    keras_file(folder / "runs/text/model.keras", weights)


def one_logit(folder: Path) -> None:
    logits = np.float32([[0.1, 0.2], [0.3, 0.4]])
    logits[1, 0] = np.nextafter(logits[1, 0], np.float32(1))
    np.savez(folder / "exported.npz", logits=logits)


def another_type(folder: Path) -> None:
    np.savez(folder / "exported.npz", logits=np.float64(np.float32([[0.1, 0.2], [0.3, 0.4]])))


@pytest.mark.parametrize(
    ("change", "file", "key", "now"),
    [
        (
            exchange("runs/text/history.csv", "0.91234567", "0.91234568"),
            *("runs/text/history.csv", "row 1.val_loss", "0.91234568"),
        ),
        (
            exchange("runs/text/metrics.json", "0.8333333333333334", "0.8333333333333335"),
            *("runs/text/metrics.json", "test.accuracy", "0.8333333333333335"),
        ),
        (
            exchange("runs/text/metrics.json", "12", "12.0"),
            *("runs/text/metrics.json", "training.steps", "12.0"),
        ),
        (
            exchange("runs/text/predictions/test.csv", "0.12345678", "0.12345679"),
            *("runs/text/predictions/test.csv", "row 1.sport", "0.12345679"),
        ),
        (
            exchange("runs/text/labels.txt", "news", "News"),
            *("runs/text/labels.txt", "content", "News"),
        ),
        (one_weight, "runs/text/model.keras", "layers/dense/vars/1", "0.75000006"),
        (one_logit, "exported.npz", "logits", "0.3"),
        (another_type, "exported.npz", "logits", "float64[2, 2]"),
        (
            exchange("printed/benchmark.json", '"loss": 0.5', '"loss": 0.50000001'),
            *("printed/benchmark.json", "[0].loss", "0.50000001"),
        ),
        (
            exchange("printed/benchmark.json", '"rows": 4, ', ""),
            *("printed/benchmark.json", "[0].rows", comparing.ABSENT),
        ),
        (lambda folder: (folder / "runs/text/labels.txt").unlink(), "runs/text/labels.txt", "", ""),
    ],
)
def test_one_digit_is_found(side, change, file, key, now):
    base, other = side("base"), side("now")
    change(other)
    found = compared(base, other)
    [difference] = found.differences
    assert (difference.file, difference.key) == (file, key)
    assert now in difference.now and difference.base != difference.now
    table = comparing.table(found)
    assert f"{key or 'the file'}: {difference.base} became {difference.now}" in table
    assert "1 differ" in table


def test_times_folders_and_pages_may_differ(side):
    base, now = side("base"), side("now")
    exchange("runs/text/history.csv", "1.2", "3.4")(now)
    exchange("runs/text/metrics.json", "1.5", "2.5")(now)
    exchange("runs/text/report.html", "1.5", "2.5")(now)
    exchange("printed/benchmark.json", '"cores": 2', '"cores": 4')(now)
    found = compared(base, now)
    assert found.differences == ()
    assert sum(found.counts.values()) == 4 + 2 + 2 + 1 + 2 + 3 + 1
    assert "differ" not in comparing.table(found)


def test_weights_may_bear_another_name_and_no_other_bits(side):
    base, now = side("base"), side("now")
    renamed = {name.replace("dense", "head"): value for name, value in WEIGHTS.items()}
    keras_file(now / "runs/text/model.keras", renamed)
    assert compared(base, now).differences == ()
    keras_file(now / "runs/text/model.keras", renamed | {"layers/head/vars/1": [0.125, 0.7]})
    assert {d.key for d in compared(base, now).differences} == {
        "layers/dense/vars/1",
        "layers/head/vars/1",
    }


def test_what_was_renamed_is_compared_under_todays_name(side):
    move = Move(
        before="kerastc/old.py",
        words={"train one-class": "train one_class", "shape=2": "form=2"},
        files={"scores.json": "metrics.json"},
        keys={"right": "accuracy"},
        texts={"recipe=fast": "method=fast"},
    )
    base, now = side("base"), side("now")
    (now / "runs/text/metrics.json").rename(now / "runs/text/scores.json")
    exchange("runs/text/scores.json", "accuracy", "right")(now)
    assert compared(base, now).differences
    names = Names.of({"kerastc/old.py"}, [move])
    assert names.text("000-method=fast seed=1") == "000-recipe=fast seed=1"
    assert compared(base, now, names).differences == ()
    assert names.line("train one-class a-shape=2 shape=2") == "train one_class a-shape=2 form=2"
    assert names.file_then("runs/text/scores.json") == "runs/text/metrics.json"
    assert Names.of({"kerastc/new.py"}, [move]).line("train one-class") == "train one-class"


def test_steps_wait_only_for_steps_before_them():
    names = [step.name for step in STEPS]
    assert len(set(names)) == len(names)
    for index, step in enumerate(STEPS):
        assert set(step.after) <= set(names[:index]), step.name


def test_a_part_of_the_steps_has_those_that_it_waits_for():
    names = [step.name for step in chosen("^compared$")]
    assert names == ["text", "docstrings", "arxiv", "compared"]
    assert chosen("nothing") == [] and chosen("") == list(STEPS)


def test_every_recipe_is_run():
    recipes = Path(__file__).parents[1].glob("recipes/*.py")
    lines = " ".join(step.line for step in STEPS).split()
    assert {path.stem.replace("_", "-") for path in recipes} <= set(lines)


# A command line in kerastc's place: a run, a file of it, and an answer.
FAKE = """
import json, pathlib, sys
run = pathlib.Path("runs/only")
run.mkdir(parents=True)
(run / "history.csv").write_text("epoch,loss,seconds\\n1,{loss},2\\n")
print(json.dumps(dict(words=sys.argv[1:], folder=str(run.resolve()))))
sys.exit({status})
"""


@pytest.fixture
def checkout(tmp_path):
    """A repository with another kerastc in it: git in it, and what changes what that gives."""
    root = tmp_path / "checkout"
    package = root / "kerastc"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()

    def git(*words: str) -> str:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        done = subprocess.run(["git", "-C", root, *who, *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def write(loss: str, status: int = 0) -> None:
        (package / "__main__.py").write_text(FAKE.format(loss=loss, status=status))

    git("init", "--quiet")
    write("0.1234567")
    git("add", "--all")
    git("commit", "--quiet", "--message", "One")
    return git, write


@pytest.fixture
def golden(tmp_path, checkout, capsys):
    """`golden(base)`: the exit status and what is printed."""

    def run(base: str = "HEAD") -> tuple[int, str]:
        status = command.main(
            ["--base", base, "--cache", str(tmp_path / "cache"), "--jobs", "1"],
            tmp_path / "checkout",
            [Step("only", "train a --json")],
            (),
        )
        return status, capsys.readouterr().out

    return run


def test_the_same_commit_is_equal_and_another_digit_is_not(golden, checkout, tmp_path):
    git, write = checkout
    assert golden()[0] == 0
    status, told = golden()  # from the cache, against a new run
    assert status == 0 and "0 differences in 6 values; 0 steps failed." in told
    assert "runs/only" in told and "printed/only.json" in told
    write("0.1234568")
    before = git("status", "--porcelain"), git("worktree", "list")
    status, told = golden()
    assert status == 1
    assert "row 1.loss: 0.1234567 became 0.1234568" in told
    assert (git("status", "--porcelain"), git("worktree", "list")) == before
    assert len(list((tmp_path / "cache").iterdir())) == 1  # the commit's


def test_a_step_that_fails_on_both_sides_is_told(golden, checkout):
    git, write = checkout
    write("0.5", status=3)
    git("commit", "--quiet", "--all", "--message", "Two")
    status, told = golden()
    assert status == 1 and "failed/only" in told


def test_an_unknown_commit_is_told(golden, capsys):
    assert golden("nowhere")[0] == 2


def test_the_tree_of_what_is_in_work_has_new_files_too(checkout, tmp_path):
    git, write = checkout
    write("0.7")
    root = tmp_path / "checkout"
    (root / "new.txt").write_text("a")
    tree = trees.working_tree(root)
    trees.unpack(root, tree, tmp_path / "unpacked")
    assert (tmp_path / "unpacked/new.txt").read_text() == "a"
    assert "0.7" in (tmp_path / "unpacked/kerastc/__main__.py").read_text()
    assert "?? new.txt" in git("status", "--porcelain")


def test_an_entry_that_has_another_name_and_value_is_the_same(side):
    base, now = side("base"), side("now")
    for folder, said in ((base, {"kind": "text"}), (now, {"task": "text-classification"})):
        (folder / "runs" / "text" / "preprocessing.json").write_text(json.dumps(said))
        (folder / "runs" / "text" / "compression.json").write_text('{"kind": "int8"}')
    assert compared(base, now).differences
    move = Move(before="old.py", entries={"task=text-classification": "kind=text"})
    assert not compared(base, now, Names([move])).differences
