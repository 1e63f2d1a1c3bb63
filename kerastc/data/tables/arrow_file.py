"""An Arrow file or stream in batches, checked before a value is looked at."""

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kerastc.errors import UserError

MOST_ROWS = 4096  # yielded at once
FEW_ROWS = 16  # the same for views, many of which may share one long text
FILE = b"ARROW1"
DICTIONARY, BATCH = 2, 3  # kinds of messages that have a body


class ArrowRows:
    """Reads a file, repeatedly if needed. Bodies must not be compressed: nothing is unpacked.

    Args:
        path: the file.
    """

    def __init__(self, path: Path):
        self._path = path

    def schema(self) -> Any:
        """The columns, with their types and metadata."""
        with self._stream() as stream:
            return stream.schema

    def batches(self, columns: Sequence[str]) -> Iterator[list[Any]]:
        """Yields the columns' arrays, some rows at a time.

        Raises:
            ValueError: a batch is compressed, or its offsets point outside of it.
        """
        with self._stream() as stream:
            for batch in stream:
                found = [batch.column(batch.schema.get_field_index(name)) for name in columns]
                for array in found:
                    array.validate(full=True)
                size = FEW_ROWS if any(_has_views(array.type) for array in found) else MOST_ROWS
                for start in range(0, batch.num_rows, size):
                    yield [array.slice(start, size) for array in found]

    @contextmanager
    def _stream(self) -> Iterator[Any]:
        """The batches in order; a file is a stream followed by a table of contents."""
        import pyarrow as pa

        with pa.memory_map(str(self._path)) as source:
            start = 8 if source.read(len(FILE)) == FILE else 0
            source.seek(start)
            for message in pa.ipc.MessageReader.open_stream(source):
                if _is_compressed(message.metadata.to_pybytes()):
                    raise UserError(
                        f"{self._path}: compressed Arrow data are not read, because their "
                        "unpacked size is not stated.",
                        "Save the table uncompressed, or as Parquet.",
                    )
            source.seek(start)
            yield pa.ipc.open_stream(source)


def _has_views(kind: Any) -> bool:
    import pyarrow as pa

    return pa.types.is_string_view(kind) or pa.types.is_binary_view(kind)


def _is_compressed(metadata: bytes) -> bool:
    """Whether a message's body is compressed, by its Flatbuffers (Arrow's Message.fbs).

    Raises:
        struct.error: the metadata are damaged.
    """
    (message,) = struct.unpack_from("<I", metadata)
    kind = _field(metadata, message, 1)
    body = _field(metadata, message, 2)
    if kind is None or body is None or metadata[kind] not in (DICTIONARY, BATCH):
        return False
    body = _followed(metadata, body)
    if metadata[kind] == DICTIONARY:
        inner = _field(metadata, body, 1)
        if inner is None:
            return False
        body = _followed(metadata, inner)
    return _field(metadata, body, 3) is not None


def _field(metadata: bytes, table: int, number: int) -> int | None:
    """Where a field of a table is; None if the table has no field of this number."""
    (back,) = struct.unpack_from("<i", metadata, table)
    size = struct.unpack_from("<H", metadata, table - back)[0]
    place = 4 + 2 * number
    if place + 2 > size:
        return None
    offset = struct.unpack_from("<H", metadata, table - back + place)[0]
    return table + offset if offset else None


def _followed(metadata: bytes, place: int) -> int:
    return place + struct.unpack_from("<I", metadata, place)[0]
