"""Plots of tags: the figures of each type."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from kerastc.report.drawing.style import (
    BLUE,
    GREEN,
    GREY,
    VERMILLION,
    drawing,
    new_figure,
    plot_names,
)

_SHAPES = {"precision": (BLUE, ">"), "recall": (GREEN, "<"), "f1": (VERMILLION, "s")}


@drawing()
def figures_of_types(
    rows: Sequence[tuple[str, Mapping[str, Any]]], intervals: Mapping[str, Any], units: str
) -> Figure:
    """Precision, recall and F1 of each type on a line, F1 with its interval if it is known.

    Args:
        rows: types with `precision`, `recall`, `f1` and `support`.
        intervals: by type, `f1` to its ends; some types, or all, may be missing.
        units: what is counted.
    """
    figure = new_figure(8.6, 1.6 + 0.36 * len(rows))
    axes = figure.add_subplot()
    places = np.arange(len(rows))
    for key, (colour, marker) in _SHAPES.items():
        values = np.array([of[key] for _, of in rows])
        name = "F1" if key == "f1" else key
        axes.plot(values, places, ls="", color=colour, marker=marker, ms=7, label=name, zorder=3)
    known = [(place, intervals[name]["f1"]) for place, (name, _) in enumerate(rows)
             if intervals.get(name, {}).get("f1")]  # fmt: skip
    for place, (low, high) in known:
        axes.plot([low, high], [place, place], color=VERMILLION, lw=1.4, marker="|", zorder=2)
    axes.hlines(places, 0, 1, color=GREY, lw=0.5, ls=":", zorder=1)
    names = plot_names([name for name, _ in rows], 28)
    told = (f"{name} ({of['support']:,})" for name, (_, of) in zip(names, rows, strict=True))
    axes.set_yticks(places, list(told))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(-0.02, 1.02)
    axes.grid(False, axis="y")
    axes.set_xlabel(f"share; beside the names: {units}")
    figure.legend(loc="outside lower center", ncols=len(_SHAPES))
    return figure
