"""A run on questions, all its way: trained, resumed, asked, measured, exported, made smaller."""

import csv
import json

import numpy as np
import pytest
from commands import kerastc, refused, told
from stopping import stopped_and_resumed
from subjects import SUBJECTS

from kerastc import launch
from kerastc.errors import UserError
from kerastc.predictor import predictor_of
from kerastc.run import Run

SETTINGS = ["epochs=4", "batch_size=8", "max_tokens=24", "stride=6", "learning_rate=1e-2"]
COOKING, SAILING, CHESS = (words.split() for words in SUBJECTS.values())


def made(count, seed):
    """Articles with a question each: two words of sailing among those of cooking, or none."""
    random = np.random.default_rng(seed)
    articles = []
    for number in range(count):
        words = random.choice(COOKING, 30 if number % 10 == 0 else 8).tolist()
        answers = []
        if number % 4:
            place = int(random.integers(len(words)))
            ship = f"{random.choice(SAILING[:5])} {random.choice(SAILING[5:])}"
            words.insert(place, ship)
            begin = len(" ".join([*words[:place], ""]))
            answers = [{"text": ship, "answer_start": begin}]
        question = f"{random.choice(CHESS)} {random.choice(CHESS)}?"
        asked = {"question": question, "id": str(number), "answers": answers}
        paragraph = {"context": " ".join(words), "qas": [asked]}
        articles.append({"title": f"Article {seed} {number}", "paragraphs": [paragraph]})
    return {"version": "v2.0", "data": articles}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("questions")
    for name, count, seed in (("train", 120, 0), ("test", 40, 1)):
        (folder / f"{name}.json").write_text(json.dumps(made(count, seed)))
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("qa-runs")
    return launch.Folders(folder / "runs", folder / "cache")


@pytest.fixture(scope="module")
def words(files, tiny_bert):
    data = [f"data={files / 'train.json'}", f"test={files / 'test.json'}"]
    return [*data, f"backbone={tiny_bert}", *SETTINGS]


@pytest.fixture(scope="module")
def run(words, folders) -> Run:
    return launch.train("qa", words, folders=folders, folder=folders.runs / "whole")


def kept_row(run):
    """The row of the history of the kept epoch."""
    with run.path("history.csv").open() as file:
        rows = list(csv.DictReader(file))
    best = run.read_json("metrics.json")["training"]["best_epoch"]
    [row] = [row for row in rows if float(row["epoch"]) == best]
    return row


def test_it_finds_answers_in_contexts_that_it_never_saw(run):
    metrics = run.read_json("metrics.json")["test"]
    assert metrics["rows"] == 40 and metrics["f1"] > 0.8
    assert metrics["no_answer"]["rows"] == 10 and metrics["no_answer"]["found"] > 0.5
    threshold = metrics["no_answer"]["threshold"]
    settings = run.read_json("preprocessing.json")
    assert settings["decoding"] == {"longest": 30, "threshold": threshold}
    assert settings["stride"] == 6 and settings["segments"] is True
    assert run.read_json("data.json")["splits"]["test"]["counts"] == [30, 10]
    header = run.path("history.csv").read_text().splitlines()[0].split(",")
    assert {"val_f1", "val_exact_match"} <= {*header}
    page = run.path("report.html").read_text()
    assert "Surest errors" in page and "Test questions by question word" in page


def test_a_run_that_was_stopped_comes_to_the_same(run, words, folders, monkeypatch):
    again = stopped_and_resumed("qa", words, folders, monkeypatch, after=2)
    for part in ("validation", "test"):
        assert again.read_json("metrics.json")[part] == run.read_json("metrics.json")[part]
    name = "predictions/test.csv"
    assert again.path(name).read_text() == run.path(name).read_text()


CONTEXT = "salt pan mast knot oven bread boil soup"
LONG = f"{'pan oven ' * 20}  \tmast\nknot {'soup bread ' * 15}"


def test_it_says_where_the_answer_stands(run, tmp_path):
    [said] = json.loads(kerastc("predict", run.folder, "king pawn?", CONTEXT, "--json"))
    assert (said["answer"], said["begin"], said["end"]) == ("mast knot", 9, 18)
    assert said["question"] == "king pawn?" and said["cut"] is False
    assert said["best"][0]["text"] == "mast knot" and len(said["best"]) > 5
    assert "mast knot" in kerastc("predict", run.folder, "king pawn?", CONTEXT)
    path = tmp_path / "context.txt"
    path.write_text(LONG)  # longer than any window
    asked = ("--question", "king pawn?", "--context", path)
    [said] = json.loads(kerastc("predict", run.folder, *asked, "--json"))
    assert LONG[said["begin"] : said["end"]] == said["answer"] == "mast\nknot"
    none = json.loads(kerastc("predict", run.folder, "king?", "salt pan oven", "--json"))
    assert none[0]["answer"] is none[0]["begin"] is None
    lines = tmp_path / "asked.jsonl"
    rows = [{"question": "king?", "context": CONTEXT}, {"question": "rook?", "context": LONG}]
    lines.write_text("\n".join(map(json.dumps, rows)))
    said = json.loads(kerastc("predict", run.folder, "--file", lines, "--json"))
    assert [row["answer"] for row in said] == ["mast knot", "mast\nknot"]


