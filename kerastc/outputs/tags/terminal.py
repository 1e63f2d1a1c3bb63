"""Shows the figures of tags on the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from kerastc import formatting
from kerastc.report.long_tables import by_f1, extremes
from kerastc.scores.figures import Figure


def type_table(metrics: Mapping[str, Any], title: str) -> Table:
    """Precision, recall and F1 of each type of entity, or each tag; of many the extremes.

    Args:
        metrics: of `Tags.metrics`.
        title: above the table.
    """
    table = Table(title=title or None, title_justify="left", header_style="bold", box=SIMPLE_HEAD)
    for name in ("", "precision", "recall", "F1", "there are"):
        table.add_column(name, overflow="fold")
    intervals = metrics.get("intervals") or {}
    every = by_f1(metrics["per_type"])
    shown = extremes(every) or every
    for place, (name, of) in enumerate(shown):
        ends = (intervals.get("per_type") or {}).get(name, {})
        table.add_row(escape(name), *_shares(of, ends), f"{of['support']:,}")
        if len(shown) < len(every) and place == len(shown) // 2 - 1:
            table.add_row(f"… {len(every) - len(shown)} more")
    table.add_section()
    support = sum(of["support"] for of in metrics["per_type"].values())
    table.add_row("all", *_shares(metrics, intervals), f"{support:,}")
    return table


def headline(metrics: Mapping[str, Any], figures: Sequence[Figure], units: str) -> str:
    """The figures with 95 % intervals, and of how much they are."""
    ends = metrics.get("intervals") or {}
    told = "   ".join(
        f"{figure.label} {formatting.short(metrics[figure.name], ends.get(figure.name))}"
        for figure in figures
    )
    unseen = metrics.get("unseen_words") or {}
    if unseen.get("words"):
        of_unseen = formatting.short(unseen["accuracy"], unseen["interval"])
        told += f"   accuracy on {unseen['words']:,} words not seen in training {of_unseen}"
    return escape(f"{told}; {metrics['rows']:,} {units}, {metrics['words']:,} words")


def _shares(of: Mapping[str, Any], ends: Mapping[str, Any]) -> tuple[str, str, str]:
    f1 = escape(formatting.short(of["f1"], ends.get("f1")))
    return f"{of['precision']:.3f}", f"{of['recall']:.3f}", f1
