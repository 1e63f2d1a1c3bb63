"""Texts with a tag for each word, in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from kerastc.data.label_names import class_name
from kerastc.data.labelled import NAMED
from kerastc.data.tables.reading import Reading
from kerastc.data.tagged.iob import OUTSIDE
from kerastc.data.tagged.sentence import Sentence
from kerastc.data.texts.texts import LabelledTexts
from kerastc.outputs.tags.entities import UNKNOWN, UNKNOWN_INSIDE
from kerastc.progress import tell


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

    def matching(self, classes: Sequence[str], owner: object) -> Self:
        """As in `Labelled`; but a tag that the owner does not know counts as wrong, which is told.

        Labels are then `UNKNOWN`, or `UNKNOWN_INSIDE` of an `I-`.

        Raises:
            UserError: it knows no more than half of the words' tags, but "O".
        """
        index = {class_name(name): number for number, name in enumerate(classes)}
        index |= {name: number for number, name in enumerate(classes)}
        unknown = [not {name, class_name(name)} & index.keys() for name in self.classes]
        counts = self.class_counts() * [name != OUTSIDE for name in self.classes]
        lost = int(counts[unknown].sum())
        if not lost or 2 * lost > counts.sum():
            return super().matching(classes, owner)
        names = [self.classes[place] for place in np.flatnonzero(unknown & (counts > 0))]
        tell(
            f"{lost:,} of {int(counts.sum()):,} tagged words have a tag that {owner} does not know "
            f"and are counted as wrong: {', '.join(names[:NAMED])}{', ...' * (len(names) > NAMED)}"
        )
        missing = (UNKNOWN_INSIDE if name.startswith("I-") else UNKNOWN for name in self.classes)
        number = [
            index.get(name, index.get(class_name(name), none))
            for name, none in zip(self.classes, missing, strict=True)
        ]
        labels = self.renumbered(np.array(number, np.int32))
        return replace(self, labels=labels, classes=tuple(classes))

    def class_counts(self) -> np.ndarray:
        """Words with each tag, (tags,) int."""
        every = np.concatenate([np.zeros(0, np.int32), *self.labels])
        return np.bincount(every[every >= 0], minlength=len(self.classes))

    def _digest(self, digest) -> None:
        for text, row in zip(self.examples, self.labels, strict=True):
            digest.update(text.encode() + b"\0" + row.astype("<i4").tobytes())
            if (words := " ".join(text.words)) != text:
                digest.update(words.encode() + b"\0" + text.spans.astype("<i4").tobytes())


def rows_of(rows: Iterable[object]) -> np.ndarray:
    """Objects as the elements of an array, (n,) object; also arrays that are all of one length."""
    rows = list(rows)
    found = np.empty(len(rows), dtype=object)
    for place, row in enumerate(rows):
        found[place] = row
    return found
