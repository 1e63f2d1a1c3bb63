"""A run on pairs, all its way: trained, asked, measured, exported, compressed, compared."""

import csv
import string

import numpy as np
import pytest
from conftest import SUBJECTS

from kerastc import launch
from kerastc.run import Run

SETTINGS = ["epochs=3", "batch_size=16", "max_tokens=24", "learning_rate=1e-2"]


@pytest.fixture(scope="module")
def tiny_bert(tmp_path_factory):
    """A folder with a BERT of two layers, which has segments."""
    import keras
    import keras_hub

    letters = [*string.ascii_lowercase, *string.digits]
    words = " ".join(SUBJECTS.values()).split()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = [*special, *words, *letters, *(f"##{c}" for c in letters)]
    keras.utils.set_random_seed(7)
    folder = tmp_path_factory.mktemp("tiny-bert") / "encoder"
    keras_hub.models.BertBackbone(
        vocabulary_size=len(vocabulary),
        num_layers=2,
        num_heads=2,
        hidden_dim=16,
        intermediate_dim=32,
        max_sequence_length=64,
    ).save_to_preset(str(folder))
    tokenizer = keras_hub.models.BertTokenizer(vocabulary=vocabulary, lowercase=True)
    tokenizer.save_to_preset(str(folder))
    return folder


@pytest.fixture(scope="module")
def pairs_tsv(tmp_path_factory):
    """Forty premises with three sentences each: of its own subject or another."""
    random = np.random.default_rng(0)
    subjects = [words.split() for words in SUBJECTS.values()]
    rows = []
    for premise in range(40):
        own = premise % 3
        first = " ".join(random.permutation(subjects[own])[:6])
        for other in (own, own, (own + 1) % 3):
            second = " ".join(random.permutation(subjects[other])[:4])
            rows.append((first, second, "same" if other == own else "other"))
    path = tmp_path_factory.mktemp("pairs") / "pairs.tsv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerows([("sentence1", "sentence2", "gold_label"), *rows])
    return path


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair-runs")
    return launch.Places(folder / "runs", folder / "cache")


@pytest.fixture(scope="module")
def run(tiny_bert, pairs_tsv, places) -> Run:
    words = [f"data={pairs_tsv}", f"backbone={tiny_bert}", *SETTINGS]
    return launch.train("pairs", words, places=places, folder=places.runs / "whole")


def test_what_a_run_records_of_pairs(run, pairs_tsv):
    settings = run.read_json("preprocessing.json")
    assert settings["task"] == "pair-classification" and settings["segments"] is True
    assert settings["reading"]["text"] == ["sentence1", "sentence2"]
    described = run.read_json("data.json")
    assert described["duplicates"]["shared"] == 120
    assert run.read_json("metrics.json")["baseline"]["name"] == "bag of words of both texts"
    with run.path("predictions", "test.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:4] == ["first", "second", "label", "predicted"] and len(rows) == 18
    page = run.path("report.html").read_text()
    assert "Rows whose first text, or one near it, another pair has, too" in page


def test_a_frozen_encoder_gives_features_of_the_pair(tiny_bert, pairs_tsv, places):
    words = [f"data={pairs_tsv}", f"backbone={tiny_bert}", "trainable=head", *SETTINGS]
    head = launch.train("pairs", words, places=places, folder=places.runs / "head")
    [shard] = places.cache.glob("features/*/*.npz")
    rows = head.read_json("data.json")["splits"]
    distinct = sum(rows[part]["rows"] for part in ("train", "validation", "test"))
    with np.load(shard) as file:
        assert file["features"].shape == (distinct, 16)
