"""A tagger's report: each type, what is taken for what, kinds of errors, sentences marked."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kerastc.formatting import count, number
from kerastc.outputs.tags.entities import is_scheme, types
from kerastc.report.output_page import Card, Column, OutputPage, Section
from kerastc.scores.figures import Figure

if TYPE_CHECKING:
    from rich.console import RenderableType

    from kerastc.report.drawing.captioned import Picture, Plot
    from kerastc.report.record import RunRecord


class TagsPage(OutputPage):
    """See `OutputPage`."""

    @property
    def figures(self) -> tuple[Figure, ...]:
        f1, accuracy, loss = self.output.figures
        return f1, Figure("precision"), Figure("recall"), accuracy, loss

    def columns(self) -> tuple[Sequence[Column], ...]:
        return (
            (Column("validation F1", "validation", "f1"), Column("test F1", "test", "f1")),
            tuple(Column(f"test {n}", "test", n) for n in ("accuracy", "precision", "recall")),
            (Column("test loss", "test", "loss"),),
        )

    def lead(self, record: "RunRecord") -> str:
        found = types(record.labels)
        many = f"{len(found):,} " + ("type" if is_scheme(record.labels) else "tag")
        several = "s" if len(found) != 1 else ""
        words = count(record.metrics[record.part].get("words"))
        of = " of entities" if is_scheme(record.labels) else ""
        return f"{many}{several}{of} · {words} {record.part} words"

    def headline(self, record: "RunRecord") -> Sequence[Figure]:
        return self.listed(record)[:1]

    def listed(self, record: "RunRecord") -> Sequence[Figure]:
        """Of tags that are no entities F1, precision and recall are the accuracy."""
        return self.figures if is_scheme(record.labels) else self.output.figures[1:]

    def cards(self, record: "RunRecord") -> list[Card]:
        """F1 and accuracy, or the accuracy alone, with that on unseen words."""
        f1, accuracy, _ = self.output.figures
        unseen = record.metrics[record.part].get("unseen_words") or {}
        told = [f"unseen words: {number(unseen['accuracy'])}"] if unseen.get("words") else []
        first = [self.card(record, f1)] if is_scheme(record.labels) else []
        return [*first, self.card(record, accuracy, *told)]

    def plots(self, record: "RunRecord") -> Iterator["Plot"]:
        from kerastc.outputs.tags.gallery import tag_plots

        return tag_plots(record)

    def sections(self, record: "RunRecord", plots: Mapping[str, "Picture"]) -> list[Section]:
        from kerastc.outputs.tags.sections import tag_sections

        return tag_sections(record, plots)

    def terminal(
        self, metrics: Mapping[str, Any], title: str, units: str
    ) -> "list[RenderableType]":
        """Figures of each type, and a line of figures with 95 % intervals."""
        from kerastc.outputs.tags.terminal import headline, type_table

        return [type_table(metrics, title), headline(metrics, self.output.figures, units)]


PAGE = TagsPage
