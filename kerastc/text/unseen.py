"""What of some texts a model cannot see: what lies behind its last token, and unknown tokens."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerastc.text.encoded import Encoded

LEAST = 0.01  # a smaller share of the texts, and of the tokens, is not told


@dataclass(frozen=True)
class Unseen:
    """What a model does not see of n texts.

    Args:
        long: (n,) bool; those of more than `max_characters`, which are cut before all else.
        cut: (n,) bool; those of more than `max_tokens`.
        unknown: (n,) int; tokens of each that the vocabulary does not know.
        tokens: those that the model sees, of all texts, special ones left out.
        max_characters, max_tokens: of the model; 0 characters cut none.
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
        """Of the tokens."""
        return int(self.unknown.sum()) / max(self.tokens, 1)

    @property
    def many_unknown(self) -> bool:
        """Whether unknown tokens are worth a word."""
        texts = np.count_nonzero(self.unknown) / max(len(self.unknown), 1)
        return max(texts, self.unknown_share) >= LEAST

    def lines(self, further: str = "") -> Iterator[str]:
        """Sentences to tell; none where the model sees everything.

        Args:
            further: what can be done where tokens are cut, such as "; max_tokens=... reads more".
        """
        if self.long.any():
            most = f"{self.max_characters:,} characters"
            yield f"{self._have(self.long)} more than {most}: cut there."
        if self.cut.any():
            most = f"{self.max_tokens:,} tokens"
            yield f"{self._have(self.cut)} more than {most}: cut there{further}."
        if self.many_unknown:
            yield (
                f"{self._have(self.unknown > 0)} tokens that the vocabulary does not know "
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
        """Of each text, for JSON: whether it is cut, and how many of its tokens are unknown."""
        for cut, unknown in zip(self.long | self.cut, self.unknown, strict=True):
            yield {"cut": bool(cut), "unknown_tokens": int(unknown)}

    def _have(self, rows: np.ndarray) -> str:
        """`12 of 50 texts (24.0%) have`; of one text `The text has`."""
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
        tokens: of the texts, as `Tokenizer.encode` cut them.
        unknown_id: of the tokenizer.
        max_tokens: to which they were cut.
        long: (n,) bool; those that were cut to `max_characters` before; none by default.
        units: what the texts are called.
    """
    unknown = np.zeros(len(tokens), np.int64)
    if unknown_id is not None:
        row_of = np.repeat(np.arange(len(tokens)), tokens.lengths)
        wrong = row_of[tokens.ids.values == unknown_id]
        unknown = np.bincount(wrong, minlength=len(tokens))
    inner = int(np.count_nonzero(~tokens.special.values))
    long = np.zeros(len(tokens), bool) if long is None else long
    return Unseen(long, tokens.cut, unknown, inner, max_characters, max_tokens, units)


def known_rows(tokens: Encoded, rows: np.ndarray, known: np.ndarray) -> int:
    """How many of the rows have the same tokens as one of the known rows.

    Args:
        tokens: of all texts, cut as the model reads them.
        rows: the numbers of those to look for, (m,) int.
        known: the numbers of those to look in.
    """
    found = {tokens[row].key() for row in known}
    return sum(tokens[row].key() in found for row in rows)
