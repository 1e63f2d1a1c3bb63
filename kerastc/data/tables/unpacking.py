"""Opens files, unpacks gzip, and stops if a small file unpacks to far too much."""

import gzip
import io
import zlib
from difflib import get_close_matches
from pathlib import Path
from typing import BinaryIO

from kerastc.errors import UserError

GZIP = b"\x1f\x8b"
HARMLESS = 2**28  # bytes to which any file may unpack
RATIO = 100  # of unpacked to packed bytes; for texts it is 2 to 20


def refuse_bomb(path: Path, unpacked: int, packed: int | None = None) -> None:
    """Raises a `UserError` if a file unpacks to implausibly many bytes.

    Args:
        path: the file.
        unpacked: the bytes.
        packed: the size of the file, or of several; looked up if None.
    """
    if unpacked <= HARMLESS:
        return
    packed = path.stat().st_size if packed is None else packed
    if unpacked > RATIO * packed:
        raise UserError(
            f"{path} has {packed:,} bytes and unpacks to more than {unpacked // 2**20:,} MiB, over "
            f"{RATIO} times as much: no real table does, and it would fill the memory.",
            "If you trust it, unpack it, or save it as CSV, and give that file.",
        )


class Unpacked(io.RawIOBase):
    """The bytes in a gzip file with one member or several.

    Raises:
        UserError: on reading, if the data are damaged, cut short, followed by anything else, or
            far too many.
    """

    def __init__(self, path: Path, packed: BinaryIO):
        self._path = path
        self._data = gzip.GzipFile(fileobj=packed)
        self._read = 0

    def readable(self) -> bool:
        """As in any readable stream."""
        return True

    def readinto(self, buffer) -> int:
        """As in any raw stream."""
        try:
            count = self._data.readinto(buffer)
        except (EOFError, OSError, zlib.error) as error:
            raise UserError(
                f"{self._path}: the gzip data is damaged or cut short after {self._read:,} bytes "
                f"of text ({error}).",
                "Download or compress the file again.",
            ) from error
        self._read += count
        refuse_bomb(self._path, self._read)
        return count


def opened(path: Path) -> BinaryIO:
    """The file, opened for reading bytes.

    Raises:
        UserError: it is missing, is a folder or cannot be read.
    """
    try:
        return path.open("rb")
    except FileNotFoundError:
        names = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        near = get_close_matches(path.name, names, n=1)
        raise UserError(
            f"There is no file {path}.",
            f"Did you mean {path.with_name(near[0])}?" if near else "Check the path.",
        ) from None
    except IsADirectoryError:
        tables = sorted(p.name for p in path.iterdir() if p.is_file())[:5]
        raise UserError(
            f"{path} is a folder; a file is needed.",
            f"It holds {', '.join(tables)}." if tables else "It holds no files.",
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise UserError(f"{path} cannot be read: {getattr(error, 'strerror', error)}.") from None
