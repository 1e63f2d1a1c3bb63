"""The account on paper: the page, the section of a run's report, plots whose names can be read."""

import re
from html import unescape
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from fake_run import benchmark_fake_run, compress_fake_run, make_fake_run, write_json
from matplotlib.text import Annotation

from kerastc.outputs.classes.scores import Classes
from kerastc.report import account, write_report
from kerastc.report.account.plots import LABELLED, frontier

SCRIPT = "<script>alert('x')</script>"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The reports of an original and its child, and the account's own page."""
    run = make_fake_run(tmp_path_factory.mktemp("runs") / "my run", rows=1200, epochs=2)
    benchmark_fake_run(run, 4.0, 80 * 2**20)
    child = compress_fake_run(run, "small #1", ["vocabulary", f"low-rank:{SCRIPT}"], noise=0.1)
    benchmark_fake_run(child, 1.0, 8 * 2**20, quantization="int8")
    page = run.parent / "account.html"
    account([run]).to_html(page)
    paths = {"run": write_report(run), "child": write_report(child), "account": page}
    return {name: path.read_text(encoding="utf-8") for name, path in paths.items()}, child


def test_the_reports_of_original_and_account_show_the_same_table_and_plots(pages):
    sources, _ = pages
    for name in ("run", "account"):
        source = sources[name]
        assert "recommended for size" in source
        assert "8 MiB" in source
        for words in ("Accuracy against size", "Accuracy against latency"):
            assert words in source
        assert "no other model is both cheaper" in source
    assert 'href="#account"' in sources["run"]
    assert sources["account"].count("data:image/png;base64,") == 2


def test_the_plots_lie_among_the_runs_files(pages):
    _, child = pages
    plots = child.parent.parent / "plots"
    for name in ("accuracy_by_size.png", "accuracy_by_latency.png"):
        assert (plots / name).read_bytes().startswith(b"\x89PNG")


def test_a_compressed_runs_report_has_its_steps_its_file_and_a_link_to_its_parent(pages):
    sources, child = pages
    source = sources["child"]
    assert 'href="#compression"' in source
    assert 'href="#benchmark"' in source
    assert "ranks.kernel" in source
    link = re.search(r'Made of <a href="([^"]+)">my run', source)[1]
    assert (child / link).resolve() == (child.parent.parent / "report.html").resolve()
    assert 'href="#account"' not in source
    assert "where the training curves up to there were drawn" not in source


def test_an_uncompressed_runs_report_has_none_of_it(make_run):
    source = write_report(make_run(rows=30, epochs=2)).read_text(encoding="utf-8")
    for anchor in ("compression", "benchmark", "account"):
        assert f'id="{anchor}"' not in source


def test_steps_are_no_markup_and_nothing_is_loaded(pages):
    for source in pages[0].values():
        assert SCRIPT not in source
        assert not re.search(r"<link|(?:src|href)=\"(?:https?:)?//", source)
    assert SCRIPT in unescape(pages[0]["account"])


def test_a_circle_of_parents_is_no_reason_to_hang(make_run):
    run = make_run("a", rows=30, epochs=2)
    child = compress_fake_run(run, "b", ["vocabulary"])
    write_json(run / "config.json", {"recipe": "arxiv", "parent": {"run": str(child)}})
    with pytest.raises(Exception, match="own ancestor"):
        write_report(run)


def rows_of(costs, accuracies, names):
    return [
        {
            "model": name,
            "bytes": cost,
            "latency_p50_ms": cost,
            "test": {
                "accuracy": accuracy,
                "accuracy_interval": [accuracy - 0.01, accuracy + 0.01],
            },
        }
        for name, cost, accuracy in zip(names, costs, accuracies, strict=True)
    ]


def names_of(figure):
    found = [text for text in figure.axes[0].texts if isinstance(text, Annotation)]
    return [text for text in found if text.get_text()]


