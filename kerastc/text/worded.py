"""A text with its words: as a file gives them, or as a rule finds them."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from kerastc.text.word_rules import word_spans


class Worded(str):
    """A text whose words are given, not found by a rule; otherwise a `str`.

    Words have no white space in them. Several may have the same span: "de" and "el" of the
    Spanish "del".

    Args:
        text: what a user sees.
        words: its words, in their order.
        spans: where each begins and ends in the text, (words, 2) int, in characters.
    """

    words: tuple[str, ...]
    spans: np.ndarray

    def __new__(cls, text: str, words: Sequence[str], spans: np.ndarray) -> Self:
        self = super().__new__(cls, text)
        self.words = tuple(words)
        self.spans = np.asarray(spans, np.int64).reshape(-1, 2)
        if len(self.words) != len(self.spans):
            raise ValueError(f"{len(self.words)} words, but {len(self.spans)} spans")
        return self

    def __getnewargs__(self):
        return str(self), self.words, self.spans

    @classmethod
    def joined(cls, words: Sequence[str]) -> Self:
        """The words with single spaces between them."""
        lengths = np.fromiter(map(len, words), np.int64, len(words))
        ends = np.cumsum(lengths + 1) - 1
        return cls(" ".join(words), words, np.stack([ends - lengths, ends], axis=1))

    @classmethod
    def of(cls, text: str, rule: str) -> Self:
        """A text as it is if its words are given; else with those of a rule of `word_rules`."""
        if isinstance(text, cls):
            return text
        spans = word_spans(text, rule)
        return cls(text, [text[begin:end] for begin, end in spans.tolist()], spans)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"text": str(self), "words": list(self.words), "places": self.spans.tolist()}

    @classmethod
    def of_dict(cls, value: Mapping[str, Any]) -> Self:
        """The inverse of `as_dict`."""
        return cls(value["text"], value["words"], value["places"])