def test_what_is_no_question_is_refused_in_a_line(run, tmp_path):
    said = refused("predict", run.folder, "--question", "who?")
    assert "takes questions: --context is missing" in said
    missing = ("--question", "who?", "--context", tmp_path / "none.txt")
    assert "There is no file" in refused("predict", run.folder, *missing)
    path = tmp_path / "context.txt"
    path.write_text(CONTEXT)
    said = refused("predict", run.folder, "--question", " ", "--context", path)
    assert "The question on the command line (1) is empty" in said
    assert "the last of 1 words has none" in refused("predict", run.folder, "who?")
    said = refused("predict", run.folder, "--first", "who?")
    assert "--first: " in said and "takes questions, which have no first" in said
    assert "There is no question" in refused("predict", run.folder)


def test_it_is_measured_on_a_file_of_questions(run, files):
    data = files / "test.json"
    said = json.loads(kerastc("evaluate", run.folder, "--data", data, "--json"))
    assert said["f1"] == run.read_json("metrics.json")["test"]["f1"]
    shown = told("evaluate", run.folder, "--data", data)
    assert "exact match" in shown and "40 questions" in shown
    assert "the run's own test questions" in shown


def test_a_file_for_devices_says_the_same(run):
    kerastc("export", run.folder, "--bundle")
    asked = ("king pawn?", LONG)
    [said] = json.loads(kerastc("predict", run.folder, *asked, "--json"))
    for model in (run.path("exports", "model.tflite"), *run.folder.glob("exports/*.zip")):
        [found] = json.loads(kerastc("predict", model, *asked, "--json"))
        assert (found["answer"], found["begin"]) == (said["answer"], said["begin"])
        assert found["no_answer"] == pytest.approx(said["no_answer"], abs=1e-3)
    kerastc("benchmark", run.folder, "--runs", "2")
    (entry,) = run.read_json("benchmark.json")
    metrics = run.read_json("metrics.json")["test"]
    assert (entry["f1"], entry["exact_match"]) == (metrics["f1"], metrics["exact_match"])
    assert entry["agreement"] == 1
    [compared] = json.loads(kerastc("compare", run.folder, "--json"))["runs"]
    assert compared["test"]["exact_match"] == metrics["exact_match"]


def test_a_smaller_child_learns_from_the_teacher(run):
    kerastc(
        "compress", run.folder, "vocabulary", "distill:layers=1,epochs=2", "low-rank:energy=0.9"
    )
    (child,) = run.folder.glob("compressed/*/finished.json")
    child = Run.open(child.parent)
    decoding = child.read_json("preprocessing.json")["decoding"]
    assert decoding["longest"] == 30 and decoding["threshold"] != pytest.approx(
        run.read_json("preprocessing.json")["decoding"]["threshold"]
    )
    assert predictor_of(child).parameters < predictor_of(run).parameters
    with child.path("predictions", "test.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 40


@pytest.mark.slow
@pytest.mark.parametrize("step", ["prune:sparsity=0.5", "structured:neurons=0.5", "quantize:int8"])
def test_each_step_applies(run, step):
    kerastc("compress", run.folder, step)


@pytest.mark.backend
def test_a_frozen_encoder_is_run_on_whole_batches(words, folders):
    given = [*words, "epochs=1", "trainable=head"]
    run = launch.train("qa", given, folders=folders, folder=folders.runs / "head")
    assert run.read_json("metrics.json")["training"]["trainable_parameters"] == 17 * 2
    assert len(predictor_of(run).answers([("king?", LONG)])) == 1
    # The judge counts questions, some of which have several windows, as the final figures do.
    measured, kept = run.read_json("metrics.json")["validation"], kept_row(run)
    assert 0 < measured["f1"] < 1
    for figure in ("f1", "exact_match"):
        assert float(kept[f"val_{figure}"]) == pytest.approx(measured[figure])


@pytest.mark.parametrize("word", ["pooling=first", "preparation.lowercase=true", "max_tokens=none"])
def test_settings_of_whole_texts_are_refused(words, folders, word):
    with pytest.raises(UserError, match=r"for whole texts|windows have a length"):
        launch.train("qa", [*words, word], folders=folders)
