"""How a report shows and describes windows of a corpus."""

from kerastc.inputs.text.page import TextPage


class StreamPage(TextPage):
    """See `InputPage`."""


PAGE = StreamPage
