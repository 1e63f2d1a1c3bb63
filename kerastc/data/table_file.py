"""Rows of a CSV, TSV or JSON Lines file, plain or gzip, each with its line in the file.

Rows stream: no more than one is held here. Whatever is wrong with the file is told with the line
where it stands (`line` counts the lines of the file from 1, also those inside quoted fields).
"""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from kerastc.data.plain_file import PlainFile
from kerastc.errors import UserError

JSON_LINES = (".jsonl", ".ndjson", ".json")
DELIMITED = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
SAMPLE = 1000  # lines that the delimiter is found by
DELIMITERS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "vertical bars"}


@dataclass(frozen=True)
class Table:
    """A file with named columns.

    Args:
        file: the file behind it.
        columns: the names in the header, or the keys of the first JSON object.
        delimiter: the character between columns; empty for JSON Lines.
        quoted: whether `"` encloses fields (always in CSV; some TSV files quote nothing).
        header: whether the first line names the columns; they are called 1, 2, ... otherwise.
    """

    file: PlainFile
    columns: tuple[str, ...]
    delimiter: str
    quoted: bool = True
    header: bool = True

    @classmethod
    def open(cls, file: PlainFile, delimiter: str = "", header: bool = True) -> "Table":
        """Finds out the form by the name's extension, then by the first lines.

        Args:
            file: the file.
            delimiter: the character between columns, or "tab"; found out where empty.
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
            return cls._json_lines(file)
        delimiter = delimiter or _delimiter(file, DELIMITED.get(extension, ","))
        quoted = delimiter != "\t" or _quotes_enclose_fields(file)
        table = cls(file, (), delimiter, quoted)
        with closing(table._records()) as records:
            names = next(record for _, record in records if record)
        if not header:
            names = [str(number) for number, _ in enumerate(names, 1)]
        return cls(file, tuple(name.strip() for name in names), delimiter, quoted, header)

    @classmethod
    def _json_lines(cls, file: PlainFile) -> "Table":
        with closing(_objects(file)) as objects:
            _, first = next(objects)
        return cls(file, tuple(first), "")

    def require(self, name: str, role: str) -> str:
        """Returns `name` if it is one column of the table; a `UserError` otherwise.

        Args:
            role: what the column is for ("text", "label"), which is also the setting to change.
        """
        if self.columns.count(name) == 1:
            return name
        if name in self.columns:
            raise UserError(
                f"{self.file.path}, line 1: several columns are called {name!r}.",
                "Give each column a name of its own.",
            )
        near = get_close_matches(name, self.columns, n=1)
        raise UserError(
            f"{self.file.path} has no column {name!r} ({role}). It has {self.shown_columns()}.",
            f"Did you mean {role}={near[0]}?" if near else f"Set {role}= to one of these columns.",
        )

    def shown_columns(self) -> str:
        """The column names for a message, shortened."""
        names = [repr(name if len(name) <= 40 else name[:37] + "...") for name in self.columns[:20]]
        more = len(self.columns) - len(names)
        return ", ".join(names) + (f" and {more} more" if more else "")

    def rows(self, columns: Sequence[str]) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """Yields (line, values of `columns` in that order) for every row that is not blank.

        Values are texts; in JSON also numbers, booleans and None (see `label_names`).
        """
        if self.delimiter:
            return self._delimited_rows(columns)
        return self._json_rows(columns)

    def _delimited_rows(self, columns: Sequence[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
        width = len(self.columns)
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
                yield line, pick(record)

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """Yields (first line, fields) of every record; blank lines are empty lists."""
        with closing(self.file.lines()) as lines:
            reader = csv.reader(
                lines,
                delimiter=self.delimiter,
                quoting=csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE,
                strict=True,
            )
            line = 1
            try:
                for record in reader:
                    yield line, record
                    line = reader.line_num + 1
            except csv.Error as error:
                raise _explained(error, self.file.path, line, reader.line_num) from error

    def _json_rows(self, columns: Sequence[str]) -> Iterator[tuple[int, tuple[Any, ...]]]:
        with closing(_objects(self.file)) as objects:
            for line, row in objects:
                try:
                    values = tuple([row[name] for name in columns])
                except KeyError as error:
                    raise UserError(
                        f"{self.file.path}, line {line}: the object has no {error.args[0]!r}. "
                        f"It has {', '.join(map(repr, row)) or 'nothing'}.",
                        "Every line needs the same keys.",
                    ) from None
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


def _delimiter(file: PlainFile, usual: str) -> str:
    """What separates the columns: that by which most of the first rows are as wide as the header.

    A header may hold commas inside its names, and texts hold whatever they like; so no line decides
    alone.
    """
    with closing(file.lines(show_progress=False)) as lines:
        sample = [line for line in islice(lines, SAMPLE) if line.strip()]

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


def _quotes_enclose_fields(file: PlainFile) -> bool:
    """Whether quotation marks in a TSV file are syntax, as in CSV, or part of the texts.

    Both are in use. They are part of the texts where the file makes a table only if read so, and
    in a file with bad rows where more of the rows are whole if read so.
    """

    def rows(quoting: int) -> tuple[int, int]:
        """Records as wide as the header, and others."""
        widths, unreadable = Counter(), 0
        with closing(file.lines(show_progress=False)) as lines:
            reader = csv.reader(lines, delimiter="\t", quoting=quoting, strict=True)
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
    return UserError(f"{path}, {where}: a field goes on after its closing quotation mark.", hint)


def _objects(file: PlainFile) -> Iterator[tuple[int, dict]]:
    """Yields (line, object) of a JSON Lines file."""
    decode = json.JSONDecoder().decode
    with closing(file.lines()) as lines:
        for line, text in enumerate(lines, 1):
            if text.isspace():
                continue
            try:
                row = decode(text)
            except (ValueError, RecursionError) as error:
                raise _bad_json(file.path, line, text, error) from error
            if not isinstance(row, dict):
                raise _not_an_object(file.path, line, text)
            if "\\u" in text:
                _refuse_surrogates(file.path, line, row)
            yield line, row


def _bad_json(path: Path, line: int, text: str, error: Exception) -> UserError:
    if line == 1 and text.lstrip()[0] in "[{" and len(text.strip()) < 3:
        return _not_an_object(path, line, text)
    if isinstance(error, json.JSONDecodeError):
        detail = f"column {error.pos + 1}: {error.msg}"
    else:
        detail = str(error)
    return UserError(
        f"{path}, line {line}: not valid JSON ({detail}).",
        "Each line of the file must be a JSON object, such as "
        '{"text": "a text", "label": "its class"}.',
    )


def _not_an_object(path: Path, line: int, text: str) -> UserError:
    return UserError(
        f"{path}, line {line}: {text.strip()[:40]} ... is not one whole JSON object.",
        "JSON Lines holds an object on each line. To turn a JSON array into it:\n"
        '  python -c "import json, sys; [print(json.dumps(row)) for row in json.load(sys.stdin)]"'
        f" < {path} > rows.jsonl",
    )


def _refuse_surrogates(path: Path, line: int, row: dict) -> None:
    for name, value in row.items():
        try:
            str(value).encode()
        except UnicodeEncodeError as error:
            raise UserError(
                f"{path}, line {line}, column {name!r}: half of a surrogate pair "
                f"(\\u{ord(error.object[error.start]):04x}) is no character.",
                "Write the text as UTF-8, or both halves of the pair.",
            ) from None
