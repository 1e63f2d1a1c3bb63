"""Which kind of table a file or folder is, by its first bytes, not by its name."""

import zipfile
from pathlib import Path

from kerastc.data.tables.arrow_table import ArrowTable
from kerastc.data.tables.columns import NamedColumns
from kerastc.data.tables.excel_file import open_sheet
from kerastc.data.tables.json_table import begins_as_json, open_json
from kerastc.data.tables.patterns import is_pattern
from kerastc.data.tables.plain_file import PlainFile
from kerastc.data.tables.reading import Reading
from kerastc.data.tables.table_file import DELIMITED, JSON_LINES, Table
from kerastc.data.tables.table_folder import files_beside, open_folder, open_pattern
from kerastc.data.tables.unpacking import opened
from kerastc.errors import UserError

PARQUET = (b"PAR1", b"PARE")  # PARE: encrypted
ARROW = (b"ARROW1", b"\xff\xff\xff\xff")  # a file; a stream
ZIP = b"PK\x03\x04"
OTHER_ZIPS = {  # by a file in it
    "xl/workbook.bin": "an Excel workbook of the binary kind (.xlsb)",
    "content.xml": "a spreadsheet of LibreOffice (.ods), or another of its documents",
    "word/document.xml": "a Word document",
}
AS_TEXT = (*DELIMITED, *JSON_LINES)


def open_table(path: str | Path, reading: Reading, lenient: bool = False) -> NamedColumns:
    """The table in a file or folder of any kind.

    Args:
        path: CSV, TSV, JSON Lines, JSON, plain or gzip; .xlsx, Parquet, Arrow; a folder of Parquet
            files, or one that `datasets` saved.
        reading: encoding, delimiter and header of a text file; header and sheet of a workbook.
        lenient: whether invalid rows in a text file are skipped, see `PlainFile`.

    Raises:
        UserError: there is none, or it is of another kind.
    """
    path = Path(path).expanduser()
    kind = kind_of(path)
    if kind == "workbook":
        return open_sheet(path, reading.sheet, reading.header)
    if reading.sheet:
        raise UserError(
            f"{path} is not an Excel workbook, so it has no sheet {reading.sheet!r}.",
            "Leave sheet= out.",
        )
    if kind in ("parquet", "arrow"):
        others = files_beside(path)
        return ArrowTable(path, [path], remark=f"one of {others + 1} files" if others else "")
    if kind in ("folder", "pattern"):
        return open_folder(path) if kind == "folder" else open_pattern(path)
    file = PlainFile.at(path, reading.encoding, lenient)
    if file.extension not in DELIMITED and begins_as_json(file):
        return open_json(file)
    return Table.open(file, reading.delimiter, reading.header)


def is_table(path: str | Path) -> bool:
    """Whether it is a table by its kind or extension; other files have a text per line."""
    path = Path(path).expanduser()
    return kind_of(path) != "text" or PlainFile.at(path).extension in AS_TEXT


def kind_of(path: Path) -> str:
    """One of "folder", "pattern" (of Parquet files), "workbook", "parquet", "arrow", "text".

    Raises:
        UserError: there is no such file, or it is an archive other than a workbook.
    """
    if path.is_dir():
        return "folder"
    if is_pattern(path) and not path.exists():
        return "pattern"
    with opened(path) as stream:
        start = stream.read(8)
    if start.startswith(PARQUET):
        return "parquet"
    if start.startswith(ARROW):
        return "arrow"
    return _of_zip(path) if start.startswith(ZIP) else "text"


def _of_zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise UserError(
            f"{path}: the workbook or ZIP archive is damaged or cut short ({error}).",
            "Download or save the file again.",
        ) from error
    if "[Content_Types].xml" in names and not names & set(OTHER_ZIPS):
        return "workbook"
    kind = next((told for name, told in OTHER_ZIPS.items() if name in names), "a ZIP archive")
    raise UserError(
        f"{path} is {kind}, not a table that can be read.",
        "Save the table as .xlsx or CSV (UTF-8); take what is packed out of an archive.",
    )
