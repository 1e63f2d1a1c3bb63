"""Pairs of texts in memory: premise and hypothesis, two sentences that may mean the same, ..."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from kerastc.data.texts.texts import LabelledTexts


@dataclass(frozen=True)
class LabelledPairs(LabelledTexts):
    """Pairs with one class each.

    Args:
        examples: (n, 2) array of `str` objects, the first and the second text of each pair.
        reading: its `text` has the columns of the two.
        labels, classes, ...: as in `LabelledTexts`.
    """

    unit: ClassVar[str] = "pair"

    def _digest(self, digest) -> None:
        for (first, second), label in zip(self.examples, self.labels, strict=True):
            digest.update(b"%s\0%s\0%d\0" % (first.encode(), second.encode(), label))


def pair_array(pairs: Sequence[Sequence[str]]) -> np.ndarray:
    """Pairs as an (n, 2) array of `str` objects."""
    found = np.empty((len(pairs), 2), object)
    for row, (first, second) in enumerate(pairs):
        found[row] = first, second
    return found
