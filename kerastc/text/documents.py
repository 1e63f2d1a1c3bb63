"""Documents longer than a model reads at once, as rows of windows. NumPy.

The tokens of a document's windows, special ones included, stand one after the other in one row.
A row of n tokens has ceil(n / window) windows, as even as can be: as `numpy.array_split` divides
it. So no window is much shorter than the others, and the row's length alone says where each ends.

In a call a row is padded to a length T in the same way: it has W = ceil(T / window) places of T / W
tokens, one for each window, and each window is padded to its place. `kerastc.models.windows` does
the same division within a model.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from kerastc.errors import UserError
from kerastc.text.encoded import COLUMNS, Encoded, Row
from kerastc.text.framing import Part
from kerastc.text.ragged import Ragged, spans
from kerastc.text.tokenizer import Tokenizer

LONGEST = 2**30  # tokens of a whole document


@dataclass(frozen=True)
class Windowing:
    """How documents become windows.

    Args:
        window: the most tokens of one, special ones included.
        overlap: tokens that it repeats from the end of the previous one, at most a quarter.
    """

    window: int
    overlap: int = 0

    def encode(self, tokenizer: Tokenizer, texts: Iterable[str], max_tokens: int) -> Encoded:
        """The rows of n documents; `cut` is true for those of which only the first windows stay.

        Args:
            tokenizer: of the model.
            texts: prepared.
            max_tokens: the most tokens of a row: a multiple of the window, or less than one.
        """
        self.check(max_tokens)
        whole = tokenizer.encode(texts, LONGEST)
        frame = tokenizer.frame()
        room, most = min(self.window, max_tokens) - frame.size, self.count(max_tokens)
        inner = whole.lengths - frame.size
        step = room - self.overlap if most > 1 else room
        wanted = 1 + np.maximum(0, -(-(inner - room) // step))
        counts = np.minimum(wanted, most)
        tokens = np.minimum(inner, room + (counts - 1) * step)
        rows = tokens + (counts - 1) * self.overlap + counts * frame.size
        of, sizes = self._sizes(rows, counts)
        sizes = sizes - frame.size
        before = np.cumsum(sizes - self.overlap) - (sizes - self.overlap)
        first = np.cumsum(counts) - counts
        starts = np.cumsum(whole.lengths) - whole.lengths + len(frame.ids[0])
        at = starts[of] + before - before[first][of]
        part = Part({"ids": whole.ids.values}, at, sizes, sizes)
        found = frame.around([part], np.zeros(len(of), bool), of)
        return _regrouped(found, rows, cut=wanted > most)

    def split(self, rows: Encoded | Sequence[Row | np.ndarray]) -> Encoded:
        """The windows of rows, a row each; `texts` has the number of a window's document."""
        rows = Encoded.of(rows)
        of, sizes = self._sizes(rows.lengths, self.counts(rows.lengths))
        return _regrouped(rows, sizes, rows.cut[of], of)

    def pad(
        self,
        tokenizer: Tokenizer,
        rows: Encoded | Sequence[Row | np.ndarray],
        length: int | None = None,
        segments: bool = False,
    ) -> dict[str, np.ndarray]:
        """Rows of one length, the model's input, as `Tokenizer.pad` gives them.

        Args:
            tokenizer: of the model.
            rows: from `encode`.
            length: tokens per row; as few as hold all of them by default.
            segments: whether the model has them.
        """
        rows = Encoded.of(rows)
        if length is None:
            length = self.least(rows.lengths)
        places = self.count(length)
        windows = self.split(rows)
        arrays = tokenizer.pad(windows, length // places, segments)
        counts = self.counts(rows.lengths)
        at = windows.texts * places + spans(np.zeros_like(counts), counts)
        padded = {}
        for name, array in arrays.items():
            fill = tokenizer.pad_id if name == "token_ids" else 0
            whole = np.full((len(rows) * places, length // places), fill, np.int32)
            whole[at] = array
            padded[name] = whole.reshape(len(rows), length)
        return padded

    def first(self, rows: Encoded | Sequence[Row | np.ndarray], length: int) -> Encoded:
        """Rows with no more windows than places in a row of some length: the first ones."""
        rows = Encoded.of(rows)
        most, counts = self.count(length), self.counts(rows.lengths)
        if counts.max(initial=0) <= most:
            return rows
        each, longer = np.divmod(rows.lengths, counts)
        kept = np.where(counts > most, most * each + np.minimum(longer, most), rows.lengths)
        columns = (getattr(rows, name) for name in COLUMNS)
        parts = [c if c is None else Ragged(_heads(c, kept), kept) for c in columns]
        return Encoded(*parts, cut=rows.cut | (counts > most), texts=rows.texts)

    def count(self, length: int) -> int:
        """The windows of a row of some length."""
        return max(1, -(-length // self.window))

    def counts(self, lengths: np.ndarray) -> np.ndarray:
        """The same of n rows, (n,) int."""
        return np.maximum(1, -(-np.asarray(lengths) // self.window))

    def longest(self, lengths: np.ndarray) -> np.ndarray:
        """The tokens of the longest window of each of n rows, (n,) int."""
        return -(-np.asarray(lengths) // self.counts(lengths))

    def least(self, lengths: np.ndarray) -> int:
        """The least length to which rows of these lengths can be padded."""
        lengths = np.asarray(lengths)
        count = int(self.counts(lengths).max(initial=1))
        return count * self.place(count, int(self.longest(lengths).max(initial=1)))

    def place(self, count: int, tokens: int) -> int:
        """The least tokens per place, where so many places hold windows of so many tokens.

        With fewer a row of `count` places would be taken for one of less.
        """
        return max(tokens, (count - 1) * self.window // count + 1)

    def check(self, length: int) -> None:
        """Raises a `UserError` if rows cannot be padded to this length in every case."""
        if length > self.window and length % self.window:
            below = length // self.window * self.window
            raise UserError(
                f"A length of {length} tokens is not possible: documents are read in windows of "
                f"{self.window}.",
                f"Give a multiple, such as {below} or {below + self.window}.",
            )

    def _sizes(self, lengths: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of each window the number of its row, and its tokens."""
        of = np.repeat(np.arange(len(lengths)), counts)
        each, longer = np.divmod(lengths, counts)
        place = spans(np.zeros_like(counts), counts)
        return of, each[of] + (place < longer[of])


def _heads(column: Ragged, lengths: np.ndarray) -> np.ndarray:
    """The first values of each sequence, concatenated."""
    starts = np.cumsum(column.lengths) - column.lengths
    return column.values[spans(starts, lengths)]


def _regrouped(
    rows: Encoded, lengths: np.ndarray, cut: np.ndarray, texts: np.ndarray | None = None
) -> Encoded:
    """The same tokens in other rows."""
    columns = (getattr(rows, name) for name in COLUMNS)
    parts = [c if c is None else Ragged(c.values, lengths) for c in columns]
    return Encoded(*parts, cut=cut, texts=texts)
