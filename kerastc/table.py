"""Tables on the terminal: by `rich` where it is installed, in plain columns on a device."""

import re
import shutil
import textwrap
from collections.abc import Sequence

from kerastc.printable import echo

LONGEST = 36  # letters of a name in a table of figures


def show_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    title: str = "",
    figures: bool = True,
) -> None:
    """Prints a table on standard output; long cells continue on the next line.

    Args:
        columns: the heads.
        rows: cells, as many as there are columns.
        title: printed above.
        figures: whether the columns after the first hold figures, which are right-aligned.
    """
    try:
        from rich.box import SIMPLE_HEAD
        from rich.table import Table

        from kerastc.console import Console, Text
    except ImportError:
        width = shutil.get_terminal_size().columns
        echo(plain_table(columns, rows, title, figures, width))
        return
    # As narrow as possible: a benchmark has eight columns, and many terminals 80 characters.
    narrow = {"box": SIMPLE_HEAD, "show_edge": False, "pad_edge": False, "padding": (0, 0, 0, 1)}
    table = Table(title=title or None, title_justify="left", header_style="bold", **narrow)
    for index, name in enumerate(columns):
        figure = figures and index > 0
        justify = "right" if figure else "left"
        table.add_column(Text(name), overflow="fold", no_wrap=figure, justify=justify)
    for row in rows:
        table.add_row(*map(Text, row))
    Console(highlight=False).print(table)


def wrapped(text: str, width: int) -> str:
    """The text in lines of at most `width` characters, broken between words and never in a number.

    A word longer than a line is broken after a slash, comma, colon or plus sign; else after a
    hyphen or underscore between letters; as a last resort anywhere.
    """
    lines, line = [], ""
    for word in re.findall(r"\S*\s*", text):
        for part in [word] if len(word.rstrip()) <= width else _broken(word, width):
            if line and len(line) + len(part.rstrip()) > width:
                lines.append(line.rstrip())
                line = ""
            line += part
    return "\n".join([*lines, line.rstrip()])


def _broken(word: str, width: int) -> list[str]:
    """A long word in pieces at whose ends a line may break; 1e+5 has no such point."""
    pieces = re.findall(r"(?:(?<=\de)\+|[^\s/,:+])*[\s/,:+]*", word)
    return [part for piece in pieces for part in _parts(piece, width)]


def _parts(piece: str, width: int) -> list[str]:
    """A piece wider than a line, split into narrower ones."""
    if len(piece.rstrip()) <= width:
        return [piece]
    found = []
    for part in re.findall(r"(?:[^-_]|[-_](?![a-zA-Z])|(?<=\d)[-_])*[-_]?", piece):
        found += [part[i : i + width] for i in range(0, len(part), width)]
    return found


def shared_start(names: Sequence[str]) -> str:
    """The common prefix of several names, up to a space, slash, comma or plus sign."""
    if len(names) < 2:
        return ""
    first, last = min(names), max(names)  # a prefix of these two is shared by all
    pairs = enumerate(zip(first, last, strict=False))
    begin = first[: next((i for i, (one, other) in pairs if one != other), len(first))]
    begin = begin[: max(begin.rfind(end) for end in " /,+") + 1]
    return begin if all(len(name) > len(begin) for name in names) else ""


def short_names(names: Sequence[str]) -> list[str]:
    """The names as they are, or numbers if one is too long for a column beside figures.

    The meaning of the numbers is printed on standard output, as a table follows.
    """
    if max(map(len, names), default=0) <= LONGEST:
        return list(names)
    numbers = {name: str(number) for number, name in enumerate(dict.fromkeys(names), start=1)}
    for name, number in numbers.items():
        echo(f"{number:>2}  {name}")
    echo()
    return [numbers[name] for name in names]


def plain_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    title: str,
    figures: bool,
    width: int,
) -> str:
    """The same as text of at most `width` characters per line, if the columns allow it.

    The first column shrinks for the others, down to 12 characters.
    """
    table = [columns, *rows]
    others = [max(len(row[i]) for row in table) for i in range(1, len(columns))]
    room = max(width - sum(others) - 2 * len(others), 12)
    first = min(room, max(len(row[0]) for row in table))
    lines = [title] if title else []
    for row in table:
        head, *more = textwrap.wrap(row[0], first) or [""]
        cells = [
            cell.rjust(size) if figures else cell.ljust(size)
            for cell, size in zip(row[1:], others, strict=True)
        ]
        lines.append("  ".join([head.ljust(first), *cells]).rstrip())
        lines += more
    return "\n".join(lines)
