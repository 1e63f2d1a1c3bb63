"""An encoder distilled from a language model: trained, stopped, asked, an encoder for others."""

import csv
import json
from pathlib import Path

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from corpora import corpus, words_of_two_layers
from stopping import stopped_and_resumed

from kerastc import launch
from kerastc.cli import main
from kerastc.errors import UserError
from kerastc.models import encoder_layer, load_encoder
from kerastc.models.loading import load_model
from kerastc.models.text_encoder import TextEncoder
from kerastc.npz_files import read_arrays
from kerastc.run import Run
from kerastc.text.tokenizer import Tokenizer
from kerastc.text.vocabularies import WordPiece

TEXTS = ["the cat sat on a mat", "the dog ran in the sun and sat", "a cat ran on the mat"]
UNUSED = {"cafe", "café", "##ed", "big", "small", "red"}
SETTINGS = ["max_tokens=12", "packed=false", "batch_size=8", "learning_rate=1e-2"]
SETTINGS += ["validation_rows=20", "layers=1", "early_stopping.patience=0"]


def refused(words, folders):
    """What is said of words for which there is no training."""
    with pytest.raises(UserError) as caught:
        launch.train("distil-encoder", words, folders=folders)
    return " ".join(str(caught.value).split())


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("distilled")
    return launch.Folders(folder / "runs", folder / "cache")


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    return words_of_two_layers(tmp_path_factory.mktemp("teacher") / "bert")


@pytest.fixture(scope="module")
def words(tmp_path_factory, teacher):
    """A corpus of its tokens, which has not all of them, and settings."""
    folder = tmp_path_factory.mktemp("corpora") / "tokens"
    tokenizer = load_encoder(str(teacher)).tokenizer
    made = corpus(folder, tokenizer, [TEXTS[i % 3] for i in range(200)])
    return [f"corpus={made.folder}", f"teacher={teacher}", *SETTINGS]


@pytest.fixture(scope="module")
def run(words, folders) -> Run:
    """Four evaluations in two epochs."""
    given = [*words, "epochs=2", "evaluate_every=12", "accumulation=2"]
    return launch.train("distil-encoder", given, folders=folders, folder=folders.runs / "whole")


def test_a_student_has_the_layers_and_the_tokens_that_it_was_given(run, teacher):
    with run.path("history.csv").open() as file:
        rows = [*csv.DictReader(file)]
    assert [int(row["step"]) for row in rows] == [12, 24, 36, 46]
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])
    metrics = run.read_json("metrics.json")["validation"]
    assert metrics["rows"] == 20 and metrics["perplexity"] < 30
    assert metrics["perplexity"] == pytest.approx(np.exp(metrics["loss"]))
    student = encoder_layer(load_model(run.path("model.keras")))
    assert len(student.blocks) == 1
    tokenizer, before = Tokenizer.read(run.path("tokenizer")), load_encoder(str(teacher)).tokenizer
    assert len(student.table()) == tokenizer.vocabulary_size == 30 - len(UNUSED)
    kept = [before.id(tokenizer.token(number)) for number in range(tokenizer.vocabulary_size)]
    assert None not in kept and not {before.id(token) for token in UNUSED} & {*kept}
    assert "Masked words" in run.path("report.html").read_text()


def test_a_distillation_that_was_stopped_comes_to_the_same(run, words, folders, monkeypatch):
    """Weights, history and figures to the last digit, from the middle of an epoch."""
    given = [*words, "epochs=2", "evaluate_every=12", "accumulation=2"]
    again = stopped_and_resumed("distil-encoder", given, folders, monkeypatch)
    newest = max(run.checkpoints())
    assert newest == max(again.checkpoints())
    one, other = (read_arrays(one.checkpoints()[newest]) for one in (run, again))
    assert {*one} == {*other}
    for name in set(one) - {"state"}:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    mine, theirs = (one.read_json("metrics.json")["validation"] for one in (run, again))
    assert mine == theirs


def test_it_fills_masks_and_is_an_encoder_for_every_recipe(run, folders, tmp_path):
    done = CliRunner().invoke(main, ["predict", str(run.folder), "the [MASK] sat", "--json"])
    assert done.exit_code == 0, done.output
    [said] = json.loads(done.stdout)
    assert not UNUSED & {one["word"] for one in said["masks"][0]}
    path = tmp_path / "animals.csv"
    rows = ["the cat sat,cat", "a dog ran in the sun,dog", "a cat ran,cat", "the dog sat,dog"] * 10
    path.write_text("\n".join(["text,label", *(f"{n % 7} {row}" for n, row in enumerate(rows))]))
    given = [f"data={path}", f"backbone={run.folder}", "epochs=1", "max_tokens=12"]
    made = launch.train("text", given, folders=folders, folder=folders.runs / "on-top")
    assert made.read_json("preprocessing.json")["backbone"] == str(run.folder)


