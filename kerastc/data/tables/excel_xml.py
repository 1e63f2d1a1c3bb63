"""Hidden rows, merged cells and formulas of a sheet, which openpyxl omits when streaming."""

import re
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from xml.parsers import expat

ROWS, COLUMNS = 2**20, 2**14  # of the largest sheet that Excel has
PIECE = 2**16  # bytes
CELL = re.compile("([A-Z]{1,3})([0-9]{1,7})")


class NoSheet(ValueError):
    """XML that no program writes into a sheet."""


class _Enough(Exception):
    pass


@dataclass
class SheetXml:
    """An overview of a sheet.

    Args:
        filled_rows: number of rows with a filled cell.
        width: the last column of them, A being 1.
        hidden: numbers of hidden rows.
        merged: ranges of merged cells that span several rows, by their first row: the last row
            and the first column.
        uncomputed: (row, column) of formulas whose value was not saved.
    """

    filled_rows: int = 0
    width: int = 0
    hidden: set[int] = field(default_factory=set)
    merged: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    uncomputed: set[tuple[int, int]] = field(default_factory=set)

    @classmethod
    def read(cls, source: BinaryIO, enough: int = 0) -> "SheetXml":
        """Scans a sheet's XML without holding it.

        Args:
            source: the bytes.
            enough: the number of filled rows to stop at; 0 does not stop.

        Raises:
            NoSheet, expat.ExpatError: it is not a sheet.
        """
        sheet = cls()
        parser = expat.ParserCreate(namespace_separator=" ")
        handler = _Handler(sheet, enough)
        parser.StartElementHandler = handler.start
        parser.EndElementHandler = handler.end
        parser.CharacterDataHandler = handler.text
        parser.StartDoctypeDeclHandler = handler.doctype
        try:
            while piece := source.read(PIECE):
                parser.Parse(piece, False)
            parser.Parse(b"", True)
        except _Enough:
            pass
        return sheet


class _Handler:
    """Fills a `SheetXml` from the events of a parser."""

    def __init__(self, sheet: SheetXml, enough: int):
        self._sheet = sheet
        self._enough = enough
        self._row = self._column = self._cells = 0
        self._filled = self._formula = self._value = self._within_value = False

    def doctype(self, *_: Any) -> None:
        raise NoSheet("a document type declaration, which no sheet has")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(" ")[2]
        if name == "c":
            self._begin_cell(attributes.get("r", ""))
        elif name in ("v", "is"):
            self._within_value = True
        elif name == "f":
            self._formula = self._filled = True
        elif name == "row":
            self._row = int(float(attributes.get("r", self._row + 1)))
            if not 0 < self._row <= ROWS:
                raise NoSheet(f"a row {self._row:,}; Excel has {ROWS:,}")
            self._column = self._cells = 0
            self._filled = False
            if attributes.get("hidden") in ("1", "true"):
                self._sheet.hidden.add(self._row)
        elif name == "mergeCell":
            self._merge(attributes.get("ref", ""))

    def text(self, _: str) -> None:
        if self._within_value and not self._value:
            self._value = self._filled = True
            self._sheet.width = max(self._sheet.width, self._column)

    def end(self, name: str) -> None:
        name = name.rpartition(" ")[2]
        if name in ("v", "is"):
            self._within_value = False
        elif name == "c" and self._formula and not self._value:
            self._sheet.uncomputed.add((self._row, self._column))
        elif name == "row" and self._filled:
            self._sheet.filled_rows += 1
            if self._sheet.filled_rows == self._enough:
                raise _Enough

    def _begin_cell(self, place: str) -> None:
        self._column = _place(place)[1] if place else self._column + 1
        self._cells += 1
        if self._column > COLUMNS or self._cells > COLUMNS:
            raise NoSheet(f"over {COLUMNS:,} columns")
        self._formula = self._value = False

    def _merge(self, reference: str) -> None:
        first, _, last = reference.partition(":")
        (top, left), (bottom, _) = _place(first), _place(last or first)
        if bottom > top:
            self._sheet.merged.setdefault(top, []).append((bottom, left))


def _place(written: str) -> tuple[int, int]:
    """Row and column of a cell, such as (5, 2) for B5."""
    found = CELL.fullmatch(written)
    if not found:
        raise NoSheet(f"a cell {written[:20]!r}")
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(found[2]), column
