"""The account of a run and its descendants: figures, gaps, and every form of the table."""

import csv
import io
import json
import re

import pytest
from click.testing import CliRunner
from fake_run import benchmark_fake_run, compress_fake_run, export_fake_run, make_fake_run
from rich.console import Console

from kerastc.cli import main
from kerastc.errors import UserError
from kerastc.outputs.classes.predictions import read_predictions
from kerastc.report.account.data import account

STEPS = ["vocabulary", "quantize:int8"]


def write_line(folder):
    """An original, a good small child, a bad one as large as the original, and a grandchild."""
    run = make_fake_run(folder / "text" / "run", rows=1200, epochs=2, recipe="text", skill=3.0)
    benchmark_fake_run(run, 4.0, 80 * 2**20)
    good = compress_fake_run(run, "good", STEPS, noise=0.05, seconds=30)
    benchmark_fake_run(good, 1.0, 8 * 2**20, quantization="int8", parameters=9_000_000)
    bad = compress_fake_run(run, "bad", ["prune:0.9"], noise=6.0)
    benchmark_fake_run(bad, 4.5, 80 * 2**20)
    again = compress_fake_run(bad, "again", ["recover:epochs=1"], noise=0.05, seconds=5)
    benchmark_fake_run(again, 4.5, 80 * 2**20)
    return run, good, bad, again


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The folders of a line that lacks nothing, with its account. Only to be read."""
    folders = write_line(tmp_path_factory.mktemp("runs"))
    return folders, account([folders[0]])


@pytest.fixture
def line(tmp_path):
    """The same folders, to be changed."""
    return write_line(tmp_path)


def row_of(account, folder):
    (row,) = [row for row in account.rows if row["folder"] == str(folder.resolve())]
    return row


def change(path, **what):
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(content | what), encoding="utf-8")


def test_models_are_named_by_all_their_steps_and_the_original_comes_first(whole):
    _, found = whole
    assert [row["model"] for row in found.rows] == [
        "original",
        "prune:0.9",
        "prune:0.9 recover:epochs=1",
        "vocabulary quantize:int8",
    ]


def test_costs_are_those_of_the_file_and_of_all_steps(whole):
    (_, good, _, again), found = whole
    row = row_of(found, good)
    costs = [row[key] for key in ("bytes", "gzip_bytes", "latency_p50_ms", "latency_p95_ms")]
    assert costs == [8 * 2**20, int(0.9 * 8 * 2**20), 1.0, 1.2]
    assert row["seconds"] == pytest.approx(30)
    assert row_of(found, again)["seconds"] == pytest.approx(25)  # 20 of its parent, 5 of its own
    assert found.rows[0]["seconds"] == 41.3


def test_agreement_and_difference_are_those_of_the_same_rows(whole):
    (run, _, bad, _), found = whole
    for part in ("validation", "test"):
        one, other = (read_predictions(f / "predictions" / f"{part}.csv") for f in (bad, run))
        figures = row_of(found, bad)[part]
        accuracies = [(p.predicted == p.labels).mean() for p in (one, other)]
        assert figures["agreement"] == pytest.approx((one.predicted == other.predicted).mean())
        assert figures["difference"] == pytest.approx(accuracies[0] - accuracies[1])
        assert figures["difference_interval"][1] < 0
        loss = figures["loss_interval"]
        assert loss[0] < figures["loss"] < loss[1]
    assert found.rows[0]["test"]["difference"] is None


def test_a_large_loss_is_called_real_and_a_small_one_within_chance(line):
    assert "within chance" in account(line[:3], within=0.9).recommended["size"].reason
    benchmark = json.loads((line[2] / "benchmark.json").read_text())
    (line[2] / "benchmark.json").write_text(json.dumps([benchmark[0] | {"bytes": 2**20}]))
    assert "a real loss" in account(line[:3], within=0.9).recommended["size"].reason


def test_the_small_and_good_model_is_recommended_and_the_bad_one_dominated(whole):
    _, found = whole
    goals = {goal: choice.model for goal, choice in found.recommended.items()}
    assert {goals["size"], goals["latency"], goals["memory"]} == {"vocabulary quantize:int8"}
    assert "vocabulary quantize:int8" in found.beaten["prune:0.9"]
    assert found.fronts["size"][0] == "vocabulary quantize:int8"
    assert "prune:0.9" not in found.fronts["latency"]


def test_what_a_model_may_lose_is_bounded_on_validation_rows_and_decides(whole):
    (run, good, bad, _), found = whole
    predictions = [read_predictions(f / "predictions" / "validation.csv") for f in (run, good)]
    steps = [(p.predicted == p.labels).astype(float) for p in predictions]
    lost = steps[1] - steps[0]
    figures = row_of(found, good)["validation"]
    plain = lost.mean() - 1.645 * lost.std() / len(lost) ** 0.5
    assert -0.01 < figures["least_difference"] < plain
    assert figures["least_difference"] > plain - 0.005
    assert row_of(found, bad)["validation"]["least_difference"] < -0.1
    assert row_of(found, good)["test"]["least_difference"] is None
    assert "paired bootstrap" in found.rule and "95 % for all models at once" in found.rule
    kept = account([run], within=0).recommended["size"]
    assert kept.model == "original" and "at the worst" in kept.reason


def test_what_was_not_exported_or_measured_is_a_dash_with_its_command(line, tmp_path):
    _, good, bad, _ = line
    (good / "benchmark.json").unlink()
    (bad / "benchmark.json").unlink()
    export_fake_run(bad, bytes=70 * 2**20, quantization="float32")
    found = account([line[0]])
    assert row_of(found, good)["bytes"] is None
    assert row_of(found, bad)["bytes"] == 70 * 2**20
    notes = " ".join(found.notes)
    assert f"kerastc export {good} --format litert" in notes
    assert f"kerastc export {bad}" not in notes
    measure = re.search(r"kerastc benchmark (.*)", notes)[1]
    assert set(measure.split()) == {str(good), str(bad)}
    assert "–" in printed(found, 200)  # noqa: RUF001


def test_a_measurement_of_an_earlier_file_does_not_count(line):
    export_fake_run(line[1], bytes=5 * 2**20, quantization="int8")
    row = row_of(account([line[0]]), line[1])
    assert (row["bytes"], row["latency_p50_ms"]) == (5 * 2**20, None)


def test_one_thread_counts_where_several_were_measured(line):
    benchmark_fake_run(line[1], 0.6, 8 * 2**20, threads=2)
    assert row_of(account([line[0]]), line[1])["latency_p50_ms"] == 1.0


def test_a_second_file_of_a_run_has_a_row_with_its_own_figures(line):
    benchmark_fake_run(
        line[0], 1.5, 20 * 2**20, file="exports/int8.tflite", quantization="int8", agreement=0.98
    )
    own = [row for row in account([line[0]]).rows if row["folder"] == str(line[0].resolve())]
    rows = {row["model"]: row for row in own}
    assert rows["original, int8"]["test"]["accuracy"] == 0.75
    assert rows["original, int8"]["test"]["agreement"] == 0.98
    assert rows["original, int8"]["validation"]["accuracy"] is None
    expected = json.loads((line[0] / "metrics.json").read_text())["test"]["accuracy"]
    assert rows["original"]["test"]["accuracy"] == expected


def test_an_onnx_file_has_a_row_beside_the_litert_file(line):
    original = line[0]
    onnx = {"file": "model.onnx", "format": "onnx", "quantization": "float32"}
    export_fake_run(original, **onnx)
    before = account([original]).rows
    assert [row["model"] for row in before[:2]] == ["original", "original, onnx"]
    assert before[1]["latency_p50_ms"] is None
    benchmark_fake_run(original, 9.25, 90_000_000, **onnx | {"file": "exports/model.onnx"})
    row = account([original]).rows[1]
    assert (row["model"], row["latency_p50_ms"], row["format"]) == ("original, onnx", 9.25, "onnx")
    assert row["test"]["accuracy"] == before[0]["test"]["accuracy"]


def test_different_conditions_are_told(line):
    benchmark = json.loads((line[1] / "benchmark.json").read_text())[0]
    machine = {"cpu": "Cortex-A72", "cores": 4, "system": "Linux"}
    (line[1] / "benchmark.json").write_text(
        json.dumps([benchmark | {"length": 128, "machine": machine}])
    )
    notes = " ".join(account([line[0]]).notes)
    assert "on different machines" in notes
    assert "Cortex-A72" in notes
    assert "different lengths (128, 26)" in notes
    (line[1] / "benchmark.json").write_text(json.dumps([benchmark | {"length": None}]))
    assert "different lengths (26, any)" in " ".join(account([line[0]]).notes)


def test_other_data_are_told_and_not_compared(line):
    change(line[1] / "data.json", fingerprint="00")
    found = account([line[0]])
    assert any(n.startswith("vocabulary quantize:int8 is not measured on") for n in found.notes)
    assert found.recommended["size"].model != "vocabulary quantize:int8"
    assert "vocabulary quantize:int8" not in found.fronts["size"]


@pytest.mark.parametrize("rows", ["other", "none"])
def test_other_or_no_test_rows_give_no_difference_but_a_note(line, rows):
    path = line[1] / "predictions" / "test.csv"
    lines = path.read_text(encoding="utf-8").split("\n")
    path.write_text("\n".join([lines[0], *lines[2:]]), encoding="utf-8")
    if rows == "none":
        path.unlink()
    found = account([line[0]])
    figures = row_of(found, line[1])["test"]
    assert figures["agreement"] is figures["difference"] is None
    assert figures["accuracy"] is not None
    assert any("original's test rows" in note for note in found.notes)


def test_an_unfinished_run_is_told_with_how_to_go_on(line):
    (line[1] / "metrics.json").unlink()
    found = account([line[0]])
    assert row_of(found, line[1])["state"] == "not finished"
    folder = line[1].resolve()
    assert f"kerastc compress --resume --run {folder}" in " ".join(found.notes)
    found.to_csv()
    assert "not finished" in printed(found, 200)


def test_models_of_the_same_steps_are_told_apart_by_their_runs(line):
    compress_fake_run(line[0], "once-more", STEPS)
    names = [row["model"] for row in account([line[0]]).rows]
    assert {"vocabulary quantize:int8 (good)", "vocabulary quantize:int8 (once-more)"} <= {*names}


def test_an_account_of_nothing_compressed_is_a_users_error(make_run):
    with pytest.raises(UserError, match="nothing was compressed"):
        account([make_run(rows=30, epochs=2)])


def test_a_broken_benchmark_is_named(line):
    (line[1] / "benchmark.json").write_text('{"file": 1}')
    with pytest.raises(UserError, match=re.escape(str(line[1] / "benchmark.json"))):
        account([line[0]])


def test_json_is_strict_and_complete(line):
    metrics = json.loads((line[1] / "metrics.json").read_text())
    change(line[1] / "metrics.json", test=metrics["test"] | {"loss": float("nan")})

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    table = json.loads(account([line[0]]).to_json(), parse_constant=refuse)
    row = next(row for row in table["models"] if row["steps"] == STEPS)
    assert row["test"]["loss"] is None
    assert row["validation"]["accuracy_interval"] == metrics["validation"]["intervals"]["accuracy"]
    assert table["recommended"]["size"]["model"] == "vocabulary quantize:int8"
    assert set(table["fronts"]) == {"size", "latency", "memory", "overall"}


def test_csv_has_a_line_a_model(whole):
    _, found = whole
    rows = list(csv.DictReader(io.StringIO(found.to_csv())))
    assert [row["model"] for row in rows] == [row["model"] for row in found.rows]
    bad, good = rows[1], rows[3]
    assert float(good["test_accuracy"]) == found.rows[3]["test"]["accuracy"]
    low, high = found.rows[3]["test"]["difference_interval"]
    ends = [good[f"test_difference_interval_{end}"] for end in ("low", "high")]
    assert [float(end) for end in ends] == [low, high]
    assert float(good["validation_agreement"]) > 0.9
    assert "size latency memory" in good["recommended_for"]
    assert "vocabulary quantize:int8" in bad["dominated_by"]
    assert rows[0]["test_difference"] == ""


def printed(found, width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    found.print(console)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [60, 100, 220])
def test_no_figure_is_cut_off_in_a_narrow_terminal(whole, width):
    _, found = whole
    text = printed(found, width)
    assert "…" not in text
    for row in found.rows:
        low, high = row["test"]["accuracy_interval"]
        assert f"{low:.3f} to {high:.3f}" in text
    assert "8 MiB" in text
    assert found.advice[0] in " ".join(text.split())


def test_a_wide_terminal_shows_every_column_and_a_narrow_one_the_essential(whole):
    _, found = whole
    wide, narrow = (printed(found, width).split("Test figures")[0] for width in (220, 60))
    for heading in ("accuracy", "size", "p50"):
        assert heading in narrow
    for words in ("agreement", "gzip", "p95", "memory", "loss", "took", "9,000,000"):
        assert words in wide
        assert words not in narrow


def test_the_command_gives_the_account_of_a_compressed_run_and_a_comparison_of_others(
    whole, make_run, tmp_path
):
    folders, found = whole
    page = tmp_path / "account.html"
    run = CliRunner().invoke
    done = run(main, ["compare", str(folders[0]), "--json", "--html", str(page)])
    assert json.loads(done.stdout) == json.loads(found.to_json())
    assert page.is_file()
    strict = run(main, ["compare", *map(str, folders[:2]), "--json", "--within", "0"])
    assert len(json.loads(strict.stdout)["models"]) == 2
    plain = [str(make_run(name, rows=30, epochs=2)) for name in "ab"]
    assert "runs" in json.loads(run(main, ["compare", *plain, "--json"]).stdout)
    assert run(main, ["compare", str(folders[0]), "--within", "2"]).exit_code == 2
