"""The command line as a user meets it, slips included. One process, one small run."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner
from written_tables import write, xlsx

from kerastc.cli import main


@pytest.fixture(scope="module")
def kerastc(tmp_path_factory):
    base = tmp_path_factory.mktemp("cli")
    environment = {"KERASTC_CACHE": str(base / "cache"), "KERASTC_RUNS": str(base / "runs")}

    def call(*words, text=None):
        return CliRunner().invoke(main, [str(word) for word in words], input=text, env=environment)

    return call


@pytest.fixture(scope="module")
def trained(kerastc, tiny_encoder, subjects_csv, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained") / "run"
    words = [f"data={subjects_csv}", f"backbone={tiny_encoder}", "trainable=all", "epochs=8"]
    words += ["batch_size=8", "learning_rate=5e-3", "max_tokens=32"]
    done = kerastc("train", "text", *words, "--run", folder)
    assert done.exit_code == 0, done.output
    assert "accuracy" in done.output and "report.html" in done.output
    return folder


def test_a_run_explains_itself(trained, kerastc):
    expected = [
        "config.json",
        "environment.json",
        "data.json",
        "labels.txt",
        "history.csv",
        "metrics.json",
        "model.keras",
        "tokenizer",
        "preprocessing.json",
        "report.html",
        "finished.json",
    ]
    assert set(expected) <= {path.name for path in trained.iterdir()}
    config = json.loads((trained / "config.json").read_text())
    assert config["command"].startswith("kerastc train text ")
    assert " data=" in config["command"]
    assert "learning_rate=0.005" in config["command"] and "--seed 0" in config["command"]
    environment = json.loads((trained / "environment.json").read_text())
    assert environment["seed"] == 0 and environment["versions"]["keras"]
    fingerprint = json.loads((trained / "data.json").read_text())["fingerprint"]
    assert environment["data_fingerprint"] == fingerprint


def test_predict_shows_classes_and_speaks_json(trained, kerastc):
    done = kerastc("predict", trained, "salt the soup", "castle the king")
    assert done.exit_code == 0, done.output
    assert "cooking" in done.stdout and "Loaded" in done.stderr
    rows = json.loads(kerastc("predict", trained, "--json", text="rope and anchor\n\n").stdout)
    assert [row["text"] for row in rows] == ["rope and anchor"]
    assert sum(rows[0]["probabilities"].values()) == pytest.approx(1, abs=1e-4)


def test_texts_that_begin_with_a_dash_are_texts(trained, kerastc):
    words = ["-5 degrees, heavy rain", "--json", "a rope", "-12", "-- a mast: full"]
    done = kerastc("predict", trained, *words)
    assert done.exit_code == 0, done.stderr
    assert [row["text"] for row in json.loads(done.stdout)] == [words[0], *words[2:]]
    done = kerastc("predict", trained, "--rope")
    assert done.exit_code == 2 and 'RUN -- "--rope"' in done.stderr
    done = kerastc("predict", trained, "--json", "--", "--rope", "--json")
    assert [row["text"] for row in json.loads(done.stdout)] == ["--rope", "--json"]


@pytest.mark.parametrize(
    ("words", "text", "told"),
    [
        (["a rope", " "], None, "Text 2 of the command line is empty"),
        (["caf\udce9"], None, "Text 1 of the command line holds the byte 0xE9"),
        ([], "a rope\n\na mast\n", "Line 2 of standard input is empty"),
        ([], b"a rope\ncaf\xe9\n", "Standard input, line 2, is not UTF-8 (byte 0xE9)"),
        ([], "\n \n", "There is no text"),
    ],
)
def test_every_entrance_tells_what_is_no_text(trained, kerastc, words, text, told):
    done = kerastc("predict", trained, *words, text=text)
    assert done.exit_code == 1 and told in done.stderr, done.stderr


def test_predict_reads_a_file(trained, kerastc, subjects_csv):
    rows = json.loads(kerastc("predict", trained, "--file", subjects_csv, "--json").stdout)
    assert len(rows) == 120


def test_what_the_model_does_not_see_is_told_beside_the_answers(trained, kerastc):
    done = kerastc("predict", trained, "--json", "rope " * 31, "東京", "a mast")
    assert "1 of 3 texts (33.3%) has more than 32 tokens: cut there." in done.stderr
    assert "1 of 3 texts (33.3%) has tokens that are not in the vocabulary" in done.stderr
    rows = json.loads(done.stdout)
    assert [(row["cut"], row["unknown_tokens"] > 0) for row in rows] == [
        (True, False),
        (False, True),
        (False, False),
    ]


def test_evaluate_measures_a_labelled_file(trained, kerastc, subjects_csv, tmp_path):
    metrics = json.loads(kerastc("evaluate", trained, "--data", subjects_csv, "--json").stdout)
    assert metrics["rows"] == 120
    assert metrics["accuracy"] > 0.6  # chance is a third
    done = kerastc("evaluate", trained, "--data", subjects_csv)
    assert done.exit_code == 0 and "macro mean" in done.stdout
    assert f"those it never saw: kerastc compare {trained}" in done.stderr
    other = tmp_path / "other.csv"
    other.write_text(subjects_csv.read_text() + "rook,chess\n")
    done = kerastc("evaluate", trained, "--data", other)
    assert done.exit_code == 0 and "never saw" not in done.stderr


@pytest.fixture
def two_columns(subjects_csv, tmp_path):
    """The subjects in the run's column, behind another one that a guess would take first."""
    path = tmp_path / "two.csv"
    rows = [line.split(",") for line in subjects_csv.read_text().splitlines()[1:]]
    lines = ["headline,text,label", *(f"nothing,{text},{label}" for text, label in rows)]
    path.write_text("\n".join(lines))
    return path


