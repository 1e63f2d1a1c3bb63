"""What a model cannot see of texts: everything after its last token, and unknown tokens."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerastc.text.encoded import Encoded

LEAST = 0.01  # smaller shares of the texts, and of the tokens, are not reported


@dataclass(frozen=True)
class Unseen:
    """What a model does not see of n texts.

    Args:
        long: (n,) bool; those of more than `max_characters`, which are cut first of all.
        cut: (n,) bool; those of more than `max_tokens`.
        unknown: (n,) int; tokens of each that are not in the vocabulary.
        tokens: number of tokens that the model sees in all texts, without special ones.
        max_characters, max_tokens: the model's limits; 0 characters cut none.
        units: what the texts are called.
    """

    long: np.ndarray
    cut: np.ndarray
    unknown: np.ndarray
    tokens: int
    max_characters: int
    max_tokens: int
    units: str = "texts"

    @property
    def unknown_share(self) -> float:
        """Unknown tokens as a share of all."""
        return int(self.unknown.sum()) / max(self.tokens, 1)

    @property
    def many_unknown(self) -> bool:
        """Whether unknown tokens are worth reporting."""
        texts = np.count_nonzero(self.unknown) / max(len(self.unknown), 1)
        return max(texts, self.unknown_share) >= LEAST

    def lines(self, further: str = "") -> Iterator[str]:
        """Sentences for the user; none if the model sees everything.

        Args:
            further: what can be done if tokens are cut, such as "; max_tokens=... reads more".
        """
        if self.long.any():
            most = f"{self.max_characters:,} characters"
            yield f"{self._have(self.long)} more than {most}: cut there."
        if self.cut.any():
            most = f"{self.max_tokens:,} tokens"
            yield f"{self._have(self.cut)} more than {most}: cut there{further}."
        if self.many_unknown:
            yield (
                f"{self._have(self.unknown > 0)} tokens that are not in the vocabulary "
                f"({self.unknown_share:.1%} of all tokens)."
            )

    def as_dict(self) -> dict[str, Any]:
        """For JSON: numbers of texts, and the share of unknown tokens."""
        return {
            self.units: len(self.cut),
            "max_characters": self.max_characters,
            "cut_by_characters": int(self.long.sum()),
            "max_tokens": self.max_tokens,
            "cut_by_tokens": int(self.cut.sum()),
            "with_unknown_tokens": int(np.count_nonzero(self.unknown)),
            "unknown_tokens": round(self.unknown_share, 6),
        }

    def of_each(self) -> Iterator[dict[str, Any]]:
        """For JSON, per text: whether it is cut, and how many of its tokens are unknown."""
        for cut, unknown in zip(self.long | self.cut, self.unknown, strict=True):
            yield {"cut": bool(cut), "unknown_tokens": int(unknown)}

    def _have(self, rows: np.ndarray) -> str:
        """`12 of 50 texts (24.0%) have`; for one text `The text has`."""
        count, of = int(rows.sum()), len(rows)
        if of == 1:
            return f"The {self.units.removesuffix('s')} has"
        share = f"{count:,} of {of:,} {self.units} ({count / of:.1%})"
        return f"{share} {'has' if count == 1 else 'have'}"


def unseen(
    tokens: Encoded,
    unknown_id: int | None,
    max_tokens: int,
    long: np.ndarray | None = None,
    max_characters: int = 0,
    units: str = "texts",
) -> Unseen:
    """Counts what a model does not see of n texts.

    Args:
        tokens: of the texts, as cut by `Tokenizer.encode`, or of all their windows.
        unknown_id: the tokenizer's.
        max_tokens: the number to which they were cut.
        long: (n,) bool; those that were cut to `max_characters` before; none by default.
        units: what the texts are called.
    """
    count = int(tokens.texts.max(initial=-1)) + 1
    unknown = np.zeros(count, np.int64)
    if unknown_id is not None:
        text_of = np.repeat(tokens.texts, tokens.lengths)
        unknown = np.bincount(text_of[tokens.ids.values == unknown_id], minlength=count)
    cut = np.zeros(count, bool)
    cut[tokens.texts[tokens.cut]] = True
    inner = int(np.count_nonzero(~tokens.special.values))
    long = np.zeros(count, bool) if long is None else long
    return Unseen(long, cut, unknown, inner, max_characters, max_tokens, units)


def known_rows(tokens: Encoded, rows: np.ndarray, known: np.ndarray) -> int:
    """How many of the texts have the same tokens as one of the known texts.

    Args:
        tokens: of all texts, as the model reads them.
        rows: numbers of the texts to look for, (m,) int.
        known: numbers of the texts to search.
    """
    keys: dict[int, tuple[bytes, ...]] = {}
    for text, row in zip(tokens.texts.tolist(), tokens, strict=True):
        keys[text] = (*keys.get(text, ()), row.key())
    found = {keys[text] for text in known.tolist()}
    return sum(keys[text] in found for text in rows.tolist())
