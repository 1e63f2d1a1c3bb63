"""Runs of several tasks in one table, and what students keep of a teacher."""

import csv
import json

import numpy as np
import pytest
from fake_run import compress_fake_run, fake_text, make_fake_run
from rich.console import Console
from sklearn.metrics import accuracy_score

from kerastc.errors import UserError
from kerastc.outputs.classes.predictions import read_predictions
from kerastc.report import compare
from kerastc.report.comparison.task_text import print_tasks

TOPICS, MOODS = ("AI", "DS", "FL"), ("glad", "sad")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two encoders and two seeds on two tasks, whose test rows are the same for all."""
    root = tmp_path_factory.mktemp("runs")
    texts = [fake_text(np.random.default_rng(n)) for n in range(80)]
    return [
        make_fake_run(
            root / f"{recipe}-{backbone}-{seed}",
            classes,
            recipe=recipe,
            seed=seed,
            texts=texts,
            rows=len(texts),
            skill=skill,
            epochs=2,
            backbone=backbone,
            data=f"{recipe}.csv",
        )
        for recipe, classes in (("topics", TOPICS), ("moods", MOODS))
        for backbone, skill in (("large", 5.0), ("small", 1.0))
        for seed in (0, 1)
    ]


def test_runs_of_several_tasks_have_a_column_each_and_no_recommendation(folders):
    found = compare(folders)
    assert found.recommendation is None
    table = found.tasks
    assert table.fields == ("backbone",)  # data and recipe differ by the task alone
    assert [column.name for column in table.columns] == ["topics", "moods"]
    assert [row.settings["backbone"] for row in table.rows] == ["large", "small"]
    assert [len(row.seeds) for row in table.rows] == [2, 2]
    assert not table.students and table.teacher == ""
    row = table.rows[0]
    by_hand = [
        np.mean(
            [
                json.loads((folder / "metrics.json").read_text())["test"]["accuracy"]
                for folder in folders
                if f"-large-{seed}" in folder.name
            ]
        )
        for seed in (0, 1)
    ]
    assert row.average["mean"] == pytest.approx(np.mean(by_hand))
    assert row.average["deviation"] == pytest.approx(np.std(by_hand, ddof=1))
    assert row.total_seconds == pytest.approx(2 * 41.3)
    assert row.most_parameters == 22_861_059


def test_runs_of_one_task_have_no_such_table(folders):
    assert compare(folders[:4]).tasks is None
    assert compare(folders[:4]).recommendation is not None


def test_a_task_that_a_row_lacks_is_a_dash_and_leaves_no_average(folders):
    found = compare([folder for folder in folders if "moods-small" not in folder.name])
    small = found.tasks.rows[1]
    assert small.average is None and "moods" not in small.figures
    assert next(csv.DictReader(found.to_csv().splitlines()))["average"]
    assert found.to_csv().splitlines()[2].count(",,") >= 1


def test_a_compressed_run_is_compared_with_its_parent_on_the_same_rows(folders):
    parent = folders[0]
    child = compress_fake_run(parent, "int8", ["low-rank:energy=0.9", "quantize:int8"], noise=1.0)
    table = compare([child], teacher=str(parent)).tasks
    teacher, student = table.rows
    assert student.settings == {"steps": "low-rank:energy=0.9 quantize:int8"}
    shares = [
        accuracy_score(said.labels, said.probabilities.argmax(axis=1))
        for said in (read_predictions(run / "predictions" / "test.csv") for run in (child, parent))
    ]
    kept = student.retention.figures["topics"]["accuracy"]
    assert kept.by == "rows" and kept.ratio == pytest.approx(shares[0] / shares[1])
    low, high = kept.interval
    assert low < kept.ratio < high and high - low < 0.3
    assert student.retention.average.ratio == kept.ratio
    assert student.most_parameters == 9_000_000 and student.total_seconds == 20
    assert teacher.retention is None


def test_a_teacher_is_a_run_or_the_value_of_a_setting(folders):
    by_value, by_run = (compare(folders, teacher=t) for t in ("large", str(folders[1])))
    first, second = (found.tasks.students[0].retention.average for found in (by_value, by_run))
    assert first.ratio == second.ratio < 1
    with pytest.raises(UserError, match="--teacher larg: it is neither") as caught:
        compare(folders, teacher="larg")
    assert "'large'" in caught.value.hint


def test_the_table_is_shown_whole_in_80_columns_and_on_the_page(folders, tmp_path):
    found = compare(folders, teacher="large")
    console = Console(width=80, record=True, highlight=False)
    print_tasks(found.tasks, console)
    text = console.export_text()
    assert "Retention of large" in text and "topics" in text
    assert max(map(len, text.splitlines())) <= 80
    found.to_html(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert 'id="retention"' in page and "Retention of large" in page
    assert json.loads(found.to_json())["by_task"]["tasks"]["moods"]["part"] == "test"
