"""Encoders that are loaded with some of their tokens, and given the others back after training."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from kerastc.models.converted import TOKENS, Tensor
from kerastc.text.restricted import restricted
from kerastc.text.tokenizer import Tokenizer

# From the whole tokenizer and the rows of the token table to the ids to load; None for all.
Wanted = Callable[[Tokenizer, int], Iterable[int] | None]


@dataclass(frozen=True)
class TokenCut:
    """What an encoder lacks that was loaded with some of its tokens.

    Args:
        tokenizer: with all tokens.
        kept: the ids there of the tokens that were loaded, (tokens,) int64.
        table: reads a token table with all rows, (rows, width) float32.
    """

    tokenizer: Tokenizer
    kept: np.ndarray
    table: Callable[[], np.ndarray]

    def tensor(self, tensor: Tensor) -> Tensor:
        """A model's weights with these rows of the token table alone."""
        return lambda name: tensor(name)[self.kept] if name == TOKENS else tensor(name)

    def filled(self, rows: np.ndarray) -> np.ndarray:
        """The whole table, with other values of the loaded rows."""
        table = self.table()
        if not table.flags.writeable:
            table = table.copy()
        table[self.kept] = rows
        return table


def token_cut(
    tokenizer: Tokenizer, rows: int, table: Callable[[], np.ndarray], wanted: Wanted | None
) -> tuple[Tokenizer, TokenCut | None]:
    """The tokenizer to use, and what it lacks; the same one and None if all tokens are loaded.

    Args:
        tokenizer: with all tokens.
        rows: of the token table.
        table: as in `TokenCut`.
        wanted: the tokens to load; None loads all.
    """
    used = None if wanted is None else wanted(tokenizer, rows)
    if used is None:
        return tokenizer, None
    smaller, kept = restricted(tokenizer, used)
    return smaller, TokenCut(tokenizer, kept, table)
