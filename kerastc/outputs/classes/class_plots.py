"""Plots of each class: its share in each part, and its figures by epoch."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from kerastc.report.drawing.style import (
    BLUE,
    GREEN,
    GREY,
    LIGHT_GREY,
    MANY,
    ORANGE,
    drawing,
    epoch_axis,
    new_figure,
    plot_names,
    series_style,
)

_SHOWN_CLASSES = 40  # bars shown if there are more classes
_PART_STYLE = {
    "train": (BLUE, ""),
    "validation": (ORANGE, "///"),
    "test": (GREEN, "..."),
    "before": (ORANGE, "///"),
    "after": (BLUE, ""),
}


@drawing()
def class_proportions(
    counts: Mapping[str, Sequence[int]], classes: Sequence[str], title: str = "Classes in each part"
) -> Figure:
    """Share of each class in each part, as bars.

    Args:
        counts: part to its rows of each class, (classes,) int.
        classes: the class names.
        title: above the bars.
    """
    rows = np.array([counts[part] for part in counts], dtype=np.float64)
    shares = rows / np.maximum(rows.sum(axis=1, keepdims=True), 1)
    shown = _largest_and_smallest(rows.sum(axis=0))
    figure = new_figure(8.6, 1.5 + 0.17 * len(shown) * (len(counts) + 0.9))
    axes = figure.add_subplot()
    height = 0.8 / len(counts)
    for i, part in enumerate(counts):
        colour, hatch = _PART_STYLE.get(part, (GREY, "xx"))
        places = np.arange(len(shown)) + (i - (len(counts) - 1) / 2) * height
        bars = axes.barh(
            places,
            shares[i, shown],
            height * 0.92,
            color=colour,
            hatch=hatch,
            edgecolor="white",
            label=f"{part} ({rows[i].sum():,.0f})",
        )
        if len(shown) <= 20:
            axes.bar_label(bars, [f"{n:,.0f}" for n in rows[i, shown]], padding=3, fontsize=8)
    names = plot_names(classes)
    axes.set_yticks(range(len(shown)), [names[c] for c in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.grid(False, axis="y")
    axes.margins(x=0.08)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_xlabel("share of the part")
    left_out = len(classes) - len(shown)
    axes.set_title(title + (f" ({left_out} of middle size left out)" * (left_out > 0)))
    figure.legend(loc="outside lower center", ncols=len(counts))
    return figure


def _largest_and_smallest(sizes: np.ndarray) -> np.ndarray:
    """Indices in the given order or, if too many, the largest and smallest by size."""
    if len(sizes) <= _SHOWN_CLASSES:
        return np.arange(len(sizes))
    order = np.argsort(-sizes, kind="stable")
    half = _SHOWN_CLASSES // 2
    return np.concatenate([order[:half], order[-half:]])


@drawing()
def per_class_curves(
    history: pd.DataFrame, classes: Sequence[str], best_epoch: float | None
) -> Figure:
    """Validation precision, recall and F1 of each class by epoch.

    If there are more classes than distinguishable lines, the highest and lowest by F1 in the best
    epoch are named and the others are grey, behind them.

    Args:
        history: `epoch` and `val_precision[CLASS]`, `val_recall[CLASS]`, `val_f1[CLASS]`.
        classes: the class names.
        best_epoch: marked if given; otherwise the last epoch ranks the classes.
    """
    named = _named_classes(history, classes, best_epoch)
    columns = 2 if max(len(name) for name in named) > 20 else 4
    figure = new_figure(9.6, 3.7 + 0.24 * -(-len(named) // columns))
    panels = figure.subplots(1, 3, sharey=True)
    for axes, key in zip(panels, ("precision", "recall", "f1"), strict=True):
        values = {name: history[f"val_{key}[{name}]"] for name in classes}
        handles = _class_lines(axes, history["epoch"].to_numpy(), values, named)
        axes.set_title({"f1": "F1"}.get(key, key.capitalize()))
        axes.set_xlabel("epoch")
        if best_epoch is not None:
            axes.axvline(best_epoch, color=GREY, linestyle=":", linewidth=1.4, zorder=1)
    panels[0].set_ylim(min(0.3, panels[0].get_ylim()[0]), 1.02)
    labels = dict(zip(classes, plot_names(classes, 40 if columns == 2 else 20), strict=True))
    figure.legend(
        handles, [labels[name] for name in named], loc="outside lower center", ncols=columns
    )
    return figure


def _class_lines(
    axes: Axes, epochs: np.ndarray, values: Mapping[str, pd.Series], named: Sequence[str]
) -> list:
    """Draws a line for each class, named ones in front; returns the named lines."""
    for name, line in values.items():
        if name not in named:
            axes.plot(epochs, line, color=LIGHT_GREY, linewidth=1)
    epoch_axis(axes, epochs)
    every = max(1, len(epochs) // 12)
    return [
        axes.plot(epochs, values[name], markevery=every, **series_style(place))[0]
        for place, name in enumerate(named)
    ]


def _named_classes(
    history: pd.DataFrame, classes: Sequence[str], best_epoch: float | None
) -> list[str]:
    if len(classes) <= MANY:
        return list(classes)
    row = history[history["epoch"] == best_epoch] if best_epoch else history.tail(1)
    order = sorted(classes, key=lambda name: -float(row[f"val_f1[{name}]"].iloc[0]))
    return order[: MANY // 2] + order[-(MANY // 2) :]
