"""Plots of an account: a figure against a cost, with the Pareto front."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter, NullLocator

from kerastc import formatting
from kerastc.report.drawing.point_labels import label_points
from kerastc.report.drawing.style import (
    BLUE,
    GREY,
    LIGHT_GREY,
    ORANGE,
    drawing,
    new_figure,
    plot_names,
)
from kerastc.scores.figures import Figure as Measure
from kerastc.scores.pareto import COSTS, judged

LABELLED = 14  # of more models, only the original, the front and the recommended are named
_AXIS = {"size": "file size", "latency": "p50 latency", "memory": "peak memory"}
_STEPS = ((1,), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9))  # ticks: the first with three or more


@drawing()
def frontier(
    rows: Sequence[Mapping[str, Any]],
    cost: str,
    measure: Measure,
    front: Sequence[str],
    starred: set[str],
) -> Figure:
    """A figure of the deciding part, with 95 % intervals, against a cost on a logarithmic axis.

    Args:
        rows: of the account, the original first, each with the figure and the cost.
        cost: of `pareto.COSTS`.
        measure: the figure.
        front: the models that no other dominates, cheapest first.
        starred: the models that are recommended for any goal.
    """
    key, form, _ = COSTS[cost]
    points = np.array([[row[key], judged(row)[measure.name]] for row in rows], dtype=np.float64)
    models = [row["model"] for row in rows]
    figure = new_figure(9.6, 6.0)
    axes = figure.add_subplot()
    axes.set_xscale("log")
    line = _staircase(points[[models.index(model) for model in front]])
    axes.plot(*line.T, color=BLUE, zorder=2)
    for row, point in zip(rows, points, strict=True):
        on_front = row["model"] in front
        low, high = judged(row)[f"{measure.name}_interval"] or (point[1], point[1])
        axes.vlines(point[0], low, high, color=LIGHT_GREY, linewidth=1.2, zorder=1)
        look = _look(row is rows[0], row["model"] in starred, on_front)
        axes.plot(*point, linestyle="", zorder=4 if on_front else 3, **look)
    _limits(axes, points)
    _ticks(axes, form)
    axes.set_xlabel(f"{_AXIS[cost]} (logarithmic)")
    axes.set_ylabel(f"{rows[0].get('judged_on', 'test')} {measure.label}")
    _legend(figure, len(front) < len(rows), models[0] not in starred, bool(starred & {*models}))
    important = {models[0], *front, *starred}
    named = [len(models) <= LABELLED or model in important for model in models]
    # The important names get the best positions.
    order = sorted(range(len(models)), key=lambda i: models[i] not in important)
    names = plot_names(models, 120)
    label_points(axes, [names[i] for i in order], points[order], [named[i] for i in order], line)
    return figure


def _staircase(front: np.ndarray) -> np.ndarray:
    """The corners of the line that shows the best figure for a cost, (2n - 1, 2).

    Args:
        front: (n, 2) float, cost and accuracy, both rising.
    """
    return np.column_stack([np.repeat(front[:, 0], 2)[1:], np.repeat(front[:, 1], 2)[:-1]])


def _look(original: bool, starred: bool, on_front: bool) -> dict[str, Any]:
    """The original is a diamond, a recommended model a star; the dominated are grey."""
    marker, size = ("*", 17) if starred else ("D", 8) if original else ("o", 8)
    face = (ORANGE if starred else BLUE) if on_front else GREY
    return {
        "marker": marker,
        "markersize": size,
        "markerfacecolor": face,
        "markeredgecolor": "black" if starred or original else "white",
    }


def _legend(figure: Figure, dominated: bool, original: bool, recommended: bool) -> None:
    """The legend of the markers in the plot."""
    black = {"linestyle": "", "markeredgecolor": "black"}
    handles = {"front": Line2D([], [], color=BLUE, marker="o")}
    if dominated:
        handles["dominated"] = Line2D([], [], linestyle="", marker="o", color=GREY, markersize=8)
    if original:
        handles["original"] = Line2D([], [], marker="D", color="white", markersize=8, **black)
    if recommended:
        handles["recommended"] = Line2D([], [], marker="*", color=ORANGE, markersize=14, **black)
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=len(handles))


def _limits(axes: Axes, points: np.ndarray) -> None:
    """Room for names on all sides; a difference of a hundredth should not look like a cliff."""
    low, high = np.log(points[:, 0].min()), np.log(points[:, 0].max())
    room = max(0.18 * (high - low), 0.3)
    axes.set_xlim(np.exp(low - room), np.exp(high + room))
    bottom, top = axes.get_ylim()
    missing = max(0.0, 0.05 - (top - bottom)) / 2
    room = 0.08 * (top - bottom)
    axes.set_ylim(bottom - missing - room, top + missing + room)


def _ticks(axes: Axes, form: Callable[[float], str]) -> None:
    """Ticks at round numbers in the unit of the costs."""
    unit = 1024.0 if form is formatting.size else 1000.0
    low, high = axes.get_xlim()
    for steps in _STEPS:
        ticks = [
            step * ten * unit**power
            for power in range(-2, 5)
            for ten in (1, 10, 100)
            for step in steps
        ]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) >= 3:
            break
    axes.set_xticks(ticks, [form(tick) for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
