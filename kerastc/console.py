"""The terminal by `rich`, safe for any content of texts, names and paths."""

from collections.abc import Iterable

import rich.console
import rich.text
from rich.segment import Segment

from kerastc.printable import printable


class Text(rich.text.Text):
    """Rich's text, with control characters shown as text, at their true width in tables."""

    def __init__(self, text: str = "", *args, **kwargs):
        super().__init__(printable(text), *args, **kwargs)


class Console(rich.console.Console):
    """Shows control characters as text; its own colours and bars stay."""

    def render_str(self, text: str, **kwargs) -> rich.text.Text:
        return super().render_str(printable(text), **kwargs)

    def render(self, renderable, options=None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(printable(segment.text), segment.style)
