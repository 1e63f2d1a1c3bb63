"""The recipes of images on the digits, as a user runs them: what they learn and leave."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from kerastc import cli
from kerastc.folders import Folders
from kerastc.sweep import sweep

CHANCE = 0.1
# At their defaults and seed 0, 20 labels: those that must beat the labels alone, and the others.
BETTER = ("self-training", "fixmatch", "simclr")
OTHERS = ("autoencoder", "joint-autoencoder", "joint-simclr", "one-class")


def kerastc(cache: Path, *words) -> str:
    done = CliRunner(env={"KERASTC_CACHE": str(cache)}).invoke(
        cli.main, [str(word) for word in words], catch_exceptions=False
    )
    assert done.exit_code == 0, done.stderr
    return done.stdout


def accuracy(run: Path) -> float:
    return json.loads((run / "metrics.json").read_text())["test"]["accuracy"]


def test_a_recipe_of_images_goes_the_whole_way(tmp_path):
    run = tmp_path / "run"
    few = ("width=0.5", "epochs=8", "labelled=100", "least_images=800", "test=200")
    told = kerastc(tmp_path, "train", "supervised", *few, "--run", run)
    assert accuracy(run) > 5 * CHANCE
    assert f"{accuracy(run):.3f}" in told
    page = (run / "report.html").read_text()
    assert "Augmented images" in page and "Confident errors" in page
    kerastc(tmp_path, "export", run, "--quantization", "int8")
    found = json.loads(kerastc(tmp_path, "benchmark", run, "--runs", 20, "--json"))
    [entry] = found if isinstance(found, list) else found["models"]
    assert entry["accuracy"] == pytest.approx(accuracy(run), abs=0.05)
    assert entry["bytes"] < 500_000


@pytest.fixture(scope="module")
def baseline(tmp_path_factory) -> float:
    folder = tmp_path_factory.mktemp("baseline")
    kerastc(folder, "train", "supervised", "--run", folder / "run")
    return accuracy(folder / "run")


@pytest.mark.slow
@pytest.mark.parametrize("name", [*BETTER, *OTHERS])
def test_a_method_learns(name, baseline, tmp_path):
    kerastc(tmp_path, "train", name, "--run", tmp_path / "run")
    assert accuracy(tmp_path / "run") > 5 * CHANCE
    if name in BETTER:
        assert accuracy(tmp_path / "run") > baseline


STUDY = """
[settings]
data = "digits"
labelled = 40
unlabelled = 60
validation = 40
test = 60
width = 0.25
least_images = 40
batch_size = 40
epochs = 1
pretraining_epochs = 1

[recipes.supervised]
[recipes.autoencoder]
[recipes.longer]
recipe = "autoencoder"
frozen_epochs = 3
"""


def test_a_study_ends_in_one_table_and_trains_once_what_its_recipes_share(tmp_path, capsys):
    study = tmp_path / "study.toml"
    study.write_text(STUDY)
    folders = Folders(tmp_path / "runs", tmp_path / "cache")
    result = sweep(None, [], study=str(study), folders=folders)
    assert [trial.state for trial in result.trials] == ["finished"] * 3
    assert len(list((tmp_path / "cache").glob("phases/*/phase.json"))) == 1
    result.print()
    told = capsys.readouterr().out
    assert "supervised" in told and "autoencoder" in told
    assert result.comparison.differing == ["recipe", "frozen_epochs"]
    page = (result.folder / "compare.html").read_text()
    for heading in ("Train accuracy", "Test top-5", "Images"):
        assert f">{heading}</th>" in page
    for trial in result.trials:
        found = json.loads((trial.run / "metrics.json").read_text())
        assert {"validation", "test", "training"} <= found.keys()
