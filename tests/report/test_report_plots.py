"""Plots: what they draw, for few and many classes, odd names and short trainings."""

from itertools import pairwise

import matplotlib
import numpy as np
import pandas as pd
import pytest
from fake_run import fake_predictions, history_rows
from PIL import Image

from kerastc.outputs.classes.class_plots import class_proportions, per_class_curves
from kerastc.outputs.classes.prediction_plots import (
    accuracy_by_length,
    confusion,
    length_groups,
    reliability,
)
from kerastc.outputs.classes.scores import Classes
from kerastc.report.drawing import style
from kerastc.report.drawing.style import MANY, plot_names, png, series_style
from kerastc.report.page.plots import learning_curves

CURVES = Classes.figures[:2]


def history(classes, epochs=6) -> pd.DataFrame:
    return pd.DataFrame(history_rows(classes, epochs, np.random.default_rng(0), 0.9))


def texts_of(axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_bars_are_the_shares_of_each_part():
    figure = class_proportions({"train": [30, 10], "test": [1, 3]}, ["a", "b"])
    widths = [bar.get_width() for bars in figure.axes[0].containers for bar in bars]
    assert widths == pytest.approx([0.75, 0.25, 0.25, 0.75])


def test_of_very_many_classes_the_largest_and_smallest_are_shown():
    counts = np.arange(100, 0, -1)
    figure = class_proportions({"train": counts}, [f"c{i}" for i in range(100)])
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names[0] == "c0"
    assert names[-1] == "c99"
    assert len(names) == 40
    assert "60" in figure.axes[0].get_title(loc="left")


def test_the_best_epoch_is_marked_on_the_validation_curve():
    table = history(["a", "b"])
    accuracy = learning_curves(table, CURVES, best_epoch=4).axes[1]
    star = next(line for line in accuracy.lines if line.get_marker() == "*")
    assert list(star.get_xdata()) == [4]
    assert list(star.get_ydata()) == [table["val_accuracy"][3]]


def test_curves_leave_out_what_the_history_lacks():
    table = history(["a", "b"])[["epoch", "loss", "accuracy"]]
    titles = [axes.get_title(loc="left") for axes in learning_curves(table, CURVES, None).axes]
    assert titles == ["Loss", "Accuracy"]


def test_a_small_change_of_accuracy_is_drawn_small():
    table = pd.DataFrame({"epoch": [1, 2], "val_accuracy": [0.901, 0.902]})
    low, high = learning_curves(table, CURVES, None).axes[0].get_ylim()
    assert high - low == pytest.approx(0.1)


def test_few_classes_have_a_named_line_each():
    figure = per_class_curves(history(["a", "b", "_c"]), ["a", "b", "_c"], best_epoch=3)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b", "_c"]


def test_of_many_classes_the_highest_and_lowest_f1_are_named():
    classes = [f"class {i:02d}" for i in range(20)]
    table = history(classes)
    for i, name in enumerate(classes):
        table[f"val_f1[{name}]"] = 0.9 - 0.01 * i
    figure = per_class_curves(table, classes, best_epoch=3)
    named = [text.get_text() for text in figure.legends[0].get_texts()]
    assert named == [*classes[:3], *classes[-3:]]
    assert sum(line.get_color() == style.LIGHT_GREY for line in figure.axes[2].lines) == 14


def test_the_matrix_has_counts_and_shares():
    labels, predicted = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    figure = confusion(labels, predicted, ["a", "b"])
    assert texts_of(figure.axes[0]) == ["2\n67%", "1\n33%", "1\n100%"]
    shares = figure.axes[0].images[0].get_array()
    np.testing.assert_allclose(shares, [[2 / 3, 1 / 3], [0, 1]])


def test_the_reliability_points_are_the_bins():
    labels, probabilities = fake_predictions(3, 200, np.random.default_rng(1))
    figure = reliability(labels, probabilities, "texts")
    bars = [bar.get_height() for bar in figure.axes[1].containers[0]]
    assert sum(bars) == 200
    assert figure.axes[0].get_title(loc="left").startswith("Expected calibration error 0.")


def test_length_groups_part_all_rows_without_parting_equal_lengths():
    lengths = np.random.default_rng(0).integers(10, 40, 300)
    groups = length_groups(lengths)
    assert np.sum(groups, axis=0).tolist() == [1] * 300
    assert len(groups) == 6
    ends = [(lengths[group].min(), lengths[group].max()) for group in groups]
    assert all(high < low for (_, high), (low, _) in pairwise(ends))


@pytest.mark.parametrize("lengths", [[7], [5] * 40, list(range(12))])
def test_few_or_equal_lengths_still_make_a_plot(lengths):
    lengths = np.array(lengths)
    png(accuracy_by_length(lengths, lengths % 2 == 0, "text", "texts"))


@pytest.mark.parametrize(
    "classes",
    [
        ("neg", "pos"),
        ("ספורט", "Cost $5 and $6", "_hidden", "経済", "Política internacional de España"),
        tuple(f"Category {i} with quite a long name" for i in range(30)),
    ],
    ids=["two", "odd", "many"],
)
def test_every_plot_is_drawn_without_a_warning(classes):
    labels, probabilities = fake_predictions(len(classes), 120, np.random.default_rng(2))
    counts = np.bincount(labels, minlength=len(classes))
    for figure in (
        class_proportions({"train": counts, "validation": counts, "test": counts}, classes),
        per_class_curves(history(classes, 1), classes, 1),
        confusion(labels, probabilities.argmax(axis=1), classes),
    ):
        assert png(figure).startswith(b"\x89PNG")


def test_plot_names_stay_apart_when_cut():
    names = plot_names(["a long name that ends in one", "a long name that ends in two", "c"], 12)
    assert names == ["a long name… (1)", "a long name… (2)", "c"]


def test_a_name_without_glyphs_is_named_by_its_place():
    assert plot_names(["ñandú", "\U000131f7"]) == ["ñandú", "class 2"]


def test_series_differ_by_colour_marker_and_dashes():
    styles = [series_style(i) for i in range(MANY)]
    for key in ("color", "marker", "linestyle"):
        assert len({str(style[key]) for style in styles}) == MANY


def test_drawing_leaves_matplotlib_as_it_was():
    before = matplotlib.rcParams["axes.grid"], matplotlib.rcParams["text.parse_math"]
    learning_curves(history(["a", "b"]), CURVES, 2)
    assert (matplotlib.rcParams["axes.grid"], matplotlib.rcParams["text.parse_math"]) == before


def test_the_picture_has_the_size_of_the_figure(tmp_path):
    figure = style.new_figure(4, 2)
    (tmp_path / "a.png").write_bytes(png(figure))
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (4 * style.DOTS_PER_INCH, 2 * style.DOTS_PER_INCH)
