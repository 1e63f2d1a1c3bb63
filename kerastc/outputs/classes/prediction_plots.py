"""Plots of a model's predictions for a part: confusion, calibration, accuracy by length."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from kerastc.outputs.classes.metrics import confusion_matrix
from kerastc.report.drawing.matrix import matrix_of_counts
from kerastc.report.drawing.style import BLUE, GREY, SKY, VERMILLION, drawing, new_figure
from kerastc.scores.calibration import (
    expected_calibration_error,
    reliability_bins,
    wilson_interval,
)

_LENGTH_BINS = 6
_ROWS_PER_LENGTH_BIN = 15


def confusion(labels: np.ndarray, predicted: np.ndarray, classes: Sequence[str]) -> Figure:
    """The confusion matrix: counts, and as colour the share of each true class.

    Args:
        labels: (n,) int.
        predicted: (n,) int.
        classes: the class names.
    """
    matrix = confusion_matrix(labels, predicted, len(classes))
    return matrix_of_counts(matrix, classes, classes, "class")


@drawing()
def reliability(labels: np.ndarray, probabilities: np.ndarray, units: str) -> Figure:
    """Accuracy against confidence with 95 % intervals, above a histogram of the confidence.

    Args:
        labels: (n,) int.
        probabilities: (n, classes) float.
        units: what is counted.
    """
    table = reliability_bins(labels, probabilities)
    filled = table.counts > 0
    counts, accuracy = table.counts[filled], table.accuracy[filled]
    low, high = wilson_interval(np.rint(accuracy * counts), counts)
    figure = new_figure(6.4, 6.4)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    upper.plot([0, 1], [0, 1], color=GREY, linestyle="--", label="perfectly calibrated")
    upper.errorbar(
        table.confidence[filled],
        accuracy,
        yerr=[accuracy - low, high - accuracy],
        color=BLUE,
        marker="o",
        capsize=3,
        elinewidth=1.2,
        label="model, with 95 % intervals",
    )
    upper.set_ylim(0, 1.02)
    upper.set_ylabel("accuracy")
    error = expected_calibration_error(labels, probabilities)
    upper.set_title(f"Expected calibration error {error:.3f}")
    upper.legend(loc="upper left")
    bars = lower.bar(
        table.edges[:-1], table.counts, np.diff(table.edges), align="edge",
        color=SKY, edgecolor="black", linewidth=0.8,
    )  # fmt: skip
    lower.bar_label(bars, [f"{n:,}" if n else "" for n in table.counts], fontsize=8, padding=1)
    lower.margins(y=0.25)
    lower.set_ylabel(units)
    lower.set_xlabel("confidence: the probability of the predicted class")
    lower.set_xlim(0, 1)
    return figure


@drawing()
def accuracy_by_length(lengths: np.ndarray, right: np.ndarray, unit: str, units: str) -> Figure:
    """Accuracy in groups of about equal size by the examples' length, with 95 % intervals.

    Args:
        lengths: (n,) int, characters of each example.
        right: (n,) bool, whether it was predicted right.
        unit, units: what one and several examples are called.
    """
    groups = length_groups(lengths)
    rows = np.array([group.sum() for group in groups])
    hits = np.array([right[group].sum() for group in groups])
    low, high = wilson_interval(hits, rows)
    share = hits / rows
    figure = new_figure(7.6, 4.2)
    axes = figure.add_subplot()
    axes.axhline(right.mean(), color=GREY, linestyle="--", label=f"all {units}: {right.mean():.3f}")
    axes.errorbar(
        np.arange(len(groups)),
        share,
        yerr=[share - low, high - share],
        color=VERMILLION,
        marker="s",
        markersize=7,
        linestyle="",
        capsize=5,
        label="accuracy with 95 % interval",
    )
    spans = [_span(lengths[group]) for group in groups]
    axes.set_xticks(
        range(len(groups)), [f"{span}\nn = {n:,}" for span, n in zip(spans, rows, strict=True)]
    )
    axes.set_xlim(-0.5, len(groups) - 0.5)
    axes.set_ylim(max(0.0, float(low.min()) - 0.08), 1.02)
    axes.grid(False, axis="x")
    axes.set_xlabel(f"characters of the {unit}")
    axes.set_ylabel("accuracy")
    figure.legend(loc="outside lower center", ncols=2)  # inside it would cover a point
    return figure


def length_groups(lengths: np.ndarray) -> list[np.ndarray]:
    """Masks (n,) of up to six groups of about equal size, shortest first.

    Equal lengths are never split, so there can be fewer groups, or unequal ones.
    """
    count = int(np.clip(len(lengths) // _ROWS_PER_LENGTH_BIN, 1, _LENGTH_BINS))
    borders = np.unique(np.quantile(lengths, np.linspace(0, 1, count + 1)[1:-1]))
    place = np.searchsorted(borders, lengths, side="left")
    return [place == group for group in np.unique(place)]


def _span(lengths: np.ndarray) -> str:
    low, high = int(lengths.min()), int(lengths.max())
    return f"{low:,}" if low == high else f"{low:,}\N{EN DASH}{high:,}"
