"""Steps on a run of tags whose sentences are all longer than a window of its model."""

import json

import keras
import numpy as np
import pytest
from commands import kerastc
from stopping import Stop, stopping_after_one_epoch
from tagged_sentences import folders_in, write_sentences

from kerastc import launch
from kerastc.compress import compress, search
from kerastc.deploy.run.runtime import load
from kerastc.predictor import predictor_of
from kerastc.run import Run

SETTINGS = ["epochs=8", "batch_size=16", "max_tokens=8", "learning_rate=1e-2"]


@pytest.fixture(scope="module")
def sentences(tmp_path_factory):
    return write_sentences(tmp_path_factory.mktemp("sentences") / "tagged.txt")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return folders_in(tmp_path_factory.mktemp("tags"))


@pytest.fixture(scope="module")
def words(sentences, tiny_encoder):
    return [f"data={sentences}", f"backbone={tiny_encoder}", *SETTINGS]


@pytest.fixture(scope="module")
def run(words, folders) -> Run:
    return launch.train("ner", words, folders=folders, folder=folders.runs / "whole")


@pytest.fixture
def stopped_once(monkeypatch):
    """The first training stops after an epoch, once that is saved."""
    stopping_after_one_epoch(monkeypatch)


def assert_the_same(one: Run, other: Run) -> None:
    models = [keras.saving.load_model(run.path("model.keras")) for run in (one, other)]
    for a, b in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(a, b)
    for part in ("validation", "test"):
        name = f"predictions/{part}.csv"
        assert one.path(name).read_bytes() == other.path(name).read_bytes()


def test_no_word_of_a_long_sentence_is_lost(run, sentences):
    metrics = run.read_json("metrics.json")
    assert metrics["test"]["words"] == 7 * metrics["test"]["rows"]
    assert metrics["test"]["f1"] > 0.8
    notes = run.read_json("data.json")["notes"]
    assert not [note for note in notes if "cut" in note]
    assert notes["texts of more than 8 tokens, which are read in windows"] == 80
    predictor = predictor_of(run)
    text = sentences.read_text().split("\n\n")[1].replace(" ", "\n").split("\n")[::2]
    assert len(predictor.rows([" ".join(text)])) == 2
    [answer] = predictor.answers([" ".join(text)])
    assert len(answer.tags) == 7 and answer.spans[-1, 1] == len(" ".join(text))


@pytest.mark.backend
def test_a_stopped_training_goes_on_to_the_same_weights(run, words, tmp_path, stopped_once):
    folders = folders_in(tmp_path)
    with pytest.raises(Stop):
        launch.train("ner", words, folders=folders, folder=tmp_path / "cut")
    cut = launch.train("ner", [], folders=folders, folder=tmp_path / "cut", resume=True)
    assert_the_same(run, cut)


CHAIN = [
    "vocabulary",
    "structured:heads=0.5,neurons=0.5,epochs=0",
    "low-rank:energy=0.9",
    "prune:0.2,epochs=0",
    "recover:epochs=2,learning_rate=5e-3",
]


@pytest.fixture(scope="module")
def child(run, folders):
    return compress(run.folder, CHAIN, folders=folders)


def test_what_the_steps_left_learns_from_the_run(run, child):
    assert child.read_json("metrics.json")["test"]["f1"] > 0.6
    assert predictor_of(child).parameters < predictor_of(run).parameters / 2
    [recovered] = [s["details"] for s in child.read_json("compression.json")["steps"][4:]]
    assert "validation_f1" in recovered
    assert list(run.cache.glob("teachers/*.npz"))


@pytest.mark.slow
def test_a_stopped_chain_goes_on_to_the_same_weights(run, child, folders, tmp_path, stopped_once):
    with pytest.raises(Stop):
        compress(run.folder, CHAIN, folders=folders, folder=tmp_path / "cut")
    cut = compress(None, (), folders=folders, folder=tmp_path / "cut", resume=True)
    assert_the_same(child, cut)


def test_a_student_with_fewer_layers_and_other_texts(run, folders, tmp_path):
    more = tmp_path / "more.txt"
    more.write_text("mast deck salt pan king boil oven bread\nsalt queen\n")
    step = f"distill:layers=1,epochs=3,unlabelled={more},states=0.1,learning_rate=1e-2"
    student = compress(run.folder, [step], folders=folders, folder=tmp_path / "student")
    assert student.read_json("metrics.json")["test"]["f1"] > 0.6
    [told] = student.read_json("compression.json")["steps"]
    rows = run.read_json("data.json")["splits"]["train"]["rows"]
    assert told["details"]["rows"] == 2 * rows + 3  # windows


@pytest.mark.parametrize("kind", ["int8", "int8-static"])
def test_a_quantized_file_is_what_the_run_is_measured_by(run, folders, kind):
    small = compress(run.folder, [f"quantize:{kind}"], folders=folders)
    metrics = small.read_json("metrics.json")["test"]
    assert metrics["f1"] > 0.7 and metrics["words"] == 7 * metrics["rows"]
    found = load(small.path("exports", "model.tflite"))
    assert len(found.answers(["salt mast deck pan king boil oven bread"])[0].tags) == 8


@pytest.mark.slow
def test_a_search_keeps_to_a_budget_of_f1(run, folders):
    found = search(run.folder, ["vocabulary"], within="f1=0.3", goal="size", epochs=0, trials=2,
                   folders=folders)  # fmt: skip
    assert len(found.trials) == 2 and not found.failed
    assert Run(found.result["run"]).read_json("metrics.json")["test"]["f1"] > 0.4


@pytest.mark.parametrize("format", ["litert", "onnx", "saved_model"])
def test_each_file_reads_long_sentences_as_the_run_does(run, format):
    [signature] = json.loads(kerastc("export", run.folder, "--format", format, "--json"))
    assert signature["parity"]["agreement"] == 1


def test_a_bundle_is_measured_by_f1(run):
    kerastc("export", run.folder, "--bundle")
    kerastc("benchmark", run.folder, "--runs", "3")
    [bundle] = run.path("exports").glob("*.zip")
    entry = run.read_json("benchmark.json")[0]
    assert entry["rows"] == run.read_json("data.json")["splits"]["test"]["rows"]
    assert entry["f1"] == pytest.approx(run.read_json("metrics.json")["test"]["f1"])
    assert entry["agreement"] == 1
    text = "salt mast deck pan king boil oven bread"
    answers = [json.loads(kerastc("predict", at, text, "--json")) for at in (bundle, run.folder)]
    assert [len(said[0]["tags"]) for said in answers] == [2, 2]
    assert "F1" in kerastc("compare", run.folder)
