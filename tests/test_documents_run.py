"""A run on documents, all its way: trained, asked, measured, exported, compressed, compared."""

import csv
import json

import numpy as np
import pytest
from commands import kerastc, refused, told
from subjects import SUBJECTS

from kerastc import launch
from kerastc.errors import UserError
from kerastc.predictor import predictor_of
from kerastc.run import Run
from kerastc.training import checkpoints

SETTINGS = ["epochs=6", "batch_size=8", "window=16", "batch_windows=12", "learning_rate=1e-2"]
LONG = " ".join(["q z"] * 12 + ["mast deck harbour storm"])  # 28 words: two windows, the class last
SHORT = "salt pan oven"


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    """Ninety documents of up to five windows, of which only the last words tell the subject."""
    random = np.random.default_rng(0)
    rows = []
    for number in range(90):
        subject = [*SUBJECTS][number % 3]
        words = random.choice(["q", "z", "x", "y"], random.integers(0, 50)).tolist()
        words += random.choice(SUBJECTS[subject].split(), random.integers(6, 12)).tolist()
        rows.append((" ".join(words), subject))
    path = tmp_path_factory.mktemp("documents") / "documents.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    return path


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("document-runs")
    return launch.Folders(folder / "runs", folder / "cache")


@pytest.fixture(scope="module")
def run(documents, tiny_encoder, folders) -> Run:
    words = [f"data={documents}", f"backbone={tiny_encoder}", *SETTINGS, "trainable=all"]
    return launch.train(
        "documents", [*words, "windows=max"], folders=folders, folder=folders.runs / "whole"
    )


@pytest.fixture(scope="module")
def frozen(documents, tiny_encoder, folders) -> Run:
    words = [f"data={documents}", f"backbone={tiny_encoder}", *SETTINGS, "windows=attention"]
    return launch.train("documents", words, folders=folders, folder=folders.runs / "frozen")


def test_what_a_run_records_of_documents(run):
    settings = run.read_json("preprocessing.json")
    assert settings["task"] == "document-classification"
    assert settings["window"] == 16 and settings["max_tokens"] % 16 == 0
    assert run.read_json("metrics.json")["test"]["accuracy"] > 0.8
    with run.path("predictions", "test.csv").open() as file:
        assert next(csv.DictReader(file)).keys() >= {"text", "label", "predicted"}


def test_the_end_of_a_long_document_counts(run):
    said = json.loads(kerastc("predict", run.folder, LONG, SHORT, "--json"))
    assert [row["predicted"] for row in said] == ["sailing", "cooking"]
    predictor = predictor_of(run)
    alone, together = predictor.answers([LONG]), predictor.answers([SHORT, LONG, LONG + " q" * 60])
    np.testing.assert_allclose(alone[0], together[1], atol=1e-5)


@pytest.mark.backend
def test_a_frozen_run_says_what_its_windows_are_worth(frozen):
    table = frozen.read_json("metrics.json")["method"]["truncation"]
    assert {row["read"] for row in table} == {"windows: attention", "first 16 tokens"}
    whole, first = (
        next(row for row in table if row["read"].startswith(read) and row["split"] == "test")
        for read in ("windows", "first")
    )
    assert whole["accuracy"] == frozen.read_json("metrics.json")["test"]["accuracy"]
    assert whole["accuracy"] > first["accuracy"]
    assert "first 16 tokens" in frozen.path("report.html").read_text()
    predictor = predictor_of(frozen)
    with frozen.path("predictions", "test.csv").open() as file:
        rows = list(csv.DictReader(file))
    said = predictor.answers([row["text"] for row in rows])
    written = [[float(row[f"p[{name}]"]) for name in frozen.classes] for row in rows]
    np.testing.assert_allclose(said, written, atol=1e-5)


def test_a_run_stopped_in_either_training_comes_to_the_same_figures(
    frozen, folders, documents, tiny_encoder, monkeypatch
):
    saved = checkpoints.Checkpoints.on_epoch_end
    folder, stops = folders.runs / "stopped", {("stopped", 2), ("truncated", 3)}

    def stop(self, epoch, logs=None):
        saved(self, epoch, logs)
        if (self.run.folder.name, epoch) in stops:
            stops.remove((self.run.folder.name, epoch))
            raise KeyboardInterrupt

    monkeypatch.setattr(checkpoints.Checkpoints, "on_epoch_end", stop)
    words = [f"data={documents}", f"backbone={tiny_encoder}", *SETTINGS, "windows=attention"]
    with pytest.raises(UserError, match="Stopped"):
        launch.train("documents", words, folders=folders, folder=folder)
    with pytest.raises(UserError, match="Stopped"):
        launch.train(None, resume=True, folders=folders, folder=folder)
    resumed = launch.train(None, resume=True, folders=folders, folder=folder)
    assert not stops
    for part in ("validation", "test", "method"):
        assert resumed.read_json("metrics.json")[part] == frozen.read_json("metrics.json")[part]


def test_evaluate_reads_the_file_as_the_run_did(run, documents):
    said = told("evaluate", run.folder, "--data", documents)
    assert "90 documents" in said and "made from these documents" in said


def test_an_export_has_a_number_of_windows_and_says_what_it_cuts(run):
    said = json.loads(kerastc("predict", run.folder, LONG, SHORT, "--json"))
    kerastc("export", run.folder, "--bundle")
    path = run.path("exports", "model.tflite")
    record = json.loads(path.with_name("model.tflite.json").read_text())
    assert record["lengths"] == [16, 32, 64]
    for model in (path, *run.folder.glob("exports/*.zip")):
        found = json.loads(kerastc("predict", model, LONG, SHORT, "--json"))
        for one, other in zip(found, said, strict=True):
            assert one["probabilities"] == pytest.approx(other["probabilities"], abs=1e-4)
    cut = "The document has more than 64 tokens: cut there"
    assert cut in told("predict", path, "q " * 200)
    assert "read in windows of 16" in refused("export", run.folder, "--length", 24)


def test_a_benchmark_and_a_comparison_know_documents(run, frozen):
    kerastc("benchmark", run.folder, "--runs", "3")
    (entry,) = run.read_json("benchmark.json")
    assert entry["rows"] == 14 and 0 <= entry["accuracy"] <= 1
    compared = json.loads(kerastc("compare", run.folder, frozen.folder, "--json"))
    assert len(compared["runs"]) == 2


def test_a_smaller_child_learns_from_the_same_documents(run):
    steps = ["vocabulary", "distill:layers=1,states=1,epochs=1", "low-rank:energy=0.9"]
    kerastc("compress", run.folder, *steps, "structured:neurons=0.5,epochs=1", "quantize:int8")
    (child,) = run.folder.glob("compressed/*/finished.json")
    child = Run.open(child.parent)
    assert child.read_json("preprocessing.json")["window"] == 16
    predictor = predictor_of(child)
    assert predictor.answers([LONG]).shape == (1, 3)
    assert predictor.parameters < predictor_of(run).parameters / 2
