"""Plots of several runs: their figures with intervals, and their learning curves together."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kerastc.report.drawing.style import (
    BLUE,
    LIGHT_GREY,
    MANY,
    VERMILLION,
    drawing,
    epoch_axis,
    new_figure,
    plot_names,
    series_style,
)
from kerastc.scores.figures import Figure as Measure

SHOWN_RUNS = 40  # if there are more runs, the plot of figures shows the first
_PARTS = (("validation", BLUE, "o", -0.14), ("test", VERMILLION, "s", 0.14))


@drawing()
def ranges(labels: Sequence[str], rows: Sequence[Mapping[str, Any]], measure: Measure) -> Figure:
    """The validation and test figure of each run with 95 % intervals, a line per run.

    Args:
        labels: a name per run.
        rows: runs with `validation` and `test`, and in each the figure and its interval, or None.
        measure: the figure.
    """
    name = measure.name
    labels, rows = plot_names(labels[:SHOWN_RUNS], 48), rows[:SHOWN_RUNS]
    figure = new_figure(9.6, 1.5 + 0.36 * len(rows))
    axes = figure.add_subplot()
    for part, colour, marker, shift in _PARTS:
        there = [i for i, row in enumerate(rows) if row[part][name] is not None]
        if not there:
            continue
        values = np.array([rows[i][part][name] for i in there])
        ends = np.array(
            [
                rows[i][part].get(f"{name}_interval") or (v, v)
                for i, v in zip(there, values, strict=True)
            ]
        )
        axes.errorbar(
            values,
            np.array(there) + shift,
            xerr=np.abs(ends.T - values),
            color=colour,
            marker=marker,
            linestyle="",
            capsize=3,
            elinewidth=1.2,
            label=part,
        )
    axes.set_yticks(range(len(rows)), labels)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel(f"{measure.label}, with 95 % intervals")
    figure.legend(loc="outside lower center", ncols=2)
    return figure


@drawing()
def validation_curves(
    labels: Sequence[str], histories: Sequence[pd.DataFrame], measures: Sequence[Measure]
) -> Figure:
    """Validation figures by epoch, a line per run.

    As many runs as there are distinguishable lines are named, the first ones; the others are grey.

    Args:
        labels: a name per run.
        histories: a table per run with `epoch`, and a column `val_NAME` per figure.
        measures: one or two figures.
    """
    labels = plot_names(labels, 48)
    columns = 1 if max(map(len, labels[:MANY])) > 30 else 2
    lines = -(-min(len(labels), MANY) // columns)
    figure = new_figure(9.6, 3.9 + 0.24 * lines)
    epochs = np.concatenate([history["epoch"] for history in histories])
    grid = figure.subplots(1, len(measures), squeeze=False)[0]
    for axes, measure in zip(grid, measures, strict=True):
        handles = []
        for place, history in reversed(list(enumerate(histories))):  # the first in front
            look = (
                {**series_style(place), "markevery": max(1, len(history) // 12)}
                if place < MANY
                else {"color": LIGHT_GREY, "linewidth": 1}
            )
            line = axes.plot(history["epoch"], history[f"val_{measure.name}"], **look)[0]
            handles.insert(0, line)
        axes.set_title(f"Validation {measure.label}")
        axes.set_xlabel("epoch")
        epoch_axis(axes, epochs)
    figure.legend(handles[:MANY], labels[:MANY], loc="outside lower center", ncols=columns)
    return figure
