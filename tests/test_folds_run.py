"""Cross-validated runs: what the folds say, and what is made of the model after them."""

import csv
import hashlib
import json

import numpy as np
import pytest
from commands import kerastc, told

from kerastc import launch
from kerastc.errors import UserError
from kerastc.outputs.classes.predictions import read_predictions
from kerastc.outputs.classes.scores import Classes
from kerastc.run import Run
from kerastc.training import cross_validation

FOLDS = 2
SETTINGS = [f"folds={FOLDS}", "epochs=2", "batch_size=8", "max_tokens=16", "learning_rate=5e-3"]
TIMED = ("seconds", "examples_per_second", "val_examples_per_second", "peak_memory_bytes")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("folds")
    return launch.Folders(folder / "runs", folder / "cache")


@pytest.fixture(scope="module")
def few(tmp_path_factory, subjects_csv):
    """Forty-five of the texts, one of which occurs twice and one in another case."""
    with subjects_csv.open() as file:
        rows = list(csv.DictReader(file))
    rows = rows[:14] + rows[40:54] + rows[80:95]
    rows += [rows[0], {"text": rows[20]["text"].upper(), "label": rows[20]["label"]}]
    path = tmp_path_factory.mktemp("few") / "few.csv"
    with path.open("w") as file:
        writer = csv.DictWriter(file, ["text", "label"])
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def words(tiny_encoder, few):
    return [f"data={few}", f"backbone={tiny_encoder}", "trainable=head", *SETTINGS]


@pytest.fixture(scope="module")
def whole(words, folders):
    return launch.train("text", words, folders=folders, folder=folders.runs / "whole")


def untimed(value):
    if isinstance(value, dict):
        return {key: untimed(one) for key, one in value.items() if key not in TIMED}
    return [untimed(one) for one in value] if isinstance(value, list) else value


def figures(run):
    """All that may not depend on where a run was stopped."""
    told = {"metrics": untimed(run.read_json("metrics.json"))}
    told["metrics"]["baseline"].pop("training")
    for path in sorted(run.folder.glob("predictions/*.csv")):
        told[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    for path in sorted([*run.folder.glob("folds/*/history.csv"), run.path("history.csv")]):
        with path.open() as file:
            told[str(path.relative_to(run.folder))] = untimed(list(csv.DictReader(file)))
    return told


def test_every_row_is_predicted_once_and_the_pooled_figures_are_those_by_hand(whole, few):
    said = read_predictions(whole.path("predictions", "test.csv"))
    with few.open() as file:
        given = list(csv.DictReader(file))
    assert said.texts.tolist() == [row["text"] for row in given]
    assert [said.classes[label] for label in said.labels] == [row["label"] for row in given]
    metrics = whole.read_json("metrics.json")
    right = said.predicted == said.labels
    assert metrics["test"]["rows"] == len(given) == 45
    assert metrics["test"]["accuracy"] == pytest.approx(right.mean())
    of = np.array(whole.read_json("data.json")["folds"]["of"])
    table = metrics["folds"]["table"]
    accuracies = [right[of == number].mean() for number in range(1, FOLDS + 1)]
    assert [row["accuracy"] for row in table] == pytest.approx(accuracies)
    assert metrics["folds"]["mean"]["accuracy"] == pytest.approx(np.mean(accuracies))
    assert metrics["folds"]["deviation"]["accuracy"] == pytest.approx(np.std(accuracies, ddof=1))
    assert of[43] == of[0] and of[44] == of[20]


def test_each_fold_is_the_training_that_one_would_do_by_hand(whole, words, folders, tmp_path):
    from kerastc import data, models, recipe, settings, training

    module = recipe.find("text").load()
    config = settings.configure(module.Config, words)
    by_hand = Run.create(tmp_path / "run", {"recipe": "text", "config": {}}, folders.cache)
    part = module.load(config, by_hand).of_fold(2)
    assert isinstance(part, data.Splits)
    encoder = models.load_encoder(config.backbone)
    model = models.sequence_classifier(encoder, 3, **config.architecture())
    trained = training.train_on_tokens(model, encoder, part, config, by_hand)
    said = read_predictions(whole.path("predictions", "test.csv"))
    assert (said.probabilities[part.test_rows] == trained.test).all()


def test_the_run_stopped_in_a_fold_and_behind_one_comes_to_the_same_figures(
    whole, words, folders, monkeypatch
):
    from kerastc.training import checkpoints, task_training

    folder = folders.runs / "stopped"
    saved, tidy, trained = checkpoints.Checkpoints.on_epoch_end, cross_validation._tidy, []

    def stop_in_the_second_fold(self, epoch, logs=None):
        saved(self, epoch, logs)
        if self.run.folder.name == "2":
            raise KeyboardInterrupt

    def stop_behind_the_second_fold(fold):
        if fold.folder.name == "2":
            raise KeyboardInterrupt
        tidy(fold)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.Checkpoints, "on_epoch_end", stop_in_the_second_fold)
        with pytest.raises(UserError, match="Stopped in fold 2"):
            launch.train("text", words, folders=folders, folder=folder)
    with monkeypatch.context() as patch:
        patch.setattr(cross_validation, "_tidy", stop_behind_the_second_fold)
        with pytest.raises(UserError, match="Stopped in fold 2"):
            launch.train(None, resume=True, folders=folders, folder=folder)
    assert {p.name for p in (folder / "folds" / "2").iterdir()} >= {"fold.json", "model.keras"}
    (note := folder / "folds" / "1" / "checkpoints" / "notes.txt").parent.mkdir()
    note.write_text("mine")
    fit = task_training.fit

    def told(*given, **options):
        trained.append(given[-1].folder.name)
        return fit(*given, **options)

    monkeypatch.setattr(task_training, "fit", told)
    resumed = launch.train(None, resume=True, folders=folders, folder=folder)
    assert trained == ["stopped"]
    assert figures(resumed) == figures(whole)
    assert note.read_text() == "mine"
    left = {"config.json", "data.json", "fold.json", "held_out.npz", "history.csv"}
    assert {p.name for p in (folder / "folds" / "2").iterdir()} == left


