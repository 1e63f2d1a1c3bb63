"""Lines of a text file, plain or gzip; errors name the position where it stops being text."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from kerastc.data.tables import encodings
from kerastc.data.tables.encodings import known_encoding, likely_encoding, settled_encoding
from kerastc.data.tables.unpacking import GZIP, Unpacked, opened
from kerastc.errors import UserError
from kerastc.progress import progress

FOREIGN = {  # first bytes of files that people give as a table
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"PAR1": "a Parquet file",
    b"ARROW1": "an Arrow file",
    b"BZh": "compressed by bzip2",
    b"\xfd7zXZ\x00": "compressed by xz",
    b"\x28\xb5\x2f\xfd": "compressed by Zstandard",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls), or one with a password",
    b"%PDF": "a PDF",
}
START = 4096  # bytes used to detect the encoding
LONGEST_LINE = 2**20  # characters of a line that a lenient reading gives, and holds in memory
CHUNK = 2**16  # characters
UNDECODED = re.compile("[\udc80-\udcff]")  # a foreign byte in a lenient reading (PEP 383)


@dataclass(frozen=True)
class PlainFile:
    """A text file that exists, is not empty and is of no foreign kind; see `PlainFile.at`.

    A lenient one also yields lines that are not text, for the reader to judge: NUL characters stay,
    bytes in another encoding become `UNDECODED`, and a line over `LONGEST_LINE` is cut there,
    without a line end.

    Args:
        path: the file.
        encoding: Python's name of the encoding in which it is read.
        compressed: whether it is gzip.
        lenient: see above.
        stated: the encoding that was asked for.
    """

    path: Path
    encoding: str
    compressed: bool
    lenient: bool = False
    stated: str = "utf-8"

    @classmethod
    def at(cls, path: str | Path, encoding: str = "utf-8", lenient: bool = False) -> "PlainFile":
        """Inspects the file; raises `UserError` if it cannot be text.

        Args:
            path: the file; gzip is recognised by its first bytes, not by the name.
            encoding: any encoding that Python knows. A byte order mark, or NULs as only UTF-16
                and UTF-32 have them, take precedence; `remark` mentions it.
            lenient: as in the class.
        """
        path = Path(path).expanduser()
        stated = known_encoding(encoding)
        with opened(path) as stream:
            start = stream.read(8)
        if not start:
            raise UserError(f"{path} is empty (0 bytes).", "Give one with content.")
        if kind := _foreign(start):
            raise UserError(
                f"{path} is {kind}, not a text file.",
                "Save it as CSV (UTF-8), or as .xlsx without a password.",
            )
        file = cls(path, stated, start.startswith(GZIP), lenient, stated)
        with file.bytes() as data:
            start = data.read(START)
        if file.compressed and (kind := _foreign(start)):
            raise UserError(f"{path} holds {kind}, packed by gzip.", f"Unpack it: gunzip {path}")
        settled = settled_encoding(start, stated)
        return cls(path, settled, file.compressed, lenient, stated)

    @property
    def extension(self) -> str:
        """The extension of the name without `.gz`: ".csv" for "a.csv.gz"."""
        name = self.path.name.lower().removesuffix(".gz")
        return Path(name).suffix

    @property
    def remark(self) -> str:
        """The encoding, if it is not plain UTF-8, for the user's information."""
        name = self.encoding.removesuffix("-sig")
        return "" if name == "utf-8" == self.stated else name

    @contextmanager
    def bytes(self) -> Iterator[BinaryIO]:
        """The bytes of the text, unpacked."""
        with opened(self.path) as stream:
            yield io.BufferedReader(Unpacked(self.path, stream)) if self.compressed else stream

    def lines(self, show_progress: bool = True) -> Iterator[str]:
        """Yields the lines with their original ends; close the generator if you stop early."""

        def pieces(reader: io.TextIOWrapper) -> Iterator[str]:
            return _bounded(reader) if self.lenient else reader

        return self._read(pieces, show_progress, newline="")

    def chunks(self, show_progress: bool = True) -> Iterator[str]:
        """Yields the text in pieces of `CHUNK` characters, in which every line ends with \\n."""

        def pieces(reader: io.TextIOWrapper) -> Iterator[str]:
            while piece := reader.read(CHUNK):
                yield piece

        return self._read(pieces, show_progress, newline=None)

    def _read(self, pieces, show_progress: bool, newline: str | None) -> Iterator[str]:
        if not show_progress:
            yield from self._pieces(pieces, newline, lambda kibibytes: None)
            return
        total = self.path.stat().st_size // 1024
        with progress(f"Reading {self.path.name} (KiB)", total) as advance:
            yield from self._pieces(pieces, newline, advance)

    def _pieces(self, pieces, newline: str | None, advance) -> Iterator[str]:
        line, told = 1, 0
        with opened(self.path) as stream:
            packed = Unpacked(self.path, stream) if self.compressed else None
            data = io.BufferedReader(packed) if packed else stream
            errors = encodings.UNDECODED if self.lenient else "strict"
            reader = io.TextIOWrapper(data, self.encoding, errors, newline=newline)
            try:
                for number, piece in enumerate(pieces(reader), 1):
                    if "\0" in piece and not self.lenient:
                        raise self._nul(line + piece.partition("\0")[0].count("\n"))
                    line += piece.count("\n") if newline is None else 1
                    yield piece
                    if newline is None or not number % 8192:
                        position = stream.tell() // 1024
                        advance(position - told)
                        told = position
            except UnicodeError as error:
                raise self._undecodable(error) from error
            except OSError as error:
                raise UserError(
                    f"{self.path} cannot be read after line {line - 1}: {error.strerror or error}."
                ) from error

    def refuse_unreadable(self, line: int, text: str) -> None:
        """Raises what a strict reading would, for a line that every table needs."""
        if UNDECODED.search(text):
            encoding = self.encoding.removesuffix("-sig")
            try:
                text.encode(encoding, "surrogateescape").decode(encoding)
            except UnicodeError as error:
                raise self._undecodable(error) from None
        if "\0" in text:
            raise self._nul(line)

    def _nul(self, line: int) -> UserError:
        return UserError(
            f"{self.path}, line {line}: a NUL character, which text does not contain.",
            "Is the file binary, or UTF-16? For the latter, set encoding=utf-16-le (or utf-16-be).",
        )

    def _undecodable(self, error: UnicodeError) -> UserError:
        """Names the first byte that does not fit, and the encoding that would."""
        stated = self.encoding.removesuffix("-sig").upper()
        likely, place = "", ""
        with self.bytes() as data:
            if self.encoding.startswith("utf-8"):  # byte lines are text lines
                place, sample = _first_undecodable(data)
            else:
                sample = data.read(65536)
        guess = likely_encoding(sample)
        if guess and guess.replace("_", "-") != stated.lower():
            bad = sample.decode(guess, errors="replace").strip("\ufeff")[:60].split("\n")[0].strip()
            likely = f' It looks like {guess}, in which it reads "{bad}".'
        found = isinstance(error, UnicodeDecodeError)
        what = f"byte 0x{error.object[error.start]:02X}" if found else str(error)
        return UserError(
            f"{self.path}{place} is not {stated} ({what}).{likely}",
            f"Set encoding={guess}, or save the file as UTF-8."
            if likely
            else "Save the file as UTF-8, or set encoding= to the one it has.",
        )


def _foreign(start: bytes) -> str:
    """What a file with these first bytes is, if not text."""
    return next((kind for magic, kind in FOREIGN.items() if start.startswith(magic)), "")


def _bounded(reader: io.TextIOWrapper) -> Iterator[str]:
    """The lines, none of which takes more memory than `LONGEST_LINE` characters."""
    while line := reader.readline(LONGEST_LINE):
        rest = line
        while len(rest) == LONGEST_LINE and rest[-1] not in "\r\n":
            rest = reader.readline(LONGEST_LINE)
        yield line


def _first_undecodable(data: BinaryIO) -> tuple[str, bytes]:
    """Where the first byte that is not UTF-8 is, and that line with other such lines."""
    place, start, sample = "", 0, []
    for number, line in enumerate(data, 1):
        try:
            line.decode()
        except UnicodeDecodeError as error:
            sample.append(line[:4096])
            if not place:
                place = f", line {number} (byte {start + error.start + 1:,} of the text)"
        start += len(line)
        if len(sample) == 64:
            break
    return place, b"".join(sample)
