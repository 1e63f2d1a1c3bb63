"""An exploration on a page: its plots with their words, and its own page."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerastc.data.texts.length_fits import Histogram
from kerastc.formatting import percent
from kerastc.progress import progress
from kerastc.report.drawing.captioned import Picture, Plot
from kerastc.report.drawing.fonts import undrawable
from kerastc.report.drawing.style import MANY
from kerastc.report.exploration.plots import (
    MARKED,
    SHOWN_CLASSES,
    coverage,
    lengths,
    rows_by_year,
    rows_per_class,
    shown_length,
)
from kerastc.report.page import template

_SECTIONS = (
    ("classes", "Classes"),
    ("years", "Years"),
    ("words", "Words"),
    ("lengths", "Lengths"),
    ("noise", "Label noise"),
    ("notes", "Reading"),
)


def exploration_plots(exploration: Mapping[str, Any]) -> Iterator[Plot]:
    """The plots for which there are numbers.

    Args:
        exploration: from `Exploration.as_dict`, or what data.json keeps of it.
    """
    classes = exploration["classes"]
    yield Plot(
        "rows_per_class",
        rows_per_class(classes),
        "Texts of each class."
        + f" Shown: the {SHOWN_CLASSES} largest." * (len(classes) > SHOWN_CLASSES),
        f"Bars for {len(classes)} classes, from {min(classes.values()):,} to "
        f"{max(classes.values()):,} texts. The table has the counts.",
    )
    years = {int(year): counts for year, counts in (exploration["years"] or {}).items()}
    dated = {year: counts for year, counts in years.items() if year}
    if len(dated) > 1:
        many = len(next(iter(dated.values()))) > MANY
        yield Plot(
            "rows_by_year",
            rows_by_year(dated),
            "Texts of each class by year."
            + f" Named: the {MANY} largest; in grey: the others." * many
            + " Texts without a date are left out." * (0 in years),
            f"A line a class from {min(dated)} to {max(dated)}. The table has the counts.",
        )
    words = exploration["words"]
    if words["unique"]:
        marked = dict(map(tuple, words["coverage"]))[MARKED]
        yield Plot(
            "coverage",
            coverage(words["curve"], marked),
            "How many of the most frequent words cover which share of all occurrences.",
            f"A rising curve: {marked:,} of {words['unique']:,} words cover {percent(MARKED)}.",
        )
    yield lengths_plot(exploration["lengths"]["words"], exploration["fits"])


def write_page(path: Path, exploration: Mapping[str, Any], notes: Mapping[str, Any]) -> None:
    """Writes one page that opens offline: the tables and plots of an exploration.

    Args:
        path: of the page.
        exploration: from `Exploration.as_dict`.
        notes: what was counted while the file was read.

    Raises:
        UserError: the path cannot be written.
    """
    with progress("Drawing the page"):
        pictures = {plot.name: Picture.of(plot) for plot in exploration_plots(exploration)}
    missing = {"years": not exploration["years"], "notes": not notes}
    contents = [(anchor, name) for anchor, name in _SECTIONS if not missing.get(anchor)]
    page = template.render(
        "describe.html.j2",
        exploration=exploration,
        plots=pictures,
        undrawn=undrawable(exploration["classes"]),
        notes=notes,
        contents=contents,
    )
    template.write_page(path, page)


def lengths_plot(found: Mapping[str, Any], fits: Sequence[Mapping[str, Any]]) -> Plot:
    """The lengths in words, from `Lengths.as_dict`, with fits from `Fit.as_dict`."""
    end = shown_length(found["most"])
    best = fits[0]["distribution"] if fits[0]["squared_error"] is not None else "none"
    return Plot(
        "lengths",
        lengths(Histogram(**found["histogram"]), found["most"], fits),
        "Lengths in words and the distributions fitted to their histogram by least squares. The "
        "squared error is the sum over the bins."
        + f" Texts of more than {end:,} words lie outside the plot."
        * (found["longest"] > end),
        f"A histogram from {found['shortest']:,} to {found['longest']:,} words. 99.7 % of the "
        f"texts have at most {found['most']:,}. The best fit: {best}.",
    )
