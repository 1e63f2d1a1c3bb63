"""The text of all files in blocks of some megabytes, the same however it is read.

Files are put together into units by their sizes alone: a large file is a unit, small neighbours
share one. Units can be read side by side, and blocks within a unit are numbered.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from kerastc.data.corpus.sources import Source, pieces
from kerastc.data.tables.json_keys import DECODER
from kerastc.data.tables.reading import Reading
from kerastc.data.tables.table_kinds import open_table
from kerastc.errors import UserError, nearest

BLOCK = 2**22  # bytes of text
LONGEST_LINE = 2**26  # bytes
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Segment:
    """Lines of one file.

    Args:
        path, kind: of the file, as in `Source`.
        line: number of the first line or row, from 1.
        content: whole lines; of a table, the texts of its rows.
    """

    path: str
    kind: str
    line: int
    content: bytes | list[str]


@dataclass(frozen=True)
class Block:
    """Some megabytes of text.

    Args:
        unit, number: where it is among all blocks.
        segments: its lines.
        bytes: of text.
        packed: bytes that were read from the disk for it.
    """

    unit: int
    number: int
    segments: tuple[Segment, ...]
    bytes: int
    packed: int

    @property
    def name(self) -> str:
        """Names in the order of the text."""
        return block_name(self.unit, self.number)


def block_name(unit: int, number: int) -> str:
    """The name of a block, by which blocks are sorted."""
    return f"{unit:07}-{number:07}"


def units(sources: Sequence[Source]) -> list[list[Source]]:
    """The files in groups of at least `BLOCK` bytes on disk, in order."""
    groups: list[list[Source]] = [[]]
    size = 0
    for source in sources:
        if size >= BLOCK:
            groups.append([])
            size = 0
        groups[-1].append(source)
        size += source.size
    return groups if sources else []


def blocks(unit: int, sources: Sequence[Source], column: str = "") -> Iterator[Block]:
    """The blocks of a unit, each of `BLOCK` bytes or a little more, in order.

    Args:
        unit: its number.
        sources: its files.
        column: of tables and objects; "text" by default.

    Raises:
        UserError: a file is damaged, or has no such column.
    """
    held: list[Segment] = []
    size = number = before = told = 0
    for source in sources:
        read = _of_table(source, column) if source.kind == "table" else _of_lines(source)
        with closing(read):
            for segment, length, position in read:
                held.append(segment)
                size += length
                if size >= BLOCK:
                    packed = before + position - told
                    yield Block(unit, number, tuple(held), size, packed)
                    told += packed
                    held, size, number = [], 0, number + 1
        before += source.size
    if held:
        yield Block(unit, number, tuple(held), size, before - told)


def _of_lines(source: Source) -> Iterator[tuple[Segment, int, int]]:
    line, rest, position = 1, b"", 0

    def segment(content: bytes) -> tuple[Segment, int, int]:
        return Segment(source.path, source.kind, line, content), len(content), position

    with closing(_told(source, lambda: line + rest.count(b"\n"))) as read:
        for piece, read_so_far in read:
            position = read_so_far
            rest = rest.removeprefix(BOM) + piece if line == 1 else rest + piece
            if len(rest) < BLOCK:
                continue
            if not (end := rest.rfind(b"\n") + 1):
                if len(rest) > LONGEST_LINE:
                    raise UserError(
                        f"{source.path}, line {line} has over {LONGEST_LINE // 2**20} MiB.",
                        "A line is a paragraph. Is the file text?",
                    )
                continue
            yield segment(rest[:end])
            line += rest.count(b"\n", 0, end)
            rest = rest[end:]
    rest = rest.removeprefix(BOM) if line == 1 else rest
    if rest:
        yield segment(rest)


def _told(source: Source, line: Callable[[], int]) -> Iterator[tuple[bytes, int]]:
    """The file's bytes; damage is reported with its line."""
    try:
        yield from pieces(source, BLOCK)
    except UserError as error:
        told = error.message.removesuffix(".")
        raise UserError(f"{told}, in or after line {line():,}.", error.hint) from None


