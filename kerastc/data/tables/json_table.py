"""Rows of a JSON file: an array of objects, or an object that can only be read as a table."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import Any

from kerastc.data.tables.flaws import NO_JSON, NO_KEY, Flaw, doubled
from kerastc.data.tables.json_objects import rows_within
from kerastc.data.tables.json_values import JsonValues, NotJson
from kerastc.data.tables.plain_file import PlainFile
from kerastc.data.tables.table_file import JSON_LINES, Table
from kerastc.data.tables.typed_rows import TypedRows
from kerastc.errors import UserError

WANTED = 'Rows are objects in an array, such as [{"text": "a text", "label": "its class"}, ...].'


def begins_as_json(file: PlainFile) -> bool:
    """Whether the first character opens an object, or the first two an array."""
    with closing(file.chunks(show_progress=False)) as chunks:
        values = JsonValues(chunks)
        first = values.peek()
        if first != "[":
            return first == "{"
        values.skip()
        return file.extension in JSON_LINES or values.peek() in ("{", "]")


def begins_as_array(file: PlainFile) -> bool:
    """Whether the first character opens an array."""
    with closing(file.chunks(show_progress=False)) as chunks:
        return JsonValues(chunks).peek() == "["


def open_json(file: PlainFile) -> "Table | JsonTable":
    """The table in a file that begins with { or [: JSON Lines, an array, or one object.

    Raises:
        UserError: it holds anything other than rows.
    """
    with closing(file.chunks(show_progress=False)) as chunks:
        values = JsonValues(chunks)
        if values.peek() == "[":
            return JsonTable(file)
        if file.extension in (".jsonl", ".ndjson"):
            return Table.json_lines(file)
        begin = values.line
        try:
            first = values.value()
        except NotJson:
            return _opened_lines(file)
        end = values.line
        if not values.peek():
            return _of_one_object(file, first)
        if begin == end < values.line:
            return _opened_lines(file)
    return JsonTable(file)


def _opened_lines(file: PlainFile) -> "Table | JsonTable":
    """JSON Lines, or successive objects if the first takes several lines."""
    with closing(file.lines(show_progress=False)) as lines:
        first = next((line for line in lines if line.strip()), "")
    return JsonTable(file) if first.strip() == "{" else Table.json_lines(file)


def _of_one_object(file: PlainFile, found: dict[str, Any]) -> "JsonTable":
    within = rows_within(file.path, found)
    return JsonTable(file, *within) if within else JsonTable(file)


class JsonTable(TypedRows):
    """Successive objects, numbered by their lines if each has one of its own.

    Args:
        file: the underlying file; if it is lenient, anything but objects is skipped.
        within: the rows in a file that is one object; None if they are read from the file.
        remark: where those rows were.
    """

    def __init__(self, file: PlainFile, within: Sequence[Any] | None = None, remark: str = ""):
        self.file = file
        self.packed = file.path.stat().st_size
        self.unit = "line"
        self._within = within
        self._remark = remark
        self.columns = self._columns()
        if within is not None or self._on_one_line():
            self.unit = "row"

    @property
    def path(self):
        """The file."""
        return self.file.path

    @property
    def remark(self) -> str:
        """Its encoding, if it is not UTF-8, and where its rows were."""
        return ", ".join(filter(None, (self.file.remark, self._remark)))

    def _columns(self) -> tuple[str, ...]:
        first: UserError | None = None
        with closing(self._elements(show_progress=False)) as elements:
            for number, row in elements:
                if isinstance(row, dict):
                    return tuple(row)
                flaw = row if isinstance(row, Flaw) else _no_object(row)
                told = f"{self.path}, {self.unit} {number}: {flaw.told}"
                first = first or UserError(told, flaw.hint)
                if not self.file.lenient:
                    break
        raise first or UserError(f"{self.path} holds no rows.", WANTED)

    def _on_one_line(self) -> bool:
        with closing(self._elements(show_progress=False)) as elements:
            lines = [number for number, _ in islice(elements, 2)]
        return len(set(lines)) < len(lines)

    def records(self, columns: Sequence[str]) -> Iterator[tuple[int, tuple[Any, ...] | Flaw]]:
        """As in `TypedRows`."""
        with closing(self._elements()) as elements:
            for count, (number, row) in enumerate(elements, 1):
                number = count if self.unit == "row" else number
                if isinstance(row, Flaw):
                    yield number, row
                elif not isinstance(row, dict):
                    yield number, _no_object(row)
                elif missing := [name for name in columns if name not in row]:
                    yield number, _no_key(row, missing[0])
                else:
                    values = tuple([row[name] for name in columns])
                    yield number, doubled(row, columns) or values

    def _elements(self, show_progress: bool = True) -> Iterator[tuple[int, Any]]:
        if self._within is not None:
            yield from enumerate(self._within, 1)
            return
        with closing(self.file.chunks(show_progress)) as chunks:
            yield from elements(JsonValues(chunks))


def elements(values: JsonValues) -> Iterator[tuple[int, Any]]:
    """Yields (line, value or flaw) from an array, or from values without brackets and commas."""
    array = values.peek() == "["
    if array:
        values.skip()
    due = False  # whether a comma may come
    flaw: Flaw | None = None
    while mark := values.peek():
        if array and mark == "]":
            values.skip()
            if values.peek():
                yield values.line, Flaw(NO_JSON, "more text after the end of the array.", WANTED)
            return
        if due and mark == ",":
            values.skip()
            due = False
            continue
        line = values.line
        due, flaw = array, None
        try:
            value = values.value()
        except NotJson as error:
            flaw = _no_json(line, error)
            yield line, flaw
            values.resume()
            due = False
        else:
            yield line, value
    if array and not flaw:
        told = "the file ends before its array does: it was cut short."
        yield values.line, Flaw(NO_JSON, told, "Get the whole file, or end it with ].")


def _no_json(line: int, error: NotJson) -> Flaw:
    place = f"column {error.column}" if error.line == line else f"line {error.line}"
    return Flaw(NO_JSON, f"not valid JSON ({place}: {error.why}).", WANTED, error.text)


def _no_object(value: Any) -> Flaw:
    kind = "a list" if isinstance(value, list) else f"the value {str(value)[:40]!r}"
    return Flaw(NO_JSON, f"{kind} where an object is needed.", WANTED, str(value)[:200])


def _no_key(row: dict[str, Any], name: str) -> Flaw:
    has = ", ".join(map(repr, row)) or "nothing"
    told = f"the object has no {name!r}. It has {has}."
    return Flaw(NO_KEY, told, "Every row needs the same keys.", str(row)[:200])
