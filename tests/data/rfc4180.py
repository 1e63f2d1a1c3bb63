"""What is in a file of rows, read once more in the plainest way: RFC 4180, or a line an object."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from kerastc.data.tables.plain_file import PlainFile
from kerastc.data.tables.reading import Reading
from kerastc.data.tables.table_file import Table
from kerastc.data.tables.table_kinds import open_table

LINE = re.compile(r"\r\n|\r|\n")


def decoded(file: PlainFile) -> str:
    """The whole text; halves of surrogate pairs stay, as they are no error of UTF-16 to Python."""
    with file.bytes() as data:
        return data.read().decode(file.encoding)


def records(text: str, delimiter: str, quoted: bool) -> list[list[str]]:
    """The records that are not blank, of a text in which every quotation mark is as it should."""
    plain = f"(?P<plain>[^{re.escape(delimiter)}\r\n]*)"
    marked = '"(?P<marked>[^"]*(?:""[^"]*)*)"|' if quoted else "(?P<marked>(?!))|"
    field = re.compile(f"(?:{marked}{plain})(?P<end>{re.escape(delimiter)}|{LINE.pattern}|$)")
    found, cells, place, blank = [], [], 0, True
    while place < len(text) or cells:
        match = field.match(text, place)
        marked, plain, end = match["marked"], match["plain"], match["end"]
        cells.append(plain if marked is None else marked.replace('""', '"'))
        blank = blank and not plain and marked is None and end != delimiter
        place = match.end()
        if end != delimiter:
            found += [] if blank else [cells]
            cells, blank = [], True
    return found


def rows_of(path: Path, columns: Sequence[str], encoding: str, header: bool) -> list[list]:
    """Values of columns; the form is taken as `open_table` finds it.

    Raises:
        AssertionError: a row is not as wide as the first, or an object has a key twice.
    """
    table = open_table(path, Reading(encoding=encoding, header=header))
    text = decoded(table.file)
    if table.delimiter:
        text = "".join(re.split(f"({LINE.pattern})", text)[2 * table.skipped :])
        found = records(text, table.delimiter, table.quoted)[header:]
        assert all(len(row) == len(table.columns) for row in found)
        places = [table.columns.index(name) for name in columns]
        return [[row[place] for place in places] for row in found]
    lines = [line for line in LINE.split(text) if line and not line.isspace()]
    values = lines if isinstance(table, Table) else [" ".join(lines)]
    found = [json.loads(value, object_pairs_hook=list) for value in values]
    if not isinstance(table, Table) and found[0] and not isinstance(found[0][0], tuple):
        [found] = found  # an array
    keys = [[key for key, _ in row] for row in found]
    assert all(row.count(name) == 1 for row in keys for name in columns)
    return [[dict(row)[name] for name in columns] for row in found]
