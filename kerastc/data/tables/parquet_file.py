"""A Parquet file in batches that fit into memory, whatever its pages unpack to."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from kerastc.data.tables.unpacking import HARMLESS, refuse_bomb

DICTIONARY = 2  # the kind of a page
MOST_ROWS = 4096  # of a batch
# Their values are stored relative to the previous one, so one may be longer than the whole page.
CHAINED = {"DELTA_BYTE_ARRAY"}


class ParquetRows:
    """Reads a file, repeatedly if needed.

    Args:
        path: the file.
    """

    def __init__(self, path: Path):
        self._path = path

    def schema(self) -> Any:
        """The columns, with their types and metadata."""
        with self._open() as file:
            return file.schema_arrow

    def batches(self, columns: Sequence[str]) -> Iterator[list[Any]]:
        """Yields the columns' arrays, some rows at a time.

        Raises:
            UserError: the columns unpack to far too much.
            ValueError: there are fewer or more rows than the file states.
        """
        unpacked = rows = 0
        with self._open() as file, self._path.open("rb") as stream:
            for group in range(file.num_row_groups):
                row_group = file.metadata.row_group(group)
                if not row_group.num_rows:
                    continue
                chunks = [row_group.column(i) for i in range(row_group.num_columns)]
                chunks = [c for c in chunks if _column(c, file.schema_arrow.names) in columns]
                unpacked += sum(chunk.total_uncompressed_size for chunk in chunks)
                refuse_bomb(self._path, unpacked)
                longest = max((_longest(chunk, stream) for chunk in chunks), default=1)
                size = min(max(HARMLESS // max(longest, 1), 1), MOST_ROWS)
                names = list(dict.fromkeys(columns))
                for batch in file.iter_batches(
                    size, row_groups=[group], columns=names, use_threads=False
                ):
                    rows += batch.num_rows
                    yield [batch.column(batch.schema.get_field_index(name)) for name in columns]
            if rows != file.metadata.num_rows:
                raise ValueError(f"{rows:,} rows; it states {file.metadata.num_rows:,}")

    def _open(self) -> Any:
        from pyarrow import parquet

        return parquet.ParquetFile(str(self._path), page_checksum_verification=True)


def _column(chunk: Any, names: Sequence[str]) -> str:
    """The top-level column of a chunk, by its dotted path."""
    path = chunk.path_in_schema
    return path if path in names else path.partition(".")[0]


def _longest(chunk: Any, stream: BinaryIO) -> int:
    """The most bytes of a value that many rows share."""
    if CHAINED & set(chunk.encodings):
        return chunk.total_uncompressed_size
    known = chunk.has_dictionary_page
    stream.seek(chunk.dictionary_page_offset if known else chunk.data_page_offset)
    kind, size = _page(stream.read(32))
    if kind == DICTIONARY:
        return size
    return chunk.total_uncompressed_size if known else 1


def _page(header: bytes) -> tuple[int, int]:
    """Kind and unpacked bytes of a page, from its header in Thrift's compact protocol.

    The header begins with 32-bit fields, first these two: each is a byte for field and type and a
    zigzag number with 7 bits per byte.

    Raises:
        ValueError: it begins otherwise.
    """
    at, values = 0, []
    for _ in range(2):
        if header[at : at + 1] != b"\x15":  # the next field, of type i32
            raise ValueError("a page without a header")
        at, value, shift = at + 1, 0, 0
        while at < len(header):
            value |= (header[at] & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if header[at - 1] < 0x80:
                break
        values.append(value >> 1)
    return values[0], values[1]
