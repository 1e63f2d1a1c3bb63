"""Rows of a corpus behind one another, read from any place on without what is before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from kerastc.text.tokenizer import Tokenizer


class Tokens(Protocol):
    """A shard of a corpus, as `kerastc.data.corpus.Shard` is one.

    Attributes:
        tokens: (tokens,) uint16 or uint32.
        offsets: (rows + 1,) int64, where each row begins, and the end.
    """

    tokens: np.ndarray
    offsets: np.ndarray


@dataclass(frozen=True)
class Stretch:
    """Successive rows of a shard, from `first` to before `end`."""

    shard: Tokens
    first: int
    end: int

    @property
    def rows(self) -> int:
        """How many."""
        return self.end - self.first


@dataclass(frozen=True, eq=False)
class Joined:
    """The tokens of a stretch of rows, with separators between them.

    Args:
        stretch: of at least one row.
        between: (separators,) int, the tokens between two rows.
    """

    stretch: Stretch
    between: np.ndarray

    @property
    def end(self) -> int:
        """The place behind the last row."""
        return self._begin(self.stretch.end, -1)

    def read(self, begin: int, stop: int) -> np.ndarray:
        """The tokens from a place to before another, int32.

        A separator behind the last row may be asked for.
        """
        low, high = self._row_at(begin), self._row_at(stop - 1) + 1
        shard = self.stretch.shard
        offsets = np.asarray(shard.offsets[low : high + 1])
        tokens = np.asarray(shard.tokens[offsets[0] : offsets[-1]]).astype(np.int32)
        inner = (offsets[1:-1] - offsets[0]).repeat(len(self.between))
        joined = np.insert(tokens, inner, np.tile(self.between, high - low - 1))
        joined = np.append(joined, self.between)
        skip = begin - self._begin(low)
        return joined[skip : skip + stop - begin]

    def _begin(self, row: int, less: int = 0) -> int:
        """Where a row begins.

        Args:
            row: its number in the shard.
            less: separators too many; -1 for the end, which has none in front.
        """
        stretch, offsets = self.stretch, self.stretch.shard.offsets
        tokens = int(offsets[row]) - int(offsets[stretch.first])
        return tokens + (row - stretch.first + less) * len(self.between)

    def _row_at(self, place: int) -> int:
        """The row with a place, or with the separator at it: the last that begins before it."""
        low, high = self.stretch.first, self.stretch.end
        while high - low > 1:
            middle = (low + high) // 2
            if self._begin(middle) <= place:
                low = middle
            else:
                high = middle
        return low


class Stream:
    """All rows of some stretches as one text: separators stand behind each row.

    Args:
        stretches: of a corpus.
        tokenizer: of the corpus.
        backward: whether the text is read from its end.
    """

    def __init__(self, stretches: Sequence[Stretch], tokenizer: Tokenizer, backward: bool = False):
        self.tokenizer, self.backward = tokenizer, backward
        between = separators(tokenizer)
        self.parts = [Joined(stretch, between) for stretch in stretches if stretch.rows]
        self.ends = np.cumsum([part.end + len(between) for part in self.parts], dtype=np.int64)

    def __len__(self) -> int:
        """How many tokens there are, with the separators."""
        return int(self.ends[-1]) if len(self.ends) else 0

    def read(self, begin: int, end: int) -> np.ndarray:
        """The tokens from a place to before another, (end - begin,) int32."""
        if self.backward:
            return self._read(len(self) - end, len(self) - begin)[::-1]
        return self._read(begin, end)

    def _read(self, begin: int, end: int) -> np.ndarray:
        found = [np.zeros(0, np.int32)]
        place = int(np.searchsorted(self.ends, begin, side="right"))
        while begin < end:
            before = int(self.ends[place - 1]) if place else 0
            until = min(end, int(self.ends[place]))
            found.append(self.parts[place].read(begin - before, until - before))
            begin, place = until, place + 1
        return np.concatenate(found)


def separators(tokenizer: Tokenizer) -> np.ndarray:
    """The tokens that a tokenizer puts between two texts, (separators,) int."""
    return np.asarray(tokenizer.frame(2).ids[1], np.int32)
