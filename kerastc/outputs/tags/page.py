"""What a report shows of tags: the figures, and in a terminal each type of entity."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kerastc import formatting
from kerastc.report.output_page import OutputPage
from kerastc.scores.figures import Figure

if TYPE_CHECKING:
    from rich.console import RenderableType

    from kerastc.report.record import RunRecord


class TagsPage(OutputPage):
    """See `OutputPage`."""

    @property
    def figures(self) -> tuple[Figure, ...]:
        f1, accuracy, loss = self.output.figures
        return f1, Figure("precision"), Figure("recall"), accuracy, loss

    def lead(self, record: "RunRecord") -> str:
        return f"{len(record.labels)} tags"

    def terminal(
        self, metrics: Mapping[str, Any], title: str, units: str
    ) -> "list[RenderableType]":
        """Precision, recall and F1 of each type, and a line of figures with 95 % intervals."""
        from rich.box import SIMPLE_HEAD
        from rich.markup import escape
        from rich.table import Table

        heading = {"title": title or None, "title_justify": "left", "header_style": "bold"}
        table = Table(**heading, box=SIMPLE_HEAD)
        for name in ("", "precision", "recall", "F1", "there are"):
            table.add_column(name, overflow="fold")
        for name, of in metrics["per_type"].items():
            shares = (f"{of[key]:.3f}" for key in ("precision", "recall", "f1"))
            table.add_row(escape(name), *shares, f"{of['support']:,}")
        ends = metrics.get("intervals", {})
        told = "   ".join(
            f"{figure.label} {formatting.short(metrics[figure.name], ends.get(figure.name))}"
            for figure in self.output.figures
        )
        return [table, escape(f"{told}; {metrics['rows']:,} {units}")]


PAGE = TagsPage
