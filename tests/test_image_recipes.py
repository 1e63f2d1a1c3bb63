"""The recipes of images on the digits, as a user runs them: what they learn and leave."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kerastc import recipe, settings

CHANCE = 0.1
# At their defaults and seed 0, 20 labels: those that must beat the labels alone, and the others.
BETTER = ("self-training", "fixmatch", "simclr")
OTHERS = ("autoencoder", "joint-autoencoder", "joint-simclr", "one-class")


def kerastc(cache: Path, *words) -> str:
    environment = os.environ | {"KERASTC_CACHE": str(cache)}
    command = [sys.executable, "-m", "kerastc", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
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


def test_the_study_fills_in_what_a_methods_own_recipe_has():
    study = recipe.find("cifar100").load()
    for method, (_, own) in study.METHODS.items():
        config = study.Config(method=method)
        usual = recipe.find(method.replace("_", "-")).load().Config()
        for name in usual.model_fields_set | {"epochs", "batch_size", "average", "learning_rate"}:
            expected = own.get(name, getattr(usual, name))
            assert getattr(config, name) == expected, (method, name)
    assert study.Config(method="fixmatch", epochs=3).epochs == 3
    again = study.Config(**study.Config(method="fixmatch", epochs=3).model_dump())
    assert again.epochs == 3  # as a run that is resumed reads it


@pytest.mark.parametrize(
    "words",
    [
        ["method=simclr", "first_side=1.0"],  # what the class has, but not what the method has here
        ["method=self_training", "augmentation.rotation=10.0"],
        ["augmentation.cutout=0.5", "labelled=9000"],
    ],
)
def test_the_command_of_a_study_repeats_it(words):
    study = recipe.find("cifar100").load().Config
    config = settings.configure(study, words)
    again = [settings.word(key, value) for key, value in settings.changed(config).items()]
    assert sorted(again) == sorted(words)
    assert settings.configure(study, again) == config


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


@pytest.mark.slow
def test_a_study_ends_in_one_table(tmp_path):
    words = ("data=digits", "width=0.5", "epochs=4", "round_epochs=2", "rounds=1", "seed=0,1")
    command = ("sweep", "cifar100", "method=supervised,self_training", *words)
    told = kerastc(tmp_path, *command, "--runs", tmp_path / "runs")
    assert "self_training" in told and "supervised" in told
    [page] = tmp_path.glob("runs/cifar100/sweeps/*/compare.html")
    assert "top-5" in page.read_text().lower()
    runs = list(tmp_path.glob("runs/cifar100/sweeps/*/*/finished.json"))
    assert len(runs) == 4
    before = [path.stat().st_mtime_ns for path in runs]
    kerastc(tmp_path, *command, "--runs", tmp_path / "runs")
    assert [path.stat().st_mtime_ns for path in runs] == before
