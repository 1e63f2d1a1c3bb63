"""A plot with its words, and its picture as a page embeds it."""

from dataclasses import dataclass

from matplotlib.figure import Figure

from kerastc.report.drawing.style import png


@dataclass(frozen=True)
class Plot:
    """A figure with its file name, caption, text alternative and heading."""

    name: str
    figure: Figure
    caption: str
    description: str
    title: str = ""


@dataclass(frozen=True)
class Picture:
    """A drawn plot: PNG bytes, its words, its width in CSS pixels."""

    image: bytes
    caption: str
    description: str
    width: int

    @classmethod
    def of(cls, plot: Plot) -> "Picture":
        """Draws the plot."""
        width = round(plot.figure.get_figwidth() * 96)
        return cls(png(plot.figure), plot.caption, plot.description, width)
