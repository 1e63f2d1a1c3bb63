"""Which tokens begin a word: by the marks that each kind of vocabulary has."""

from collections.abc import Sequence

import numpy as np

from kerastc.text.tokenizer import Tokenizer

CONTINUES = "##"  # in front of a piece that goes on with a word, however its vocabulary marks it
SPACES = ("\u2581", "\u0120")  # a space before a piece, in SentencePiece and in bytes of GPT-2


def begins_word(tokenizer: Tokenizer) -> np.ndarray:
    """Whether each token begins a word, (vocabulary,) bool; special tokens do.

    WordPiece marks the pieces that go on with a word, the others the space in front of one. There
    a mark of punctuation goes on with the word before it.
    """
    tokens = [tokenizer.token(number) or "" for number in range(tokenizer.vocabulary_size)]
    if tokenizer.model == "WordPiece":
        prefix = tokenizer.described()["model"]["continuing_subword_prefix"]
        found = np.array([not token.startswith(prefix) for token in tokens])
    elif any(token.startswith(SPACES) for token in tokens):
        found = np.array([token.startswith(SPACES) for token in tokens])
    else:  # no vocabulary of pieces: each token is a word
        return np.ones(len(tokens), bool)
    found[tokenizer.special_ids] = True
    return found


def shown_tokens(
    tokenizer: Tokenizer, ids: Sequence[int] | np.ndarray, begins: np.ndarray
) -> np.ndarray:
    """Tokens as a reader knows them, object of the ids' shape: words, and `##` before the others.

    Args:
        tokenizer: of the ids.
        ids: int, of any shape.
        begins: from `begins_word`.
    """
    every, place = np.unique(np.asarray(ids, np.int64), return_inverse=True)
    named = np.empty(len(every), object)
    named[:] = [_shown(tokenizer, int(number), begins) for number in every]
    return named[place].reshape(np.shape(ids))


def _shown(tokenizer: Tokenizer, number: int, begins: np.ndarray) -> str:
    if number >= len(begins):  # of a table with more rows than there are tokens
        return f"[{number}]"
    plain = tokenizer.text([number], special=True).strip().removeprefix(CONTINUES)
    plain = plain or tokenizer.token(number) or ""
    return plain if begins[number] else CONTINUES + plain
