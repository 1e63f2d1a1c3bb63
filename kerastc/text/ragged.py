"""Sequences of different lengths in two arrays: headlines take no more memory than their tokens."""

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np


class Ragged(Sequence):
    """n sequences; `ragged[i]` is a view, (length, ...), a slice or an array of rows is ragged.

    Args:
        values: (total, ...), all sequences concatenated.
        lengths: (n,) int, of each.
    """

    def __init__(self, values: np.ndarray, lengths: np.ndarray):
        self.values = values
        self.lengths = np.asarray(lengths, np.int64)

    @cached_property
    def _ends(self) -> np.ndarray:
        return np.cumsum(self.lengths)

    @classmethod
    def of(cls, sequences: Iterable[np.ndarray], dtype: type = np.int32) -> "Ragged":
        """Packs sequences."""
        rows = [np.asarray(row, dtype) for row in sequences]
        return cls(np.concatenate(rows) if rows else np.zeros(0, dtype), [len(row) for row in rows])

    @classmethod
    def joined(cls, parts: "Iterable[Ragged]") -> "Ragged":
        """The sequences of several, at least one, one behind the other."""
        parts = list(parts)
        values = np.concatenate([part.values for part in parts])
        return cls(values, np.concatenate([part.lengths for part in parts]))

    def first(self, count: int) -> "Ragged":
        """The sequences, each cut to at most `length` values from its start."""
        lengths = np.minimum(self.lengths, count)
        return Ragged(self.values[spans(self._ends - self.lengths, lengths)], lengths)

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index):
        if isinstance(index, slice) or np.ndim(index):
            lengths = self.lengths[index]
            return Ragged(self.values[spans(self._ends[index] - lengths, lengths)], lengths)
        end = self._ends[index]
        return self.values[end - self.lengths[index] : end]

    def __iter__(self):
        return (self[i] for i in range(len(self)))


def spans(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The indices `start`, `start + 1`, ... of n spans, concatenated, (total,) int64."""
    before = np.cumsum(lengths) - lengths
    found = np.repeat(starts - before, lengths)
    found += np.arange(len(found))
    return found
