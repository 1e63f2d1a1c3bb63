"""What a report shows of answers: figures, which questions, the surest errors in their contexts."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kerastc.report.output_page import OutputPage, Section
from kerastc.scores.figures import Figure

if TYPE_CHECKING:
    from kerastc.report.drawing.captioned import Picture
    from kerastc.report.record import RunRecord


class SpansPage(OutputPage):
    """See `OutputPage`."""

    def headline(self, record: "RunRecord") -> Sequence[Figure]:
        """F1 and exact match."""
        return self.output.figures[:2]

    def lead(self, record: "RunRecord") -> str:
        reading = (record.metrics.get(record.part) or {}).get("rows", 0)
        return f"answers to {reading:,} {record.part} questions"

    def sections(self, record: "RunRecord", plots: Mapping[str, "Picture"]) -> list[Section]:
        from kerastc.outputs.spans.sections import span_sections

        return span_sections(record)


PAGE = SpansPage
