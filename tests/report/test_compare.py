"""Runs side by side: order, differing settings, seeds, every form of the table."""

import csv
import io
import json
import re
import statistics

import pytest
from rich.console import Console

from kerastc.errors import UserError
from kerastc.report.comparison.data import compare


@pytest.fixture
def study(make_run):
    """Two learning rates of two seeds each, and a run that was cut off."""
    folders = [
        make_run(f"{rate}-{seed}", rows=60, epochs=3, learning_rate=rate, seed=seed, skill=skill)
        for rate, skill in ((0.05, 1.0), (0.0005, 4.0))
        for seed in (0, 1)
    ]
    return [*folders, make_run("cut", rows=60, epochs=2, finished=False)]


def metrics(folder, part="validation") -> dict:
    return json.loads((folder / "metrics.json").read_text())[part]


def test_runs_are_sorted_by_validation_accuracy_and_it_is_said(study):
    comparison = compare(study)
    values = [row["validation"]["accuracy"] for row in comparison.rows]
    assert values[:4] == sorted((metrics(f)["accuracy"] for f in study[:4]), reverse=True)
    assert values[4] is None
    assert "validation accuracy" in comparison.notes[0]


def test_only_differing_settings_are_columns(study):
    assert compare(study).differing == ["learning_rate"]


def test_an_unfinished_run_is_listed_as_such(study):
    comparison = compare(study)
    assert comparison.rows[-1]["state"] == "not finished, epoch 2"
    assert "cut is not finished, epoch 2." in comparison.notes


def test_runs_that_differ_in_their_seed_alone_are_averaged(study):
    first, second = compare(study).groups
    assert first["settings"] == {"learning_rate": 0.0005}
    assert sorted(first["seeds"]) == [0, 1]
    values = [metrics(folder, "test")["accuracy"] for folder in study[2:4]]
    found = first["test"]["accuracy"]
    assert found["mean"] == pytest.approx(statistics.fmean(values))
    assert found["deviation"] == pytest.approx(statistics.stdev(values))
    assert found["interval"][0] <= found["mean"] <= found["interval"][1]
    assert second["settings"] == {"learning_rate": 0.05}


def test_other_recipes_have_columns_of_their_own_only_where_they_differ(make_run):
    runs = [make_run("a", rows=30, epochs=2), make_run("b", rows=30, epochs=2, recipe="text", x=1)]
    comparison = compare(runs)
    assert comparison.differing == ["recipe"]
    assert comparison.groups == []


def test_what_follows_from_other_settings_has_no_column(make_run):
    def trial(name, method, threshold, **settings):
        changed = ("method", *settings)
        settings |= {"method": method, "threshold": threshold}
        return make_run(name, rows=30, epochs=2, changed=changed, **settings)

    runs = [
        trial("a", "fixmatch", 0.4),
        trial("b", "fixmatch", 0.4, learning_rate=1e-3),
        trial("c", "simclr", 0.9),
    ]
    comparison = compare(runs)
    assert comparison.differing == ["learning_rate", "method"]
    assert comparison.implied == ["threshold"]
    # Nobody changed it, and yet it differs between runs of the same settings: the recipe has.
    later = trial("d", "simclr", 0.8)
    assert "threshold" in compare([*runs, later]).differing
    # Of a run that does not tell what was changed, all may have been.
    assert "threshold" in compare([*runs[:2], make_run("e", rows=30, threshold=0.9)]).differing


def test_a_field_that_a_run_lacks_is_a_dash(make_run):
    runs = [
        make_run("a", rows=30, epochs=2),
        make_run("b", rows=30, epochs=2, extra=1),
        make_run("c", rows=30, epochs=2, extra=None),
    ]
    comparison = compare(runs)
    assert sorted(comparison.shown(row, "extra") for row in comparison.rows) == ["1", "none", "–"]  # noqa: RUF001


