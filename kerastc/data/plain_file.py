"""Lines of a text file, plain or gzip, with errors that say where the file stops being text."""

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from kerastc.errors import UserError
from kerastc.progress import progress

FOREIGN = {  # first bytes of files that people give for a table
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"PAR1": "a Parquet file",
    b"BZh": "compressed by bzip2",
    b"\xfd7zXZ\x00": "compressed by xz",
    b"\x28\xb5\x2f\xfd": "compressed by Zstandard",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
}
GZIP = b"\x1f\x8b"
LONGEST_LINE = 2**20  # characters; what a lenient reading gives of a line, and holds in memory
UNDECODED = re.compile("[\udc80-\udcff]")  # how a lenient reading gives a foreign byte (PEP 383)
# What text files that are not UTF-8 come in; of more candidates the guesses are worse.
ENCODINGS = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256"),
    *("gb18030", "big5", "shift_jis", "euc_kr", "utf_16", "utf_32"),
)


@dataclass(frozen=True)
class PlainFile:
    """A text file that exists, is not empty and is of no foreign kind; see `PlainFile.at`.

    A lenient one yields lines that are no text, too, for the reader to judge: NUL characters stay,
    bytes of another encoding become `UNDECODED`, and of a line over `LONGEST_LINE` its first so
    many characters are given, without an end.
    """

    path: Path
    encoding: str
    compressed: bool
    lenient: bool = False

    @classmethod
    def at(cls, path: str | Path, encoding: str = "utf-8", lenient: bool = False) -> "PlainFile":
        """Looks at the file; raises `UserError` where it cannot be text.

        Args:
            path: the file; gzip is known by its first bytes, not by the name.
            encoding: any encoding that Python knows; "utf-8" takes a byte order mark too.
            lenient: as in the class.
        """
        path = Path(path).expanduser()
        try:
            known = codecs.lookup(encoding).name
            io.TextIOWrapper(io.BytesIO(), known)  # refuses codecs that are not of text
        except LookupError:
            raise UserError(
                f"There is no text encoding {encoding!r}.",
                "Usual ones are utf-8, utf-16, cp1252 (Western), cp1255 (Hebrew).",
            ) from None
        with _open(path) as stream:
            start = stream.read(8)
        if not start:
            raise UserError(f"{path} is empty (0 bytes).", "Give a file with a row for each text.")
        for magic, kind in FOREIGN.items():
            if start.startswith(magic):
                raise UserError(
                    f"{path} is {kind}, not a text file.",
                    "Save it as CSV (UTF-8), TSV or JSON Lines, plain or gzip.",
                )
        encoding = "utf-8-sig" if known == "utf-8" else known
        return cls(path, encoding, start.startswith(GZIP), lenient)

    @property
    def extension(self) -> str:
        """The last part of the name, `.gz` apart: ".csv" of "a.csv.gz"."""
        name = self.path.name.lower().removesuffix(".gz")
        return Path(name).suffix

    def lines(self, show_progress: bool = True) -> Iterator[str]:
        """Yields the lines with their ends as they are; close the generator if you stop early."""
        if not show_progress:
            yield from self._lines(lambda kibibytes: None)
            return
        total = self.path.stat().st_size // 1024
        with progress(f"Reading {self.path.name} (KiB)", total) as advance:
            yield from self._lines(advance)

    def _lines(self, advance) -> Iterator[str]:
        number, told = 0, 0
        with _open(self.path) as stream:
            data = gzip.GzipFile(fileobj=stream) if self.compressed else stream
            errors = "surrogateescape" if self.lenient else "strict"
            reader = io.TextIOWrapper(data, self.encoding, errors, newline="")
            try:
                for number, line in enumerate(_bounded(reader) if self.lenient else reader, 1):
                    if "\0" in line and not self.lenient:
                        raise self._nul(number)
                    yield line
                    if not number % 8192:
                        position = stream.tell() // 1024
                        advance(position - told)
                        told = position
            except UnicodeDecodeError as error:
                raise self._undecodable(error) from error
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                raise UserError(
                    f"{self.path}: the gzip data is damaged or cut short after line {number} "
                    f"({error}).",
                    "Download or compress the file again.",
                ) from error
            except OSError as error:
                raise UserError(
                    f"{self.path} cannot be read after line {number}: {error.strerror or error}."
                ) from error

    def refuse_unreadable(self, line: int, text: str) -> None:
        """Raises what a strict reading would, for a line that no table can do without."""
        if UNDECODED.search(text):  # first: this names UTF-16, which is full of NULs, too
            encoding = self.encoding.removesuffix("-sig")
            try:
                text.encode(encoding, "surrogateescape").decode(encoding)
            except UnicodeDecodeError as error:
                raise self._undecodable(error) from None
        if "\0" in text:
            raise self._nul(line)

    def _nul(self, line: int) -> UserError:
        return UserError(
            f"{self.path}, line {line}: a NUL character, which text does not contain.",
            "Is the file binary, or UTF-16? For the latter, set encoding=utf-16-le (or utf-16-be).",
        )

    def _undecodable(self, error: UnicodeDecodeError) -> UserError:
        """Names the first byte that does not fit, and the encoding that would."""
        stated = self.encoding.removesuffix("-sig").upper()
        likely, place = "", ""
        with _open(self.path) as stream:
            data = gzip.GzipFile(fileobj=stream) if self.compressed else stream
            if self.encoding.startswith("utf-8"):  # lines of bytes are lines of text
                place, sample = _first_undecodable(data)
            else:
                sample = data.read(65536)
        guess = _likely_encoding(sample)
        if guess and guess.replace("_", "-") != stated.lower():
            bad = sample.decode(guess, errors="replace").strip("\ufeff")[:60].split("\n")[0].strip()
            likely = f' It looks like {guess}, in which it says "{bad}".'
        byte = error.object[error.start]
        return UserError(
            f"{self.path}{place} is not {stated} (byte 0x{byte:02X}).{likely}",
            f"Set encoding={guess}, or save the file as UTF-8."
            if likely
            else "Save the file as UTF-8, or set encoding= to the one it has.",
        )


def _bounded(reader: io.TextIOWrapper) -> Iterator[str]:
    """The lines, of which none takes more memory than `LONGEST_LINE` characters."""
    while line := reader.readline(LONGEST_LINE):
        rest = line
        while len(rest) == LONGEST_LINE and rest[-1] not in "\r\n":
            rest = reader.readline(LONGEST_LINE)
        yield line


def _open(path: Path):
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
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from None


def _first_undecodable(data) -> tuple[str, bytes]:
    """Where the first byte that is not UTF-8 stands, and that line with other such lines."""
    place, start, sample = "", 0, []
    for number, line in enumerate(data, 1):
        try:
            line.decode()
        except UnicodeDecodeError as error:
            sample.append(line[:4096])
            if not place:
                place = f", line {number} (byte {start + error.start + 1:,} of the text)"
                if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                    return place, line + b"".join(islice(data, 20))
        start += len(line)
        if len(sample) == 64:
            break
    return place, b"".join(sample)


def _likely_encoding(sample: bytes) -> str:
    """The encoding that makes the most plausible text of the bytes, or "" where none does."""
    from charset_normalizer import from_bytes

    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    found = from_bytes(sample, cp_isolation=list(ENCODINGS))
    if not found:
        return ""
    # On a tie the Western one, by far the most common.
    best = max(found, key=lambda match: (match.coherence - match.chaos, match.encoding == "cp1252"))
    return best.encoding
