"""A text with its words: as a file gives them, or as a rule finds them."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from kerastc.text.word_rules import word_places


class Worded(str):
    """A text whose words are given, not found by a rule; otherwise a `str`.

    Words have no white space in them. Several may stand in the same place: "de" and "el" of the
    Spanish "del".

    Args:
        text: what a user sees.
        words: its words, in their order.
        places: where each begins and ends in the text, (words, 2) int, in characters.
    """

    words: tuple[str, ...]
    places: np.ndarray

    def __new__(cls, text: str, words: Sequence[str], places: np.ndarray) -> Self:
        self = super().__new__(cls, text)
        self.words = tuple(words)
        self.places = np.asarray(places, np.int64).reshape(-1, 2)
        if len(self.words) != len(self.places):
            raise ValueError(f"{len(self.words)} words, but {len(self.places)} places")
        return self

    def __getnewargs__(self):
        return str(self), self.words, self.places

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
        places = word_places(text, rule)
        return cls(text, [text[begin:end] for begin, end in places.tolist()], places)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"text": str(self), "words": list(self.words), "places": self.places.tolist()}

    @classmethod
    def of_dict(cls, value: Mapping[str, Any]) -> Self:
        """The inverse of `as_dict`."""
        return cls(value["text"], value["words"], value["places"])