def test_a_setting_may_be_called_like_a_figure(make_run):
    runs = [make_run(name, rows=30, epochs=2, test=name, run=name) for name in "ab"]
    comparison = compare(runs)
    assert comparison.differing == ["test", "run"]
    assert sorted(comparison.shown(row, "test") for row in comparison.rows) == ["a", "b"]


def test_different_data_are_warned_of(make_run):
    runs = [make_run(name, rows=30, epochs=2) for name in "ab"]
    data = json.loads((runs[0] / "data.json").read_text()) | {"fingerprint": "00"}
    (runs[0] / "data.json").write_text(json.dumps(data))
    assert any("not made on the same data" in note for note in compare(runs).notes)


def test_runs_whose_settings_make_other_duplicates_are_told_apart(make_run):
    runs = [make_run(name, rows=30, epochs=2) for name in "ab"]
    assert not any("drawn differently" in note for note in compare(runs).notes)
    data = json.loads((runs[0] / "data.json").read_text())
    (runs[0] / "data.json").write_text(json.dumps(data | {"duplicates": {"seen": 3}}))
    assert any("drawn differently" in note for note in compare(runs).notes)
    given = {"sources": {"test": {"source": "test.csv", "fingerprint": "00"}}}
    (runs[0] / "data.json").write_text(json.dumps(data | {"duplicates": {"seen": 3}} | given))
    assert not any("drawn differently" in note for note in compare(runs).notes)


def test_names_are_as_long_as_it_takes(make_run):
    runs = [make_run(f"{recipe}/20261121", rows=30, epochs=2) for recipe in ("x", "y")]
    assert sorted(row["run"] for row in compare(runs).rows) == ["x/20261121", "y/20261121"]


def test_a_run_given_twice_counts_once(make_run):
    run = make_run("a", rows=30, epochs=2)
    assert len(compare([run, run.parent / "." / "a"]).rows) == 1


def test_json_is_strict_and_complete(study):
    broken = json.loads((study[0] / "metrics.json").read_text())
    broken["test"]["loss"] = float("nan")
    (study[0] / "metrics.json").write_text(json.dumps(broken))

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    table = json.loads(compare(study).to_json(), parse_constant=refuse)
    assert len(table["runs"]) == 5
    row = next(row for row in table["runs"] if row["folder"] == str(study[0]))
    assert row["test"]["loss"] is None
    assert row["test"]["accuracy_interval"] == metrics(study[0], "test")["intervals"]["accuracy"]


def test_csv_has_a_line_a_run(study):
    rows = list(csv.DictReader(io.StringIO(compare(study).to_csv())))
    best = rows[0]
    folder = next(f for f in study if str(f) == best["folder"])
    assert float(best["test_accuracy"]) == metrics(folder, "test")["accuracy"]
    assert (best["learning_rate"], best["training_epochs"]) == ("0.0005", "3")
    assert rows[-1]["state"] == "not finished, epoch 2"
    assert rows[-1]["test_accuracy"] == ""


def test_the_page_opens_offline_with_its_plots(study, tmp_path):
    path = tmp_path / "new" / "table.html"
    compare(study).to_html(path)
    source = path.read_text(encoding="utf-8")
    assert source.count("data:image/png;base64,") == 3
    assert not re.search(r"<script[^>]|<link|(?:src|href)=\"(?:https?:)?//", source)
    assert "Mean over seeds" in source
    assert [item.name for item in path.parent.iterdir()] == ["table.html"]


def test_settings_are_no_markup(make_run, tmp_path):
    runs = [
        make_run(f"r{i}", rows=30, epochs=2, data=f"[red]<script>{i}</script>") for i in range(2)
    ]
    compare(runs).to_html(tmp_path / "table.html")
    assert "<script>0" not in (tmp_path / "table.html").read_text()
    assert "[red]<script>0" in printed(compare(runs), 200)


def test_runs_without_an_epoch_can_be_compared(make_run, tmp_path):
    run = make_run("a", rows=30, finished=False)
    (run / "history.csv").unlink()
    comparison = compare([run])
    comparison.to_html(tmp_path / "table.html")
    assert comparison.rows[0]["state"] == "not finished, epoch 0"


