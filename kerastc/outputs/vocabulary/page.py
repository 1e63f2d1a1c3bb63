"""What a report shows of masked words: figures, and examples with the model's best guesses."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kerastc.report.output_page import OutputPage, Section
from kerastc.scores.figures import Figure

if TYPE_CHECKING:
    from kerastc.report.drawing.captioned import Picture
    from kerastc.report.record import RunRecord


class VocabularyPage(OutputPage):
    """See `OutputPage`."""

    def headline(self, record: "RunRecord") -> Sequence[Figure]:
        """Perplexity and accuracy."""
        return self.output.figures[1:]

    def lead(self, record: "RunRecord") -> str:
        words = (record.metrics.get(record.part) or {}).get("words", 0)
        return f"{words:,} masked words of {record.part} texts"

    def cards(self, record: "RunRecord"):
        return [self.card(record, figure) for figure in self.headline(record)]

    def sections(self, record: "RunRecord", plots: Mapping[str, "Picture"]) -> list[Section]:
        from kerastc.outputs.vocabulary.guesses import guesses
        from kerastc.report.page.template import fragment

        if record.predictions is None:
            return []
        shown = guesses(record.predictions)
        html = fragment("vocabulary/page.html.j2", "masked", guesses=shown, part=record.part)
        return [Section("answers", html, "masked", "Masked words")]


PAGE = VocabularyPage