def crowd(count: int, seed: int = 0):
    """Models with long names that lie close together."""
    rng = np.random.default_rng(seed)
    names = [f"vocabulary low-rank:energy=0.{i} recover:epochs=1" for i in range(count)]
    costs = 2**20 * np.exp(rng.normal(2, 1.0, count))
    return rows_of(costs.tolist(), (0.8 + 0.03 * rng.normal(size=count)).tolist(), names)


@pytest.mark.parametrize("seed", range(3))
def test_no_name_covers_another_or_leaves_the_plot(seed):
    rows = crowd(10, seed)
    figure = frontier(
        rows, "size", Classes.main, [min(rows, key=lambda row: row["bytes"])["model"]], set()
    )
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in names_of(figure)]
    assert len(boxes) == 10
    for one, other in combinations(boxes, 2):
        assert not one.overlaps(other)
    window = figure.axes[0].get_window_extent().padded(1)
    assert all(window.containsx(x) for box in boxes for x in (box.x0, box.x1))
    assert all(window.containsy(y) for box in boxes for y in (box.y0, box.y1))


def test_of_many_models_the_original_the_front_and_the_recommended_are_named():
    rows = crowd(LABELLED + 6)
    models = [row["model"] for row in rows]
    front, starred = [models[3], models[5]], {models[5], models[7]}
    shown = {
        re.sub(r"\s+", " ", text.get_text())
        for text in names_of(frontier(rows, "size", Classes.main, front, starred))
    }
    assert shown == {models[0], *front, *starred}


def test_the_front_is_drawn_as_what_a_cost_buys():
    rows = rows_of([1.0, 2.0, 4.0, 3.0], [0.5, 0.7, 0.8, 0.6], "abcd")
    axes = frontier(rows, "latency", Classes.main, ["a", "b", "c"], {"b"}).axes[0]
    corners = [[1, 0.5], [2, 0.5], [2, 0.7], [4, 0.7], [4, 0.8]]
    assert axes.lines[0].get_xydata().tolist() == corners
    assert axes.get_xscale() == "log"
    assert {line.get_marker() for line in axes.lines[1:]} == {"D", "*", "o"}


@pytest.mark.parametrize(
    ("cost", "costs", "tick"),
    [
        ("size", [2**20, 80 * 2**20], "10 MiB"),
        ("size", [300 * 2**10, 2 * 2**20], "1 MiB"),
        ("latency", [0.3, 5.0], "1 ms"),
        ("latency", [0.31, 0.33], "0.3 ms"),
    ],
)
def test_ticks_are_round_figures(cost, costs, tick):
    axes = frontier(rows_of(costs, [0.7, 0.8], "ab"), cost, Classes.main, ["a", "b"], set()).axes[0]
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert tick in labels
    assert 2 <= len(labels) <= 12


def test_the_page_of_models_without_files_has_no_plot(make_run, tmp_path):
    run = make_run("a", rows=30, epochs=2)
    compress_fake_run(run, "b", ["vocabulary"])
    account([run]).to_html(Path(tmp_path / "account.html"))
    source = (tmp_path / "account.html").read_text(encoding="utf-8")
    assert "data:image/png" not in source
    assert "kerastc export" in source


def test_commands_can_be_pasted_where_a_folder_has_a_space(make_run):
    run = make_run("my run", rows=30, epochs=2)
    compress_fake_run(run, "b", ["vocabulary"])
    notes = " ".join(account([run]).notes)
    assert f"kerastc export '{run}' --format litert" in notes


def test_a_long_step_breaks_at_its_commas():
    names = ["original", "distill:layers=3,epochs=5,learning_rate=2e-4"]
    figure = frontier(rows_of([1.0, 2.0], [0.7, 0.8], names), "latency", Classes.main, names, set())
    texts = {text.get_text() for text in names_of(figure)}
    assert "distill:layers=3, epochs=5,\nlearning_rate=2e-4" in texts