def test_a_page_that_cannot_be_written_is_a_users_error(study, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        compare(study).to_html(tmp_path / "file" / "table.html")


def printed(comparison, width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    comparison.print(console)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [30, 80, 200])
def test_no_figure_is_cut_off_in_a_narrow_terminal(study, width):
    text = printed(compare(study), width)
    for folder in study[:4]:
        assert f"{metrics(folder, 'test')['macro_f1']:.3f}" in text
    assert len(re.findall(r"\d ± 0\.\d{3}", text)) == 6


def test_a_folder_that_is_no_run_is_a_users_error(make_run, tmp_path):
    run = make_run("a", rows=30, epochs=2)
    with pytest.raises(UserError, match="no run folder"):
        compare([run, tmp_path])


def test_nothing_to_compare_is_a_users_error():
    with pytest.raises(UserError, match="no run to compare"):
        compare([])


def test_groups_stand_in_the_order_of_their_mean(make_run):
    """The best single run may be of settings that are worse on the mean."""
    folders = []
    for rate, accuracies in ((1e-3, (0.84, 0.85)), (1e-1, (0.60, 0.95))):
        for seed, accuracy in enumerate(accuracies):
            folder = make_run(f"{rate}-{seed}", rows=60, epochs=2, learning_rate=rate, seed=seed)
            content = json.loads((folder / "metrics.json").read_text())
            content["validation"]["accuracy"] = accuracy
            (folder / "metrics.json").write_text(json.dumps(content))
            folders.append(folder)
    comparison = compare(folders)
    assert comparison.rows[0]["validation"]["accuracy"] == 0.95
    assert [group["settings"]["learning_rate"] for group in comparison.groups] == [1e-3, 1e-1]


def test_runs_on_the_same_splits_share_a_row_of_their_baseline(make_run, tmp_path):
    runs = [make_run(f"r{r}", rows=60, epochs=2, learning_rate=r, baseline=1.0) for r in (1, 2)]
    comparison = compare(runs)
    (row,) = comparison.baselines
    baseline = json.loads((runs[0] / "metrics.json").read_text())["baseline"]
    assert (row["run"], row["of"]) == ("bag of words", ["r1", "r2"])
    assert row["test"]["macro_f1"] == baseline["test"]["macro_f1"]
    assert (row["training"]["seconds"], row["training"]["parameters"]) == (0.9, 31_002)
    assert comparison.shown(row, "learning_rate") == "–"  # noqa: RUF001
    assert f"{row['test']['macro_f1']:.3f}" in printed(comparison, 80)
    comparison.to_html(tmp_path / "table.html")
    assert "bag of words" in (tmp_path / "table.html").read_text(encoding="utf-8")
    (line,) = [
        r for r in csv.DictReader(io.StringIO(comparison.to_csv())) if r["run"] == row["run"]
    ]
    assert (line["state"], line["training_seconds"], line["folder"]) == ("baseline", "0.9", "")


def test_baselines_of_other_splits_have_rows_of_their_own_with_what_their_runs_agree_in(make_run):
    runs = [
        make_run(f"{seed}-{rate}", rows=60, epochs=2, seed=seed, learning_rate=rate, baseline=1.0)
        for seed in (0, 1)
        for rate in (1, 2)
    ]
    comparison = compare(runs)
    assert sorted(comparison.shown(row, "seed") for row in comparison.baselines) == ["0", "1"]
    assert {comparison.shown(row, "learning_rate") for row in comparison.baselines} == {"–"}  # noqa: RUF001


def test_a_wide_terminal_shows_costs_and_every_figure(study):
    wide, narrow = printed(compare(study), 200), printed(compare(study), 60)
    recall = f"{metrics(study[0], 'test')['macro_recall']:.3f}"
    assert recall in wide
    for words in ("41.3 s", "22,861,059", "1.40 GiB", f"{metrics(study[0], 'test')['loss']:.3f}"):
        assert words in wide
        assert words not in narrow.split("Mean ±")[0]
