"""A run on pairs, all its way: trained, asked, measured, exported, compressed, compared."""

import csv
import json

import numpy as np
import pytest
from commands import kerastc, refused, told
from subjects import SUBJECTS

from kerastc import launch
from kerastc.predictor import predictor_of
from kerastc.run import Run

SETTINGS = ["epochs=3", "batch_size=16", "max_tokens=24", "learning_rate=1e-2", "head_rate=1"]


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
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair-runs")
    return launch.Folders(folder / "runs", folder / "cache")


@pytest.fixture(scope="module")
def run(tiny_bert, pairs_tsv, folders) -> Run:
    words = [f"data={pairs_tsv}", f"backbone={tiny_bert}", *SETTINGS]
    return launch.train("pairs", words, folders=folders, folder=folders.runs / "whole")


ONE, OTHER = ("boil salt pan", "oven bread"), ("boil salt pan", "mast wind harbour")


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


def test_a_model_is_told_the_sides(run):
    predictor = predictor_of(run)
    assert {tensor.name for tensor in predictor.session.model.inputs} == {
        *("token_ids", "padding_mask", "segment_ids")
    }
    [row] = predictor.rows([ONE])
    assert row.segments.tolist() == [0] * 5 + [1] * 3
    there, back = predictor.answers([ONE, ONE[::-1]])
    assert abs(there - back).max() > 1e-6


def test_predict_takes_two_texts_a_file_or_lines_with_a_tab(run, tmp_path):
    said = json.loads(kerastc("predict", run.folder, *ONE, *OTHER, "--json"))
    assert [(row["first"], row["second"]) for row in said] == [ONE, OTHER]
    path = tmp_path / "new.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("id", "sentence1", "sentence2"), (1, *ONE), (2, *OTHER)])
    assert json.loads(kerastc("predict", run.folder, "--file", path, "--json")) == said
    lines = "\n".join("\t".join(pair) for pair in (ONE, OTHER))
    assert json.loads(kerastc("predict", run.folder, "--json", input=lines)) == said
    assert "takes pairs of texts" in refused("predict", run.folder, "one text")
    said = refused("predict", run.folder, input="no tab\n")
    assert "Line 1 of standard input is not a pair" in said


def test_evaluate_reads_the_file_as_the_run_did(run, pairs_tsv):
    said = told("evaluate", run.folder, "--data", pairs_tsv)
    assert "120 pairs" in said and "made from these pairs" in said


def test_a_frozen_encoder_gives_features_of_the_pair(tiny_bert, pairs_tsv, folders):
    words = [f"data={pairs_tsv}", f"backbone={tiny_bert}", "trainable=head", *SETTINGS]
    head = launch.train("pairs", words, folders=folders, folder=folders.runs / "head")
    assert list(folders.cache.glob("features/*/*.npz"))
    predictor = predictor_of(head)
    with head.path("predictions", "test.csv").open() as file:
        rows = list(csv.DictReader(file))
    said = predictor.answers([(row["first"], row["second"]) for row in rows])
    written = [[float(row[f"p[{name}]"]) for name in head.classes] for row in rows]
    np.testing.assert_allclose(said, written, atol=1e-5)


def test_an_export_answers_as_the_model_does_where_there_is_no_keras(run):
    said = json.loads(kerastc("predict", run.folder, *ONE, *OTHER, "--json"))
    kerastc("export", run.folder, "--bundle")
    signature = json.loads(run.path("exports", "model.tflite.json").read_text())
    assert {tensor["name"] for tensor in signature["inputs"]} == {
        *("token_ids", "padding_mask", "segment_ids")
    }
    for model in (run.path("exports", "model.tflite"), *run.folder.glob("exports/*.zip")):
        found = json.loads(kerastc("predict", model, *ONE, *OTHER, "--json"))
        for one, other in zip(found, said, strict=True):
            assert one["first"] == other["first"]
            assert one["probabilities"] == pytest.approx(other["probabilities"], abs=1e-4)


def test_a_benchmark_and_a_comparison_know_pairs(run):
    kerastc("benchmark", run.folder, "--runs", "3")
    (entry,) = run.read_json("benchmark.json")
    assert entry["rows"] == 18 and 0 <= entry["accuracy"] <= 1
    compared = json.loads(kerastc("compare", run.folder, "--json"))
    assert len(compared["runs"]) == 1 and compared["baselines"]


def test_a_smaller_child_learns_from_the_same_pairs(run):
    kerastc("compress", run.folder, "vocabulary", "recover:epochs=1", "low-rank:energy=0.9")
    (child,) = run.folder.glob("compressed/*/finished.json")
    child = Run.open(child.parent)
    assert child.read_json("preprocessing.json")["segments"] is True
    predictor = predictor_of(child)
    assert predictor.answers([ONE]).shape == (1, 2)
    assert predictor.parameters < predictor_of(run).parameters
