"""A run of a language model: trained, stopped, asked, measured, an encoder for others."""

import csv
import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from commands import kerastc, refused
from corpora import corpus, sentences
from stopping import stopped_and_resumed
from subjects import SUBJECTS

from kerastc import launch
from kerastc.errors import UserError
from kerastc.models import load_encoder
from kerastc.models.published_words import language_model
from kerastc.models.tokenizer_file import read_tokenizer
from kerastc.npz_files import read_arrays
from kerastc.run import Run
from kerastc.text.tokenizer import Tokenizer
from kerastc.text.vocabularies import WordPiece

SETTINGS = ["max_tokens=24", "packed=false", "batch_size=16", "epochs=10", "learning_rate=3e-3"]
SETTINGS += ["evaluate_every=0"]
ROWS = 1000
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


@pytest.fixture(scope="module")
def tokens(tmp_path_factory, tiny_bert):
    """A corpus of the tiny encoder's tokens."""
    folder = tmp_path_factory.mktemp("corpora") / "tokens"
    return corpus(folder, load_encoder(str(tiny_bert)).tokenizer, sentences(ROWS)).folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lm-runs")
    return launch.Folders(folder / "runs", folder / "cache")


@pytest.fixture(scope="module")
def words(tokens, tiny_bert):
    return [f"corpus={tokens}", f"backbone={tiny_bert}", *SETTINGS]


@pytest.fixture(scope="module")
def run(words, folders) -> Run:
    return launch.train("language-model", words, folders=folders, folder=folders.runs / "whole")


def test_it_learns_which_words_go_together(run):
    metrics = run.read_json("metrics.json")["validation"]
    assert metrics["loss"] < 3.1  # log(30) if it knew how frequent words are, and no more
    assert metrics["perplexity"] == pytest.approx(np.exp(metrics["loss"]))
    with run.path("history.csv").open() as file:
        rows = list(csv.DictReader(file))
    best = min(rows, key=lambda row: float(row["val_loss"]))
    assert float(best["val_loss"]) == pytest.approx(metrics["loss"], rel=1e-4)
    assert float(best["val_accuracy"]) == pytest.approx(metrics["accuracy"])
    known = run.read_json("metrics.json")["baseline"]["validation"]
    assert (
        known["loss"] == pytest.approx(np.log(30), abs=0.1) and known["words"] == metrics["words"]
    )
    page = run.path("report.html").read_text()
    assert "beats the guess by frequency: perplexity" in page
    assert "Masked words" in page and "Guessed:" in page and "val_loss" not in page[:100]
    assert "the rows that were held out" in page


def test_a_run_that_was_stopped_between_epochs_comes_to_the_same(words, folders, monkeypatch):
    """Weights, history and figures, with updates of two batches and a head that thaws."""
    given = [*words, "epochs=2", "evaluate_every=17", "accumulation=2", "head_steps=10"]
    given += ["packed=true", "whole_words=true", "rarity=0.7", "precision=mixed_bfloat16"]
    whole = launch.train("language-model", given, folders=folders, folder=folders.runs / "once")
    again = stopped_and_resumed("language-model", given, folders, monkeypatch, after=2)
    newest = max(whole.checkpoints())
    one, other = (read_arrays(one.checkpoints()[newest]) for one in (whole, again))
    assert {*one} == {*other}
    for name in set(one) - {"state"}:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    assert (
        again.read_json("metrics.json")["validation"]
        == (whole.read_json("metrics.json")["validation"])
    )


def test_it_says_what_is_masked(run, tokens, folders):
    text = "pawn king [MASK] check castle board"
    [said] = json.loads(kerastc("predict", run.folder, text, "--json"))
    [best] = said["masks"]
    assert len(best) == 5 and best[0]["probability"] >= best[1]["probability"] > 0
    assert {one["word"] for one in best[:3]} <= {*SUBJECTS["chess"].split()}
    assert best[0]["word"] in kerastc("predict", run.folder, text)
    [said] = json.loads(kerastc("predict", run.folder, "[MASK] rook [MASK]", "--json"))
    assert len(said["masks"]) == 2
    assert "Text 1 has no [MASK]" in refused("predict", run.folder, "pawn king")
    long = "pawn " * 30 + "[MASK]"
    assert "behind the 24 tokens that the model reads" in refused("predict", run.folder, long)


def test_it_is_measured_on_another_corpus(run, tmp_path, tokens):
    tokenizer = Tokenizer.read(run.path("tokenizer"))
    other = corpus(tmp_path / "other", tokenizer, sentences(60, seed=9))
    found = json.loads(kerastc("evaluate", run.folder, "--data", other.folder, "--json"))
    own = run.read_json("metrics.json")["validation"]
    assert found["rows"] == 60 and found["loss"] == pytest.approx(own["loss"], rel=0.15)
    kerastc("compare", run.folder)
    said = refused("evaluate", run.folder, "--data", run.path("metrics.json"))
    assert "is no corpus" in said


