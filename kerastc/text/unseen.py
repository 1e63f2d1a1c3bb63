"""What of some texts a model cannot see: what lies behind its last token, and unknown tokens."""

from collections.abc import Sequence

import numpy as np

from kerastc.text.ragged import Ragged
from kerastc.text.tokenizer import Tokenizer

LEAST = 0.01  # a smaller share of unknown tokens is not told


def cut_texts(texts: Sequence[str], tokens: Ragged, tokenizer: Tokenizer, max_tokens: int) -> int:
    """How many of n texts have more than `max_tokens` tokens.

    Args:
        texts: as they are prepared for the tokenizer.
        tokens: what `tokenizer.encode` made of them.
        tokenizer: of the model.
        max_tokens: that it was given.
    """
    full = np.flatnonzero(tokens.lengths >= max_tokens)  # a full row is cut, or fits just so
    longer = tokenizer.encode([texts[row] for row in full], max_tokens + 1)
    return int((longer.lengths > max_tokens).sum())


def known_rows(tokens: Ragged, rows: np.ndarray, known: np.ndarray) -> int:
    """How many of the rows have the same tokens as one of the known rows.

    Args:
        tokens: of all texts, cut as the model reads them.
        rows: the numbers of those to look for, (m,) int.
        known: the numbers of those to look in.
    """
    found = {tokens[row].tobytes() for row in known}
    return sum(tokens[row].tobytes() in found for row in rows)


def unknown_share(tokens: Ragged, tokenizer: Tokenizer) -> float:
    """The share of tokens, start and end left out, that the vocabulary does not know."""
    inner = int(tokens.lengths.sum()) - 2 * len(tokens)
    if tokenizer.unknown_id is None or not inner:
        return 0.0
    return int((tokens.values == tokenizer.unknown_id).sum()) / inner
