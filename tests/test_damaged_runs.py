"""Whatever is done to the files of a run, a command ends well or says in words what is wrong.

KERASTC_FUZZ is how many damaged runs are tried, 5 by default; the slow test tries 400.
"""

import os
import random
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from damage import damaged, kinds

from kerastc import manifest
from kerastc.cli import main
from kerastc.run import Run

COUNT = int(os.environ.get("KERASTC_FUZZ", "5"))
SETTINGS = ["epochs=2", "batch_size=16", "learning_rate=3e-3", "max_tokens=16", "trainable=head"]


def invoke(*words):
    """The exit code and what was printed; no error but a message may come out."""
    found = CliRunner().invoke(main, [str(word) for word in words])
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    assert "Traceback" not in found.output
    if found.exit_code:
        assert "Error: " in found.output
    return found.exit_code, found.output


@pytest.fixture(scope="module")
def trained(tiny_encoder, subjects_csv, tmp_path_factory):
    """Trains text runs of this process; their cache is their own."""
    base = tmp_path_factory.mktemp("damaged")
    patch = pytest.MonkeyPatch()
    patch.setenv("KERASTC_CACHE", str(base / "cache"))

    def train(name, *words):
        folder = base / name
        if not folder.exists():
            settings = [f"data={subjects_csv}", f"backbone={tiny_encoder}", *SETTINGS, *words]
            code, output = invoke("train", "text", *settings, "--run", folder)
            assert code == 0, output
        return folder

    yield train
    patch.undo()


def files_of(run: Path) -> list[str]:
    found = (path for path in run.rglob("*") if path.is_file() and path.parent.name != "plots")
    names = (path.relative_to(run).as_posix() for path in found)
    return sorted(name for name in names if not name.startswith((".", "report", "cache")))


def commands(run: Path, data: Path):
    yield "predict", run, "boil the salt"
    yield "report", run
    yield "compare", run, "--json"
    yield "train", "--resume", "--run", run
    yield "evaluate", run, data


def attack(source: Path, folder: Path, data: Path, count: int, tied: bool) -> None:
    """Damages a file, and gives the run to every command; many times."""
    cases = [(name, kind) for name in files_of(source) for kind in ["gone", *kinds(Path(name))]]
    draw = random.Random(count)
    for number in range(count):
        name, kind = draw.choice(cases)
        run = damaged(source, folder, name, kind, number)
        if not tied and name != manifest.FILE:
            Run(run).write_json(manifest.FILE, {})  # else the checksums tell it all
        for words in commands(run, data):
            try:
                invoke(*words)
            except Exception as error:
                error.add_note(f"{name}: {kind}, seed {number}; {words[0]}")
                raise


def test_no_damage_is_a_traceback(trained, subjects_csv, tmp_path):
    attack(trained("whole"), tmp_path / "run", subjects_csv, COUNT, tied=False)


@pytest.mark.slow
@pytest.mark.parametrize("tied", [False, True])
def test_no_damage_is_a_traceback_however_long_one_tries(trained, subjects_csv, tmp_path, tied):
    attack(trained("whole"), tmp_path / "run", subjects_csv, 400, tied)


@pytest.mark.parametrize("name", ["model.keras", "labels.txt", "predictions/test.csv"])
def test_a_file_of_another_run_is_named_and_not_used(trained, tmp_path, name):
    run = tmp_path / "run"
    shutil.copytree(trained("whole"), run)
    if name == "labels.txt":
        (run / name).write_text("".join(reversed((run / name).read_text().splitlines(True))))
    else:
        shutil.copyfile(trained("other", "seed=1") / name, run / name)
    words = ("report", run) if "predictions" in name else ("predict", run, "boil")
    code, output = invoke(*words)
    assert code == 1 and f"{run / name} does not belong to this run" in output


def test_what_is_written_later_changes_nothing(trained):
    run = trained("whole")
    assert invoke("report", run)[0] == 0
    (run / "benchmark.json").write_text("[]")
    assert invoke("predict", run, "boil")[0] == 0


def test_a_checkpoint_of_another_run_is_refused_by_name(trained, tmp_path):
    run, other = tmp_path / "run", trained("other", "seed=1")
    shutil.copytree(trained("whole"), run)
    for gone in ("finished.json", "metrics.json", "history.csv"):
        (run / gone).unlink()
    shutil.rmtree(run / "checkpoints")
    shutil.copytree(other / "checkpoints", run / "checkpoints")
    code, output = invoke("train", "--resume", "--run", run)
    assert code == 1
    assert str(run / "checkpoints") in output and "other settings or data" in output
