"""Rows swallowed by a quotation mark that opens a field and is closed in another row."""

import re
from collections.abc import Sequence, Set

LINE_END = re.compile(r"\r\n|\r|\n")


def holds_a_row(record: Sequence[str], delimiter: str, last: int, known: Set[str]) -> bool:
    """Whether a field of several lines holds the end of a row: its column `last` has a known value.

    Only a value inside the field counts. The record's own proves nothing: it ends the last line of
    every well-formed record of several lines.

    Args:
        record: the fields.
        delimiter: between them.
        last: the column of the classes, or another with few values.
        known: its values in records of one line.
    """
    for place, field in enumerate(record):
        first, *others = [line.split(delimiter) for line in LINE_END.split(field)]
        if others:
            rows = [[None] * place + first, *others]
            rows[-1] = rows[-1] + [None] * (len(record) - 1 - place)
            if any(len(row) == len(record) and row[last] in known for row in rows):
                return True
    return False
