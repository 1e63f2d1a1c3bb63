"""The tokens of a text that has an answer for each of its words.

A tokenizer splits words in its own way, each in another; the words here are those that have labels.
"""

from collections.abc import Callable, Sequence

import numpy as np

from kerastc.text.encoded import Encoded
from kerastc.text.ragged import Ragged
from kerastc.text.tokenizer import Tokenizer
from kerastc.text.word_rules import PUNCTUATION
from kerastc.text.worded import Worded


def encoded_words(
    tokenizer: Tokenizer,
    texts: Sequence[str],
    max_length: int,
    prepared: Callable[[Sequence[str]], Sequence[str]],
    stride: int | None = None,
    rule: str = PUNCTUATION,
) -> Encoded:
    """Tokens of each text with `words` and `offsets`.

    The tokens are those of the words with single spaces between them. A word that was prepared
    away, or that the tokenizer drops, has no token. Where a word is not written in its place as the
    tokenizer gets it, the offsets of its tokens are those of the whole word.

    Args:
        tokenizer: of the model.
        texts: as a user gives them; offsets count in these. A `Worded` one has words of its own.
        max_length: the most tokens of a row, special ones included.
        prepared: what is done to texts before the tokenizer; here to each word by itself.
        stride: as in `Tokenizer.encode`.
        rule: divides other texts into words, see `word_rules`.
    """
    sentences = [Worded.of(text, rule) for text in texts]
    every = iter(prepared([word for sentence in sentences for word in sentence.words]))
    given = [[next(every) for _ in sentence.words] for sentence in sentences]
    joined = [" ".join(words) for words in given]
    rows = tokenizer.encode(joined, max_length, stride=stride, offsets=True)
    numbers, offsets = [], []
    for text, row in zip(rows.texts, rows, strict=True):
        words, sentence = given[text], sentences[text]
        # Where each word begins in what the tokenizer got. A mark of the space in front of a word,
        # as SentencePiece has it, ends there.
        begins = np.cumsum([0, *(len(word) + 1 for word in words)])[:-1]
        number = np.searchsorted(begins, row.offsets[:, 1], side="right") - 1
        number = np.where(row.special, -1, number).astype(np.int32)
        # The last element of these is for special tokens.
        changed = [
            *(sentence[b:e] != w for (b, e), w in zip(sentence.spans, words, strict=True)),
            True,
        ]
        spans = np.concatenate([sentence.spans, [[0, 0]]])[number]
        inside = np.maximum(row.offsets - np.append(begins, 0)[number][:, None], 0)
        offsets.append(np.where(np.array(changed)[number][:, None], spans, spans[:, :1] + inside))
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
