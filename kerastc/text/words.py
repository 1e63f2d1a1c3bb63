"""The words of a text that has an answer for each of them: what white space parts.

A tokenizer splits words in its own way, each in another; these are the words that have labels.
"""

import re
from collections.abc import Callable, Sequence

import numpy as np

from kerastc.text.encoded import Encoded
from kerastc.text.ragged import Ragged
from kerastc.text.tokenizer import Tokenizer

WORD = re.compile(r"\S+")


def encoded_words(
    tokenizer: Tokenizer,
    texts: Sequence[str],
    max_length: int,
    prepared: Callable[[Sequence[str]], Sequence[str]],
    stride: int | None = None,
) -> Encoded:
    """Tokens of each text with `words` and `offsets`.

    The tokens are those of the words with single spaces between them. A word that was prepared
    away, or that the tokenizer drops, has no token.

    Args:
        tokenizer: of the model.
        texts: as a user gives them; offsets count in these.
        max_length: the most tokens of a row, special ones included.
        prepared: what is done to texts before the tokenizer; here to each word by itself.
        stride: as in `Tokenizer.encode`.
    """
    found = [[(word.start(), word[0]) for word in WORD.finditer(text)] for text in texts]
    every = iter(prepared([word for words in found for _, word in words]))
    given = [[next(every) for _ in words] for words in found]
    joined = [" ".join(words) for words in given]
    rows = tokenizer.encode(joined, max_length, stride=stride, offsets=True)
    numbers, offsets = [], []
    for text, row in zip(rows.texts, rows, strict=True):
        # Where each word begins in what the tokenizer got. A mark of the space in front of a word,
        # as SentencePiece has it, ends there.
        begins = np.cumsum([0, *(len(word) + 1 for word in given[text])])[:-1]
        number = np.searchsorted(begins, row.offsets[:, 1], side="right") - 1
        number = np.where(row.special, -1, number).astype(np.int32)
        begins_here = np.append(begins, 0)[number]  # the last is for special tokens
        origin = np.array([*(begin for begin, _ in found[text]), 0])[number]
        inside = np.maximum(row.offsets - begins_here[:, None], 0)
        offsets.append(np.where(row.special[:, None], 0, inside + origin[:, None]))
        numbers.append(number)
    lengths = rows.lengths
    return Encoded(
        rows.ids,
        rows.segments,
        rows.special,
        Ragged(np.concatenate([np.zeros((0, 2)), *offsets]).astype(np.int32), lengths),
        Ragged(np.concatenate([np.zeros(0), *numbers]).astype(np.int32), lengths),
        rows.cut,
        rows.texts,
    )
