"""How a report shows and describes windows of a corpus."""

from kerastc.inputs.text.page import TextPage


class StreamPage(TextPage):
    """See `InputPage`."""

    def baseline(self, name: str, part: str) -> str:
        return (
            "The most frequent words of the corpus are guessed at each mask, whatever the text: "
            f"measured at the same masks of the same {part} texts."
        )


PAGE = StreamPage
