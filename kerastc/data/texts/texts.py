"""Labelled texts in memory, as every text source gives and every text recipe takes them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import ClassVar, Self

import numpy as np

from kerastc.data.labelled import Labelled
from kerastc.data.tables.reading import Reading


@dataclass(frozen=True)
class LabelledTexts(Labelled):
    """Texts with one class each.

    Args:
        examples: (n,) array of `str` objects, the texts.
        labels, classes, source, notes: as in `Labelled`.
        dates: (n,) int32, each year * 10000 + month * 100 + day; None where the source has none.
        reading: how rows of a table became texts; empty if they are not from a table.
        parts: where the validation and test rows in the same folder are.
    """

    unit: ClassVar[str] = "text"
    per_row: ClassVar[tuple[str, ...]] = (*Labelled.per_row, "dates")

    dates: np.ndarray | None = None
    reading: Reading = field(default_factory=Reading)
    parts: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        texts: Sequence[str],
        names: Sequence[str],
        source: str,
        notes: dict[str, int] | None = None,
        classes: Sequence[str] | None = None,
        dates: np.ndarray | None = None,
        reading: Reading | None = None,
    ) -> Self:
        """Builds the arrays from texts and class names; classes are sorted unless given."""
        classes = tuple(classes) if classes is not None else tuple(sorted(set(names)))
        index = {name: i for i, name in enumerate(classes)}
        return cls(
            np.array(texts, dtype=object),
            np.array([index[name] for name in names], dtype=np.int32),
            classes,
            source,
            notes or {},
            dates,
            reading or Reading(),
        )

    def _digest(self, digest) -> None:
        for text, label in zip(self.examples, self.labels, strict=True):
            digest.update(text.encode() + b"\0%d\0" % label)


class LabelledDocuments(LabelledTexts):
    """Long texts with one class each."""

    unit: ClassVar[str] = "document"

    @classmethod
    def of_texts(cls, texts: LabelledTexts) -> Self:
        """The same rows."""
        return cls(**{each.name: getattr(texts, each.name) for each in fields(texts)})


def column_names(words: str) -> list[str]:
    """The names in COLUMN+COLUMN, as in settings and options; none in an empty string."""
    return [part for part in words.split("+") if part]
