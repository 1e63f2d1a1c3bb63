"""How every plot looks: colours for the colour-blind, shapes that survive greyscale.

Figures are made with Matplotlib's objects, never with pyplot, so that drawing has no global state
and needs no display.
"""

import io
import logging
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

from kerastc.printable import printable
from kerastc.report.drawing import fonts

# Okabe and Ito 2008, without their yellow, which is lost on white paper.
BLUE, VERMILLION, GREEN, PURPLE, ORANGE, BLACK, SKY = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#000000",
    "#56B4E9",
)
GREY = "#8C8C8C"
LIGHT_GREY = "#D0D0D0"
_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, BLACK, SKY)
_MARKERS = ("o", "s", "^", "D", "v", "X", "P")
_DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
DOTS_PER_INCH = 144
MANY = len(_COLOURS)  # more series than this cannot be told apart in one plot
MANY_POINTS = 2 * MANY  # but this many by colour and marker together


def _style() -> dict:
    return {
        "font.family": [fonts.OWN],
        "font.size": 11,
        "axes.titlesize": 12,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#E6E6E6",
        "lines.linewidth": 1.8,
        "lines.markersize": 5.5,
        "hatch.linewidth": 0.8,
        "legend.frameon": False,
        "figure.facecolor": "white",
        "figure.constrained_layout.use": True,
        # Class names are data: a dollar sign in one starts no formula.
        "text.parse_math": False,
    }


@contextmanager
def drawing() -> Iterator[None]:
    """The style for one plot; usable as a decorator.

    Matplotlib's message about a font without the requested weight is silenced: it uses the nearest.
    """
    logger = logging.getLogger("matplotlib.font_manager")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with matplotlib.rc_context(_style()):
            yield
    finally:
        logger.setLevel(level)


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of a size in inches."""
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def png(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    buffer = io.BytesIO()
    with drawing():
        for text in figure.findobj(Text):  # names of classes, wherever they are written
            shown = printable(text.get_text())
            for character in fonts.undrawable([shown]):
                shown = shown.replace(character, "\N{REPLACEMENT CHARACTER}")
            if shown != text.get_text():
                text.set_text(shown)
            if len(families := fonts.families(shown)) > 1:
                text.set_fontfamily(families)
        figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH)
    return buffer.getvalue()


def series_style(place: int) -> dict:
    """Colour, marker and dashes of one of up to `MANY` series, or `MANY_POINTS` for points."""
    again, colour = divmod(place, MANY)
    return {
        "color": _COLOURS[colour],
        "marker": _MARKERS[(colour + again) % MANY],
        "linestyle": _DASHES[colour],
    }


def plot_names(classes: Sequence[str], characters: int = 24) -> list[str]:
    """Class names for a plot: on one line, cut if too long, still distinct.

    A name with letters that no installed font has becomes `class 3`, by its position.
    """
    names = [_shorten(name, characters) for name in classes]
    return [
        f"class {i + 1}"
        if fonts.undrawable([name])
        else name + (f" ({i + 1})" if names.count(name) > 1 else "")
        for i, name in enumerate(names)
    ]


def _shorten(name: str, characters: int) -> str:
    name = "".join(c for c in " ".join(name.split()) if unicodedata.category(c) != "Cc")
    return name if len(name) <= characters else name[: characters - 1].rstrip() + "…"


def epoch_axis(axes: Axes, epochs: np.ndarray) -> None:
    """Room at both ends; whole epochs only, unless there were evaluations between them."""
    whole = bool((np.mod(epochs, 1) == 0).all())
    axes.xaxis.set_major_locator(MaxNLocator(integer=whole, nbins=8, min_n_ticks=1))
    room = 0.5 if whole else epochs.max() / 20
    axes.set_xlim(epochs.min() - room, epochs.max() + room)
