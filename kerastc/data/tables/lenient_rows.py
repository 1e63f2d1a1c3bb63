"""Rows of a dirty table: readable ones are yielded, the others reported with their reason.

A record is rejected at its first line, and reading continues with the next one. So an unclosed
quotation mark costs the row that opened it, not the rows after it.
"""

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import Any

from kerastc.data.cleaning.report import CleaningReport
from kerastc.data.tables.columns import NamedColumns
from kerastc.data.tables.flaws import (
    AFTER_QUOTE,
    LONG_FIELD,
    LONG_LINE,
    NO_JSON,
    NO_KEY,
    NUL,
    UNCLOSED,
    UNDECODABLE,
    WIDTH,
    doubled,
    flaw_of,
)
from kerastc.data.tables.json_keys import DECODER
from kerastc.data.tables.plain_file import LONGEST_LINE, UNDECODED
from kerastc.data.tables.swallowed import holds_a_row
from kerastc.data.tables.table_file import Table
from kerastc.data.tables.typed_rows import TypedRows


def lenient_rows(
    table: NamedColumns, columns: Sequence[str], report: CleaningReport, fallback: str = ""
) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Yields (line, values of `columns`) for every readable row; blank lines are skipped.

    A record over several lines is taken to have an unclosed quotation mark if one of its fields
    holds the end of a row with a value that the last of `columns` had before. (In a file of
    headlines and their categories each swallowed row ends like that.)

    Args:
        table: of any kind; a text file is a lenient `PlainFile`.
        columns: names from `table.columns`.
        report: counts all rows; records those that cannot be read, and lines that only `fallback`
            could read.
        fallback: the encoding for lines not in the file's own; without it they are rejected.
    """
    if isinstance(table, TypedRows):
        yield from table.lenient_rows(columns, report)
        return
    with closing(table.file.lines()) as lines:
        if fallback:
            lines = _decoded_otherwise(lines, table.file.encoding, fallback, report)
        read = _delimited if table.delimiter else _json
        yield from read(table, columns, lines, report)


def _decoded_otherwise(
    lines: Iterator[str], encoding: str, fallback: str, report: CleaningReport
) -> Iterator[str]:
    encoding = encoding.removesuffix("-sig")
    for number, line in enumerate(lines, 1):
        if not line.isascii() and UNDECODED.search(line):
            try:
                line = line.encode(encoding, "surrogateescape").decode(fallback)
            except UnicodeError:  # in neither: rejected with its row
                pass
            else:
                report.count(number, f"line read as {fallback}", line)
        yield line


class _Lines:
    """Lines for a CSV reader that can be pushed back; `record` holds those since `begin`.

    Args:
        lines: the lines.
        number: of the line before them.
    """

    def __init__(self, lines: Iterator[str], number: int):
        self.number = number  # of the last line given out
        self.record: list[str] = []
        self._lines = lines
        self._again: deque[str] = deque()

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.number += 1
        self.record.append(line)
        if len(line) == LONGEST_LINE:
            raise csv.Error(LONG_LINE)
        return line

    def begin(self) -> None:
        self.record = []

    def give_back_all_but_first(self) -> None:
        self._again.extendleft(reversed(self.record[1:]))
        self.number -= len(self.record) - 1


def _delimited(
    table: Table, columns: Sequence[str], source: Iterator[str], report: CleaningReport
) -> Iterator[tuple[int, tuple[Any, ...]]]:
    width = len(table.columns)
    places = [table.columns.index(name) for name in columns]
    last = places[-1]
    seen: set[str] = set()  # values of the last column, in records of one line
    lines = _Lines(islice(source, table.skipped, None), table.skipped)
    quoting = csv.QUOTE_MINIMAL if table.quoted else csv.QUOTE_NONE
    reader = csv.reader(lines, delimiter=table.delimiter, quoting=quoting, strict=True)
    header = table.header
    while True:
        lines.begin()
        start = lines.number + 1
        try:
            record = next(reader, None)
            if record is None:
                return
            problem = _problem(lines.record)
            if not problem and record and len(record) != width:
                problem = WIDTH
            several = not problem and len(lines.record) > 1
            if several and holds_a_row(record, table.delimiter, last, seen):
                problem = UNCLOSED
        except csv.Error as error:
            record, problem = None, _reason(error, len(lines.record))
        if problem:
            report.rows_in += 1
            report.reject(start, problem, lines.record[0])
            lines.give_back_all_but_first()
            header = False
        elif header:
            header = not record  # blank lines may precede it
        elif record:
            report.rows_in += 1
            if len(lines.record) == 1:
                seen.add(record[last])
            yield start, tuple([record[place] for place in places])


def _problem(lines: Sequence[str]) -> str:
    """Why the lines of a record are not text; empty if they are."""
    for line in lines:
        if "\0" in line:
            return NUL
        if not line.isascii() and UNDECODED.search(line):
            return UNDECODABLE
    return ""


def _reason(error: csv.Error, lines: int) -> str:
    message = str(error)
    if lines > 1 or "unexpected end of data" in message:
        return UNCLOSED
    if message == LONG_LINE:
        return LONG_LINE
    return LONG_FIELD if "field limit" in message else AFTER_QUOTE


def _json(
    table: Table, columns: Sequence[str], lines: Iterator[str], report: CleaningReport
) -> Iterator[tuple[int, tuple[Any, ...]]]:
    for number, line in enumerate(lines, 1):
        too_long = len(line) == LONGEST_LINE  # and the rest of it was not read
        if line.isspace() and not too_long:
            continue
        report.rows_in += 1
        values: tuple[Any, ...] = ()
        problem = LONG_LINE if too_long else _problem([line])
        if not problem:
            try:
                row = DECODER.decode(line)
            except (ValueError, RecursionError):
                row = None
            values, problem = _json_values(row, columns)
        if problem:
            report.reject(number, problem, line)
        else:
            yield number, values


def _json_values(row: object, columns: Sequence[str]) -> tuple[tuple[Any, ...], str]:
    """The values, and the flaw in them."""
    if not isinstance(row, dict):
        return (), NO_JSON
    if any(name not in row for name in columns):
        return (), NO_KEY
    values = tuple(row[name] for name in columns)
    flaw = doubled(row, columns) or flaw_of(values, columns)
    return ((), flaw.reason) if flaw else (values, "")