def test_new_rows_are_read_as_the_run_read_its_own(trained, kerastc, subjects_csv, two_columns):
    plain = kerastc("predict", trained, "--file", subjects_csv, "--json")
    wider = kerastc("predict", trained, "--file", two_columns, "--json")
    assert "from column text" in wider.stderr
    assert json.loads(wider.stdout) == json.loads(plain.stdout)
    metrics = json.loads(kerastc("evaluate", trained, "--data", two_columns, "--json").stdout)
    assert metrics["accuracy"] > 0.6
    named = kerastc("predict", trained, "--file", two_columns, "--text", "headline", "--json")
    assert {row["text"] for row in json.loads(named.stdout)} == {"nothing"}


@pytest.mark.parametrize("kind", ["one_line.json", "a.xlsx", "a.parquet", "saved"])
def test_tables_of_every_kind_are_measured_and_classified(trained, kerastc, tmp_path, kind):
    rows = [("salt the soup", "cooking"), ("rope and anchor", "sailing"), ("a rook", "chess")]
    path = write(tmp_path / kind, [{"text": text, "label": label} for text, label in rows])
    if kind in ("one_line.json", "a.xlsx"):
        done = kerastc("predict", trained, "--file", path, "--json")
        assert [row["text"] for row in json.loads(done.stdout)] == [text for text, _ in rows]
        assert "Read 3 texts from column text" in done.stderr
    else:
        done = kerastc("evaluate", trained, "--data", path, "--json")
        assert json.loads(done.stdout)["rows"] == 3, done.stderr


def test_what_a_sheet_hides_is_told_and_a_sheet_can_be_named(trained, kerastc, tmp_path):
    def change(workbook, sheet):
        sheet.row_dimensions[2].hidden = True
        workbook.create_sheet("old").append(["text"])
        workbook["old"].append(["a rope"])

    rows = [["text", "label"], ["salt the soup", "cooking"], ["a rook", "chess"]]
    path = xlsx(tmp_path / "a.xlsx", rows, change)
    done = kerastc("evaluate", trained, "--data", path)
    assert done.exit_code == 1 and "2 sheets with rows" in done.stderr and "--sheet" in done.stderr
    done = kerastc("evaluate", trained, "--data", path, "--sheet", "Sheet")
    assert done.exit_code == 0 and "hidden rows, read like the others: 1" in done.stderr
    done = kerastc("predict", trained, "--file", path, "--sheet", "old", "--json")
    assert [row["text"] for row in json.loads(done.stdout)] == ["a rope"]


@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_a_file_without_the_columns_of_the_run_is_refused(trained, kerastc, tmp_path, command):
    path = tmp_path / "other.csv"
    path.write_text("headline,label\nsalt the soup,cooking\n")
    option = "--file" if command == "predict" else "--data"
    done = kerastc(command, trained, option, path)
    assert done.exit_code == 1
    assert "The run's texts came from column text" in done.stderr and "--text" in done.stderr
    assert ("--label" in done.stderr) == (command == "evaluate")


