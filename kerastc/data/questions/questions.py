"""Questions in memory, each with the context that its answer is in."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from kerastc.data.texts.texts import LabelledTexts
from kerastc.text.reference import Reference

CLASSES = ("answer", "no answer")  # what rows are counted by


@dataclass(frozen=True)
class LabelledQuestions(LabelledTexts):
    """Questions with their contexts and true answers.

    Args:
        examples: (n, 2) array of `str` objects, each question and its context.
        labels: (n,) array of `Reference` objects.
        classes: `CLASSES`.
        articles: (n,) array of `str` objects, the article that each context is from; empty where
            that is not known. Questions about one article stay together.
        source, notes, reading, ...: as in `LabelledTexts`.
    """

    unit: ClassVar[str] = "question"
    kinds: ClassVar[str] = ""
    together: ClassVar[str] = "those about one context or article"
    per_row: ClassVar[tuple[str, ...]] = (*LabelledTexts.per_row, "articles")
    strata_names: ClassVar[tuple[str, ...]] = ("questions",)

    articles: np.ndarray = field(default_factory=lambda: np.zeros(0, object))

    @property
    def strata(self) -> np.ndarray:
        return np.zeros(len(self), np.int64)

    def renumbered(self, number: np.ndarray) -> np.ndarray:
        return self.labels

    def class_counts(self) -> np.ndarray:
        """Questions with and without an answer, (2,) int."""
        none = sum(not truth.answers for truth in self.labels)
        return np.array([len(self) - none, none])

    def _digest(self, digest) -> None:
        for (question, context), truth in zip(self.examples, self.labels, strict=True):
            digest.update(b"%s\0%s\0" % (question.encode(), context.encode()))
            for answer in truth.answers:
                digest.update(b"%s\0%d\0" % (answer.text.encode(), answer.begin))


def references(rows: Iterable[Reference]) -> np.ndarray:
    """References as the elements of an array, (n,) object."""
    rows = list(rows)
    found = np.empty(len(rows), object)
    found[:] = rows
    return found
