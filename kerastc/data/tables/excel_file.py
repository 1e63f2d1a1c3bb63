"""Rows of an Excel workbook (.xlsx), read by openpyxl, as a person sees them."""

import datetime
import io
import re
import shlex
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from kerastc.data.label_names import class_name
from kerastc.data.tables.excel_xml import SheetXml
from kerastc.data.tables.typed_rows import TypedRows
from kerastc.data.tables.unpacking import opened, refuse_bomb
from kerastc.errors import UserError, nearest
from kerastc.progress import progress

ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")  # how Excel writes control characters
LISTED = 20  # sheets in an error
PACE = 1000  # rows read at once
WORKBOOK = "xl/workbook.xml"

HIDDEN = "hidden rows, read like the others"
MERGED = "cells that got the value of the merged cell they are part of"
UNNAMED = "cells outside the named columns, not read"
UNCOMPUTED = "formulas that no program has computed yet, read as empty"
ERRORS = "cells with an error such as #N/A or #REF!, read as empty"


class _Nothing:
    """A cell that is filled but has no value.

    Args:
        what: the reason, for the notes.
    """

    def __init__(self, what: str):
        self.what = what


def open_sheet(path: Path, sheet: str = "", header: bool = True) -> "ExcelSheet":
    """A sheet of a workbook.

    Args:
        path: the file.
        sheet: its name; if empty, the one that has rows.
        header: whether the first nonempty row names the columns; otherwise they are called 1, 2,
            ..., column A being 1.

    Raises:
        UserError: not a workbook, no such sheet, or several have rows and none is named.
    """
    workbook = _loaded(path)
    names = [found.title for found in workbook.worksheets]
    if sheet and sheet not in names:
        raise UserError(
            f"{path} has no sheet {sheet!r}. It has {_listed(names)}.",
            nearest(sheet, names) or "Set sheet= to one of them.",
        )
    if not sheet:
        sheet = _only_sheet(path, workbook, 2 if header else 1)
    return ExcelSheet(path, workbook, sheet, header)


def known_sheet(path: str | Path, sheet: str) -> str:
    """The name of the sheet if the file is a workbook that has it, else none."""
    path = Path(path).expanduser()
    if not sheet or not zipfile.is_zipfile(path):
        return ""
    try:
        with zipfile.ZipFile(path) as archive:
            refuse_bomb(path, archive.getinfo(WORKBOOK).file_size)
            root = ElementTree.fromstring(archive.read(WORKBOOK))
    except (KeyError, OSError, ValueError, ElementTree.ParseError, zipfile.BadZipFile):
        return ""  # errors are reported when it is read
    names = (found.get("name") for found in root.iter() if found.tag.endswith("}sheet"))
    return sheet if sheet in names else ""


