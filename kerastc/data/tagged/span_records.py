"""Texts with labelled spans of characters, as annotation tools export them.

    {"text": "Ana vive en Lima", "spans": [[0, 3, "PER"], [12, 16, "LOC"]]}
    {"text": ..., "label": [[0, 3, "PER"]]}                     Doccano; also "labels"
    {"text": ..., "entities": [{"start_offset": 0, "end_offset": 3, "label": "PER"}]}
    {"text": ..., "label": [{"start": 0, "end": 3, "labels": ["PER"]}]}   Label Studio, JSON-MIN
    {"data": {"text": ...}, "annotations": [{"result": [{"value": {"start": ...}}]}]}   and JSON

Offsets count characters from 0; the end is behind the last one.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from kerastc.data.tables.flaws import Flaw
from kerastc.data.tables.json_keys import Doubled
from kerastc.data.tables.json_lines import objects
from kerastc.data.tables.json_table import elements
from kerastc.data.tables.json_values import JsonValues
from kerastc.data.tables.plain_file import PlainFile
from kerastc.data.tagged.sentence import Notes
from kerastc.errors import UserError

SPANS = ("spans", "label", "labels", "entities")  # keys
LABELS = ("label", "labels", "hypertextlabels")  # of a span
STARTS, ENDS = ("start", "start_offset"), ("end", "end_offset")
NO_SPANS = "texts without a key of spans, of which they have none"
UNANNOTATED = "texts without an annotation, left out"
FURTHER = "further annotations of a text, left out: the first is taken"
NO_SPAN = "results of annotations that are no spans of a text, left out"
FURTHER_LABELS = "further labels of a span, left out: the first is taken"
UTF16 = "spans whose offsets count UTF-16 units, now characters"

EXAMPLE = '{"text": "Ana vive en Lima", "spans": [[0, 3, "PER"]]}'

Span = tuple[int, int, str]  # begin, end, label


@dataclass(frozen=True)
class Record:
    """A text with its spans, and its line or row in the file."""

    text: str
    spans: list[Span]
    place: int


def records(file: PlainFile, text: str, key: str, notes: Notes) -> Iterator[Record]:
    """The texts of a file of JSON Lines, or of an array of objects.

    Args:
        file: to read.
        text: the key of texts; empty takes "text", or the only one with a text.
        key: the key of spans; empty takes one of `SPANS`.
        notes: gets what was settled.

    Raises:
        UserError: naming file and line, for an object of another form, and for spans that are none.
    """
    there = False  # whether any object has spans
    missing = 0
    for place, row in _objects(file, notes):
        where = f"{file.path}, {notes.unit} {place}"
        if isinstance(row.get("data"), Mapping) and "annotations" in row:
            there = True
            given = _annotation(row["annotations"], where, place, notes)
            if given is None:
                continue
            row = row["data"]
        else:
            name = key or next((name for name in SPANS if row.get(name) is not None), "")
            if isinstance(row, Doubled):
                twice = min(row.names)
                raise UserError(f"{where}: the key {twice!r} is there twice.", "Leave one.")
            given = row.get(name)
            there |= name in row
            if given is None:
                missing = missing or place
                notes.add(NO_SPANS, place)
        found = _text(row, text, where)
        yield Record(
            found, [_span(one, found, where, place, notes) for one in _list(given, where)], place
        )
    if not there and missing:
        names = key or ", ".join(SPANS)
        raise UserError(
            f"{file.path}, {notes.unit} {missing}: no object of the file has spans: {names}.",
            f"Give {EXAMPLE}; tag= names another key.",
        )


def texts_of_tasks(file: PlainFile, text: str = "") -> list[str] | None:
    """The texts of Label Studio's tasks, annotated or not; None for a file of another form."""
    notes = Notes(file.path)
    found = []
    try:
        for place, row in _objects(file, notes):
            if not isinstance(row.get("data"), Mapping):
                return None
            found.append(_text(row["data"], text, f"{file.path}, {notes.unit} {place}"))
    except UserError:
        if found:
            raise
    return found or None


