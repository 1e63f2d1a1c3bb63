"""Tokenizers with some of their tokens: the same cuts wherever no token is missing."""

from collections.abc import Iterable

import numpy as np

from kerastc.errors import UserError
from kerastc.text.tokenizer import Tokenizer
from kerastc.text.tokens import BytePair, SentencePiece, WordPiece

SPACE = "\u2581"  # stands for a space in SentencePiece


def restricted(tokenizer: Tokenizer, used: Iterable[int]) -> tuple[Tokenizer, np.ndarray]:
    """A tokenizer that has only the tokens in use, and those without which a text could fail.

    A text whose tokens all are in use is cut into the same tokens as before.

    Args:
        tokenizer: of any kind.
        used: ids of the tokens that shall stay.

    Returns:
        the tokenizer, and the old ids of its tokens in their new order, (tokens,) int64.

    Raises:
        UserError: for a SentencePiece model that merges pairs: what it needs on the way to a token
            cannot be told.
    """
    used = set(map(int, used))
    if isinstance(tokenizer, WordPiece):
        return _word_pieces(tokenizer, used)
    if isinstance(tokenizer, BytePair):
        return _byte_pairs(tokenizer, used)
    return _sentence_pieces(tokenizer, used)


def is_restrictable(tokenizer: Tokenizer) -> bool:
    """Whether `restricted` can cut a tokenizer."""
    try:
        return isinstance(tokenizer, WordPiece | BytePair) or bool(_unigram(tokenizer))
    except UserError:
        return False


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


def _sentence_pieces(tokenizer: SentencePiece, used: set[int]) -> tuple[SentencePiece, np.ndarray]:
    """Keeps what is no piece of text, and single characters.

    A unigram model cuts a text into the pieces that are most probable together: where all of them
    stay, what else there was to choose from has no part in it.
    """
    model = _unigram(tokenizer)
    names = {tokenizer.token(i) for i in used}
    normal = model.SentencePiece.NORMAL
    kept = [
        piece
        for piece in model.pieces
        if piece.type != normal or piece.piece in names or len(piece.piece.lstrip(SPACE)) < 2
    ]
    del model.pieces[:]
    model.pieces.extend(kept)
    smaller = SentencePiece.of(model.SerializeToString(), tokenizer.kind)
    # Where a kind has its special tokens among the ids, KerasHub knows.
    numbers = [tokenizer.number(smaller.token(i)) for i in range(smaller.vocabulary_size)]
    return smaller, np.array(numbers)


def _unigram(tokenizer: SentencePiece):
    """The content of a SentencePiece model file, which must be of a unigram model."""
    try:
        from sentencepiece import sentencepiece_model_pb2 as format
    except ImportError as error:
        raise UserError(
            f"A SentencePiece vocabulary is rewritten with sentencepiece: {error}.",
            "Install it: pip install sentencepiece protobuf",
        ) from None
    model = format.ModelProto.FromString(tokenizer.proto)
    if model.trainer_spec.model_type != format.TrainerSpec.UNIGRAM:
        raise UserError(
            f"vocabulary does not apply: the SentencePiece model of {tokenizer.kind} is no unigram "
            "model.",
            "low-rank:embedding=128 makes its table smaller.",
        )
    return model
