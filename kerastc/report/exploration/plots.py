"""Plots of an exploration: classes, years, words and lengths; each function returns a figure."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter, PercentFormatter

from kerastc.data.texts.length_fits import Histogram, density_at
from kerastc.formatting import percent
from kerastc.report.drawing.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    LIGHT_GREY,
    MANY,
    PURPLE,
    VERMILLION,
    drawing,
    new_figure,
    plot_names,
    series_style,
)

SHOWN_CLASSES = 40
MARKED = 0.955  # share of all occurrences marked on the curve of words
_FIT_STYLE = {
    "normal": (VERMILLION, "-"),
    "exponential": (GREEN, ":"),
    "gamma": (BLACK, "--"),
    "Weibull": (PURPLE, "-."),
}
_thousands = FuncFormatter(lambda value, _: f"{value:,.0f}")


@drawing()
def rows_per_class(classes: Mapping[str, int], units: str = "texts") -> Figure:
    """Rows of each class as bars, the largest first; the largest 40 if there are more.

    Args:
        classes: class name to rows.
        units: what the rows are.
    """
    shown = sorted(classes.items(), key=lambda pair: -pair[1])[:SHOWN_CLASSES]
    all_rows = max(1, sum(classes.values()))
    figure = new_figure(8.6, 1.2 + 0.3 * len(shown))
    axes = figure.add_subplot()
    counts = [count for _, count in shown]
    bars = axes.barh(range(len(shown)), counts, 0.72, color=BLUE)
    labels = [f"{count:,} ({percent(count / all_rows)})" for count in counts]
    axes.bar_label(bars, labels, padding=4, fontsize=9)
    axes.set_yticks(range(len(shown)), plot_names([name for name, _ in shown], 32))
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.grid(False, axis="y")
    axes.margins(x=0.18)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.xaxis.set_major_formatter(_thousands)
    axes.set_xlabel(units)
    return figure


@drawing()
def rows_by_year(years: Mapping[int, Mapping[str, int]]) -> Figure:
    """Rows of each class in each year as lines; of more than seven classes, the seven largest.

    Args:
        years: year to class name to rows; a class may be missing from a year.
    """
    names = list(dict.fromkeys(name for counts in years.values() for name in counts))
    rows = np.array([[counts.get(name, 0) for name in names] for counts in years.values()])
    largest = np.argsort(-rows.sum(axis=0), kind="stable")
    figure = new_figure(9.6, 4.4)
    axes = figure.add_subplot()
    for column in largest[MANY:]:
        axes.plot(list(years), rows[:, column], color=LIGHT_GREY, linewidth=1)
    every = max(1, len(years) // 12)
    for place, column in enumerate(largest[:MANY]):
        axes.plot(list(years), rows[:, column], markevery=every, **series_style(place))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=10, min_n_ticks=1))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.yaxis.set_major_formatter(_thousands)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("year")
    axes.set_ylabel("texts")
    handles = axes.get_lines()[len(largest[MANY:]) :]
    labels = plot_names([names[column] for column in largest[:MANY]])
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


@drawing()
def coverage(curve: Sequence[Sequence[float]], marked: int) -> Figure:
    """Share of all occurrences that the most frequent words cover, by the number of words.

    Args:
        curve: pairs of a number of words and the share they cover.
        marked: the words that cover 95.5 %.
    """
    words, shares = np.array(curve, dtype=np.float64).T
    figure = new_figure(8.6, 4.2)
    axes = figure.add_subplot()
    axes.plot(words, shares, color=BLUE)
    axes.plot([words[0], marked, marked], [MARKED, MARKED, 0], color=GREY, ls=":", lw=1.4)
    axes.plot([marked], [MARKED], color=VERMILLION, marker="o", markersize=8, clip_on=False)
    axes.annotate(
        f"{marked:,} words cover {percent(MARKED)}",
        (marked, 0),
        (-8, 10),
        textcoords="offset points",
        ha="right",
    )
    axes.set_xscale("log")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(_thousands)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_xlim(words[0], max(words[-1], 2))
    axes.set_ylim(0, 1.03)
    axes.set_xlabel("most frequent words")
    axes.set_ylabel("of all occurrences")
    return figure


@drawing()
def lengths(histogram: Histogram, most: int, fits: Sequence[Mapping[str, Any]]) -> Figure:
    """Lengths in words as densities, with the fitted distributions and the length for most texts.

    Args:
        histogram: the lengths.
        most: the length that covers 99.7 % of the texts.
        fits: `distribution`, `parameters` and `squared_error`, None if the fit failed.
    """
    figure = new_figure(9.6, 4.6)
    axes = figure.add_subplot()
    centres = histogram.centres
    width = histogram.width
    axes.bar(centres, histogram.density, 0.9 * width, color=LIGHT_GREY, label="texts")
    left, right = centres[0] - 0.7 * width, min(centres[-1], shown_length(most)) + 0.7 * width
    _fitted(axes, np.linspace(max(left, 1e-3), right, 400), fits)
    axes.axvline(most, color=BLUE, ls=(0, (1, 1)), lw=2, label=f"{most:,}: covers 99.7 %")
    # One bin, or a fit that is infinite at an end, must not set the height.
    axes.set_ylim(0, 1.12 * histogram.density.max())
    axes.set_xlim(left, right)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_xlabel("words in a text")
    axes.set_ylabel("share of the texts by word" if width > 1 else "share of the texts")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g}%"))
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def shown_length(most: int) -> int:
    """Where the plot of lengths ends, so that a few long texts do not squash the others."""
    return most + most // 2


def _fitted(axes: Axes, x: np.ndarray, fits: Sequence[Mapping[str, Any]]) -> None:
    for fit in fits:
        if fit["squared_error"] is None:
            continue
        name = fit["distribution"]
        colour, dashes = _FIT_STYLE[name]
        label = f"{name} (squared error {fit['squared_error']:.2g})"
        axes.plot(x, density_at(name, fit["parameters"], x), color=colour, ls=dashes, label=label)