class ExcelSheet(TypedRows):
    """A sheet, with its rows numbered as in Excel.

    Cells hold texts, numbers, truth values, dates; for formulas, the values that were saved with
    them. The rows of a merged cell all have its value. Empty rows are skipped.

    Args:
        path: of the workbook.
        workbook: as openpyxl loads it.
        sheet: the name.
        header: as in `open_sheet`.
    """

    headed = True

    def __init__(self, path: Path, workbook: Any, sheet: str, header: bool = True):
        self._path = path
        self._workbook = workbook
        self._sheet = workbook[sheet]
        self.packed = path.stat().st_size
        self._notes: Counter[str] = Counter()
        with _told(path, sheet), self._sheet._get_source() as source:
            self._xml = SheetXml.read(source)
        self._header_row, cells = next(self._filled_rows(False), (0, {}))
        if not cells:
            raise UserError(f"{path}, sheet {sheet!r}, is empty.", "Give a row for each text.")
        if header:
            self._places = [place for place, value in sorted(cells.items()) if _name(value)]
            self.columns = tuple(_name(cells[place]) for place in self._places)
        else:
            self._header_row = 0
            self._places = list(range(1, self._xml.width + 1))
            self.columns = tuple(map(str, self._places))

    @property
    def path(self) -> Path:
        """The workbook."""
        return self._path

    @property
    def remark(self) -> str:
        """The sheet, where there are others."""
        return f"sheet {self._sheet.title!r}" if len(self._workbook.worksheets) > 1 else ""

    @property
    def notes(self) -> Mapping[str, int]:
        """Counts of cells and rows that were hidden, merged, read as empty, or left out."""
        return +self._notes

    def records(self, columns: Sequence[str]) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """As in `TypedRows`."""
        places = [self._places[self.columns.index(name)] for name in columns]
        known = set(self._places)
        self._notes = Counter()
        for number, cells in self._filled_rows(True):
            if number <= self._header_row:
                continue
            self._notes[HIDDEN] += number in self._xml.hidden
            self._notes[UNNAMED] += len(cells.keys() - known)
            values = [cells.get(place) for place in places]
            for place, value in enumerate(values):
                if isinstance(value, _Nothing):
                    self._notes[value.what] += 1
                    values[place] = None
            yield number, tuple(values)

    def _filled_rows(self, show_progress: bool) -> Iterator[tuple[int, dict[int, Any]]]:
        """Yields (number, values by column) for each nonempty row."""
        merged: dict[int, tuple[int, Any]] = {}  # by column, the last row and the value
        bar = progress(f"Reading {self.path.name} (rows)", self._xml.filled_rows)
        with bar if show_progress else nullcontext(lambda rows: None) as advance:
            with self._sheet._get_source() as source:
                rows = self._parsed(source)
                while some := self._some(rows):
                    for number, cells in some:
                        found = {cell["column"]: self._value(cell) for cell in cells}
                        found = {place: v for place, v in found.items() if v not in (None, "")}
                        if found:
                            self._merge(number, found, merged)
                            yield number, found
                    advance(len(some))

    def _parsed(self, source: Any) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        from openpyxl.worksheet._reader import WorkSheetParser

        # Not `iter_rows`, which creates all rows and cells before a distant one.
        return WorkSheetParser(
            source,
            self._sheet._shared_strings,
            data_only=True,
            epoch=self._workbook.epoch,
            date_formats=self._workbook._date_formats,
            timedelta_formats=self._workbook._timedelta_formats,
        ).parse()

    def _some(self, rows: Iterator[Any]) -> list[Any]:
        with _told(self.path, self._sheet.title):
            return list(islice(rows, PACE))

    def _value(self, cell: dict[str, Any]) -> Any:
        """What a person sees; None if that is nothing."""
        value = cell["value"]
        if cell["data_type"] == "e":
            return _Nothing(ERRORS)
        if value is None:
            there = (cell["row"], cell["column"]) in self._xml.uncomputed
            return _Nothing(UNCOMPUTED) if there else None
        if isinstance(value, str) and "_x" in value:
            return ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)
        if isinstance(value, datetime.datetime) and value.time() == datetime.time():
            return value.date()
        return value

    def _merge(
        self, number: int, found: dict[int, Any], merged: dict[int, tuple[int, Any]]
    ) -> None:
        """Fills cells of the row that belong to a merged cell with its value."""
        for place, (last, value) in list(merged.items()):
            if number > last:
                del merged[place]
            elif place not in found:
                found[place] = value
                self._notes[MERGED] += 1
        for last, place in self._xml.merged.get(number, ()):
            if place in found:
                merged[place] = last, found[place]


def _loaded(path: Path) -> Any:
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise UserError(
            f"{path} is an Excel workbook; reading it needs openpyxl.",
            'pip install "kerastc[tables]", or save the sheet as CSV (UTF-8).',
        ) from None
    with opened(path) as stream:
        data = io.BytesIO(stream.read())
    with _told(path):
        with zipfile.ZipFile(data) as archive:
            refuse_bomb(path, sum(part.file_size for part in archive.infolist()))
        with redirect_stdout(io.StringIO()):  # openpyxl prints errors in styles
            return load_workbook(data, read_only=True, data_only=True, keep_links=False)


def _only_sheet(path: Path, workbook: Any, least: int) -> str:
    """The name of the sheet that has rows; visible sheets are preferred."""
    filled = []
    for sheet in workbook.worksheets:
        with _told(path, sheet.title), sheet._get_source() as source:
            if SheetXml.read(source, least).filled_rows >= least:
                filled.append(sheet)
    visible = [sheet for sheet in filled if sheet.sheet_state == "visible"]
    names = [sheet.title for sheet in visible or filled]
    if not names:
        raise UserError(
            f"{path}: no sheet has a header and rows. "
            f"There are {_listed([sheet.title for sheet in workbook.worksheets]) or 'none'}.",
            "Name the columns in the first row of a sheet, and give a row for each text.",
        )
    if len(names) > 1:
        raise UserError(
            f"{path} has {len(names)} sheets with rows: {_listed(names)}.",
            f"Name one, such as {shlex.quote(f'sheet={names[0]}')} (commands: --sheet).",
        )
    return names[0]


def _name(value: Any) -> str:
    """The column that a cell of the header names."""
    return "" if isinstance(value, _Nothing) else class_name(value)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(map(repr, names[:LISTED])) + more


@contextmanager
def _told(path: Path, sheet: str = "") -> Iterator[None]:
    """Reports errors from openpyxl as damage to the workbook; its warnings are not shown."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (UserError, MemoryError):
        raise
    except Exception as error:
        where = f"{path}, sheet {sheet!r}" if sheet else str(path)
        said = str(error).partition("\n")[0][:200] or type(error).__name__
        raise UserError(
            f"{where}: the workbook is damaged ({said}).",
            "Open it in Excel or LibreOffice and save it again.",
        ) from error