def test_what_cannot_teach_is_refused(words, tiny_bert, folders, tmp_path):
    own = corpus(tmp_path / "own", load_encoder(str(tiny_bert)).tokenizer, ["pawn king"] * 30)
    said = refused([f"corpus={own.folder}", f"teacher={tiny_bert}", "max_tokens=16"], folders)
    assert f"teacher={tiny_bert} says no words: it has no masked head to learn from." in said
    assert f"language-model corpus={own.folder} backbone={tiny_bert} trainable=head" in said
    said = refused([*words, f"teacher={tiny_bert}"], folders)
    assert f"another tokenizer than that of teacher={tiny_bert}" in said
    (tmp_path / "nothing").mkdir()
    (tmp_path / "nothing" / "config.json").write_text('{"model_type": "vit"}')
    assert "vit" in refused([*words, f"teacher={tmp_path / 'nothing'}"], folders)
    assert "'nobody' is not known" in refused([*words, "teacher=nobody"], folders)


def test_a_run_that_says_no_words_cannot_teach(words, folders, tmp_path):
    """Of images, and of classes of texts."""
    inputs = keras.Input((2,))
    made = Run.create(tmp_path / "images", {"recipe": "supervised"})
    with made.writing("model.keras") as path:
        keras.Model(inputs, keras.layers.Dense(1)(inputs)).save(path)
    made.write_json("finished.json", {"files": {}})
    said = refused([*words, f"teacher={made.folder}"], folders)
    assert "is a run whose model reads no tokens" in said and "such as language-model" in said
    classes = folders.runs / "on-top"
    own = corpus(tmp_path / "own", load_encoder(str(classes)).tokenizer, TEXTS * 20)
    said = refused([*words, f"corpus={own.folder}", f"teacher={classes}"], folders)
    assert f"teacher={classes} says no words" in said


def test_a_teacher_of_keras_hubs_layers_has_a_student(folders, tmp_path):
    """A DistilBERT in Hugging Face's layout."""
    folder = Path(__file__).parent / "models" / "published" / "distilbert_words"
    encoder = load_encoder(str(folder), pairs=True)
    assert isinstance(encoder.layer, TextEncoder)
    made = corpus(tmp_path / "tokens", encoder.tokenizer, TEXTS * 10)
    given = [f"corpus={made.folder}", f"teacher={folder}", *SETTINGS, "layers=1", "epochs=0"]
    given += ["validation_rows=5"]
    made = launch.train("distil-encoder", given, folders=folders, folder=folders.runs / "hub")
    one, other = load_encoder(str(made.folder), pairs=True), encoder
    states = [
        keras.ops.convert_to_numpy(of.model()(of.pad(of.encode(TEXTS, 12)))) for of in (one, other)
    ]
    np.testing.assert_allclose(*states, atol=1e-5)


def test_a_corpus_of_its_teachers_tokens_is_not_its_own(run, words):
    """The student's tokenizer is cut: it is measured on a corpus that was built with it."""
    corpus_of_teacher = words[0].removeprefix("corpus=")
    done = CliRunner().invoke(main, ["evaluate", str(run.folder), "--data", corpus_of_teacher])
    assert done.exit_code == 1
    said = " ".join(done.output.split())
    assert "The corpus was built with another tokenizer than the model's." in said
    assert "--tokenizer RUN" in said and "Traceback" not in said


def test_layers_that_the_teacher_has_not_are_refused(words, teacher, folders):
    said = refused([*words, "layers=3"], folders)
    assert f"layers=3, but teacher={teacher} has 2 layers (0 to 1)" in said
    less = [word for word in words if not word.startswith("layers=")]
    assert "keep=[0, 2]" in refused([*less, "keep=[0,2]"], folders)
    assert "layers= or keep=, not both" in refused([*words, "keep=[0]"], folders)
    other = corpus_of_another(folders.runs / "other")
    said = refused([*words, f"corpus={other.folder}"], folders)
    assert "was built with another tokenizer than that of teacher=" in said


def corpus_of_another(folder):
    """A corpus of a tokenizer of its own."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    return corpus(folder, WordPiece([*special, "a"], True, True).tokenizer(), ["a a"] * 60)
