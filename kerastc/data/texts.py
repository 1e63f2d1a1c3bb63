"""Labelled texts in memory: what every text source gives and every text recipe takes."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from kerastc.data.labelled import Labelled
from kerastc.data.reading import Reading


@dataclass(frozen=True)
class LabelledTexts(Labelled):
    """Texts with one class each.

    Args:
        examples: (n,) array of `str` objects, the texts.
        labels: (n,) int32 array of indices into `classes`.
        classes: the class names, in a stable order.
        source: where the texts come from, in words a report can print.
        notes: what was counted on the way (rows dropped, texts cut, ...), name to number.
        dates: (n,) int32, each year * 10000 + month * 100 + day; None where the source has none.
        reading: how rows of a table became texts; empty where they are of no table.
        parts: where the validation and test rows are that lie in one folder with these.
    """

    examples: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    source: str
    notes: dict[str, int] = field(default_factory=dict)
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
    ) -> "LabelledTexts":
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

    def __len__(self) -> int:
        return len(self.examples)

    def take(self, rows: np.ndarray) -> "LabelledTexts":
        """The given rows, (m,) int or (n,) bool, with the same classes and source."""
        dates = None if self.dates is None else self.dates[rows]
        return replace(self, examples=self.examples[rows], labels=self.labels[rows], dates=dates)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over class names, texts and labels in their order."""
        digest = hashlib.sha256()
        for name in self.classes:
            digest.update(name.encode() + b"\0")
        for text, label in zip(self.examples, self.labels, strict=True):
            digest.update(text.encode() + b"\0%d\0" % label)
        return digest.hexdigest()


def column_names(words: str) -> list[str]:
    """The names in COLUMN+COLUMN, as settings and options take them; none in an empty string."""
    return [part for part in words.split("+") if part]