def _of_table(source: Source, column: str) -> Iterator[tuple[Segment, int, int]]:
    table = open_table(Path(source.path), Reading())
    name = column or "text"
    if name not in table.columns:
        raise _no_column(source.path, name, table.columns)
    texts: list[str] = []
    size, line = 0, 1
    with closing(table.rows([name])) as rows:
        for number, (value,) in rows:
            line = line if texts else number
            texts.append("" if value is None else str(value))
            size += len(texts[-1].encode("utf-8", "replace")) + 1
            if size >= BLOCK:
                yield Segment(source.path, "table", line, texts), size, 0
                texts, size = [], 0
    if texts:
        yield Segment(source.path, "table", line, texts), size, source.size


def texts_of(
    segment: Segment, column: str = "", encoding: str = "utf-8", skip_damaged: bool = False
) -> tuple[list[str], int]:
    """The texts of a segment's lines, and how many damaged lines were left out.

    Args:
        segment: of a block.
        column: of objects; "text" by default.
        encoding: of the bytes.
        skip_damaged: whether lines that cannot be read are left out.

    Raises:
        UserError: a line cannot be read, and is not to be left out; names it.
    """
    if not isinstance(segment.content, bytes):
        return segment.content, 0
    lines = segment.content.removesuffix(b"\n").split(b"\n")
    try:
        decoded = segment.content.decode(encoding).removesuffix("\n").split("\n")
        damaged = 0
    except UnicodeDecodeError:
        decoded, damaged = _decoded(segment, lines, encoding, skip_damaged)
    if segment.kind == "text":
        return [line.removesuffix("\r") for line in decoded], damaged
    found = []
    name = column or "text"
    for number, line in enumerate(decoded, segment.line):
        if not line or line.isspace():
            continue
        try:
            found.append(_value(line, name))
        except UserError as error:
            if not skip_damaged:
                place = f"{segment.path}, line {number}"
                raise UserError(f"{place}: {error.message}", error.hint) from None
            damaged += 1
    return found, damaged


def _decoded(
    segment: Segment, lines: list[bytes], encoding: str, skip: bool
) -> tuple[list[str], int]:
    found, damaged = [], 0
    for number, line in enumerate(lines, segment.line):
        try:
            found.append(line.decode(encoding))
        except UnicodeDecodeError as error:
            if not skip:
                raise UserError(
                    f"{segment.path}, line {number} is not {encoding.upper()}: its "
                    f"byte {error.start + 1:,} is 0x{line[error.start]:02X}.",
                    "Name its encoding (--encoding cp1252), or leave such lines out and have "
                    "them counted: --skip-damaged",
                ) from None
            damaged += 1
    return found, damaged


def _value(line: str, name: str) -> str:
    try:
        row = DECODER.decode(line)
    except json.JSONDecodeError as error:
        raise UserError(
            f"not valid JSON (column {error.pos + 1}: {error.msg}).",
            "Each line must be a JSON object; to leave others out and count them: --skip-damaged",
        ) from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"not valid JSON ({error}).") from None
    if not isinstance(row, dict):
        raise UserError("not a JSON object.", 'Each line must be one, such as {"text": "a text"}.')
    if name not in row:
        raise _no_column("", name, list(row))
    value = row[name]
    if value is not None and not isinstance(value, str):
        raise UserError(f"{name!r} is {json.dumps(value)[:40]}, not a text.")
    return value or ""


def _no_column(path: str, name: str, columns: Sequence[str]) -> UserError:
    told = ", ".join(map(repr, columns[:20]))
    return UserError(
        f"{path}{' has ' if path else ''}no column {name!r}; there are {told}.",
        f"{nearest(name, columns)} Name the column of the text: --column".lstrip(),
    )
