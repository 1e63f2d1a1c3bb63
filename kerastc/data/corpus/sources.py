"""The files of a corpus: found in folders and by patterns, known by their bytes."""

import glob
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from kerastc.data.tables.encodings import known_encoding
from kerastc.data.tables.plain_file import FOREIGN
from kerastc.data.tables.table_kinds import ARROW, PARQUET
from kerastc.data.tables.unpacking import GZIP, Unpacked, opened
from kerastc.errors import UserError

ZSTD = b"\x28\xb5\x2f\xfd"
TABLES = (".csv", ".tsv", ".tab")
JSON_LINES = (".jsonl", ".ndjson")
WIDE = ("utf-16", "utf-32", "utf_16", "utf_32")


@dataclass(frozen=True)
class Source:
    """A file.

    Args:
        path: of it.
        kind: "text", a paragraph a line; "json", an object a line; "table".
        packing: "", "gzip" or "zstd".
        size: bytes on disk.
        changed: when it was last written, nanoseconds.
    """

    path: str
    kind: str
    packing: str
    size: int
    changed: int

    def as_dict(self) -> dict[str, Any]:
        """What tells whether it is still the same."""
        return {"path": self.path, "size": self.size, "changed": self.changed}


def find_sources(names: Sequence[str], encoding: str = "utf-8") -> list[Source]:
    """The files, in the order given; those of a folder or pattern in the order of their names.

    Args:
        names: files, folders (with the folders in them) and patterns such as "part-*.txt.gz".
        encoding: of the text in them.

    Raises:
        UserError: one is missing, or is of a kind that is not read.
    """
    if known_encoding(encoding).startswith(WIDE):
        raise UserError(f"encoding={encoding}: lines of it are not read.", "Save it as UTF-8.")
    found: dict[str, Source] = {}
    for name in names:
        before = len(found)
        for path in _files(name):
            if path.stat().st_size:
                found.setdefault(str(path), _source(path))
        if len(found) == before and not any(Path(known) == Path(name) for known in found):
            raise UserError(f"{name} holds no file with text in it.", "Check the path.")
    return list(found.values())


def _files(name: str) -> Iterable[Path]:
    path = Path(name).expanduser()
    if path.is_dir():
        return sorted(p for p in path.rglob("*") if p.is_file() and not _hidden(p, path))
    if any(mark in name for mark in "*?[") and not path.exists():
        return sorted(p for p in map(Path, glob.glob(str(path), recursive=True)) if p.is_file())  # noqa: PTH207
    with opened(path):  # raises, with the nearest name, if it is missing
        return [path]


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _source(path: Path) -> Source:
    status = path.stat()
    with opened(path) as file:
        start = file.read(8)
    packing = "gzip" if start.startswith(GZIP) else "zstd" if start.startswith(ZSTD) else ""
    source = Source(str(path), "text", packing, status.st_size, status.st_mtime_ns)
    suffix = Path(path.name.lower().removesuffix(".gz").removesuffix(".zst")).suffix
    kind = "json" if suffix in JSON_LINES else "text"
    if not packing and start.startswith((*PARQUET, *ARROW)):
        kind = "table"
    elif suffix in TABLES or suffix == ".json":
        if packing == "zstd":
            raise UserError(
                f"{path} is a table packed by Zstandard.", f"Unpack it first: unzstd {path}"
            )
        kind = "table"
    else:
        unpacked = start if not packing else next(pieces(source, 8), (b"", 0))[0]
        known = {mark: told for mark, told in FOREIGN.items() if mark != ZSTD or packing}
        for mark, told in known.items():
            if unpacked.startswith(mark):
                raise UserError(
                    f"{path} is {told}, which is not read as text.",
                    "Give text, JSON Lines, Parquet or CSV, plain, gzip or Zstandard.",
                )
        if unpacked.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise UserError(f"{path} is UTF-16, which is not read.", "Save it as UTF-8.")
        if kind == "text" and unpacked.lstrip(b"\xef\xbb\xbf").startswith(b'{"'):
            kind = "json"
    return Source(source.path, kind, packing, source.size, source.changed)


def pieces(source: Source, size: int) -> Iterator[tuple[bytes, int]]:
    """The unpacked bytes of a file, at most `size` at once, and the bytes on disk read so far.

    Raises:
        UserError: it is damaged or cut short.
    """
    with opened(Path(source.path)) as file:
        if source.packing == "zstd":
            yield from _zstd(source, file, size)
            return
        stream = Unpacked(Path(source.path), file) if source.packing else file
        buffer, filled, damage = memoryview(bytearray(size)), 0, None
        while True:
            try:
                count = stream.readinto(buffer[filled:])  # of gzip some KiB each time
            except UserError as error:
                count, damage = 0, error
            filled += count
            if filled and (filled == size or not count):
                yield bytes(buffer[:filled]), file.tell()
                filled = 0
            if damage:
                raise damage
            if not count:
                return


def _zstd(source: Source, file: BinaryIO, size: int) -> Iterator[tuple[bytes, int]]:
    try:
        import pyarrow
    except ImportError:
        raise UserError(
            f"{source.path}: reading Zstandard needs pyarrow.",
            f'pip install "kerastc[tables]", or unpack it: unzstd {source.path}',
        ) from None
    read = 0
    try:
        with pyarrow.CompressedInputStream(pyarrow.PythonFile(file, "r"), "zstd") as stream:
            while piece := stream.read(size):
                read += len(piece)
                yield piece, file.tell()
    except (OSError, pyarrow.ArrowException) as error:
        said = " ".join(str(error).split())[:200]
        raise UserError(
            f"{source.path}: the Zstandard data is damaged or cut short after {read:,} bytes of "
            f"text ({said}).",
            "Download or compress the file again.",
        ) from None
