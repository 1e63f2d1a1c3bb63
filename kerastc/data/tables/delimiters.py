"""The delimiter of a text file's columns, and whether its quotation marks are syntax."""

import csv
import re
from collections import Counter
from contextlib import closing, suppress
from itertools import islice

from kerastc.data.tables.plain_file import PlainFile

SAMPLE = 1000  # lines used to detect the delimiter
DELIMITERS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "vertical bars"}
STATED = re.compile(r'"?sep=([^\w\s"]|\t)"?\1*\s*', re.IGNORECASE)


def stated_delimiter(first: str) -> str:
    """The delimiter that a first line `sep=;` states, as in files for Excel; empty if none."""
    found = STATED.fullmatch(first)
    return found[1] if found else ""


def found_delimiter(file: PlainFile, usual: str, skipped: int) -> str:
    """The delimiter for which most of the first rows are as wide as the header.

    A header may have commas in its names, and texts may hold anything, so no single line decides.

    Args:
        file: the file.
        usual: the delimiter by its extension.
        skipped: lines before the header.
    """
    with closing(file.lines(show_progress=False)) as lines:
        sample = [line for line in islice(lines, skipped, skipped + SAMPLE) if line.strip()]

    def fit(delimiter: str) -> tuple[float, int]:
        """The share of rows that fit, and how often the delimiter occurs in the header."""
        quoting = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
        widths = []
        with suppress(csv.Error):  # reported when the rows are read
            widths.extend(map(len, csv.reader(sample, delimiter=delimiter, quoting=quoting)))
        if not widths or widths[0] < 2:
            return -1.0, 0
        return widths[1:].count(widths[0]) / max(len(widths) - 1, 1), sample[0].count(delimiter)

    return max(dict.fromkeys([usual, *DELIMITERS]), key=fit)


def quotes_enclose_fields(file: PlainFile, skipped: int) -> bool:
    """Whether quotation marks in a TSV file are syntax, as in CSV, or part of the texts.

    Both are in use. They are part of the texts if the file is a table only when read that way or,
    in a file with bad rows, if more rows are whole when read that way.
    """

    def rows(quoting: int) -> tuple[int, int]:
        """The numbers of records as wide as the header, and of others."""
        widths, unreadable = Counter(), 0
        with closing(file.lines(show_progress=False)) as lines:
            reader = csv.reader(
                islice(lines, skipped, None), delimiter="\t", quoting=quoting, strict=True
            )
            while True:
                try:
                    record = next(reader, None)
                except csv.Error:  # the reader continues after it
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
