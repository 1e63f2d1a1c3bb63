"""All pairs of texts whose sets of character five-grams have a Jaccard index above a bound.

An exact set-similarity join by prefix filtering (Chaudhuri, Ganti and Kaushik, "A primitive
operator for similarity joins in data cleaning", ICDE 2006; Bayardo, Ma and Srikant, "Scaling up
all pairs similarity search", WWW 2007). Let every set be sorted by one order of all shingles,
rarest first. Two sets x, y with |x & y| >= t |x | y| share at least t |x| and t |y| shingles, so
they share one among the first |x| - ceil(t |x|) + 1 of x and the same of y. Only pairs that meet
there are compared in full, and since those shingles are rare, such pairs are few.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from kerastc.errors import UserError
from kerastc.progress import progress

WIDTH = 5  # characters of a shingle
CHUNK = 2_000_000  # characters, pairs or shingles at once: some 100 MB of temporary arrays
# A 64-bit key sorts the shingles of a chunk by text, then rarity, then hash. In a pair of
# 1,000-character texts two shingles share a hash once in a million pairs, and then count once.
HASH_BITS, RARITY_BITS = 40, 6
OWNER_SHIFT = np.uint64(HASH_BITS + RARITY_BITS)
MAX_TEXTS = 1 << (64 - HASH_BITS - RARITY_BITS)  # in a chunk
BUCKET_BITS = 20  # of the table of counts; a collision only makes the order a little worse


def near_pairs(texts: Sequence[str], similarity: float) -> np.ndarray:
    """Finds all pairs (i, j), i < j, of near texts, sorted, (m, 2) int64.

    Args:
        texts: different texts; one shorter than five characters is one shingle.
        similarity: the least Jaccard index, above 0 and at most 1.
    """
    if not 0 < similarity <= 1:
        raise UserError(f"similarity={similarity} must be above 0 and at most 1.")
    with progress("Looking for near-duplicate texts", 2 * len(texts)) as advance:
        rarity = _rarities(texts, advance)
        sizes = np.empty(len(texts), np.int64)
        prefixes = []
        for start, stop in _spans([*map(len, texts)]):
            owners, shingles, sizes[start:stop] = _sets(texts[start:stop], rarity)
            within = np.arange(len(owners)) - _starts(sizes[start:stop])[owners]
            first = within < _prefix_length(sizes[start:stop], similarity)[owners]
            prefixes.append(((owners[first] + start).astype(np.int32), shingles[first]))
            advance(stop - start)
    entries = sum(len(owners) for owners, _ in prefixes)
    near = [np.empty((0, 2), np.int64)]
    with progress("Comparing near-duplicate texts", entries) as advance:
        for done, candidates in _candidates(prefixes, sizes, similarity):
            near.append(_verified(texts, candidates, similarity))
            advance(done)
    pairs = np.sort(np.concatenate(near), axis=1)
    return pairs[np.lexsort(pairs.T[::-1])]


def _prefix_length(size: np.ndarray, similarity: float) -> np.ndarray:
    # Less 1e-9: a rounding error upwards must not shorten the prefix.
    return size - np.ceil(similarity * size - 1e-9).astype(np.int64) + 1


def _starts(sizes: np.ndarray) -> np.ndarray:
    return np.cumsum(sizes) - sizes


def _spans(lengths: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yields (start, stop) of successive texts of at most `CHUNK` characters, at least one text."""
    start = characters = 0
    for stop, length in enumerate(lengths):
        if stop > start and (characters + length > CHUNK or stop - start == MAX_TEXTS):
            yield start, stop
            start, characters = stop, 0
        characters += length
    if start < len(lengths):
        yield start, len(lengths)


def _rarities(texts: Sequence[str], advance) -> np.ndarray:
    """How common each bucket of hashes is, on a scale of `RARITY_BITS`: 0 is rarest."""
    counts = np.zeros(1 << BUCKET_BITS, np.int64)
    for start, stop in _spans([*map(len, texts)]):
        counts += np.bincount(_bucket(_shingles(texts[start:stop])[1]), minlength=len(counts))
        advance(stop - start)
    levels = 2 * np.log2(np.maximum(counts, 1))
    return np.minimum(levels, (1 << RARITY_BITS) - 1).astype(np.uint64)


def _bucket(hashes: np.ndarray) -> np.ndarray:
    return (hashes >> np.uint64(HASH_BITS - BUCKET_BITS)).astype(np.int64)