def _objects(file: PlainFile, notes: Notes) -> Iterator[tuple[int, dict[str, Any]]]:
    with closing(file.chunks(show_progress=False)) as chunks:
        array = JsonValues(chunks).peek() == "["
    if not array:
        yield from objects(file, EXAMPLE)
        return
    notes.unit = "row"
    with closing(file.chunks()) as chunks:
        for number, (line, row) in enumerate(elements(JsonValues(chunks)), 1):
            if isinstance(row, Flaw):
                raise UserError(f"{file.path}, line {line}: {row.told}", row.hint)
            if not isinstance(row, dict):
                raise UserError(f"{file.path}, row {number}: {str(row)[:40]!r} is no object.")
            yield number, row


def _annotation(given: Any, where: str, place: int, notes: Notes) -> list[Any] | None:
    """The spans of the first annotation that was not cancelled; None where there is none."""
    done = [one for one in _list(given, where) if isinstance(one, Mapping)]
    done = [one for one in done if not one.get("was_cancelled")]
    if not done:
        notes.add(UNANNOTATED, place)
        return None
    notes.add(FURTHER, place, len(done) - 1)
    results = _list(done[0].get("result"), where)
    values = [one.get("value") for one in results if isinstance(one, Mapping)]
    spans = [one for one in values if isinstance(one, Mapping) and any(k in one for k in LABELS)]
    notes.add(NO_SPAN, place, len(results) - len(spans))
    return spans


def _list(value: Any, where: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise UserError(f"{where}: the spans are {str(value)[:40]!r}, not a list.", _SHAPE)
    return value


def _text(row: Mapping[str, Any], key: str, where: str) -> str:
    texts = {name: value for name, value in row.items() if isinstance(value, str)}
    key = key or ("text" if "text" in row or len(texts) != 1 else next(iter(texts)))
    if key in row and key not in texts:
        raise UserError(
            f"{where}: {key!r} is {str(row[key])[:40]!r}, not a text.", f"Such as {EXAMPLE}"
        )
    if key not in texts:
        raise UserError(
            f"{where}: there is no text {key!r}. It has {', '.join(map(repr, row)) or 'nothing'}.",
            "word= names the key of the texts.",
        )
    try:
        texts[key].encode()
    except UnicodeEncodeError:
        raise UserError(
            f"{where}: half of a surrogate pair is not a character.", "Write the text as UTF-8."
        ) from None
    return texts[key]


_SHAPE = 'A span is [start, end, "label"], or {"start": 0, "end": 3, "label": "PER"}.'


def _span(given: Any, text: str, where: str, place: int, notes: Notes) -> Span:
    begin, end, label = None, None, None
    if isinstance(given, list) and len(given) == 3:
        begin, end, label = given
    elif isinstance(given, Mapping):
        begin, end, label = (
            next((given[name] for name in names if name in given), None)
            for names in (STARTS, ENDS, LABELS)
        )
        if isinstance(label, list) and label:
            notes.add(FURTHER_LABELS, place, len(label) - 1)
            label = label[0]
    if type(begin) is not int or type(end) is not int or not isinstance(label, str):
        raise UserError(f"{where}: {str(given)[:60]} is no span.", _SHAPE)
    if not label.strip():
        raise UserError(f"{where}: the span {begin}, {end} has no label.", _SHAPE)
    marked = given.get("text") if isinstance(given, Mapping) else None
    if isinstance(marked, str) and marked and text[begin:end] != marked:
        units = text.encode("utf-16-le")
        if units[2 * begin : 2 * end] == marked.encode("utf-16-le", "surrogatepass"):
            notes.add(UTF16, place)
            begin, end = (len(units[: 2 * at].decode("utf-16-le", "ignore")) for at in (begin, end))
    return begin, end, "_".join(label.split())
