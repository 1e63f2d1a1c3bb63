"""Texts with a tag for each word, in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from kerastc.data.tables.reading import Reading
from kerastc.data.tagged.iob import OUTSIDE
from kerastc.data.tagged.sentence import Sentence
from kerastc.data.texts.texts import LabelledTexts


@dataclass(frozen=True)
class TaggedTexts(LabelledTexts):
    """Texts with a tag for each word; examples are `Worded`.

    Args:
        labels: (n,) array of arrays (words,) int32, indices into `classes`.
        classes: the tags; of entities each type with both `B-` and `I-`.
        examples, source, notes, ...: as of `LabelledTexts`.
    """

    kinds: ClassVar[str] = "tags"
    strata_names: ClassVar[tuple[str, ...]] = ("sentences",)

    @classmethod
    def of_sentences(
        cls,
        sentences: Sequence[Sentence],
        entities: bool,
        source: str,
        notes: dict[str, int],
        reading: Reading,
    ) -> Self:
        """Builds the arrays; `entities` is whether the tags are of IOB2."""
        names = sorted({tag for sentence in sentences for tag in sentence.tags})
        if entities:
            types = sorted({name[2:] for name in names if name != OUTSIDE})
            names = [OUTSIDE, *(f"{mark}-{kind}" for kind in types for mark in "BI")]
        number = {name: index for index, name in enumerate(names)}
        labels = (np.array([number[t] for t in one.tags], np.int32) for one in sentences)
        examples = rows_of(one.text for one in sentences)
        return cls(examples, rows_of(labels), tuple(names), source, notes, reading=reading)

    @property
    def strata(self) -> np.ndarray:
        return np.zeros(len(self), np.int64)

    def renumbered(self, number: np.ndarray) -> np.ndarray:
        return rows_of(number[row] for row in self.labels)

    def class_counts(self) -> np.ndarray:
        """Words with each tag, (tags,) int."""
        every = np.concatenate([np.zeros(0, np.int32), *self.labels])
        return np.bincount(every, minlength=len(self.classes))

    def _digest(self, digest) -> None:
        for text, row in zip(self.examples, self.labels, strict=True):
            digest.update(text.encode() + b"\0" + row.astype("<i4").tobytes())
            if (words := " ".join(text.words)) != text:
                digest.update(words.encode() + b"\0" + text.places.astype("<i4").tobytes())


def rows_of(rows: Iterable[object]) -> np.ndarray:
    """Objects as the elements of an array, (n,) object; also arrays that are all of one length."""
    rows = list(rows)
    found = np.empty(len(rows), dtype=object)
    for place, row in enumerate(rows):
        found[place] = row
    return found
