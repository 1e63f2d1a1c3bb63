"""Shows a classifier's figures on the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from kerastc import formatting
from kerastc.report.long_tables import by_f1, extremes


def class_table(metrics: Mapping[str, Any], title: str, units: str) -> Table:
    """Precision, recall and F1 per class and their means; for many classes the extremes.

    Args:
        metrics: of `classification_metrics`.
        title: above the table.
        units: what was measured, texts or images.
    """
    intervals = metrics.get("intervals", {})
    table = Table(title=title or None, title_justify="left", header_style="bold", box=SIMPLE_HEAD)
    for name in ("", "precision", "recall", "F1", units):
        table.add_column(name, overflow="fold")
    every = by_f1(metrics["per_class"])
    shown = extremes(every) or every
    middle = len(shown) // 2 - 1 if len(shown) < len(every) else None

    def row(name: str, values: dict, ends: dict, keys: Sequence[str], rows: int) -> None:
        precision, recall, f1 = keys
        cells = (
            f"{values[precision]:.3f}",
            f"{values[recall]:.3f}",
            _figure(values[f1], ends.get(f1)),
        )
        table.add_row(escape(name), *cells, f"{rows:,}")

    for place, (name, values) in enumerate(shown):
        ends = intervals.get("per_class", {}).get(name, {})
        row(name, values, ends, ("precision", "recall", "f1"), int(values["support"]))
        if place == middle:
            table.add_row(f"… {len(every) - len(shown)} more", "", "", "", "")
    table.add_section()
    macro = ("macro_precision", "macro_recall", "macro_f1")
    row("macro mean", metrics, intervals, macro, metrics["rows"])
    return table


def headline(metrics: Mapping[str, Any]) -> str:
    """Accuracy, top-5 accuracy and loss on one line."""
    intervals = metrics.get("intervals", {})
    accuracy = _figure(metrics["accuracy"], intervals.get("accuracy"))
    top = ""
    if "top_5_accuracy" in metrics:
        top = f"   top-5 {_figure(metrics['top_5_accuracy'], intervals.get('top_5_accuracy'))}"
    return f"accuracy {accuracy}{top}   loss {metrics['loss']:.3f}"


def _figure(value: float, ends: Sequence[float] | None) -> str:
    return escape(formatting.short(value, ends))