def test_terminal_and_page_say_what_the_figures_are_of(whole, capsys):
    from kerastc.report.page import fold_figures
    from kerastc.report.terminal import run_summary

    run_summary(whole)
    shown = " ".join(capsys.readouterr().out.split())
    said = "each of the 45 texts was predicted by the one of 2 models that never saw it"
    assert said in shown and "On held-out texts" in shown
    page = whole.path("report.html").read_text()
    assert said in page and "looked at once" not in page
    for row in fold_figures.cells(whole.read_json("metrics.json")["folds"], Classes.figures):
        for cell in row:
            assert cell in page and cell in shown


def test_the_model_after_the_folds_predicts(whole):
    [row] = json.loads(kerastc("predict", whole.folder, "boil the salt", "--json"))
    assert row["text"] == "boil the salt"


def test_a_compressed_child_is_judged_on_validation_rows_and_says_so(whole):
    folder = whole.folder / "compressed" / "small"
    shown = told("compress", whole.folder, "prune:0.5,epochs=0", "--run", folder)
    assert "There is no test part: the original was cross-validated" in " ".join(shown.split())
    child, rows = Run.open(folder), whole.read_json("data.json")["splits"]["validation"]["rows"]
    metrics = child.read_json("metrics.json")
    assert "test" not in metrics and metrics["validation"]["rows"] == rows
    assert not child.path("predictions", "test.csv").exists()
    assert "There is no test part" in child.path("report.html").read_text()
    assert "Validation figures" in told("compare", whole.folder)
    table = json.loads(kerastc("compare", whole.folder, "--json"))
    assert [row["validation"]["rows"] for row in table["models"]] == [rows, rows]
    assert [row["test"]["rows"] for row in table["models"]] == [None, None]


@pytest.mark.slow
def test_files_are_measured_on_validation_rows(whole):
    folder = whole.folder / "compressed" / "file"
    kerastc("compress", whole.folder, "quantize:int8", "--run", folder)
    kerastc("export", whole.folder, "--bundle")
    assert "validation texts" in told("benchmark", whole.folder, folder, "--runs", "2")
    rows = whole.read_json("data.json")["splits"]["validation"]["rows"]
    for run in (whole, Run.open(folder)):
        [entry] = run.read_json("benchmark.json")
        assert entry["part"] == "validation" and entry["rows"] == rows


def test_from_and_sweep_are_refused(whole, words, folders):
    with pytest.raises(UserError, match="is cross-validated"):
        launch.train(None, folders=folders, parent=whole.folder)
    from kerastc.sweep.worker import sweep

    with pytest.raises(UserError, match="A sweep with folds="):
        sweep("text", [*words, "dropout=0,0.5"], folders=folders)


@pytest.mark.parametrize(("name", "content"), [("fold.json", b"[]"), ("held_out.npz", b"PK")])
def test_a_damaged_fold_is_named(whole, name, content, tmp_path):
    import shutil

    folder = tmp_path / "run"
    shutil.copytree(whole.folder, folder)
    (folder / "finished.json").unlink()
    (folder / "folds" / "1" / name).write_bytes(content)
    with pytest.raises(UserError, match=name):
        launch.train(None, resume=True, folders=launch.Folders(tmp_path, tmp_path), folder=folder)


@pytest.mark.slow
def test_images_are_cross_validated(folders, tmp_path):
    from sklearn.datasets import load_digits

    digits = load_digits(n_class=3)
    images = (digits.images[:60, ..., None] * 15).astype(np.uint8)
    np.savez(tmp_path / "few.npz", x_train=images, y_train=digits.target[:60])
    words = [f"data={tmp_path}/few.npz", "folds=2", "architecture=cnn", "width=0.1", "depth=1"]
    words += ["epochs=1", "least_images=1"]
    run = launch.train("supervised", words, folders=folders, folder=folders.runs / "images")
    said = read_predictions(run.path("predictions", "test.csv"))
    metrics = run.read_json("metrics.json")
    assert said.examples.tolist() == [f"image {row}" for row in range(60)]
    assert said.labels.tolist() == digits.target[:60].tolist()
    assert metrics["test"]["accuracy"] == pytest.approx((said.predicted == said.labels).mean())
    assert [row["test"] for row in metrics["folds"]["table"]] == [30, 30]
