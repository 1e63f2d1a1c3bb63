"""Plots of the course of training; each function returns a figure."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kerastc.report.drawing.style import (
    BLACK,
    BLUE,
    GREY,
    VERMILLION,
    drawing,
    epoch_axis,
    new_figure,
    plot_names,
)
from kerastc.scores.figures import Figure as Measure

_LOSS = Measure("loss", higher=False, share=False)
_RATE = Measure("learning_rate", share=False)
# Columns of every history that do not come from a method.
_USUAL = ("epoch", "step", "seconds", "examples_per_second")


@drawing()
def learning_curves(
    history: pd.DataFrame, measures: Sequence[Measure], best_epoch: float | None
) -> Figure:
    """Loss, further figures and learning rate by epoch, for training and validation.

    Args:
        history: `epoch` and any of the panels' columns, with `val_` before those of validation.
        measures: the figures besides the loss.
        best_epoch: the epoch whose weights were kept, marked if given.
    """
    panels = [
        one
        for one in (_LOSS, *measures, _RATE)
        if one.name in history or f"val_{one.name}" in history
    ]
    lines = (len(panels) + 1) // 2
    figure = new_figure(9.6, 0.6 + 2.9 * lines)
    grid = figure.subplots(lines, 2, squeeze=False).ravel()
    for axes in grid[len(panels) :]:
        axes.remove()
    for axes, measure in zip(grid, panels, strict=False):
        _curve(axes, history, measure.name, best_epoch, measure.share)
        axes.set_title(measure.heading)
        axes.set_xlabel("epoch")
        if measure is _RATE:
            axes.set_ylim(bottom=0)
            axes.yaxis.set_major_formatter(lambda rate, _: f"{rate:g}")
    handles = {
        label: handle
        for axes in grid[: len(panels)]
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=len(handles))
    return figure


def _curve(
    axes: Axes, history: pd.DataFrame, column: str, best_epoch: float | None, share: bool = False
) -> None:
    epochs = history["epoch"].to_numpy()
    every = max(1, len(epochs) // 20)
    if column == "learning_rate":
        axes.plot(epochs, history[column], color=BLACK, marker=".", markevery=every)
    elif column in history:
        axes.plot(
            epochs, history[column], color=BLUE, ls="--", marker="o", markevery=every,
            label="training",
        )  # fmt: skip
    validation = f"val_{column}"
    if validation in history:
        axes.plot(
            epochs, history[validation], color=VERMILLION, marker="s", markevery=every,
            label="validation",
        )  # fmt: skip
    epoch_axis(axes, epochs)
    low, high = axes.get_ylim()
    if share and high - low < 0.1:  # a hundredth should not look like a hill
        axes.set_ylim((low + high) / 2 - 0.05, (low + high) / 2 + 0.05)
    if best_epoch is None or best_epoch not in epochs:
        return
    axes.axvline(best_epoch, color=GREY, linestyle=":", linewidth=1.4, zorder=1)
    if validation in history:
        value = history.loc[history["epoch"] == best_epoch, validation]
        axes.plot(
            [best_epoch], value, ls="", marker="*", markersize=15, color=VERMILLION,
            markeredgecolor="black", label=f"best ({best_epoch:.3g}), kept",
        )  # fmt: skip


def further_columns(history: pd.DataFrame, known: Sequence[str]) -> list[str]:
    """What a method logged besides the usual figures; `val_` columns go with those without it.

    Args:
        history: of the run.
        known: the columns of its task.
    """
    usual = {*_USUAL, *known, _LOSS.name, _RATE.name}
    filled = [name for name in history.columns if history[name].notna().any()]
    names = (name.removeprefix("val_") for name in filled if "[" not in name)
    return list(dict.fromkeys(name for name in names if name not in usual))


@drawing()
def further_curves(
    history: pd.DataFrame, columns: Sequence[str], best_epoch: float | None
) -> Figure:
    """A small plot of each of some columns by epoch, titled by the column's name.

    Args:
        history: `epoch` and the columns, those of validation with `val_` before them.
        columns: without `val_`.
        best_epoch: the epoch whose weights were kept, marked if given.
    """
    across = min(3, len(columns))
    down = -(-len(columns) // across)
    figure = new_figure(3.2 * across, 0.3 + 2.3 * down)
    grid = figure.subplots(down, across, squeeze=False).ravel()
    for axes in grid[len(columns) :]:
        axes.remove()
    names = plot_names(columns, 30)
    for axes, column, name in zip(grid, columns, names, strict=False):
        _curve(axes, history, column, best_epoch)
        axes.set_title(name, fontsize=10)
        axes.tick_params(labelsize=9)
        axes.set_xlabel("epoch", fontsize=9)
    return figure
