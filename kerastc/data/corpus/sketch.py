"""What tells rows that are equal, or nearly so: hashes of their tokens.

Near rows by MinHash (Broder 1997, "On the resemblance and containment of documents") with banding
(Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", chapter 3). Permutations and the
division into bands are those of `datasketch`; the arithmetic is done for many rows at once.
"""

from dataclasses import dataclass
from functools import cache
from hashlib import blake2b

import numpy as np

from kerastc.errors import UserError
from kerastc.text.ragged import Ragged, spans

WIDTH = 5  # tokens of a shingle
PERMUTATIONS = 128
SEED = 1
SCHEME = "affine32"  # of datasketch: modulo 2**32
CHUNK = 1 << 15  # shingles at once: they stay in the processor's cache
ODD = np.uint64(0x9E3779B97F4A7C15)
SHIFT = np.uint64(29)


@dataclass(frozen=True)
class Bands:
    """How a row's 128 minima are divided: rows that share all of a band count as near.

    Args:
        count: of the bands.
        size: minima of each.
    """

    count: int
    size: int

    @classmethod
    def of(cls, similarity: float) -> "Bands":
        """The division that errs least at a bound.

        Args:
            similarity: a Jaccard index.

        Raises:
            UserError: it is not possible, or `datasketch` is missing.
        """
        if not 0.5 <= similarity < 1:
            raise UserError(f"similarity={similarity} must be at least 0.5 and below 1.")
        lsh = _datasketch().MinHashLSH(threshold=similarity, num_perm=PERMUTATIONS)
        return cls(lsh.b, lsh.r)

    def chance(self, similarity: float) -> float:
        """How likely two rows of this Jaccard index are told as near."""
        return 1 - (1 - similarity**self.size) ** self.count


def row_hashes(rows: Ragged) -> np.ndarray:
    """A hash of each row's tokens, (n,) uint64; equal for equal rows, whatever the processor."""
    content = memoryview(rows.values.astype("<u4")).cast("B")
    ends = (np.cumsum(rows.lengths) * 4).tolist()
    digests = [
        blake2b(content[start:end], digest_size=8).digest()
        for start, end in zip([0, *ends], ends, strict=False)
    ]
    return np.frombuffer(b"".join(digests), "<u8").astype(np.uint64)


def band_keys(rows: Ragged, bands: Bands) -> np.ndarray:
    """Keys that near rows are likely to share, (bands, n) uint64.

    Args:
        rows: of ids.
        bands: how the minima are divided.
    """
    return banded(minima(*shingles(rows)), bands)


def banded(found: np.ndarray, bands: Bands) -> np.ndarray:
    """The keys, (bands, n) uint64, of minima (permutations, n) uint32."""
    keys = np.empty((bands.count, found.shape[1]), np.uint64)
    for band in range(bands.count):
        key = np.full(found.shape[1], band + 1, np.uint64)
        for row in found[band * bands.size : (band + 1) * bands.size]:
            key ^= row
            key *= ODD
            key ^= key >> SHIFT
        keys[band] = key
    return keys


def shingles(rows: Ragged) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of all runs of five tokens, (k,) uint32, and how many each row has, (n,).

    A row of fewer tokens has one.
    """
    lengths = np.maximum(rows.lengths, WIDTH)
    ids = np.zeros(lengths.sum() + WIDTH - 1, np.uint64)
    ids[spans(np.cumsum(lengths) - lengths, rows.lengths)] = rows.values.astype(np.uint64) + 1
    hashes = np.zeros(lengths.sum(), np.uint64)
    for offset in range(WIDTH):
        hashes += ids[offset : offset + len(hashes)]
        hashes *= ODD
        hashes ^= hashes >> SHIFT
    counts = lengths - WIDTH + 1
    inside = spans(np.cumsum(lengths) - lengths, counts)
    return (hashes[inside] >> np.uint64(32)).astype(np.uint32), counts


def minima(hashes: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The least hash of each row under each permutation, (permutations, n) uint32.

    Args:
        hashes: of the shingles of all rows, (k,) uint32.
        counts: of each row, (n,), at least 1.
    """
    multipliers, summands = _permutations()
    found = np.empty((PERMUTATIONS, len(counts)), np.uint32)
    mixed = _mixed(hashes)
    ends = np.cumsum(counts)
    first = 0
    while first < len(counts):
        begin = ends[first] - counts[first]
        last = max(int(np.searchsorted(ends, begin + CHUNK, "right")), first + 1)
        part = mixed[begin : ends[last - 1]]
        starts = ends[first:last] - counts[first:last] - begin
        moved = np.empty_like(part)
        for number in range(PERMUTATIONS):
            np.multiply(part, multipliers[number], out=moved)
            moved += summands[number]
            np.minimum.reduceat(moved, starts, out=found[number, first:last])
        first = last
    return found


def _mixed(hashes: np.ndarray) -> np.ndarray:
    """MurmurHash3's last step, as `datasketch` applies it before its permutations."""
    hashes = hashes ^ (hashes >> np.uint32(16))
    hashes *= np.uint32(0x85EBCA6B)
    hashes ^= hashes >> np.uint32(13)
    hashes *= np.uint32(0xC2B2AE35)
    return hashes ^ (hashes >> np.uint32(16))


@cache
def _permutations() -> tuple[np.ndarray, np.ndarray]:
    minhash = _datasketch().MinHash(num_perm=PERMUTATIONS, seed=SEED, scheme=SCHEME)
    multipliers, summands = minhash.permutations
    return multipliers, summands


def _datasketch():
    try:
        import datasketch
    except ImportError:
        raise UserError(
            "Near duplicates need datasketch.",
            'pip install "kerastc[corpus]", or look for equal rows alone: --duplicates exact',
        ) from None
    return datasketch
