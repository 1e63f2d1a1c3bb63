"""Rows of a causal language model: pieces of a text whose next tokens are asked for."""

from functools import cached_property

import numpy as np

from kerastc.inputs.stream.joined import Stream
from kerastc.inputs.stream.masking import Masked
from kerastc.inputs.stream.rows import MaskedRows
from kerastc.text.ragged import Ragged
from kerastc.text.tokenizer import Tokenizer


class NextRows(MaskedRows):
    """n pieces; at each of their places the next token is asked for.

    Args:
        masked, tokenizer: as in `MaskedRows`.
        columns: into how many columns the text is divided: row `columns + i` goes on where row i
            ends. None of rows that have nothing to do with one another.
    """

    def __init__(self, masked: Masked, tokenizer: Tokenizer, columns: int | None = None):
        super().__init__(masked, tokenizer)
        self.columns = columns

    def __getitem__(self, index):
        return NextRows(super().__getitem__(index).masked, self.tokenizer, self.columns)

    @cached_property
    def texts(self) -> np.ndarray:
        """The rows as texts, (n,) object."""
        found = np.empty(len(self), object)
        special = np.setdiff1d(self.tokenizer.special_ids, [self.tokenizer.unknown_id])
        for number, ids in enumerate(self.ids):
            text = self.tokenizer.text(ids[~np.isin(ids, special)], special=True)
            found[number] = " ".join(text.split())
        return found


def pieces(stream: Stream, columns: int, length: int) -> NextRows:
    """All of a text that is few enough for the memory, but for less than one token a column.

    Args:
        stream: the text.
        columns: into which it is divided, at most.
        length: of a piece; the last ones may be shorter.
    """
    known = len(stream) - 1  # whose next token is known
    columns = min(columns, -(-known // length))
    column = known // columns
    tokens = stream.read(0, columns * column + 1)
    read = tokens[:-1].reshape(columns, column)
    wanted = tokens[1:].reshape(columns, column)
    cuts = range(length, column, length)
    lengths = np.repeat([part.shape[1] for part in np.split(read, cuts, axis=1)], columns)
    ids, targets = (
        np.concatenate([part.ravel() for part in np.split(of, cuts, axis=1)])
        for of in (read, wanted)
    )
    places = np.concatenate([np.arange(length) for length in lengths]).astype(np.int32)
    rows = Masked(*(Ragged(values, lengths) for values in (ids, places, targets)))
    return NextRows(rows, stream.tokenizer, columns)
