"""An exploration of tagged texts on a page of its own."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kerastc.progress import progress
from kerastc.report.drawing.captioned import Picture, Plot
from kerastc.report.drawing.fonts import undrawable
from kerastc.report.exploration.page import lengths_plot
from kerastc.report.exploration.plots import SHOWN_CLASSES, rows_per_class
from kerastc.report.page import template

_SECTIONS = (
    ("entities", "Entities"),
    ("tags", "Tags"),
    ("lengths", "Lengths"),
    ("several", "Words with several tags"),
    ("repeated", "Repeated sentences"),
    ("notes", "Reading"),
)


def write_tagged_page(path: Path, exploration: Mapping[str, Any], notes: Mapping[str, Any]) -> None:
    """Writes one page that opens offline: the tables and plots of an exploration.

    Args:
        path: of the page.
        exploration: from `TagExploration.as_dict`.
        notes: what was counted while the file was read.

    Raises:
        UserError: the path cannot be written.
    """
    with progress("Drawing the page"):
        pictures = {plot.name: Picture.of(plot) for plot in _plots(exploration)}
    missing = {"entities": exploration["entities"] is None, "notes": not notes}
    page = template.render(
        "describe_tagged.html.j2",
        exploration=exploration,
        plots=pictures,
        undrawn=undrawable(exploration["tags"]),
        notes=notes,
        contents=[(anchor, name) for anchor, name in _SECTIONS if not missing.get(anchor)],
    )
    template.write_page(path, page)


def _plots(exploration: Mapping[str, Any]) -> Iterator[Plot]:
    tags, entities = exploration["tags"], exploration["entities"]
    kinds = tags if entities is None else {kind: of["count"] for kind, of in entities.items()}
    named, units = ("tag", "words") if entities is None else ("type", "entities")
    yield Plot(
        "kinds",
        rows_per_class(kinds, units),
        f"{units.capitalize()} of each {named}."
        + f" Shown: the {SHOWN_CLASSES} most frequent." * (len(kinds) > SHOWN_CLASSES),
        f"Bars for {len(kinds)} {named}s, from {min(kinds.values()):,} to "
        f"{max(kinds.values()):,} {units}. The table has the counts.",
    )
    yield lengths_plot(exploration["lengths"], exploration["fits"])
