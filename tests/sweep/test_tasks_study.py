"""A study of several tasks: data in a folder, a figure for each task, one table."""

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from steps_recipe import RECIPE

from kerastc import cli, recipe, settings, trust
from kerastc.errors import UserError
from kerastc.folders import Folders
from kerastc.sweep import find_study, sweep
from kerastc.sweep.swept_study import SweptStudy

DATA = 'units: int = 4\n    data: str = ""\n    task: ClassVar[str] = "text-classification"'
SORTING = RECIPE.replace("units: int = 4", DATA)
SORTING = SORTING.replace("import os\n", "import os\nfrom typing import ClassVar\n")
TAGGING = SORTING.replace("text-classification", "token-classification")
TAGGING = TAGGING.replace('"accuracy": accuracy', '"f1": accuracy - 0.1, "accuracy": 0.5')
TAGGING = TAGGING.replace('"a\\nb\\n"', '"O\\nB-X\\nI-X\\n"')
TESTED = '{"validation": part, "test": part}'
STUDY = """
tasks = true
folder = "."
seeds = [0, 1]

[grid]
units = [100, 0]

[recipes.topics]
recipe = "./sorting.py"
rate = 0.3
data = "topics/train.csv"

[recipes.names]
recipe = "./tagging.py"
rate = 0.25
data = "names.conll"
"""


def write_study(folder: Path, state: Path, text: str = STUDY) -> str:
    """Writes a study, its two trusted scripts and, in data/, its files."""
    for name, source in {"sorting": SORTING, "tagging": TAGGING}.items():
        source = source.replace('{"validation": part, "test": test}', TESTED)
        script = folder / f"{name}.py"
        # Seeds differ a little, so that there is a spread.
        source = source.replace("config.units /", "(config.units + config.seed) /")
        script.write_text(source)
        trust.remember(recipe.find(str(script)), state)
    for name in ("topics/train.csv", "names.conll"):
        path = folder / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    path = folder / "tasks.toml"
    path.write_text(text)
    return str(path)


@pytest.fixture
def write(tmp_path, folders):
    return lambda text=STUDY: write_study(tmp_path, folders.state, text)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The study's result, with the larger number of units as the teacher."""
    folder = tmp_path_factory.mktemp("tasks")
    folders = Folders(folder / "runs", folder / "cache", folder / "state")
    path = write_study(folder, folders.state)
    words = [f"folder={folder / 'data'}"]
    return folder, sweep(None, words, study=path, folders=folders, name="s", teacher="0")


def test_each_task_is_judged_by_its_own_figure_and_none_is_the_best(done):
    folder, result = done
    assert [trial.objective for trial in result.trials] == ["accuracy"] * 4 + ["f1"] * 4
    assert result.trials[4].value == pytest.approx(1 - 0.05 - 0.1 - 0.1)
    assert (result.objective, result.best, result.highest) == (None, None, None)
    assert result.comparison.recommendation is None
    config = json.loads((result.trials[0].run / "config.json").read_text())
    assert config["config"]["data"] == str(folder / "data/topics/train.csv")
    assert config["study"]["task"] == "topics"


def test_the_table_has_a_row_per_setting_and_a_column_per_task(done):
    table = done[1].comparison.tasks
    assert [column.name for column in table.columns] == ["topics", "names"]
    assert [column.main.name for column in table.columns] == ["accuracy", "f1"]
    assert {column.part for column in table.columns} == {"test"}
    assert [row.settings for row in table.rows] == [{"units": "0"}, {"units": "100"}]
    teacher, student = table.rows
    found = student.figures["names"]["f1"]
    assert found["mean"] == pytest.approx(0.7495) and found["deviation"] > 0
    # By hand: (0.9 + 0.75) / 2 of the first seed, a thousandth less of the second.
    assert student.average["mean"] == pytest.approx(0.825 - 0.0005)
    assert student.average["deviation"] == pytest.approx(0.001 / 2**0.5)
    assert teacher.retention is None


def test_without_common_rows_retention_has_its_interval_from_seeds(done):
    _, student = done[1].comparison.tasks.rows
    kept = student.retention.figures["topics"]["accuracy"]
    assert kept.ratio == pytest.approx(0.8995 / 0.9995) and kept.by == "seeds"
    low, high = kept.interval
    assert 0.85 < low < kept.ratio < high < 0.95
    mean = (0.8995 / 0.9995 + 0.7495 / 0.8495) / 2
    assert student.retention.average.ratio == pytest.approx(mean)