def test_a_file_without_a_header_is_measured_as_told(trained, kerastc, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("cooking;salt the soup, twice\nsailing;rope and anchor\n")
    form = ["--no-header", "--delimiter", ";", "--text", "2"]
    done = kerastc("evaluate", trained, "--data", path, "--label", "1", *form)
    assert done.exit_code == 0, done.stderr
    assert done.stderr.count("rows.csv") == 1 and "Read 2 texts of rows.csv" in done.stderr
    done = kerastc("predict", trained, "--file", path, "--json", *form)
    assert [row["text"] for row in json.loads(done.stdout)] == [
        *("salt the soup, twice", "rope and anchor")
    ]


def test_evaluate_refuses_classes_it_does_not_know(trained, kerastc, tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("text,label\na pan,gardening\nb mast,sailing\n")
    done = kerastc("evaluate", trained, "--data", path)
    assert done.exit_code == 1 and "gardening" in done.stderr and "cooking" in done.stderr


def test_compare_shows_runs_side_by_side(trained, kerastc, tmp_path):
    page = tmp_path / "compare.html"
    done = kerastc("compare", trained, trained, "--html", page)
    assert done.exit_code == 0, done.output
    assert page.read_text().lstrip().lower().startswith("<!doctype html")
    assert kerastc("compare", trained, "--json").exit_code == 0


def test_the_report_can_be_drawn_again(trained, kerastc):
    (trained / "report.html").unlink()
    done = kerastc("report", trained)
    assert done.exit_code == 0, done.output
    assert (trained / "report.html").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "docstring"], "Did you mean 'docstrings'"),
        (["train", "text"], "data"),
        (["train", "text", "data=no.csv", "epoch=3"], "Write epochs="),
        (["train", "text", "data=no.csv", "epochs=many"], "epochs takes int"),
        (["train", "text", "data=no.csv"], "no.csv"),
        (["train", "text", "data=no.csv", "--backend", "theano"], "Allowed: tensorflow, jax"),
        (["train", "text", "data=no.csv", "test=0.2"], "test_fraction=0.2"),
        (["train", "text", "data=no.csv", "validation=10%"], "validation_fraction=0.1"),
        (["train", "supervised", "test=.2"], "test_fraction=0.2"),
        (["train", "--resume", "--runs", "nowhere"], "No unfinished run"),
        (["train", "nowhere/mine.py"], "no recipe script"),
        (["show", "arxive"], "Did you mean 'arxiv'"),
        (["predict", "nowhere", "a text"], "no run at nowhere"),
        (["evaluate", "nowhere", "--data", "no.csv"], "no run at nowhere"),
        (["compare", "nowhere"], "nowhere"),
    ],
)
def test_a_slip_gets_a_message_and_no_traceback(kerastc, words, message):
    done = kerastc(*words)
    assert done.exit_code == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_an_empty_file_is_named(kerastc, tmp_path):
    path = tmp_path / "empty.csv"
    path.touch()
    done = kerastc("train", "text", f"data={path}", "--run", tmp_path / "run")
    assert done.exit_code == 1 and "empty.csv" in done.stderr
    assert not (tmp_path / "run").exists()  # nothing to resume


def test_a_corrupted_model_is_named(trained, kerastc, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(trained, copy)
    model = copy / "model.keras"
    model.write_bytes(model.read_bytes()[:2000])
    done = kerastc("predict", copy, "a text")
    assert done.exit_code == 1 and "model.keras" in done.stderr


def test_an_unfinished_run_says_what_is_missing(trained, kerastc, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(trained, copy)
    (copy / "model.keras").unlink()
    done = kerastc("predict", copy, "a text")
    assert done.exit_code == 1 and "model.keras is missing" in done.stderr
    assert "--resume" not in done.stderr  # it is at its end


def test_mixed_precision_trains_and_predicts(kerastc, tiny_encoder, subjects_csv, tmp_path):
    words = [f"data={subjects_csv}", f"backbone={tiny_encoder}", "epochs=1", "max_tokens=32"]
    words += ["precision=mixed_bfloat16", "trainable=all"]
    done = kerastc("train", "text", *words, "--run", tmp_path / "run")
    assert done.exit_code == 0, done.output
    from kerastc.predictor import predictor_of
    from kerastc.run import Run

    predictor = predictor_of(Run.open(tmp_path / "run"))
    encoder = predictor.session.model.get_layer("encoder")
    assert encoder.dtype_policy.name == "mixed_bfloat16"
    assert predictor.answers(["salt", "rope"]).shape == (2, 3)


# None in sys.modules: an import raises ModuleNotFoundError, and find_spec finds nothing.
BLOCKER = """
import sys

sys.modules |= dict.fromkeys(("tensorflow", "tensorflow_text", "tf_keras", "tensorboard"))
from kerastc.cli import main

main()
"""


@pytest.mark.backend
def test_training_works_where_tensorflow_cannot_be_imported(tiny_encoder, subjects_csv, tmp_path):
    backend = os.environ["KERAS_BACKEND"]
    if backend == "tensorflow":
        pytest.skip("this is what JAX and PyTorch must do without it")
    words = ["train", "text", f"data={subjects_csv}", f"backbone={tiny_encoder}", "epochs=2"]
    words += ["max_tokens=32", "--run", str(tmp_path / "run")]
    environment = os.environ | {"KERASTC_CACHE": str(tmp_path / "cache")}
    smaller = ["compress", str(tmp_path / "run"), "vocabulary", "low-rank:rank=4", "recover"]
    for line in (words, ["predict", str(tmp_path / "run"), "a rope"], smaller):
        done = subprocess.run(
            [sys.executable, "-c", BLOCKER, *line], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    environment = json.loads((tmp_path / "run" / "environment.json").read_text())
    assert environment["backend"] == backend
