"""Training, validation and test rows, of texts, pairs or images alike."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from kerastc.data.folds import Fold, folds_record
from kerastc.data.images.images import UnlabelledImages
from kerastc.data.labelled import Labelled
from kerastc.data.texts.duplicates import Duplicates

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Splits:
    """The examples of a run. It does not contain the labels of the unlabelled ones.

    Args:
        train, validation, test: the labelled examples of each part, in the order of their rows; a
            run may have no test rows.
        train_rows, validation_rows, test_rows: their indices in `data`, or, where `data` is None,
            in the source's training part (for test: in its test part if it has one); ascending
            int64. Training rows repeat where `balance` drew a row several times.
        duplicates: equal examples, each group kept within one part.
        data: all rows; None if the labels of some are hidden.
        dates: first and last day of each part, yyyymmdd, if they were split by date.
        balancing: how the training part was balanced, and its rows by class before and after.
        sources: each part's source and fingerprint, if they have files of their own.
        fingerprint: of all that was read; that of `data` unless given.
        notes: counts made on the way, name to number; those of `data` unless given.
        folds: given if the rows are cross-validated; the parts above are then those of the
            training after the folds, which has no test rows.
        unlabelled: examples to learn from without labels, in random order; None if the source has
            none.
        unlabelled_rows: their indices in the training part of the source.
    """

    train: Labelled
    validation: Labelled
    test: Labelled
    train_rows: np.ndarray
    validation_rows: np.ndarray
    test_rows: np.ndarray
    duplicates: Duplicates
    data: Labelled | None = None
    dates: dict[str, list[int]] = field(default_factory=dict)
    balancing: dict = field(default_factory=dict)
    sources: dict[str, dict[str, str]] = field(default_factory=dict)
    fingerprint: str = ""
    notes: dict[str, int] | None = None
    folds: tuple[Fold, ...] = ()
    unlabelled: UnlabelledImages | None = None
    unlabelled_rows: np.ndarray | None = None

    def __post_init__(self):
        if self.data is not None:
            object.__setattr__(self, "fingerprint", self.fingerprint or self.data.fingerprint)
            if self.notes is None:
                object.__setattr__(self, "notes", self.data.notes)

    @classmethod
    def of_folds(
        cls,
        data: Labelled,
        duplicates: Duplicates,
        folds: Sequence[Fold],
        last: Fold,
        **more: Any,
    ) -> "Splits":
        """All rows in folds; the parts are those of the training after the folds.

        Args:
            data: the rows.
            duplicates: among them.
            folds, last: from `draw_folds`.
            more: further fields.
        """
        rows = last.train, last.validation, last.test
        return cls(*map(data.take, rows), *rows, duplicates, data, folds=tuple(folds), **more)

    @property
    def tested(self) -> Labelled:
        """The rows that are predicted by models that never saw them."""
        return self.data if self.folds else self.test

    def of_fold(self, number: int) -> "Splits":
        """The parts of a fold, counted from 1."""
        fold = self.folds[number - 1]
        rows = fold.train, fold.validation, fold.test
        named = {f"{part}_rows": of_part for part, of_part in zip(PARTS, rows, strict=True)}
        parts = dict(zip(PARTS, map(self.data.take, rows), strict=True))
        return replace(self, **parts, **named, folds=())

    def summary(self) -> dict[str, dict]:
        """Rows of each part and, if labelled, of each of its classes, in the classes' order.

        A test part without rows is left out.
        """
        parts = {name: getattr(self, name) for name in PARTS[: 3 if len(self.test) else 2]}
        counted = {
            name: {"rows": len(part), "counts": part.class_counts().tolist()}
            for name, part in parts.items()
        }
        if self.unlabelled is not None:
            counted["unlabelled"] = {"rows": len(self.unlabelled)}
        return counted

    def as_dict(self) -> dict:
        """Everything that a run records of its data (data.json)."""
        record = {
            "source": self.train.source,
            "fingerprint": self.fingerprint,
            "classes": list(self.train.classes),
            "splits": self.summary(),
            "duplicates": self.duplicates.as_dict(),
            "notes": dict(self.notes or {}),
        }
        optional = {"dates": self.dates, "balancing": self.balancing, "sources": self.sources}
        if self.folds:
            optional["folds"] = folds_record(self.data, self.folds)
        return record | {name: value for name, value in optional.items() if value}
