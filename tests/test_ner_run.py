"""A run of tags, all its way: trained, asked, measured, exported, compared."""

import csv
import json

import pytest
from commands import kerastc, told
from tagged_sentences import folders_in, write_sentences

from kerastc import launch
from kerastc.errors import UserError
from kerastc.models import encoder_layer
from kerastc.predictor import predictor_of

SETTINGS = ["epochs=8", "batch_size=8", "max_tokens=24", "learning_rate=1e-2"]


@pytest.fixture(scope="module")
def sentences(tmp_path_factory):
    return write_sentences(tmp_path_factory.mktemp("sentences") / "tagged.txt")


@pytest.fixture(scope="module")
def run(sentences, tiny_encoder, tmp_path_factory):
    folders = folders_in(tmp_path_factory.mktemp("ner"))
    words = [f"data={sentences}", f"backbone={tiny_encoder}", *SETTINGS]
    return launch.train("ner", words, folders=folders)


def test_it_finds_the_entities_of_texts_that_it_never_saw(run):
    metrics = run.read_json("metrics.json")
    assert metrics["test"]["f1"] > 0.9 and "baseline" not in metrics
    assert set(metrics["test"]["per_type"]) == {"GAME", "SHIP"}
    history = run.path("history.csv").read_text().splitlines()
    assert "val_f1" in history[0].split(",")
    assert run.read_json("preprocessing.json")["words"] == "punctuation"
    assert "<h1" in run.path("report.html").read_text()


def test_it_says_where_the_entities_stand(run):
    text = "salt  mast deck pan king"
    [said] = json.loads(kerastc("predict", run.folder, text, "--json"))
    found = [(one["begin"], one["end"], one["text"], one["tag"]) for one in said["tags"]]
    assert found == [(6, 15, "mast deck", "SHIP"), (20, 24, "king", "GAME")]
    assert "[mast deck SHIP " in kerastc("predict", run.folder, "mast deck.")


def test_it_is_asked_about_the_texts_of_a_table(run, tmp_path):
    table = tmp_path / "new.csv"
    table.write_text("number,text\n1,mast deck\n2,salt\n")
    said = json.loads(kerastc("predict", run.folder, "--file", table, "--json"))
    assert [len(row["tags"]) for row in said] == [1, 0]


def test_it_is_measured_on_tagged_sentences(run, sentences):
    said = json.loads(kerastc("evaluate", run.folder, "--data", sentences, "--json"))
    assert said["rows"] == 80 and said["words"] == 560 and said["f1"] > 0.9
    assert said["unseen_words"]["words"] == 0
    assert "SHIP" in kerastc("evaluate", run.folder, "--data", sentences)
    assert "F1" in kerastc("compare", run.folder)


def test_some_layers_of_the_backbone_are_used(sentences, tiny_encoder, tmp_path):
    words = [f"data={sentences}", f"backbone={tiny_encoder}", *SETTINGS, "epochs=1", "layers=1"]
    run = launch.train("ner", words, folders=folders_in(tmp_path))
    assert len(encoder_layer(predictor_of(run).session.model).blocks) == 1
    with pytest.raises(UserError, match=r"layers=3, but .* has 2 layers"):
        launch.train("ner", [*words[:-1], "layers=3"], folders=folders_in(tmp_path))


@pytest.mark.backend
def test_a_frozen_encoder_is_run_on_whole_batches(sentences, tiny_encoder, tmp_path):
    words = [f"data={sentences}", f"backbone={tiny_encoder}", *SETTINGS, "epochs=1"]
    words += ["trainable=head", "class_weights=balanced", "max_tokens=8"]
    run = launch.train("ner", words, folders=folders_in(tmp_path))
    assert run.read_json("metrics.json")["training"]["trainable_parameters"] == 17 * 5
    answers = predictor_of(run).answers(["mast"])
    assert answers[0].tags.shape == (1,)


def test_a_file_for_devices_says_the_same(run):
    kerastc("export", run.folder, "--format", "litert")
    path = run.path("exports", "model.tflite")
    record = json.loads(path.with_name("model.tflite.json").read_text())
    assert record["outputs"] == [{"name": "logits", "shape": [1, 24, 5], "dtype": "float32"}]
    text = "salt mast deck pan king"
    [said], [expected] = (
        json.loads(kerastc("predict", model, text, "--json")) for model in (path, run.folder)
    )
    found = [[(one["begin"], one["tag"]) for one in answer["tags"]] for answer in (said, expected)]
    assert found[0] == found[1] == [(5, "SHIP"), (19, "GAME")]


@pytest.mark.slow
def test_few_sentences_are_cross_validated(sentences, tiny_encoder, tmp_path):
    words = [f"data={sentences}", f"backbone={tiny_encoder}", *SETTINGS, "folds=2", "epochs=4"]
    run = launch.train("ner", words, folders=folders_in(tmp_path))
    metrics = run.read_json("metrics.json")
    assert metrics["test"]["rows"] == 80 and metrics["test"]["f1"] > 0.5
    assert metrics["test"]["unseen_words"]["words"] < 40  # each by its fold's sentences
    assert [row["test"] for row in metrics["folds"]["table"]] == [40, 40]
    assert metrics["folds"]["mean"]["f1"] == pytest.approx(metrics["test"]["f1"], abs=0.1)
    with run.path("predictions", "test.csv").open() as file:
        labels = [row["labels"].split() for row in csv.DictReader(file)]
    lines = sentences.read_text().split("\n\n")[1:]
    assert labels == [[line.split()[1] for line in one.strip().split("\n")] for one in lines]


@pytest.mark.parametrize("word", ["pooling=first", "hidden=8", "preparation.capitals=true"])
def test_settings_of_whole_texts_are_refused(sentences, tmp_path, word):
    with pytest.raises(UserError, match="whole texts"):
        launch.train("ner", [f"data={sentences}", word], folders=folders_in(tmp_path))


def test_files_of_all_forms_are_read(run, tmp_path):
    spans = tmp_path / "spans.jsonl"
    spans.write_text('{"text": "Salt, mast deck.", "spans": [[6, 15, "SHIP"], [7, 9, "GAME"]]}\n')
    evaluation = "evaluate", run.folder, "--data", spans, "--json"
    said = json.loads(kerastc(*evaluation))
    assert said["unseen_words"]["words"] == 3  # Salt, the comma, the full stop
    assert (said["rows"], said["words"], said["per_type"]["SHIP"]["support"]) == (1, 5, 1)
    assert "overlap a longer one, or an earlier one of its length, left out" in told(*evaluation)
    words, tree = tmp_path / "words.conll", tmp_path / "tree.conllu"
    words.write_text("salt,\nmast\ndeck\n\nking\n")
    rest = "\t_" * 8
    tree.write_text(f"1-2\tmastdeck{rest}\n1\tmast{rest}\n2\tdeck{rest}\n3\tpan{rest}\n")
    for path, spans in ((words, [[(6, 15)], [(0, 4)]]), (tree, [[(0, 8)]])):
        said = json.loads(kerastc("predict", run.folder, "--file", path, "--json"))
        assert [[(one["begin"], one["end"]) for one in row["tags"]] for row in said] == spans
