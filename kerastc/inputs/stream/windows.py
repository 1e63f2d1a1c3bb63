"""Windows of a corpus: what a language model reads at once, found without reading what is before.

Rows of a corpus are paragraphs without special tokens. In a packed window they stand one behind the
other, with the tokenizer's separators between them, and go on in the next window where the window
ends; a window is then full, except at the end of a stretch. Else a window is a row, cut to its
length. Nothing here grows with the corpus: what is read are the tokens asked for, and some offsets.
"""

from collections.abc import Sequence

import numpy as np

from kerastc.errors import UserError
from kerastc.inputs.stream.joined import Joined, Stretch, Tokens
from kerastc.text.ragged import Ragged, spans
from kerastc.text.tokenizer import Tokenizer


def held_out(
    shards: Sequence[Tokens], rows: int, at_once: int, most: int = 256
) -> tuple[list[Stretch], list[Stretch]]:
    """The rows of a corpus to train on, and others to validate by, spread evenly over it.

    These are stretches of successive rows: joined, they fill windows as the others do.

    Args:
        shards: of the corpus.
        rows: to hold out, fewer than there are.
        at_once, most: rows of a stretch at least, and stretches at most.
    """
    sizes = np.array([len(shard.offsets) - 1 for shard in shards], np.int64)
    total, parts = int(sizes.sum()), int(np.clip(rows // at_once, 1, most))
    ends = (np.arange(1, parts + 1) * total) // parts
    lengths = np.diff((np.arange(parts + 1) * rows) // parts)
    edges = np.stack([ends - lengths, ends], axis=1).ravel()  # training, held out, in turns
    cuts = np.unique(np.concatenate([[0, total], edges, np.cumsum(sizes)]))
    begins = np.cumsum(sizes) - sizes
    train, validation = [], []
    for first, end in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        shard = int(np.searchsorted(begins, first, side="right")) - 1
        stretch = Stretch(shards[shard], first - int(begins[shard]), end - int(begins[shard]))
        held = np.searchsorted(edges, first, side="right") % 2
        (validation if held else train).append(stretch)
    return train, validation


class Windows:
    """The windows of some stretches of rows, in their order.

    Args:
        stretches: of a corpus.
        tokenizer: of the corpus.
        max_tokens: the most tokens of a window, special ones included.
        packed: whether rows are joined; else each is a window, and loses its end if it is longer.
    """

    def __init__(
        self, stretches: Sequence[Stretch], tokenizer: Tokenizer, max_tokens: int, packed: bool
    ):
        self.stretches = [stretch for stretch in stretches if stretch.rows]
        self.tokenizer = tokenizer
        self.max_tokens = max_tokens
        self.packed = packed
        self.before, self.after = tokenizer.frame(1).ids
        self.between = tokenizer.frame(2).ids[1]
        self.room = max_tokens - len(self.before) - len(self.after)
        if self.room < 1:
            least = max_tokens - self.room + 1
            raise UserError(
                f"max_tokens={max_tokens} leaves the special tokens alone.", f"Give {least}."
            )
        counts = [self._windows(stretch) for stretch in self.stretches]
        self.ends = np.cumsum(counts, dtype=np.int64)

    def __len__(self) -> int:
        return int(self.ends[-1]) if len(self.ends) else 0

    @property
    def rows(self) -> int:
        """Rows of the corpus in them."""
        return sum(stretch.rows for stretch in self.stretches)

    def read(self, first: int, end: int) -> Ragged:
        """The windows from `first` to before `end`: their tokens, special ones included, int32."""
        found = []
        place = int(np.searchsorted(self.ends, first, side="right"))
        while first < end:
            begin = int(self.ends[place - 1]) if place else 0
            until = min(end, int(self.ends[place]))
            read = self._packed if self.packed else self._rows
            found.append(read(self.stretches[place], first - begin, until - begin))
            first, place = until, place + 1
        return _framed(Ragged.joined(found), self.before, self.after)

    def some(self, numbers: np.ndarray) -> Ragged:
        """Some windows, each once, as `read` gives them; of successive ones the disk is read once.

        Args:
            numbers: (n,) int, in any order.
        """
        order = np.argsort(numbers)
        runs = np.split(numbers[order], np.flatnonzero(np.diff(numbers[order]) > 1) + 1)
        found = Ragged.joined(self.read(int(run[0]), int(run[-1]) + 1) for run in runs)
        return found[np.argsort(order)]

    def sizes(self, first: int, end: int) -> np.ndarray:
        """The tokens of the windows from `first` to before `end`, of which none is read, (n,) int.

        Packed ones are told to be full.
        """
        found = []
        place = int(np.searchsorted(self.ends, first, side="right"))
        while first < end and not self.packed:
            begin = int(self.ends[place - 1]) if place else 0
            until = min(end, int(self.ends[place]))
            found.append(self._lengths(self.stretches[place], first - begin, until - begin))
            first, place = until, place + 1
        lengths = np.concatenate(found) if found else np.full(end - first, self.room)
        return lengths + self.max_tokens - self.room

    def _lengths(self, stretch: Stretch, first: int, end: int) -> np.ndarray:
        """The tokens of rows of a stretch, as far as they fit."""
        offsets = stretch.shard.offsets[stretch.first + first : stretch.first + end + 1]
        return np.minimum(np.diff(np.asarray(offsets)), self.room)

    def _windows(self, stretch: Stretch) -> int:
        return -(-self._joined(stretch).end // self.room) if self.packed else stretch.rows

    def _joined(self, stretch: Stretch) -> Joined:
        return Joined(stretch, self.between)

    def _packed(self, stretch: Stretch, first: int, end: int) -> Ragged:
        """Windows of a stretch, without the tokens around them."""
        joined = self._joined(stretch)
        begin, stop = first * self.room, min(end * self.room, joined.end)
        lengths = np.full(end - first, self.room)
        lengths[-1] = stop - begin - self.room * (end - first - 1)
        return Ragged(joined.read(begin, stop), lengths)

    def _rows(self, stretch: Stretch, first: int, end: int) -> Ragged:
        """Rows of a stretch, cut, without the tokens around them."""
        offsets = np.asarray(stretch.shard.offsets[stretch.first + first : stretch.first + end + 1])
        lengths = np.minimum(np.diff(offsets), self.room)
        tokens = np.asarray(stretch.shard.tokens[offsets[0] : offsets[-1]])
        kept = tokens[spans(offsets[:-1] - offsets[0], lengths)]
        return Ragged(kept.astype(np.int32), lengths)


def _framed(rows: Ragged, before: np.ndarray, after: np.ndarray) -> Ragged:
    """The rows with the same tokens around each."""
    lengths = rows.lengths + len(before) + len(after)
    found = np.empty(int(lengths.sum()), np.int32)
    ends = np.cumsum(lengths)
    starts = ends - lengths
    found[spans(starts + len(before), rows.lengths)] = rows.values
    for offset, token in enumerate(before):
        found[starts + offset] = token
    for offset, token in enumerate(after):
        found[ends - len(after) + offset] = token
    return Ragged(found, lengths)
