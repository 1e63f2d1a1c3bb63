"""Tokenizers with some of their tokens: the same cuts wherever no token is missing."""

from collections.abc import Iterable

import numpy as np

from kerastc.errors import UserError
from kerastc.text.tokens import BytePair, Tokenizer, WordPiece


def restricted(tokenizer: Tokenizer, used: Iterable[int]) -> tuple[Tokenizer, np.ndarray]:
    """A tokenizer that has only the tokens in use, and those without which a text could fail.

    A text whose tokens all are in use is cut into the same tokens as before.

    Args:
        tokenizer: WordPiece or byte pairs.
        used: ids of the tokens that shall stay.

    Returns:
        the tokenizer, and the old ids of its tokens in their new order, (tokens,) int64 ascending.

    Raises:
        UserError: for a SentencePiece model, which is a file of its own kind.
    """
    used = set(map(int, used))
    if isinstance(tokenizer, WordPiece):
        return _word_pieces(tokenizer, used)
    if isinstance(tokenizer, BytePair):
        return _byte_pairs(tokenizer, used)
    raise UserError(
        f"vocabulary does not apply: {tokenizer.kind} is a SentencePiece model.",
        "low-rank:embedding=128 makes its table smaller.",
    )


def _word_pieces(tokenizer: WordPiece, used: set[int]) -> tuple[WordPiece, np.ndarray]:
    """Keeps the special tokens, and single characters, of which every known word can be made."""
    special = {
        tokenizer.vocabulary.index(t) for t in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    }
    kept = [
        i
        for i, token in enumerate(tokenizer.vocabulary)
        if i in used or i in special or len(token.removeprefix("##")) == 1
    ]
    smaller = WordPiece(
        [tokenizer.vocabulary[i] for i in kept],
        tokenizer.lowercase,
        tokenizer.strip_accents,
        tokenizer.split_on_cjk,
        tokenizer.kind,
    )
    return smaller, np.array(kept)


def _byte_pairs(tokenizer: BytePair, used: set[int]) -> tuple[BytePair, np.ndarray]:
    """Keeps the bytes, and of each token in use all merges that can lead to it.

    A merge is never undone, so whatever was merged on the way is part of a token in use: those
    texts are merged as before.
    """
    names = {token for token, i in tokenizer.vocabulary.items() if i in used}
    products = {"".join(merge.split(" ")) for merge in tokenizer.merges}
    names |= set(tokenizer.vocabulary) - products  # bytes and special tokens
    merges = []
    for merge in reversed(tokenizer.merges):
        left, right = merge.split(" ")
        if left + right in names:
            names |= {left, right}
            merges.append(merge)
    kept = sorted(tokenizer.vocabulary[token] for token in names)
    number = {old: new for new, old in enumerate(kept)}
    vocabulary = {t: number[i] for t, i in tokenizer.vocabulary.items() if t in names}
    smaller = BytePair(vocabulary, merges[::-1], tokenizer.add_prefix_space)
    return smaller, np.array(kept)
