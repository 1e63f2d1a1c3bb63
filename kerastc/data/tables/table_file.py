"""Rows of a CSV, TSV or JSON Lines file, plain or gzip, each with its line in the file.

Rows stream: no more than one is held here. Errors in the file are reported with their line
(`line` counts the lines of the file from 1, including those inside quoted fields).
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from kerastc.data.tables.columns import NamedColumns
from kerastc.data.tables.delimiters import (
    DELIMITERS,
    found_delimiter,
    quotes_enclose_fields,
    stated_delimiter,
)
from kerastc.data.tables.flaws import doubled
from kerastc.data.tables.json_lines import objects
from kerastc.data.tables.plain_file import PlainFile
from kerastc.data.tables.swallowed import holds_a_row
from kerastc.errors import UserError

JSON_LINES = (".jsonl", ".ndjson", ".json")
SWALLOWED = "rows that hold the end of another one: a quotation mark may be missing"
MOST_KNOWN = 10_000  # values that are remembered; there are fewer classes
DELIMITED = {".csv": ",", ".tsv": "\t", ".tab": "\t"}


@dataclass(frozen=True)
class Table(NamedColumns):
    """A text file with named columns.

    Args:
        file: the underlying file.
        columns: the names in the header, or the keys of the first JSON object.
        delimiter: the character between columns; empty for JSON Lines.
        quoted: whether `"` encloses fields (always in CSV; some TSV files quote nothing).
        header: whether the first line names the columns; they are called 1, 2, ... otherwise.
        skipped: lines before them, the last of which is `sep=;`, as Excel writes it.
    """

    unit = "line"

    file: PlainFile
    columns: tuple[str, ...]
    delimiter: str
    quoted: bool = True
    header: bool = True
    skipped: int = 0
    _counted: Counter[str] = field(default_factory=Counter, init=False, compare=False, repr=False)

    @classmethod
    def open(cls, file: PlainFile, delimiter: str = "", header: bool = True) -> "Table":
        """Detects the format by the name's extension, then by the first lines.

        Args:
            file: the file.
            delimiter: the character between columns, or "tab"; detected if empty.
            header: as in the class.
        """
        delimiter = "\t" if delimiter in ("tab", "\\t") else delimiter
        if len(delimiter) > 1 or delimiter in ('"', "\r", "\n") or delimiter.isalnum():
            raise UserError(
                f"delimiter={delimiter} cannot separate columns.",
                "Give one character, such as ; or |, or the word tab.",
            )
        with closing(file.lines(show_progress=False)) as lines:
            rows = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
            number, first = next(rows, (0, ""))
        if not first:
            raise UserError(f"{file.path} is empty.", "Give a file with a row for each text.")
        file.refuse_unreadable(number, first)
        extension = file.extension
        if extension in JSON_LINES or (extension not in DELIMITED and first.lstrip()[0] == "{"):
            return cls.json_lines(file)
        stated = stated_delimiter(first)
        skipped = number if stated else 0
        usual = DELIMITED.get(extension, ",")
        delimiter = delimiter or stated or found_delimiter(file, usual, skipped)
        quoted = delimiter != "\t" or quotes_enclose_fields(file, skipped)
        table = cls(file, (), delimiter, quoted, skipped=skipped)
        with closing(table._records()) as records:
            names = next((record for _, record in records if record), None)
        if names is None:
            raise UserError(
                f"{file.path} holds nothing but the line {first.strip()}.",
                "Give a file with a row for each text.",
            )
        if not header:
            names = [str(number) for number, _ in enumerate(names, 1)]
        return cls(file, tuple(name.strip() for name in names), delimiter, quoted, header, skipped)

    @classmethod
    def json_lines(cls, file: PlainFile) -> "Table":
        """The objects in a file, one per line; columns are the keys of the first."""
        with closing(objects(file)) as found:
            _, first = next(found)
        return cls(file, tuple(first), "")

    @property
    def path(self) -> Path:
        """The file."""
        return self.file.path

    @property
    def headed(self) -> bool:
        """Only JSON Lines has no row of names."""
        return bool(self.delimiter)

    @property
    def remark(self) -> str:
        """The file's encoding, if it is not plain UTF-8."""
        return self.file.remark

    @property
    def notes(self) -> Mapping[str, int]:
        """Records of several lines that have probably swallowed a row."""
        return self._counted

    def rows(self, columns: Sequence[str]) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """As in `NamedColumns`; all values of a delimited file are texts."""
        if self.delimiter:
            return self._delimited_rows(columns)
        return self._json_rows(columns)

    def _delimited_rows(self, columns: Sequence[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
        width, last = len(self.columns), self.columns.index(columns[-1])
        known: set[str] = set()  # values of the last of the columns, in records of one line
        self._counted.clear()
        pick = _tuple_getter([self.columns.index(name) for name in columns])
        with closing(self._records()) as records:
            rows = ((line, record) for line, record in records if record)
            for line, record in islice(rows, int(self.header), None):
                if len(record) != width:
                    raise UserError(
                        f"{self.file.path}, line {line}: {len(record)} columns where the header "
                        f"has {width} ({self.shown_columns()}).",
                        "Enclose a text that contains the delimiter in double quotation marks, "
                        f'and double those inside it ("").\nThe columns are separated by '
                        f"{DELIMITERS.get(self.delimiter, repr(self.delimiter))} here.",
                    )
                if any("\n" in field or "\r" in field for field in record):
                    if holds_a_row(record, self.delimiter, last, known):
                        self._counted[SWALLOWED] += 1
                elif len(known) < MOST_KNOWN:
                    known.add(record[last])
                yield line, pick(record)

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """Yields (first line, fields) of every record; blank lines are empty lists."""
        with closing(self.file.lines()) as lines:
            reader = csv.reader(
                islice(lines, self.skipped, None),
                delimiter=self.delimiter,
                quoting=csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE,
                strict=True,
            )
            line = self.skipped + 1
            try:
                for record in reader:
                    yield line, record
                    line = self.skipped + reader.line_num + 1
            except csv.Error as error:
                last = self.skipped + reader.line_num
                raise _explained(error, self.file.path, line, last) from error

    def _json_rows(self, columns: Sequence[str]) -> Iterator[tuple[int, tuple[Any, ...]]]:
        with closing(objects(self.file)) as found:
            for line, row in found:
                try:
                    values = tuple([row[name] for name in columns])
                except KeyError as error:
                    raise UserError(
                        f"{self.file.path}, line {line}: the object has no {error.args[0]!r}. "
                        f"It has {', '.join(map(repr, row)) or 'nothing'}.",
                        "Every line needs the same keys.",
                    ) from None
                if flaw := doubled(row, columns):
                    raise UserError(f"{self.file.path}, line {line}: {flaw.told}", flaw.hint)
                for value, name in zip(values, columns, strict=True):
                    if isinstance(value, list | dict):
                        raise UserError(
                            f"{self.file.path}, line {line}, column {name!r}: a "
                            f"{'list' if isinstance(value, list) else 'JSON object'} where a text "
                            "is needed."
                        )
                yield line, values


def _tuple_getter(indices: list[int]) -> Callable[[list[str]], tuple[str, ...]]:
    if len(indices) == 1:
        return lambda record, index=indices[0]: (record[index],)
    return itemgetter(*indices)


def _explained(error: csv.Error, path: Path, line: int, last_line: int) -> UserError:
    message = str(error)
    unclosed = "The row that starts here opens a quotation mark that may never be closed."
    hint = 'Inside a quoted field, write each quotation mark twice ("").'
    if "field limit" in message:
        return UserError(
            f"{path}, line {line}: a field of more than {csv.field_size_limit():,} characters. "
            + unclosed,
            hint + " If the text is meant to be so long, give the file as JSON Lines.",
        )
    if "unexpected end of data" in message:
        return UserError(f"{path}, line {line}: the file ends inside a field. " + unclosed, hint)
    where = f"line {line}" if last_line <= line else f"lines {line}-{last_line}"
    return UserError(f"{path}, {where}: a field continues after its closing quotation mark.", hint)
