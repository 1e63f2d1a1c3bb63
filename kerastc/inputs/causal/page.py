"""How a report shows and describes pieces of a text that a model goes on with."""

from kerastc.inputs.text.page import TextPage


class CausalPage(TextPage):
    """See `InputPage`."""

    def baseline(self, name: str, part: str) -> str:
        return (
            "The most frequent words of the corpus are guessed at each place, whatever is before "
            f"it: measured at the same places of the same {part} texts."
        )


PAGE = CausalPage
