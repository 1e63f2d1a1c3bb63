"""Hashes of rows, against `datasketch` and against sets that are compared in full."""

import datasketch
import numpy as np
import pytest

from kerastc.data.corpus.sketch import (
    PERMUTATIONS,
    SCHEME,
    SEED,
    Bands,
    band_keys,
    minima,
    row_hashes,
    shingles,
)
from kerastc.errors import UserError
from kerastc.text.ragged import Ragged


@pytest.fixture
def rows() -> Ragged:
    random = np.random.default_rng(3)
    made = [random.integers(0, 250_000, random.integers(1, 60)) for _ in range(300)]
    made.append(random.integers(0, 9, 40_000))  # longer than what is done at once
    return Ragged.of([*made, *made[:20]], np.int32)


def test_minima_are_those_of_datasketch(rows: Ragged):
    hashes, counts = shingles(rows)
    found = minima(hashes, counts)
    ends = np.cumsum(counts)
    for number in [0, 1, 17, 299, 300, 320]:
        own = hashes[ends[number] - counts[number] : ends[number]]
        minhash = datasketch.MinHash(PERMUTATIONS, seed=SEED, hashfunc=int, scheme=SCHEME)
        minhash.update_batch(own.tolist())
        np.testing.assert_array_equal(found[:, number], minhash.hashvalues)


def test_rows_have_a_shingle_for_each_run_of_five_tokens(rows: Ragged):
    _, counts = shingles(rows)
    assert counts.tolist() == [max(n - 4, 1) for n in rows.lengths]
    runs = {}
    hashes = iter(shingles(rows)[0].tolist())
    for row in rows:
        for start in range(max(len(row) - 4, 1)):
            assert runs.setdefault(tuple(row[start : start + 5]), (one := next(hashes))) == one
    assert len(set(runs.values())) > len(runs) - 3  # 32 bits


def test_keys_find_the_pairs_that_datasketch_finds():
    random = np.random.default_rng(5)
    made = []
    for _ in range(60):
        base = random.integers(0, 30_000, 80)
        for changes in (0, 1, 2, 4, 8):
            row = base.copy()
            row[random.integers(0, 80, changes)] = random.integers(0, 30_000, changes)
            made.append(row)
    rows = Ragged.of(made, np.int32)
    bands = Bands.of(0.8)
    keys = band_keys(rows, bands)
    ours = {
        (i, j)
        for band in keys
        for key in set(band.tolist())
        for same in [np.flatnonzero(band == key).tolist()]
        for i in same
        for j in same
        if i < j
    }
    lsh = datasketch.MinHashLSH(params=(bands.count, bands.size), num_perm=PERMUTATIONS)
    hashes, counts = shingles(rows)
    theirs = set()
    for number, own in enumerate(np.split(hashes, np.cumsum(counts)[:-1])):
        minhash = datasketch.MinHash(PERMUTATIONS, seed=SEED, hashfunc=int, scheme=SCHEME)
        minhash.update_batch(own.tolist())
        theirs |= {(other, number) for other in lsh.query(minhash)}
        lsh.insert(number, minhash)
    assert ours == theirs
    assert len(ours) > 60


def test_near_rows_share_a_key_as_often_as_the_formula_says():
    random = np.random.default_rng(11)
    bands, found, expected = Bands.of(0.8), 0, 0.0
    for _ in range(400):
        base = random.integers(0, 10**6, 200)
        other = np.r_[base[: 200 - (cut := random.integers(0, 60))], random.integers(0, 10**6, cut)]
        keys = band_keys(Ragged.of([base, other], np.int32), bands)
        found += bool((keys[:, 0] == keys[:, 1]).any())
        shared = max(200 - cut - 4, 0)
        expected += bands.chance(shared / (2 * 196 - shared))
    assert found == pytest.approx(expected, abs=25)


def test_equal_rows_and_only_they_have_equal_hashes(rows: Ragged):
    hashes = row_hashes(rows)
    assert hashes[:20].tolist() == hashes[301:].tolist()
    assert len(set(hashes[:301].tolist())) == 301
    alone = row_hashes(Ragged.of([rows[7]], np.int32))
    assert alone[0] == hashes[7]


@pytest.mark.parametrize("similarity", [0, 0.4, 1, 2])
def test_a_bound_that_means_nothing_is_refused(similarity: float):
    with pytest.raises(UserError, match=r"must be at least 0\.5 and below 1"):
        Bands.of(similarity)
