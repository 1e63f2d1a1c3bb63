"""Sequences of different length in two arrays: a million headlines take what their tokens take."""

from collections.abc import Iterable, Sequence

import numpy as np


class Ragged(Sequence):
    """n sequences of whole numbers; `ragged[i]` is a view, (length,) int32.

    Args:
        values: (total,) int32, all sequences one behind the other.
        lengths: (n,) int, of each.
    """

    def __init__(self, values: np.ndarray, lengths: np.ndarray):
        self.values = values
        self.lengths = np.asarray(lengths, np.int64)
        self._ends = np.cumsum(self.lengths)

    @classmethod
    def of(cls, sequences: Iterable[np.ndarray]) -> "Ragged":
        """Packs sequences; those that are packed already are given back."""
        if isinstance(sequences, cls):
            return sequences
        rows = [np.asarray(row, np.int32) for row in sequences]
        return cls(
            np.concatenate(rows) if rows else np.zeros(0, np.int32), [len(row) for row in rows]
        )

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: int) -> np.ndarray:
        end = self._ends[index]
        return self.values[end - self.lengths[index] : end]

    def __iter__(self):
        return (self[i] for i in range(len(self)))
