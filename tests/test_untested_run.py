"""Runs without a test part: every stage measures validation rows, and says so."""

import csv
import json

import numpy as np
import pytest
from commands import kerastc, told
from subjects import SUBJECTS
from tagged_sentences import folders_in, write_sentences

from kerastc import launch
from kerastc.run import Run

SETTINGS = ["batch_size=8", "learning_rate=1e-2", "test_fraction=0"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return folders_in(tmp_path_factory.mktemp("untested"))


@pytest.fixture(scope="module")
def run(subjects_csv, tiny_encoder, folders) -> Run:
    words = [f"data={subjects_csv}", f"backbone={tiny_encoder}", *SETTINGS, "epochs=2"]
    words += ["trainable=head", "max_tokens=16"]
    return launch.train("text", words, folders=folders, folder=folders.runs / "text")


def validated(run):
    """Checks that a run has figures of validation rows alone; returns how many rows."""
    metrics, described = run.read_json("metrics.json"), run.read_json("data.json")
    assert "test" not in metrics and "test" not in (metrics.get("baseline") or {})
    assert set(described["splits"]) == {"train", "validation"}
    assert [path.name for path in run.folder.glob("predictions/*.csv")] == ["validation.csv"]
    page = run.path("report.html").read_text()
    assert "There is no test part: test_fraction=0" in page and "looked at once" not in page
    assert metrics["validation"]["rows"] == described["splits"]["validation"]["rows"]
    return metrics["validation"]["rows"]


def test_a_run_says_that_validation_alone_was_measured(run, capsys):
    from kerastc.report.terminal import run_summary

    assert validated(run) == 18 and run.read_json("data.json")["splits"]["train"]["rows"] == 102
    run_summary(run)
    shown = " ".join(capsys.readouterr().out.split())
    assert "On validation texts" in shown and "bag of words" in shown
    assert "All figures are of the validation texts" in shown


def test_a_comparison_has_the_figures_of_validation_by_name(
    run, subjects_csv, tiny_encoder, folders
):
    words = [f"data={subjects_csv}", f"backbone={tiny_encoder}", "epochs=1", "trainable=head"]
    words += ["max_tokens=16", "batch_size=8"]
    other = launch.train("text", [*words, "test_fraction=0", "dropout=0.3"], folders=folders)
    shown = told("compare", run.folder, other.folder)
    assert "validation F1" in shown and "test F1" not in shown
    assert shown.count("There is no test part") == 1
    page = folders.runs / "compare.html"
    kerastc("compare", run.folder, other.folder, "--html", page)
    assert "Validation macro F1" in page.read_text() and "Test loss" not in page.read_text()
    tested = launch.train("text", words, folders=folders)
    shown = told("compare", run.folder, tested.folder)
    assert "test F1" in shown and "text: There is no test part" in shown


def test_what_is_made_of_it_is_judged_on_validation_rows(run):
    folder = run.folder / "compressed" / "small"
    shown = told("compress", run.folder, "prune:0.5,epochs=0", "--run", folder)
    assert "There is no test part: test_fraction=0" in shown
    rows = validated(Run.open(folder))
    table = json.loads(kerastc("compare", run.folder, "--json"))
    assert [row["validation"]["rows"] for row in table["models"]] == [rows, rows]
    assert {row["test"]["rows"] for row in table["models"]} == {None}
    shown = told("compare", run.folder)
    assert "Validation figures with 95 % intervals" in shown
    assert "There is no test part: test_fraction=0" in shown


@pytest.mark.slow
def test_its_files_are_measured_on_validation_rows(run):
    kerastc("export", run.folder, "--bundle")
    assert "validation texts" in told("benchmark", run.folder, "--runs", "2")
    [entry] = run.read_json("benchmark.json")
    figures = run.read_json("metrics.json")["validation"]
    assert entry["part"] == "validation" and entry["accuracy"] == figures["accuracy"]


def of_pairs(folder, random):
    parts = [words.split() for words in SUBJECTS.values()]
    rows = [
        (" ".join(random.permutation(parts[i % 3])[:6]), " ".join(random.permutation(parts[j])[:4]))
        for i in range(20)
        for j in (i % 3, (i + 1) % 3)
    ]
    path = folder / "pairs.csv"
    with path.open("w", newline="") as file:
        table = [(*row, ("same", "other")[place % 2]) for place, row in enumerate(rows)]
        csv.writer(file).writerows([("sentence1", "sentence2", "label"), *table])
    return path


def of_questions(folder, random):
    rows = []
    for number in range(40):
        words = random.choice([*SUBJECTS["cooking"].split()], 8)
        asked = f"{' '.join(random.choice([*SUBJECTS['chess'].split()], 3))}?"
        texts = [str(words[0])] if number % 4 else []
        answers = {"text": texts, "answer_start": [0] * len(texts)}
        rows.append({"question": asked, "context": " ".join(words), "answers": answers})
    path = folder / "questions.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


@pytest.mark.parametrize(
    ("recipe", "made", "settings"),
    [
        ("ner", lambda folder, _: write_sentences(folder / "tagged.txt", 40), ["max_tokens=24"]),
        ("pairs", of_pairs, ["max_tokens=24"]),
        ("qa", of_questions, ["max_tokens=24", "stride=6"]),
        ("documents", None, ["window=16", "windows=max"]),
    ],
)
def test_every_recipe_of_texts_does_without_a_test_part(
    recipe, made, settings, tiny_bert, subjects_csv, folders, tmp_path
):
    data = made(tmp_path, np.random.default_rng(0)) if made else subjects_csv
    words = [f"data={data}", f"backbone={tiny_bert}", *SETTINGS, "epochs=1", *settings]
    run = launch.train(recipe, words, folders=folders)
    rows = validated(run)
    kerastc("compress", run.folder, "low-rank:energy=0.9")
    (folder,) = run.folder.glob("compressed/*")
    assert validated(Run.open(folder)) == rows
