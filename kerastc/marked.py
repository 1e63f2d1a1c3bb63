"""Texts with labelled parts: in colours on a terminal that has them, else in brackets.

Also used on devices, where `rich` may be missing.
"""

import shutil
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kerastc.printable import echo, printable

COLOURS = ("cyan", "yellow", "green", "magenta", "blue", "red", "white")


@dataclass(frozen=True)
class Piece:
    """A part of a text.

    Args:
        text: as it stands there.
        label: what it is; empty if it has no label.
        colour: a number, the same for the same label.
        probability: of the label.
    """

    text: str
    label: str = ""
    colour: int = 0
    probability: float | None = None

    @property
    def sure(self) -> str:
        """The probability in words; empty if it is not known."""
        return "" if self.probability is None else f"{self.probability:.2f}"

    @property
    def told(self) -> str:
        """The label with its probability."""
        return f"{self.label} {self.sure}".rstrip()


@dataclass(frozen=True)
class Marked:
    """A text in pieces, without gaps.

    Args:
        pieces: in their order.
        by_word: whether every word has a label, so that labels stand below the words.
    """

    pieces: Sequence[Piece]
    by_word: bool = False


def show_marked(texts: Sequence[Marked]) -> None:
    """Prints the texts on standard output, a blank line between them where one takes several."""
    apart = any(text.by_word for text in texts)
    for number, text in enumerate(texts):
        if number and apart:
            echo()
        if text.by_word:
            for line in interlinear(text.pieces, shutil.get_terminal_size().columns):
                echo(line)
        elif not _in_colours(text.pieces):
            echo(bracketed(text.pieces))


def bracketed(pieces: Sequence[Piece]) -> str:
    """The text on a line, each labelled part in brackets: `[Madrid LOC 0.98]`."""
    found = (f"[{one.text} {one.told}]" if one.label else one.text for one in pieces)
    return _on_a_line("".join(found))


def interlinear(pieces: Sequence[Piece], width: int) -> Iterator[str]:
    """Lines of words, of their labels and of the labels' probabilities, of at most `width` columns.

    A text in a script that is written from the right has a word a line: a terminal would turn the
    words round, and not the labels.
    """
    columns = [(printable(one.text), one.label, one.sure) for one in pieces if one.label]
    if any(unicodedata.bidirectional(c) in ("R", "AL") for one in pieces for c in one.text):
        yield from (f"{word}  {label}  {sure}".rstrip() for word, label, sure in columns)
        return
    line: list[tuple[tuple[str, ...], int]] = []
    for column in columns:
        size = max(map(_cells, column))
        if line and sum(of + 1 for _, of in line) + size > width:
            yield from (*_lines(line), "")
            line = []
        line.append((column, size))
    yield from _lines(line)


def _lines(columns: Sequence[tuple[tuple[str, ...], int]]) -> Iterator[str]:
    """The columns' first cells on a line, then their second ones, and so on."""
    for row in range(len(columns[0][0]) if columns else 0):
        cells = (column[row] + " " * (size - _cells(column[row])) for column, size in columns)
        yield " ".join(cells).rstrip()


def _in_colours(pieces: Sequence[Piece]) -> bool:
    """Prints the text with its labelled parts in colours; False where there are none."""
    try:
        from kerastc.console import Console, Text
    except ImportError:
        return False
    console = Console(highlight=False)
    if console.color_system is None or console.no_color:
        return False
    line = Text()
    for one in pieces:
        if not one.label:
            line.append_text(Text(_on_a_line(one.text)))
            continue
        colour = COLOURS[one.colour % len(COLOURS)]
        line.append_text(Text(f" {_on_a_line(one.text)} ", style=f"black on {colour}"))
        line.append_text(Text(f" {one.told}", style=f"bold {colour}"))
    console.print(line, soft_wrap=True)
    return True


def _on_a_line(text: str) -> str:
    return "".join(" " if c in "\r\n\t" else c for c in text)


def _cells(text: str) -> int:
    """The columns that a text takes on a terminal (Unicode Standard Annex 11)."""
    wide = (2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
    marks = sum(unicodedata.category(c) in ("Mn", "Me", "Cf") for c in text)
    return sum(wide) - marks
