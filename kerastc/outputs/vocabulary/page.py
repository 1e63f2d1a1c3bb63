"""What a report shows of words: figures, and examples with the model's best guesses."""

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
        return f"{words:,} {_asked(record)} words of {record.part} texts"

    def cards(self, record: "RunRecord"):
        return [self.card(record, figure) for figure in self.headline(record)]

    def sections(self, record: "RunRecord", plots: Mapping[str, "Picture"]) -> list[Section]:
        from kerastc.outputs.vocabulary.guesses import guesses
        from kerastc.report.page.template import fragment

        if record.predictions is None:
            return []
        shown = guesses(record.predictions)
        asked = _asked(record)
        html = fragment(
            "vocabulary/page.html.j2", "words", guesses=shown, part=record.part, asked=asked
        )
        return [Section("answers", html, "words", f"{asked.capitalize()} words")]


def _asked(record: "RunRecord") -> str:
    """Which words are asked for."""
    return "next" if record.task is not None and not record.task.backbone else "masked"


PAGE = VocabularyPage