def test_a_run_is_an_encoder_for_every_recipe(run, folders, subjects_csv, tmp_path):
    encoder = load_encoder(str(run.folder), pairs=True)
    texts = ["boil salt pan", "mast wind"]
    rows = encoder.encode(texts, 16)
    both = [load_encoder(str(run.folder)).model()(encoder.tokenizer.pad(rows))]
    both.append(encoder.model()(encoder.pad(rows)))
    one, other = (keras.ops.convert_to_numpy(states) for states in both)
    np.testing.assert_allclose(one, other, atol=1e-6)
    words = [f"data={subjects_csv}", f"backbone={run.folder}", "epochs=2", "max_tokens=16"]
    made = launch.train("text", words, folders=folders, folder=folders.runs / "on-top")
    assert made.read_json("metrics.json")["test"]["rows"] == 18
    assert made.read_json("preprocessing.json")["backbone"] == str(run.folder)


def test_a_run_goes_on_from_a_run_with_its_head(run, words, folders):
    more = [f"backbone={run.folder}", "epochs=1", "learning_rate=1e-9"]
    again = launch.train(
        "language-model", [*words, *more], folders=folders, folder=folders.runs / "more"
    )
    before, after = (one.read_json("metrics.json")["validation"] for one in (run, again))
    assert after["loss"] == pytest.approx(before["loss"], rel=1e-3)


def test_the_model_of_a_run_is_read_once(run, tmp_path):
    folder = shutil.copytree(run.folder, tmp_path / "copy")
    encoder = load_encoder(str(folder), pairs=True)
    (folder / "model.keras").unlink()
    _, own = language_model(encoder, seed=0)
    assert own


def test_a_large_table_is_trained_with_the_tokens_of_the_corpus(
    tmp_path, folders, monkeypatch, capsys
):
    """And the run has all of them again, of which it says no others; from a config alone."""
    monkeypatch.setattr("kerastc.training.token_table.LARGE", 10)
    folder = Path(__file__).parent / "models" / "published" / "bert"
    texts = ["the cat sat on a mat"] * 40
    made = corpus(tmp_path / "cats", read_tokenizer(folder), texts)
    words = [f"corpus={made.folder}", f"backbone={folder}", "weights=random", "max_tokens=16"]
    words += ["epochs=2", "batch_size=8", "validation_rows=8"]
    run = launch.train("language-model", words, folders=folders, folder=folders.runs / "cats")
    assert "Of 30 tokens the texts can produce" in " ".join(capsys.readouterr().err.split())
    assert Tokenizer.read(run.path("tokenizer")).vocabulary_size == 30
    assert load_encoder(str(run.folder)).layer.table().shape == (30, 8)
    [said] = json.loads(kerastc("predict", run.folder, "the big [MASK] ran", "--json"))
    gone = {"and", "dog", "ran", "in", "sun", "cafe", "big", "small", "red"}
    assert gone.isdisjoint(one["word"] for one in said["masks"][0])


def test_what_is_not_possible_with_it_is_said_in_a_line(run):
    said = refused("compress", run.folder, "low-rank:rank=4")
    assert "is a language model, which is not compressed" in said and "backbone=" in said
    said = refused("export", run.folder)
    assert "is a language model, which is not exported" in said


@pytest.fixture
def broken(tokens, tmp_path):
    """A copy of the corpus to be damaged."""
    return shutil.copytree(tokens, tmp_path / "broken")


def test_a_corpus_that_cannot_be_used_is_refused_before_a_backend_is_loaded(broken, tmp_path):
    def said(*words):
        return refused("train", "language-model", f"corpus={broken}", *words)

    assert "rows, of which 9,999 cannot be held out. Give 1 to 500" in said("validation_rows=9999")
    path = broken / "shards" / "00001.tokens"
    content = bytearray(path.read_bytes())
    content[5] ^= 1
    path.write_bytes(content)
    assert f"The shard {path} is damaged" in said()
    (broken / "corpus.json").unlink()
    assert "is an unfinished corpus" in said()
    few = corpus(tmp_path / "few", WordPiece([*SPECIAL, "a"], True, True).tokenizer(), ["a a"] * 3)
    told = refused("train", "language-model", f"corpus={few.folder}")
    assert "has 3 rows, of which 0 cannot be held out. A language model needs 10" in told
    told = json.dumps(WordPiece([*SPECIAL, "a"], True, True).tokenizer().described())
    without = corpus(tmp_path / "none", Tokenizer(told.replace("MASK", "HOLE")), ["a a"] * 30)
    assert "has no mask" in refused("train", "language-model", f"corpus={without.folder}")


def test_a_corpus_of_another_tokenizer_is_refused(tiny_bert, tmp_path, folders):
    other = corpus(
        tmp_path / "few", WordPiece([*SPECIAL, "a"], True, True).tokenizer(), ["a a"] * 30
    )
    with pytest.raises(UserError, match="was built with another tokenizer than that of backbone="):
        launch.train(
            "language-model", [f"corpus={other.folder}", f"backbone={tiny_bert}"], folders=folders
        )
