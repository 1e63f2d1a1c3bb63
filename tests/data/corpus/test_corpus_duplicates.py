"""Duplicates found on disk are those found in memory, however few keys fit there."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from kerastc.data.corpus.duplicates import Bits, find_duplicates, read_bits, write_bits
from kerastc.data.corpus.piece import Piece
from kerastc.npz_files import write_arrays


@pytest.fixture
def pieces(tmp_path: Path) -> list[Piece]:
    random = np.random.default_rng(2)
    found = []
    for number in range(7):
        rows = int(random.integers(0, 90))
        keys = random.integers(0, 2**64, 150, np.uint64, endpoint=False)
        arrays = {
            "record": np.frombuffer(b'{"rows": %d}' % rows, np.uint8),
            "exact": keys[random.integers(0, 150, rows)],
            "band00": random.integers(0, 2**64, 400, np.uint64)[random.integers(0, 400, rows)],
            "band01": np.arange(rows, dtype=np.uint64) << np.uint64(50),
        }
        path = tmp_path / f"{number:07}-0000000.npz"
        write_arrays(path, arrays.items())
        found.append(Piece(path))
    return found


@pytest.mark.parametrize("in_memory", [1000, 40, 1])
def test_the_first_of_each_key_stays(tmp_path: Path, pieces: list[Piece], in_memory: int):
    exact, near = find_duplicates(pieces, 2, tmp_path / "keys", in_memory)
    total = sum(piece.record["rows"] for piece in pieces)
    repeated = {}
    for name in ("exact", "band00", "band01"):
        keys = np.concatenate([piece.array(name) for piece in pieces]).tolist()
        repeated[name] = np.array([key in keys[:row] for row, key in enumerate(keys)])
    np.testing.assert_array_equal(exact.span(0, total), repeated["exact"])
    expected = (repeated["band00"] | repeated["band01"]) & ~repeated["exact"]
    np.testing.assert_array_equal(near.span(0, total), expected)
    assert near.count() == expected.sum()
    assert not (tmp_path / "keys").exists()


def test_bits_are_kept_in_a_file(tmp_path: Path):
    exact, near = Bits(100), Bits(100)
    exact.set(np.array([0, 7, 8, 99, 99]))
    write_bits(tmp_path / "bits.npy", exact, near)
    found, none = read_bits(tmp_path / "bits.npy", 100)
    assert np.flatnonzero(found.span(0, 100)).tolist() == [0, 7, 8, 99]
    assert np.flatnonzero(found.span(5, 9)).tolist() == [2, 3]
    assert found.count() == 4 and none.count() == 0


@pytest.mark.slow
def test_memory_for_the_rows_of_18_gigabytes_is_bounded(tmp_path: Path):
    """90 million rows; 5 million of them are drawn again, from anywhere before."""
    random, pieces = np.random.default_rng(0), []
    size, count, again = 20_000, 4_500, 1_111
    for number in range(count):
        keys = np.arange(number * size, (number + 1) * size, dtype=np.uint64)
        if number:
            places = random.choice(size, again, replace=False)
            keys[places] = random.integers(0, number * size, again, np.uint64)
        keys *= np.uint64(0x9E3779B97F4A7C15)  # odd: no two become one
        path = tmp_path / f"0000000-{number:07}.npz"
        record = np.frombuffer(b'{"rows": %d}' % size, np.uint8)
        write_arrays(path, [("record", record), ("exact", keys)])
        pieces.append(Piece(path))
    tracemalloc.start()
    try:
        exact, _ = find_duplicates(pieces, 0, tmp_path / "keys")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 300e6
    assert exact.count() == (count - 1) * again
