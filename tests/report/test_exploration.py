"""An exploration as plots, as a page of its own, in a run's page and in the terminal."""

import io
import json
import re

import numpy as np
import pytest
from rich.console import Console

from kerastc.data.texts.exploring import explore
from kerastc.data.texts.length_fits import Histogram
from kerastc.data.texts.texts import LabelledTexts
from kerastc.errors import UserError
from kerastc.report.exploration.page import exploration_plots, write_page
from kerastc.report.exploration.plots import coverage, lengths, rows_by_year, rows_per_class
from kerastc.report.exploration.terminal import print_exploration
from kerastc.report.page.page import write_report

HOSTILE = "[red]<script>alert('x')</script>"


def exploration(classes=("news", "sport", HOSTILE), dates=True) -> dict:
    """Of 300 texts of 1 to 20 words, ten of which repeat with another class, over three years."""
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice([*"abcdefgh"], rng.integers(1, 20))) for _ in range(290)]
    names = [classes[i % len(classes)] for i in range(290)]
    texts += [f"{HOSTILE} {i // 2}" for i in range(10)]
    names += [classes[i % 2] for i in range(10)]
    days = np.array([[20190101, 20200101, 20210101, 0][i % 4] for i in range(300)], np.int32)
    data = LabelledTexts.of(texts, names, f"a {HOSTILE} file", dates=days if dates else None)
    return explore(data).as_dict()


EXPLORATION = exploration()
PLAIN = exploration(dates=False)
EVERY_PLOT = ["rows_per_class", "rows_by_year", "coverage", "lengths"]


def names(record: dict) -> list[str]:
    return [plot.name for plot in exploration_plots(record)]


def test_every_table_has_its_plot():
    assert names(EXPLORATION) == EVERY_PLOT


def test_without_two_years_there_is_no_line_over_them():
    assert "rows_by_year" not in names(PLAIN)
    one = EXPLORATION | {"years": {"0": {"a": 3}, "2021": {"a": 5}}}
    assert "rows_by_year" not in names(one)


def test_plots_are_the_same_after_json():
    again = json.loads(json.dumps(EXPLORATION))
    captions = [(plot.name, plot.caption) for plot in exploration_plots(again)]
    assert captions == [(plot.name, plot.caption) for plot in exploration_plots(EXPLORATION)]


def test_texts_of_one_length_and_no_word_can_be_shown():
    data = LabelledTexts.of(["!!!"] * 4, ["a", "b", "a", "b"], "dull")
    record = explore(data).as_dict()
    assert names(record) == ["rows_per_class", "lengths"]
    assert printed(record).count("no fit: needs") == 4


def test_the_largest_class_is_the_uppermost_bar():
    axes = rows_per_class({"few": 1, "many": 30, "some": 9}).axes[0]
    assert [bar.get_width() for bar in axes.patches] == [30, 9, 1]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["many", "some", "few"]
    assert axes.texts[0].get_text() == "30 (75.0 %)"


def test_lines_by_year_are_the_rows_and_small_classes_are_grey():
    years = {year: {f"c{i}": i * year for i in range(10)} for year in (2019, 2020)}
    figure = rows_by_year(years)
    lines = figure.axes[0].get_lines()
    assert sorted(tuple(line.get_ydata()) for line in lines) == [
        (i * 2019, i * 2020) for i in range(10)
    ]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == [f"c{i}" for i in range(9, 2, -1)]
    assert len({line.get_color() for line in lines}) == 8


def test_the_curve_of_words_is_marked_where_it_passes_95_5_percent():
    axes = coverage([[1, 0.4], [10, 0.9], [50, 0.96], [100, 1.0]], 48).axes[0]
    curve, _, mark = axes.get_lines()
    assert curve.get_ydata().tolist() == [0.4, 0.9, 0.96, 1.0]
    assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (48, 0.955)
    assert axes.texts[0].get_text() == "48 words cover 95.5 %"


