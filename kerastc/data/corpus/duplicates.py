"""Rows that repeat an earlier one, found on disk: memory does not grow with the keys.

All keys of one kind are divided by their first bits into files that fit into memory, and sorted
there. Of rows with the same key the first stays. What grows is two bits a row: 23 MB for the
90 million paragraphs of 18 GB.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from kerastc.data.corpus.piece import EXACT, Piece, band_name
from kerastc.files import make_folder, remove_known, writing
from kerastc.progress import progress

IN_MEMORY = 2**21  # keys at once: some 100 MB
MOST_FILES = 512
PAIR = np.dtype([("key", "<u8"), ("row", "<i8")])


class Bits:
    """A bit for each of n rows.

    Args:
        rows: n.
        packed: (ceil(n / 8),) uint8, as `numpy.packbits` does it in little order; zeros if None.
    """

    def __init__(self, rows: int, packed: np.ndarray | None = None):
        self.packed = np.zeros(-(-rows // 8), np.uint8) if packed is None else packed

    def set(self, rows: np.ndarray) -> None:
        """Sets the bits of rows, (k,) int64."""
        values = np.left_shift(np.uint8(1), (rows & 7).astype(np.uint8))
        np.bitwise_or.at(self.packed, rows >> 3, values)

    def span(self, start: int, stop: int) -> np.ndarray:
        """The bits of successive rows, (stop - start,) bool."""
        first = start >> 3
        bits = np.unpackbits(self.packed[first : -(-stop // 8)], bitorder="little")
        return bits[start - 8 * first : stop - 8 * first].astype(bool)

    def count(self) -> int:
        """How many are set."""
        return int(np.bitwise_count(self.packed).sum(dtype=np.int64))


def find_duplicates(
    pieces: Sequence[Piece], bands: int, working: Path, in_memory: int = IN_MEMORY
) -> tuple[Bits, Bits]:
    """The rows that equal an earlier one, and those that are near to an earlier one alone.

    Args:
        pieces: of all blocks, in order.
        bands: how many keys of near rows each row has; 0 looks for equal ones alone.
        working: a folder for the divided keys; removed at the end.
        in_memory: keys that are sorted at once.
    """
    starts = first_rows(pieces)
    names = [EXACT, *map(band_name, range(bands))]
    exact, near = Bits(starts[-1]), Bits(starts[-1])
    make_folder(working)
    with progress("Looking for duplicates", len(names) * len(pieces)) as advance:
        for name in names:
            for repeated in _repeated(pieces, starts, name, working, in_memory, advance):
                (exact if name == EXACT else near).set(repeated)
    near.packed &= ~exact.packed
    remove_known(working, "*.keys")
    return exact, near


def write_bits(path: Path, exact: Bits, near: Bits) -> None:
    """Writes both to a file, as rows of a matrix."""
    with writing(path) as temporary, temporary.open("wb") as file:
        np.save(file, np.stack([exact.packed, near.packed]), allow_pickle=False)


def read_bits(path: Path, rows: int) -> tuple[Bits, Bits]:
    """Reads what `write_bits` wrote."""
    packed = np.load(path, allow_pickle=False)
    return Bits(rows, packed[0]), Bits(rows, packed[1])


def first_rows(pieces: Sequence[Piece]) -> list[int]:
    """The number of each piece's first row among all, and the number of all, (n + 1)."""
    ends = np.cumsum([0, *(piece.record["rows"] for piece in pieces)])
    return ends.tolist()


def _repeated(
    pieces: Sequence[Piece], starts: list[int], name: str, working: Path, in_memory: int, advance
) -> Iterator[np.ndarray]:
    """The rows whose key an earlier row has, some at a time."""
    least = -(-starts[-1] // in_memory)
    bits = min(max(least - 1, 0).bit_length(), MOST_FILES.bit_length() - 1)
    paths = [working / f"{number:03}.keys" for number in range(2**bits)]
    files = [path.open("wb") for path in paths]
    try:
        for piece, start in zip(pieces, starts, strict=False):
            keys = piece.array(name)
            pairs = np.empty(len(keys), PAIR)
            pairs["key"], pairs["row"] = keys, np.arange(start, start + len(keys))
            if bits:
                part = (keys >> np.uint64(64 - bits)).astype(np.int64)
                pairs = pairs[np.argsort(part, kind="stable")]
                ends = np.cumsum(np.bincount(part, minlength=len(files)))
            else:
                ends = np.array([len(keys)])
            for file, begin, end in zip(files, [0, *ends], ends, strict=False):
                file.write(pairs[begin:end].tobytes())
            advance(1)
    finally:
        for file in files:
            file.close()
    for path in paths:
        pairs = np.fromfile(path, PAIR)
        path.unlink()
        order = np.argsort(pairs["key"], kind="stable")  # rows ascend already
        keys = pairs["key"][order]
        again = np.flatnonzero(keys[1:] == keys[:-1]) + 1
        yield np.sort(pairs["row"][order[again]])