def test_the_table_is_in_every_form(done):
    _, result = done
    page = (result.folder / "compare.html").read_text()
    assert "Retention of 0" in page and "names F1" in page
    first, second = csv.DictReader((result.folder / "tasks.csv").read_text().splitlines())
    assert first["units"] == "0" and first["average_retention"] == ""
    assert float(second["topics_accuracy_retention"]) == pytest.approx(0.8995 / 0.9995)
    told = json.loads((result.folder / "sweep.json").read_text())
    assert told["best"] is None and told["by_task"]["teacher"] == "0"
    runs = [str(trial.run) for trial in result.trials]
    shown = CliRunner().invoke(cli.main, ["compare", *runs, "--teacher", "0"]).output
    assert "Retention of 0" in shown and "90.0 %" in shown and "Take" not in shown


def test_a_teacher_that_no_run_is_refused(done, write, folders, tmp_path):
    runs = [str(trial.run) for trial in done[1].trials]
    found = CliRunner().invoke(cli.main, ["compare", *runs, "--teacher", "10"])
    assert found.exit_code == 1 and "--teacher 10: it is neither" in found.output
    with pytest.raises(UserError, match="--teacher 7: it is neither a run nor a value"):
        words = [f"folder={tmp_path / 'data'}"]
        sweep(None, words, study=write(), folders=folders, teacher="7")
    assert not folders.runs.exists()


def test_missing_files_are_told_with_their_tasks_before_anything_runs(write, folders, tmp_path):
    path = write()
    (tmp_path / "data" / "names.conll").unlink()
    words = [f"folder={tmp_path / 'data'}"]
    with pytest.raises(UserError, match=r"names has no data, .*names\.conll") as caught:
        sweep(None, words, study=path, folders=folders)
    assert "leave names out: recipe=topics" in caught.value.hint
    assert not folders.runs.exists()
    chosen = SweptStudy.read(path, [*words, "recipe=topics"], folders.state)
    assert chosen.compared
    assert f"data={tmp_path / 'data/topics/train.csv'}" in chosen.members[0].space.fixed
    own = SweptStudy.read(path, [*words, "recipe=names", "data=mine.conll"], folders.state)
    assert "data=mine.conll" in own.fixed  # the words' own paths are not in the folder


@pytest.mark.parametrize("data", ["../names.conll", "/etc/passwd", "~/names.conll", "a/../../b"])
def test_a_path_that_leaves_the_folder_is_refused(write, folders, tmp_path, data):
    path = write(STUDY.replace("names.conll", data))
    with pytest.raises(UserError, match=r"recipes\.names: data=.* leaves the folder"):
        sweep(None, [f"folder={tmp_path / 'data'}"], study=path, folders=folders)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["folder=nowhere"], "folder=nowhere: there is no folder"),
        (["folder="], "folder=: there is no folder"),
        (["folder=.", "folder=."], "folder is given twice"),
    ],
)
def test_a_folder_that_is_not_there_is_told(write, folders, words, message):
    with pytest.raises(UserError, match=message):
        sweep(None, words, study=write(), folders=folders)


def test_the_study_of_glues_has_the_sources_protocol_and_its_files_in_the_folder(tmp_path):
    study = find_study("glues")
    known = {script.name for script in recipe.all_recipes()}
    entries = [e for e in study.contents.recipes if study.recipe_name(e).replace("_", "-") in known]
    assert {"xnli", "paws-x", "ner", "pos"} <= set(entries)
    for entry in entries:
        for key in ("data", "validation", "test"):
            path = tmp_path / study.own(entry)[key]
            path.parent.mkdir(exist_ok=True)
            path.touch()
    words = [f"folder={tmp_path}", f"recipe={','.join(entries)}", "backbone=e5,minilm"]
    swept = SweptStudy.read("glues", words, Path())
    rows = list(swept.plan(None, "s").values())
    assert len(rows) == 2 * len(entries)
    for row in rows:
        training = swept.training(row)
        config_class = recipe.find(training.recipe).load().Config
        found = settings.flat(settings.configure(config_class, training.words))
        assert found["backbone"] == row["backbone"] and found["trainable"] == "all"
        assert found["warmup_fraction"] == 0.1 and found["epochs"] in (3, 4)
        assert found["early_stopping.metric"] == "val_loss"
        assert found["early_stopping.patience"] == 0  # each epoch is run; the best is kept
        assert Path(found["test"]).parent == tmp_path / row["recipe"]