def _sets(texts: Sequence[str], rarity: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The sets of shingles, rarest first: (owner (k,), shingle (k,) uint64, sizes (texts,))."""
    owners, hashes = _shingles(texts)
    keys = owners.astype(np.uint64) << OWNER_SHIFT
    keys |= rarity[_bucket(hashes)] << np.uint64(HASH_BITS)
    keys |= hashes
    keys.sort()
    keys = keys[np.r_[True, keys[1:] != keys[:-1]]]
    owners = (keys >> OWNER_SHIFT).astype(np.int64)
    shingles = keys & np.uint64((1 << int(OWNER_SHIFT)) - 1)
    return owners, shingles, np.bincount(owners, minlength=len(texts))


def _shingles(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """All shingles of the texts: the index of the text (k,) and a 40-bit hash (k,) uint64."""
    texts = [text.ljust(WIDTH) for text in texts]
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    codes = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32).astype(np.uint64)
    hashes = np.zeros(len(codes) - WIDTH + 1, np.uint64)
    for offset in range(WIDTH):
        hashes += codes[offset : offset + len(hashes)]
        hashes *= np.uint64(0x9E3779B97F4A7C15)  # odd, so that no bits are lost
        hashes ^= hashes >> np.uint64(29)
    hashes >>= np.uint64(64 - HASH_BITS)
    owners = np.repeat(np.arange(len(texts)), lengths)
    # Windows that run into the next text are not shingles.
    inside = owners[: len(hashes)] == owners[WIDTH - 1 :]
    return owners[: len(hashes)][inside], hashes[inside]


def _candidates(
    prefixes: list[tuple[np.ndarray, np.ndarray]], sizes: np.ndarray, similarity: float
) -> Iterator[tuple[int, np.ndarray]]:
    """Yields (entries done, pairs (m, 2) that share enough prefix shingles), each pair once.

    With |x| <= |y|, near sets share at least t / (1 + t) (|x| + |y|) shingles, of which at most
    ceil(t |y|) - 1 come after the prefix that ends first; the prefixes share the rest.

    Args:
        prefixes: (owners, shingles) of successive texts; emptied here, since a million texts have
            ten million entries, 40 or 80 MB per array.
        sizes: shingles of each text.
        similarity: the least Jaccard index.
    """
    owners, run = _by_shingle(prefixes, sizes)
    # The partners of an entry follow it among the owners of its shingle, in order of size, then
    # number: a pair has the same left text wherever its two texts meet.
    largest = int(sizes.max()) + 1
    keys = run * largest + sizes[owners]
    reach = np.minimum(np.floor(sizes[owners] / similarity + 1e-9), largest - 1).astype(np.int32)
    partners = np.empty(len(owners), np.int32)
    for start in range(0, len(owners), CHUNK):
        part = slice(start, start + CHUNK)
        stops = np.searchsorted(keys, run[part] * largest + reach[part], side="right")
        partners[part] = stops - np.arange(start, start + len(stops)) - 1
    del run, keys, reach
    by_owner = np.argsort(owners, kind="stable").astype(np.int32)
    partners = partners[by_owner]
    for start, stop in _blocks(owners[by_owner], np.cumsum(partners)):
        entries, numbers = by_owner[start:stop], partners[start:stop]
        left = np.repeat(entries, numbers)
        within = np.arange(len(left)) - np.repeat(_starts(numbers), numbers)
        pairs, shared = np.unique(
            owners[left] * np.int64(len(sizes)) + owners[left + 1 + within], return_counts=True
        )
        a, b = pairs // len(sizes), pairs % len(sizes)
        needed = similarity / (1 + similarity) * (sizes[a] + sizes[b])
        behind = np.ceil(similarity * sizes[b] - 1e-9) - 1
        yield stop - start, np.stack([a, b], axis=1)[shared >= needed - behind - 1e-6]


def _by_shingle(
    prefixes: list[tuple[np.ndarray, np.ndarray]], sizes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """All entries by shingle, size, owner: owners (k,) int32, shingles numbered (k,) int64."""
    owners, shingles = (np.concatenate(parts) for parts in zip(*prefixes, strict=True))
    prefixes.clear()
    order = np.argsort(sizes[owners], kind="stable")  # owners ascend already
    owners, shingles = owners[order], shingles[order]
    order = np.argsort(shingles, kind="stable")
    owners, shingles = owners[order], shingles[order]
    del order
    return owners, np.cumsum(np.r_[False, shingles[1:] != shingles[:-1]])


def _blocks(owners: np.ndarray, cumulative: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yields (start, stop) of whole owners with at most `CHUNK` pairs, at least one owner."""
    ends = np.flatnonzero(np.r_[owners[1:] != owners[:-1], True]) + 1
    start = first = 0
    while first < len(ends):
        done = cumulative[start - 1] if start else 0
        fitting = int(np.searchsorted(cumulative[ends - 1], done + CHUNK, side="right"))
        last = max(first + 1, fitting)
        yield start, int(ends[last - 1])
        start, first = int(ends[last - 1]), last


def _verified(texts: Sequence[str], pairs: np.ndarray, similarity: float) -> np.ndarray:
    """The pairs whose Jaccard index reaches the bound, counted on the whole sets."""
    flat = np.zeros(1 << BUCKET_BITS, np.uint64)  # the order within a set does not matter here
    near = np.zeros(len(pairs), bool)
    for start, stop in _spans([len(texts[i]) + len(texts[j]) for i, j in pairs.tolist()]):
        block = pairs[start:stop]
        # The sets of a pair's two texts one after the other: what they share occurs twice.
        left = _sets([texts[i] for i in block[:, 0]], flat)
        right = _sets([texts[j] for j in block[:, 1]], flat)
        keys = np.concatenate(
            [side[0].astype(np.uint64) << OWNER_SHIFT | side[1] for side in (left, right)]
        )
        keys.sort()
        twice = keys[1:][keys[1:] == keys[:-1]]
        shared = np.bincount((twice >> OWNER_SHIFT).astype(np.int64), minlength=len(block))
        near[start:stop] = shared >= similarity * (left[2] + right[2] - shared) - 1e-9
    return pairs[near]
