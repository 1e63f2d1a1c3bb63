"""The headlines recipe from a dirty file to a checkpoint, and child runs, with a tiny encoder."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from kerastc.cli import main
from kerastc.errors import UserError
from kerastc.folders import Folders
from kerastc.launch import train
from kerastc.run import Run

SETTINGS = (
    *("trainable=head", "epochs=6", "batch_size=8", "learning_rate=3e-2", "evaluate_every=5"),
    *("validation_fraction=0.2", "test_fraction=0.2", "evaluation_rows=10"),
)
WORDS = {
    "news": "harbour rope tide deck anchor",
    "sport": "pawn king rook check castle",
    "business": "boil salt pan oven bread",
}


@pytest.fixture(scope="module")
def headlines(tmp_path_factory):
    """Rows in the layout of the Irish Times file, with dirt."""
    random = np.random.default_rng(1)
    rows = ["publish_date,headline_category,headline_text"]
    for index, (name, words) in enumerate(WORDS.items()):
        for row in range(40):
            text = " ".join(random.permutation(words.split())) + f" {index * 40 + row}"
            day = 20219999 if row == 7 else 20210101 + row % 28
            rows.append(f"{day},{name}.ireland,{text}")
    rows += [rows[1], "20210105,weather.never.seen,rope", "20210105,news,", "20210105,news"]
    path = tmp_path_factory.mktemp("headlines") / "irish.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    base = tmp_path_factory.mktemp("runs")
    return Folders(base / "runs", base / "cache")


@pytest.fixture(scope="module")
def trained(headlines, tiny_encoder, folders):
    words = [f"data={headlines}", f"backbone={tiny_encoder}", *SETTINGS]
    return train("headlines", words, folders=folders, folder=folders.runs / "parent")


def test_dirt_is_counted_and_classes_are_primary(trained):
    described = trained.read_json("data.json")
    assert described["classes"] == ["business", "news", "sport"]
    assert sum(part["rows"] for part in described["splits"].values()) == 120
    notes = described["notes"]
    assert [count for name, count in notes.items() if "unmapped" in name] == [1]
    assert [count for name, count in notes.items() if "duplicate" in name] == [1]
    assert [count for name, count in notes.items() if "date" in name] == [3]


def test_the_best_checkpoints_are_measured_again(trained):
    metrics = trained.read_json("metrics.json")
    table = metrics["checkpoints"]["table"]
    assert table[-1]["checkpoint"] == "mean of 3"
    chosen = next(row for row in table if row["chosen"])
    assert chosen["accuracy"] == max(row["accuracy"] for row in table)
    assert chosen["accuracy"] == pytest.approx(metrics["validation"]["accuracy"])
    assert chosen["loss"] == pytest.approx(metrics["validation"]["loss"], rel=1e-5)
    assert "mean of 3" in trained.path("report.html").read_text()


def test_prediction_prepares_texts_as_training_did(trained):
    from kerastc.predictor import predictor_of

    assert trained.read_json("preprocessing.json")["preparation"]["capitals"]
    predictor = predictor_of(Run.open(trained.folder))
    # To an uncased encoder they differ by the word in front alone.
    shown = predictor.answers(["rope tide anchor", "Rope Tide Anchor"])
    assert (shown[0] != shown[1]).any()


def test_the_sequence_length_covers_the_texts(trained):
    length = trained.read_json("metrics.json")["training"]["max_tokens"]
    assert 8 <= length <= 64
    assert trained.read_json("preprocessing.json")["max_tokens"] == length


def test_it_trains_on_the_past_and_balances_the_training_rows_alone(
    headlines, tiny_encoder, folders
):
    words = [f"data={headlines}", f"backbone={tiny_encoder}", *SETTINGS, "split_by=date"]
    words += ["balancing=both", "class_weights=balanced", "epochs=1"]
    described = train(
        "headlines", words, folders=folders, folder=folders.runs / "by-date"
    ).read_json("data.json")
    days = [described["dates"][part] for part in ("train", "validation", "test")]
    assert days[0][1] < days[1][0] <= days[1][1] < days[2][0]
    assert described["notes"]["rows without a date"] == 3
    assert described["balancing"]["after"] == described["splits"]["train"]["counts"]
    spread = [
        max(part) - min(part) for part in map(described["balancing"].get, ("before", "after"))
    ]
    assert spread[1] <= spread[0]


def test_a_child_names_its_parent_and_changes_its_regularisation(trained, folders):
    checkpoint = min(trained.path("checkpoints").iterdir())
    child = train(
        None,
        ["weight_decay=0.03", "dropout=0.6", "early_stopping.patience=9"],
        folders=folders,
        folder=folders.runs / "child",
        parent=checkpoint,
    )
    assert child.parent["run"] == str(trained.folder.resolve())
    assert child.parent["checkpoint"] == checkpoint.name
    config = child.config["config"]
    assert (config["weight_decay"], config["dropout"]) == (0.03, 0.6)
    assert config["seed"] == trained.config["config"]["seed"]
    assert child.config["command"].startswith(f"kerastc train --from {checkpoint}")
    before, after = (run.path("history.csv").read_text().splitlines() for run in (trained, child))
    cut = next(i for i, row in enumerate(before) if row.startswith(f"{child.parent['step']},"))
    assert after[: cut + 1] == before[: cut + 1]
    same = [run.read_json("data.json")["splits"] for run in (trained, child)]
    assert same[0] == same[1]
    assert "Parent" in child.path("report.html").read_text()


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("seed=5", "keeps seed=0"),
        ("data=other.csv", "keeps data="),
        ("preparation.lemmas=true", "keeps preparation.lemmas=False"),
        ("batch_size=16", "keeps batch_size=8"),
    ],
)
def test_a_child_cannot_change_data_or_network(trained, folders, word, said):
    with pytest.raises(UserError, match=said) as caught:
        train(None, [word], folders=folders, folder=folders.runs / "no", parent=trained.folder)
    assert "weight_decay" in caught.value.hint
    assert not (folders.runs / "no").exists()


def test_a_checkpoint_that_is_not_there_names_those_that_are(trained):
    path = trained.path("checkpoints", "step-77.npz")
    result = CliRunner().invoke(main, ["train", "--from", str(path)])
    assert result.exit_code == 1
    assert "There is no checkpoint" in result.output
    assert "step-" in result.output.split("There are:")[1]


def test_the_command_line_makes_a_child(trained, folders):
    command = ["train", "--from", str(trained.folder), "epochs=7", "--runs", str(folders.runs)]
    result = CliRunner().invoke(main, [*command, "--run", str(folders.runs / "longer")])
    assert result.exit_code == 0, result.output
    assert json.loads((folders.runs / "longer" / "config.json").read_text())["parent"]["step"]


def test_an_unmapped_file_is_refused_with_a_way_out(tiny_encoder, folders, subjects_csv):
    words = [f"data={subjects_csv}", f"backbone={tiny_encoder}"]
    with pytest.raises(UserError, match="unmapped"):
        train("headlines", words, folders=folders, folder=folders.runs / "refused")
    assert not (folders.runs / "refused").exists()
