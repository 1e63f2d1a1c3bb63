"""Tokenizers reduced to some of their tokens: texts split as before unless they need the others."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from kerastc.errors import UserError
from kerastc.text.tokenizer import Tokenizer

SPACE = "\u2581"  # a space in SentencePiece


def restricted(tokenizer: Tokenizer, used: Iterable[int]) -> tuple[Tokenizer, np.ndarray]:
    """A tokenizer with only the tokens in use, and those without which a text could fail.

    A text whose tokens are all in use is split into the same tokens as before. Special and added
    tokens stay.

    Args:
        tokenizer: of any kind for which `is_restrictable`.
        used: ids of the tokens to keep.

    Returns:
        the tokenizer, and the old ids of its tokens in their new order, (tokens,) int64.
    """
    told = tokenizer.described()
    added = {token["content"] for token in told["added_tokens"]}
    names = {tokenizer.token(int(number)) for number in used} | added
    names |= {name for name, _ in _framing(told["post_processor"])}
    kept = np.array(RULES[tokenizer.model](told, names), np.int64)
    number = {int(old): new for new, old in enumerate(kept)}
    _renumber(told, number)
    smaller = Tokenizer(json.dumps(told, ensure_ascii=False))
    for old, new in number.items():
        if smaller.token(new) != tokenizer.token(old):
            raise UserError(
                "vocabulary does not apply: the ids of the tokens that were added to the tokenizer "
                f"do not follow its vocabulary ({tokenizer.token(old)!r})."
            )
    return smaller, kept


def is_restrictable(tokenizer: Tokenizer) -> bool:
    """Whether `restricted` can reduce a tokenizer."""
    return tokenizer.model in RULES


def _word_pieces(told: dict[str, Any], names: set[str]) -> list[int]:
    """Keeps single characters, from which every known word can be built."""
    model = told["model"]
    prefix, unknown = model["continuing_subword_prefix"], model["unk_token"]
    model["vocab"] = {
        token: i
        for token, i in model["vocab"].items()
        if token in names or token == unknown or len(token.removeprefix(prefix)) == 1
    }
    return _ids(told, model["vocab"])


def _byte_pairs(told: dict[str, Any], names: set[str]) -> list[int]:
    """Keeps the bytes, and all merges that can lead to each token in use.

    A merge is never undone, so whatever was merged on the way is part of a token in use: those
    texts are merged as before.
    """
    model = told["model"]
    prefix = model["continuing_subword_prefix"] or ""
    pairs = [
        (merge, left + right.removeprefix(prefix))
        for merge in model["merges"]
        for left, right in [merge if isinstance(merge, list) else merge.split(" ")]
    ]
    names = names | (set(model["vocab"]) - {product for _, product in pairs})
    merges = []
    for merge, product in reversed(pairs):
        if product in names:
            names |= set(merge if isinstance(merge, list) else merge.split(" "))
            merges.append(merge)
    model["merges"] = merges[::-1]
    model["vocab"] = {token: i for token, i in model["vocab"].items() if token in names}
    return _ids(told, model["vocab"])


def _unigrams(told: dict[str, Any], names: set[str]) -> list[int]:
    """Keeps single characters and bytes, the unknown token, and the least probable piece.

    A unigram model splits a text into the most probable sequence of pieces: if all of them stay,
    the removed alternatives do not matter. The cost of an unknown character follows from the least
    probable piece.
    """
    model = told["model"]
    pieces, unknown = model["vocab"], model["unk_id"]
    least = min(range(len(pieces)), key=lambda i: pieces[i][1])
    kept = [
        i
        for i, (piece, _) in enumerate(pieces)
        if piece in names
        or i in (unknown, least)
        or len(piece.lstrip(SPACE)) < 2
        or _is_byte(piece)
    ]
    model["vocab"] = [pieces[i] for i in kept]
    return _ids(told, {pieces[i][0]: i for i in kept})


def _is_byte(piece: str) -> bool:
    return len(piece) == 6 and piece.startswith("<0x") and piece.endswith(">")


RULES: dict[str, Callable[[dict[str, Any], set[str]], list[int]]] = {
    "WordPiece": _word_pieces,
    "BPE": _byte_pairs,
    "Unigram": _unigrams,
}


def _ids(told: dict[str, Any], kept: dict[str, int]) -> list[int]:
    """The ids that stay, of the vocabulary and of the tokens added after it."""
    return sorted({*kept.values(), *(token["id"] for token in told["added_tokens"])})


def _framing(post_processor: Any) -> list[list]:
    """The special tokens around a text, as lists of [token, id]."""
    found = []
    for step in (post_processor or {}).get("processors", [post_processor or {}]):
        found += [step[name] for name in ("cls", "sep") if name in step]
        for special in step.get("special_tokens", {}).values():
            found += [list(pair) for pair in zip(special["tokens"], special["ids"], strict=True)]
    return found


def _renumber(told: dict[str, Any], number: dict[int, int]) -> None:
    """Gives every token in the content of a `tokenizer.json` its new id."""
    model, post_processor = told["model"], told["post_processor"] or {}
    if isinstance(model["vocab"], dict):
        model["vocab"] = {token: number[i] for token, i in model["vocab"].items()}
    elif model["unk_id"] is not None:
        model["unk_id"] = number[model["unk_id"]]
    for token in told["added_tokens"]:
        token["id"] = number[token["id"]]
    for step in post_processor.get("processors", [post_processor]):
        for name in ("cls", "sep"):
            if name in step:
                step[name] = [step[name][0], number[step[name][1]]]
        for special in step.get("special_tokens", {}).values():
            special["ids"] = [number[i] for i in special["ids"]]
