"""A run of a causal language model: trained, stopped and resumed, asked, measured."""

import csv
import json

import numpy as np
import pytest
from commands import kerastc, refused
from corpora import corpus, sentences
from stopping import stopped_and_resumed
from subjects import SUBJECTS

from kerastc import launch
from kerastc.errors import UserError
from kerastc.models import load_encoder
from kerastc.npz_files import read_arrays
from kerastc.run import Run

SETTINGS = ["objective=causal", "width=32", "hidden=32", "depth=2", "bptt=12", "batch_size=8"]
SETTINGS += ["epochs=10", "learning_rate=0.02", "evaluate_every=0", "activation=0.01"]
SETTINGS += ["input_dropout=0.05", "hidden_dropout=0.05", "output_dropout=0", "change=0.01"]


@pytest.fixture(scope="module")
def tokenizer(tiny_bert):
    return load_encoder(str(tiny_bert)).tokenizer


@pytest.fixture(scope="module")
def made(tmp_path_factory, tokenizer):
    """A corpus to train on, and another one."""
    folder = tmp_path_factory.mktemp("causal-corpora")
    parts = {"tokens": sentences(600), "other": sentences(60, seed=9)}
    return {name: corpus(folder / name, tokenizer, texts).folder for name, texts in parts.items()}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("causal-runs")
    return launch.Folders(folder / "runs", folder / "cache")


@pytest.fixture(scope="module")
def words(made):
    return [f"corpus={made['tokens']}", f"validation={made['other']}", *SETTINGS]


@pytest.fixture(scope="module")
def run(words, folders) -> Run:
    return launch.train("language-model", words, folders=folders, folder=folders.runs / "whole")


def test_it_learns_which_word_follows(run):
    metrics = run.read_json("metrics.json")["validation"]
    known = run.read_json("metrics.json")["baseline"]["validation"]
    assert metrics["loss"] < 2.2 < 3.2 < known["loss"]
    assert metrics["perplexity"] == pytest.approx(np.exp(metrics["loss"]))
    with run.path("history.csv").open() as file:
        rows = list(csv.DictReader(file))
    best = min(rows, key=lambda row: float(row["val_loss"]))
    assert float(best["val_loss"]) == pytest.approx(metrics["loss"], rel=1e-4)
    page = run.path("report.html").read_text()
    assert "beats the guess by frequency: perplexity" in page and "Next words" in page


def test_another_corpus_is_measured_with_the_state_carried(run, made):
    """As the validation was, whose figures are those of the training's own evaluation."""
    found = json.loads(kerastc("evaluate", run.folder, "--data", made["other"], "--json"))
    own = run.read_json("metrics.json")["validation"]
    assert found["loss"] == pytest.approx(own["loss"], rel=1e-5)
    assert found["words"] == own["words"]


def test_it_says_what_comes_next(run):
    chess = SUBJECTS["chess"].split()
    [said] = json.loads(kerastc("predict", run.folder, " ".join(chess[:3]), "--json"))
    [best] = said["masks"]
    assert chess[3] in {one["word"] for one in best}  # of 107, or the sentence ends
    two = json.loads(kerastc("predict", run.folder, chess[0], " ".join(chess[:3]), "--json"))
    assert [one["word"] for one in two[1]["masks"][0]] == [one["word"] for one in best]


def test_a_run_that_was_stopped_in_an_epoch_comes_to_the_same(words, folders, monkeypatch):
    """Weights, the state carried, moments, history and figures."""
    given = [*words, "epochs=2", "evaluate_every=17", "accumulation=2", "direction=backward"]
    given += ["precision=mixed_bfloat16", "evaluation_rows=20", "keep_checkpoints=2"]
    whole = launch.train("language-model", given, folders=folders, folder=folders.runs / "once")
    again = stopped_and_resumed("language-model", given, folders, monkeypatch, after=2)
    newest = max(whole.checkpoints())
    one, other = (read_arrays(one.checkpoints()[newest]) for one in (whole, again))
    assert {*one} == {*other}
    [state] = [name for name in one if "trained_state" in name and "optimizer" not in name]
    assert np.abs(one[state]).max() > 0
    for name in set(one) - {"state"}:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    both = (one.read_json("metrics.json")["validation"] for one in (whole, again))
    assert next(both) == next(both)


def test_what_is_not_possible_with_it_is_said_in_a_line(run, words, folders, made, tiny_bert):
    said = refused("compress", run.folder, "low-rank:rank=4")
    assert "is a causal language model, which is not compressed" in said
    assert "backbone=" not in said
    with pytest.raises(UserError, match="is a causal language model: it is no backbone"):
        load_encoder(str(run.folder))
    told = refused("train", "language-model", *words, "batch_size=9000")
    assert "batch_size=9000 needs a text of 18,001 tokens" in told
    told = refused("train", "language-model", *words, f"backbone={tiny_bert}")
    assert "objective=masked" in told
