"""Which token stands for a word: its first (Devlin et al. 2018, BERT, section 5.3). NumPy alone.

A long text has several rows, windows that overlap. A word in more than one of them is learned and
answered in that where it has the most tokens of context on its poorer side; where the text itself
begins or ends, none is missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerastc.text.encoded import Encoded
from kerastc.text.ragged import Ragged

NONE_MISSING = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Words:
    """The words of n texts, of each one token in one of m rows; texts and words ascend.

    Args:
        texts: (words,) int, from 0 to n - 1.
        numbers: (words,) int, of the word in its text.
        rows, positions: (words,) int, the row and the position in it.
        counts: (n,) int, one more than the greatest number of a word; the tokenizer may have
            dropped some.
        spans: (words, 2) int, where each begins and ends in its text, in characters; None where
            the rows have no `offsets`.
    """

    texts: np.ndarray
    numbers: np.ndarray
    rows: np.ndarray
    positions: np.ndarray
    counts: np.ndarray
    spans: np.ndarray | None

    @classmethod
    def of(cls, rows: Encoded | Sequence[Any]) -> "Words":
        """The words of rows that have `words`; all windows of a text are there, side by side."""
        rows = Encoded.of(rows)
        words, lengths = rows.words.values, rows.lengths
        text_of = np.unique(rows.texts, return_inverse=True)[1].reshape(-1)
        row = np.repeat(np.arange(len(rows)), lengths)
        inner = np.flatnonzero(words >= 0)
        row_in, word, text = row[inner], words[inner], text_of[row[inner]]
        first = np.ones(len(inner), bool)
        first[1:] = (word[1:] != word[:-1]) | (row_in[1:] != row_in[:-1])
        order = np.lexsort((-_context(row_in, text_of), word, text))
        order = order[first[order]]  # stable: of equals the earlier window
        chosen = np.ones(len(order), bool)
        same = (text[order][1:] == text[order][:-1]) & (word[order][1:] == word[order][:-1])
        chosen[1:] = ~same
        order = order[chosen]
        counts = np.zeros(len(np.unique(text_of)), np.int64)
        np.maximum.at(counts, text, word + 1)
        starts = np.cumsum(lengths) - lengths
        spans = None
        if rows.offsets is not None:
            spans = rows.offsets.values[inner[order]].astype(np.int64)
            ends = np.zeros(len(counts) * (counts.max(initial=0) + 1), np.int64)
            key = text * (counts.max(initial=0) + 1) + word
            np.maximum.at(ends, key, rows.offsets.values[inner, 1])
            spans[:, 1] = ends[key[order]]
        positions = inner[order] - starts[row_in[order]]
        return cls(text[order], word[order], row_in[order], positions, counts, spans)

    def labels(self, of_texts: Sequence[np.ndarray | None], absent: int) -> np.ndarray:
        """The labels of the words, (words,) int.

        Args:
            of_texts: of n texts, (words,) int each; None of one that has none.
            absent: for words without a label.
        """
        given = Ragged.of([[] if row is None else row for row in of_texts])
        starts = np.cumsum(given.lengths) - given.lengths
        found = np.full(len(self.texts), absent, np.int32)
        there = self.numbers < given.lengths[self.texts]
        found[there] = given.values[(starts[self.texts] + self.numbers)[there]]
        return found

    def taken(self, of_rows: Sequence[np.ndarray]) -> np.ndarray:
        """Of m rows (length, k) the tokens that stand for the words, (words, k)."""
        lengths = np.array([len(row) for row in of_rows], np.int64)
        starts = np.cumsum(lengths) - lengths
        return np.concatenate(of_rows)[starts[self.rows] + self.positions]

    def by_text(self, of_words: np.ndarray) -> list[np.ndarray]:
        """Values of the words, (words, ...), as one array for each of the n texts."""
        sizes = np.bincount(self.texts, minlength=len(self.counts))
        return np.split(of_words, np.cumsum(sizes)[:-1])

    def matched(self, others: "Words") -> tuple[np.ndarray, np.ndarray]:
        """The indices of the words that are also in others of the same texts, and of those there.

        Returns:
            two arrays (matches,) int.
        """
        width = max(self.numbers.max(initial=0), others.numbers.max(initial=0)) + 1
        keys = (words.texts * width + words.numbers for words in (self, others))
        _, mine, theirs = np.intersect1d(*keys, assume_unique=True, return_indices=True)
        return mine, theirs


def _context(row: np.ndarray, text_of: np.ndarray) -> np.ndarray:
    """Of each token in its row the fewer of those before and behind it, (tokens,) int.

    Args:
        row: (tokens,) int, ascending, the row of each; special tokens are left out.
        text_of: (rows,) int, the text of each.
    """
    sizes = np.bincount(row, minlength=len(text_of))
    before = np.arange(len(row)) - (np.cumsum(sizes) - sizes)[row]
    behind = sizes[row] - 1 - before
    changes = text_of[1:] != text_of[:-1]
    begins, ends = np.append(True, changes), np.append(changes, True)
    before, behind = (
        np.where(whole[row], NONE_MISSING, count)
        for whole, count in ((begins, before), (ends, behind))
    )
    return np.minimum(before, behind)
