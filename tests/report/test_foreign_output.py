"""A report of an output that it does not know: the page, tables and choices ask the output alone.

The output gives a number a row, and less of its main figure is better. Nothing in `kerastc.report`
or `kerastc.scores` is told of it.
"""

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from fake_run import benchmark_fake_run, export_fake_run, write_json, write_rows
from rich.console import Console

import kerastc.outputs
from kerastc.report import account, compare, terminal, write_report
from kerastc.run import Run
from kerastc.tasks import TASKS, Task

ROWS = 400
PARTS = ("validation", "test")


@pytest.fixture(scope="module")
def ages():
    """The task, for the time of these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            kerastc.outputs,
            "__path__",
            [*kerastc.outputs.__path__, str(Path(__file__).parent / "fake_outputs")],
        )
        patch.setitem(TASKS, "text-ages", Task("text-ages", "text", "ages"))
        yield TASKS["text-ages"]


def made(task, folder: Path, deviation: float, trained: int, seed=0, texts=None, **config) -> Path:
    """A finished run whose answers differ from the truth by so many years."""
    output = task.output(["years"])
    folder.mkdir(parents=True)
    settings = {"deviation": deviation, "seed": seed}
    write_json(folder / "config.json", {
        "recipe": "ages", "command": "kerastc train ages", "config": settings, **config
    })  # fmt: skip
    write_json(folder / "preprocessing.json", {"task": task.name})
    write_json(folder / "data.json", {
        "source": "made up", "fingerprint": "53aa", "classes": ["years"],
        "splits": {part: {"rows": ROWS} for part in ("train", *PARTS)},
    })  # fmt: skip
    (folder / "labels.txt").write_text("years\n", encoding="utf-8")
    rng = np.random.default_rng([seed, round(100 * deviation)])
    truth = np.random.default_rng(99).uniform(20, 60, ROWS)
    metrics = {"training": {"steps": trained, "seconds": 3.5, "parameters": 10, "train_error": 1.5}}
    (folder / "predictions").mkdir()
    for part in PARTS:
        said = truth + deviation * rng.normal(size=ROWS)
        metrics[part] = output.metrics(truth, said)
        examples = texts or [f"{part} text {row}" for row in range(ROWS)]
        path = folder / "predictions" / f"{part}.csv"
        output.write_predictions(path, task.columns, examples, truth, said)
    write_json(folder / "metrics.json", metrics)
    write_rows(folder / "history.csv", [
        {"epoch": epoch, "loss": 9 / epoch, "val_loss": 9.5 / epoch, "val_error": 8 / epoch}
        for epoch in (1, 2, 3)
    ])  # fmt: skip
    return folder


def shown(thing) -> str:
    console = Console(file=io.StringIO(), width=200)
    thing.print(console)
    return console.file.getvalue()


def figures_of(folder: Path, part="validation") -> dict:
    return json.loads((folder / "metrics.json").read_text(encoding="utf-8"))[part]


def test_the_page_has_the_figures_and_sections_of_the_output(ages, tmp_path):
    run = made(ages, tmp_path / "run", 4.0, 100, texts=["<b>a text</b>"] * ROWS)
    page = write_report(run).read_text(encoding="utf-8")
    error = figures_of(run, "test")["error"]
    assert (
        f"<dt>Test within five years</dt><dd>{figures_of(run, 'test')['within_five']:.3f}" in page
    )
    assert re.search(rf'<th scope="row">Mean error</th>.*{error:.3f}', page)
    assert '<a href="#worst">Furthest</a>' in page and "Furthest from the truth" in page
    assert "&lt;b&gt;a text&lt;/b&gt;" in page and "<b>a text" not in page
    assert "made up · ages in years" in page
    assert {"ages.png", "learning_curves.png"} <= {p.name for p in (run / "plots").iterdir()}
    assert "Validation error goes from 8.000" in page
    words = re.sub(r"<style>.*?</style>|<script>.*?</script>|<[^>]*>", "", page, flags=re.DOTALL)
    assert not re.findall(r"\b[Aa]ccura\w*|[Mm]acro|F1|[Cc]onfus\w*", words)


def test_a_terminal_has_the_figures(ages, tmp_path, monkeypatch):
    run = made(ages, tmp_path / "run", 4.0, 100)
    console = Console(file=io.StringIO(), width=200)
    monkeypatch.setattr(terminal, "console", console)
    terminal.run_summary(Run.open(run))
    text = console.file.getvalue()
    assert f"On test texts: mean error {figures_of(run, 'test')['error']:.3f} [" in text
    assert f"{ROWS} texts" in text


def test_runs_are_ranked_and_recommended_by_the_least_error(ages, tmp_path):
    runs = {
        name: made(ages, tmp_path / name, deviation, steps)
        for name, deviation, steps in (("slow", 4.0, 900), ("fast", 4.001, 100), ("bad", 6.0, 10))
    }
    found = compare(list(runs.values()))
    errors = [row["validation"]["error"] for row in found.rows]
    assert errors == sorted(errors) and found.rows[-1]["run"] == "bad"
    assert "validation mean error, lowest first" in found.sorted_by
    assert found.recommendation.taken.name != "deviation=6"
    assert "mean error" in found.recommendation.reason
    table = json.loads(found.to_json())
    assert table["recommendation"]["taken"]["error"] == pytest.approx(errors[0], abs=0.3)
    assert table["runs"][0]["train"] == {"error": 1.5}
    heading = found.to_csv().splitlines()[0]
    assert "train_error,validation_error,validation_within_five,test_error" in heading
    text = shown(found)
    assert "test within five years" in text and "accuracy" not in text
    page = tmp_path / "compare.html"
    found.to_html(page)
    assert "Validation mean error" in page.read_text(encoding="utf-8")
    by_share = compare(list(runs.values()), "within_five").recommendation
    assert by_share.best.figure.name == "within_five"


def test_a_paired_difference_of_means_is_that_of_the_normal_approximation(ages, tmp_path):
    from kerastc.scores.pairs import Judged, difference, least_differences

    output = ages.output(["years"])
    runs = [made(ages, tmp_path / name, years, 1) for name, years in (("one", 4.0), ("two", 5.0))]
    paths = [run / "predictions" / "test.csv" for run in runs]
    one, other = (Judged(output, output.read_predictions(path)) for path in paths)
    steps = (one.counts(output.main) - other.counts(output.main))[:, 0]
    half = 1.96 * steps.std() / ROWS**0.5
    mean, ends = difference(output.main, [(one, other)])
    assert mean == pytest.approx(steps.mean())
    assert ends == pytest.approx([mean - half, mean + half], abs=0.15 * half)
    [worst] = least_differences(output.main, one, [other])
    assert worst == pytest.approx(-mean + 1.645 / 1.96 * half, abs=0.2 * half)
    assert least_differences(output.main, one, [one]) == [0.0]  # no added row, no spread


def test_an_account_weighs_the_error_against_the_costs(ages, tmp_path):
    original = made(ages, tmp_path / "original", 4.0, 100)
    models = {"good": (4.05, 30_000_000), "bad": (9.0, 40_000_000)}
    export_fake_run(original, bytes=90_000_000, quantization="float32")
    benchmark_fake_run(original, 5.0, 90_000_000)
    for name, (deviation, size) in models.items():
        steps = [f"low-rank:{name}"]
        child = made(
            ages, original / "compressed" / name, deviation, 100,
            parent={"run": str(original)}, steps=steps,
        )  # fmt: skip
        export_fake_run(child, bytes=size, quantization="float32")
        benchmark_fake_run(child, size / 2e7, size)
    found = account([original], within=1.0)
    rows = {row["model"]: row for row in found.rows}
    assert rows["low-rank:bad"]["test"]["difference"] > 3
    assert rows["low-rank:bad"]["validation"]["least_difference"] > 3
    assert found.recommended["size"].model == "low-rank:good"
    assert set(found.recommended) == {"size", "latency", "memory", "error"}
    assert "For mean error" in found.rule and "lowest validation mean error" in found.rule
    assert found.beaten == {"low-rank:bad": ["low-rank:good"]}
    assert "mean error" in shown(found) and "accura" not in shown(found)
    assert "validation_error" in found.to_csv()
    page = write_report(original).read_text(encoding="utf-8")
    assert "Mean error against size" in page
    assert (original / "plots" / "error_by_size.png").is_file()
