"""Rows of Parquet and Arrow files, one or several that make up one table; read by pyarrow."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from kerastc.data.tables.arrow_values import values_of
from kerastc.data.tables.flaws import Flaw
from kerastc.data.tables.typed_rows import TypedRows
from kerastc.errors import UserError
from kerastc.progress import progress

PARQUET, ENCRYPTED = b"PAR1", b"PARE"


class ArrowTable(TypedRows):
    """The rows of files with the same columns, one after the other, numbered from 1.

    Args:
        path: the one file, or the folder.
        files: Parquet files, Arrow files and streams.
        classes: class names by column, for columns of class numbers; those stored in the files,
            as `datasets` writes them, are added.
        remark: which part of a folder it is.
    """

    def __init__(
        self,
        path: Path,
        files: Sequence[Path],
        classes: Mapping[str, Sequence[str]] | None = None,
        remark: str = "",
    ):
        if not files:
            raise UserError(f"{path} holds no rows.", "Give a file with a row for each text.")
        self._path = path
        self._files = files
        self._remark = remark
        with _told(path):
            schemas = [_reader(file).schema() for file in files]
            names = [schema.names for schema in schemas]
            told = [class_names(schema.metadata) for schema in schemas]
            self.packed = sum(file.stat().st_size for file in files)
        self.columns = tuple(names[0])
        self._classes = {**told[0], **(classes or {})}
        for file, others in zip(files, names, strict=True):
            if set(others) != set(self.columns):
                raise UserError(
                    f"{file} has other columns than {files[0].name} next to it: "
                    f"{', '.join(map(repr, others[:20]))}.",
                    "Files of one table need the same columns; give one of them.",
                )
        for file, others in zip(files, told, strict=True):
            if others != told[0]:
                raise UserError(
                    f"{file} numbers its classes otherwise than {files[0].name} next to it.",
                    "Give one of these files.",
                )

    @property
    def path(self) -> Path:
        """The file or folder."""
        return self._path

    @property
    def name(self) -> str:
        """The file's name; for several files, with the folder they are in."""
        name = self.path.name
        return name if self.path.is_file() else f"{self.path.absolute().parent.name}/{name}"

    @property
    def remark(self) -> str:
        """Which part of a folder it is."""
        return self._remark

    def records(self, columns: Sequence[str]) -> Iterator[tuple[int, tuple[Any, ...] | Flaw]]:
        """As in `TypedRows`."""
        number = 0
        with progress(f"Reading {self.path.name} (rows)") as advance:
            for file in self._files:
                with closing(self._batches(file, columns)) as batches:
                    for arrays in batches:
                        advance(len(arrays[0]))
                        with _told(file):
                            found = [
                                values_of(array, self._classes.get(name), name)
                                for array, name in zip(arrays, columns, strict=True)
                            ]
                        for values in zip(*found, strict=True):
                            number += 1
                            flaws = (value for value in values if isinstance(value, Flaw))
                            yield number, next(flaws, values)

    def _batches(self, file: Path, columns: Sequence[str]) -> Iterator[list[Any]]:
        batches = _reader(file).batches(columns)
        try:
            while True:
                with _told(file):
                    arrays = next(batches, None)
                if arrays is None:
                    return
                yield arrays
        finally:
            batches.close()


def class_names(metadata: Mapping[bytes, bytes] | None) -> dict[str, list[str]]:
    """The class names by column that `datasets` writes into a schema."""
    try:
        told = json.loads((metadata or {}).get(b"huggingface", b"{}"))
    except (ValueError, RecursionError):
        return {}
    return names_in_features(told.get("info", {}).get("features") if _is_object(told) else None)


def names_in_features(features: Any) -> dict[str, list[str]]:
    """The same from the features that `datasets` describes."""
    found = {}
    for column, feature in features.items() if _is_object(features) else ():
        names = feature.get("names") if _is_object(feature) else None
        kind = feature.get("_type") if _is_object(feature) else None
        if kind == "ClassLabel" and isinstance(names, list) and names:
            found[column] = [str(name) for name in names]
    return found


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _reader(file: Path):
    """The reader for the file, by its first bytes."""
    with file.open("rb") as stream:
        start = stream.read(4)
    if start == PARQUET:
        from kerastc.data.tables.parquet_file import ParquetRows

        return ParquetRows(file)
    if start == ENCRYPTED:
        raise UserError(f"{file} is an encrypted Parquet file.", "Save it without encryption.")
    from kerastc.data.tables.arrow_file import ArrowRows

    return ArrowRows(file)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Reports errors from pyarrow as damage to the file; without pyarrow, how to install it."""
    try:
        yield
    except UserError:
        raise
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "pyarrow":
            raise
        raise UserError(
            f"{path}: reading Parquet and Arrow files needs pyarrow.",
            'pip install "kerastc[tables]", or save the table as CSV (UTF-8).',
        ) from None
    except Exception as error:
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise UserError(
            f"{path}: the data are damaged or cut short ({said}).",
            "Download or save the file again.",
        ) from error
