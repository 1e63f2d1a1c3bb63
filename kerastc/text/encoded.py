"""A tokenizer's output: tokens and their attributes, row by row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kerastc.text.ragged import Ragged

COLUMNS = ("ids", "segments", "special", "offsets", "words")


@dataclass(frozen=True, eq=False)
class Row:
    """One sequence of tokens; the arguments are those of `Encoded`, (length, ...) each."""

    ids: np.ndarray
    segments: np.ndarray | None = None
    special: np.ndarray | None = None
    offsets: np.ndarray | None = None
    words: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def key(self) -> bytes:
        """Equal for two rows if a model sees the same in both."""
        ids = self.ids.astype("<i4").tobytes()
        second = self.segments is not None and self.segments.any()
        return ids + self.segments.tobytes() if second else ids


class Encoded(Sequence):
    """n rows of unpadded tokens.

    `encoded[i]` is a `Row`; a slice or an array of row numbers gives an `Encoded`.

    Args:
        ids: of the tokens, int32.
        segments: which text of a pair a token belongs to, uint8; None if all are 0.
        special: whether the tokenizer added the token, bool.
        offsets: where a token begins and ends in its text, or in its word if words were given, in
            characters, (tokens, 2) int32.
        words: number of the token's word, -1 for special tokens, int32. Words are those given,
            else as the tokenizer splits its text.
        cut: (n,) bool; whether the row's end was cut off.
        texts: (n,) int64; number of the row's text, as long ones may have several rows.
    """

    def __init__(
        self,
        ids: Ragged,
        segments: Ragged | None = None,
        special: Ragged | None = None,
        offsets: Ragged | None = None,
        words: Ragged | None = None,
        cut: np.ndarray | None = None,
        texts: np.ndarray | None = None,
    ):
        self.ids = ids
        self.segments = segments
        self.special = special
        self.offsets = offsets
        self.words = words
        self.cut = np.zeros(len(ids), bool) if cut is None else cut
        self.texts = np.arange(len(ids)) if texts is None else texts

    @classmethod
    def of(cls, rows: "Iterable[Row | np.ndarray]") -> "Encoded":
        """Packs rows, or ids alone, with the columns that all have; returns packed ones as is."""
        if isinstance(rows, cls):
            return rows
        rows = [row if isinstance(row, Row) else Row(np.asarray(row, np.int32)) for row in rows]
        if any(row.segments is not None for row in rows):
            rows = [replace(row, segments=_or_zeros(row)) for row in rows]
        columns = {}
        for name in COLUMNS:
            found = [getattr(row, name) for row in rows]
            if all(column is not None for column in found):
                columns[name] = Ragged.of(found, found[0].dtype if found else np.int32)
        return cls(**columns)

    @classmethod
    def joined(cls, parts: "Sequence[Encoded]") -> "Encoded":
        """The rows of several with the same columns, one behind the other."""
        if len(parts) == 1:
            return parts[0]
        columns = {}
        for name in COLUMNS:
            found = [getattr(part, name) for part in parts]
            if found[0] is not None:
                columns[name] = Ragged.joined(found)
        cut, texts = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("cut", "texts")
        )
        return cls(**columns, cut=cut, texts=texts)

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each row, (n,) int64."""
        return self.ids.lengths

    def first(self, tokens: int) -> "Encoded":
        """The rows, each cut to at most `length` tokens from its start."""
        if self.lengths.max(initial=0) <= tokens:
            return self
        columns = (getattr(self, name) for name in COLUMNS)
        there = [c if c is None else c.first(tokens) for c in columns]
        return Encoded(*there, cut=self.cut | (self.lengths > tokens), texts=self.texts)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index):
        columns = {name: getattr(self, name) for name in COLUMNS}
        chosen = {name: c if c is None else c[index] for name, c in columns.items()}
        if isinstance(index, slice) or np.ndim(index):
            return Encoded(**chosen, cut=self.cut[index], texts=self.texts[index])
        return Row(**chosen)

    def __iter__(self):
        return (self[i] for i in range(len(self)))


def _or_zeros(row: Row) -> np.ndarray:
    return np.zeros(len(row), np.uint8) if row.segments is None else row.segments
