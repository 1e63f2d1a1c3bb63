"""What separates the columns of a text file, and what quotation marks are in it."""

import csv
import re
from collections import Counter
from contextlib import closing, suppress
from itertools import islice

from kerastc.data.tables.plain_file import PlainFile

SAMPLE = 1000  # lines that the delimiter is found by
DELIMITERS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "vertical bars"}
STATED = re.compile(r'"?sep=([^\w\s"]|\t)"?\1*\s*', re.IGNORECASE)


def stated_delimiter(first: str) -> str:
    """That which a first line `sep=;` states, as Excel reads and writes it; empty in others."""
    found = STATED.fullmatch(first)
    return found[1] if found else ""


def found_delimiter(file: PlainFile, usual: str, skipped: int) -> str:
    """What separates the columns: that by which most of the first rows are as wide as the header.

    A header may hold commas inside its names, and texts hold whatever they like; so no line decides
    alone.

    Args:
        file: the file.
        usual: what its extension says.
        skipped: lines in front of the header.
    """
    with closing(file.lines(show_progress=False)) as lines:
        sample = [line for line in islice(lines, skipped, skipped + SAMPLE) if line.strip()]

    def fit(delimiter: str) -> tuple[float, int]:
        """The share of rows that fit, and how often the delimiter is in the header."""
        quoting = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
        widths = []
        with suppress(csv.Error):  # told where the rows are read
            widths.extend(map(len, csv.reader(sample, delimiter=delimiter, quoting=quoting)))
        if not widths or widths[0] < 2:
            return -1.0, 0
        return widths[1:].count(widths[0]) / max(len(widths) - 1, 1), sample[0].count(delimiter)

    return max(dict.fromkeys([usual, *DELIMITERS]), key=fit)


def quotes_enclose_fields(file: PlainFile, skipped: int) -> bool:
    """Whether quotation marks in a TSV file are syntax, as in CSV, or part of the texts.

    Both are in use. They are part of the texts where the file makes a table only if read so, and
    in a file with bad rows where more of the rows are whole if read so.
    """

    def rows(quoting: int) -> tuple[int, int]:
        """Records as wide as the header, and others."""
        widths, unreadable = Counter(), 0
        with closing(file.lines(show_progress=False)) as lines:
            reader = csv.reader(
                islice(lines, skipped, None), delimiter="\t", quoting=quoting, strict=True
            )
            while True:
                try:
                    record = next(reader, None)
                except csv.Error:  # the reader goes on behind it
                    unreadable += 1
                    continue
                if record is None:
                    break
                widths[len(record)] += bool(record)
        width = next(iter(widths), 0)
        return widths[width], widths.total() - widths[width] + unreadable

    whole, others = rows(csv.QUOTE_MINIMAL)
    if not others:
        return True
    whole_unquoted, others_unquoted = rows(csv.QUOTE_NONE)
    return others_unquoted > 0 and whole >= whole_unquoted