def test_bars_of_lengths_are_densities_and_each_fit_is_a_line():
    histogram = Histogram(2, 3, (10, 20, 10), 0)
    fits = [
        {"distribution": "normal", "parameters": {"mean": 6, "deviation": 2}, "squared_error": 0.1},
        {"distribution": "gamma", "parameters": {}, "squared_error": None},
    ]
    figure = lengths(histogram, 9, fits)
    axes = figure.axes[0]
    assert [bar.get_height() for bar in axes.patches] == pytest.approx([1 / 12, 1 / 6, 1 / 12])
    normal, mark = axes.get_lines()
    assert normal.get_ydata().max() == pytest.approx(1 / (2 * np.sqrt(2 * np.pi)), rel=1e-3)
    assert mark.get_xdata()[0] == 9
    assert "gamma" not in " ".join(text.get_text() for text in figure.legends[0].get_texts())


def test_the_page_opens_offline_and_escapes_what_is_data(tmp_path):
    path = tmp_path / "new" / "page.html"
    write_page(path, EXPLORATION, {"texts cut": 7})
    source = path.read_text(encoding="utf-8")
    assert source.count("data:image/png;base64,") == 4
    assert not re.search(r"<script[^>]|<link|(?:src|href)=\"(?:https?:)?//", source)
    anchors, ids = re.findall(r'href="#(\w+)"', source), re.findall(r' id="(\w+)"', source)
    assert anchors == ids == ["classes", "years", "words", "lengths", "noise", "notes"]
    assert source.count("<caption>") == source.count("<table>")
    assert "no date" in source
    assert [item.name for item in path.parent.iterdir()] == ["page.html"]


def test_a_page_that_cannot_be_written_is_a_users_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        write_page(tmp_path / "file" / "page.html", PLAIN, {})


def page_of(make_run, **more) -> tuple[str, list[str]]:
    folder = make_run(rows=60, epochs=2)
    data = json.loads((folder / "data.json").read_text()) | more
    (folder / "data.json").write_text(json.dumps(data))
    source = write_report(folder).read_text(encoding="utf-8")
    return source, sorted(path.stem for path in (folder / "plots").iterdir())


def test_a_runs_page_shows_what_was_explored(make_run):
    source, plots = page_of(make_run, exploration=EXPLORATION)
    assert set(EVERY_PLOT) <= set(plots)
    assert 'href="#exploring"' in source
    assert f"{EXPLORATION['words']['unique']:,} different words" in source
    assert "<script>alert" not in source


def test_a_run_that_did_not_explore_or_balance_has_no_such_section(make_run):
    source, plots = page_of(make_run)
    assert not {*EVERY_PLOT, "balancing"} & set(plots)
    assert "exploring" not in source
    assert "Balancing" not in source


def test_a_balanced_runs_page_shows_the_classes_before_and_after(make_run):
    balancing = {"how": "both", "before": [8001, 50, 7], "after": [1234, 50, 50]}
    source, plots = page_of(make_run, balancing=balancing)
    assert "balancing" in plots
    assert "before and after balancing: both" in source
    assert all(figure in source for figure in ("8,001", "1,234", "1,334"))


def printed(record: dict, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width)
    print_exploration(record, {"texts cut": 7}, console)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [30, 80, 200])
def test_the_terminal_shows_every_figure_and_takes_no_markup(width):
    text = printed(EXPLORATION, width)
    for rows in (*EXPLORATION["classes"].values(), *EXPLORATION["years"]["2020"].values()):
        assert f" {rows:,} " in text
    for fit in EXPLORATION["fits"]:
        assert f"{fit['squared_error']:.3g}" in text
    assert HOSTILE in printed(EXPLORATION, 200)
    assert "texts cut: 7" in text


def test_of_very_many_classes_the_terminal_counts_the_small_ones_together():
    classes = [f"c{i}" for i in range(50)]
    text = printed(exploration(classes, dates=False))
    assert "10 smaller ones" in text
