"""Validation and test texts that come in files of their own."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Annotated, Any

import numpy as np
import pydantic
from pydantic import Field

from kerastc.data.duplicates import Seen, find_duplicates
from kerastc.data.part_words import refuse_share
from kerastc.data.splits import PARTS, Splits, drawn, split, thinned
from kerastc.data.texts import LabelledTexts
from kerastc.errors import UserError
from kerastc.settings import Location

SHARE = 0.15  # of the file, where nothing else is said
Share = Annotated[float, Field(gt=0, lt=1)] | None


class TextParts(pydantic.BaseModel):
    """Where the validation and test rows come from; a recipe's settings extend it."""

    validation: Location = ""  # a file of its own, columns as in data; empty draws from data
    test: Location = ""  # likewise
    validation_fraction: Share = None  # of data; none: 0.15. In the place of validation
    test_fraction: Share = None  # of data; none: 0.15. In the place of test

    @pydantic.model_validator(mode="after")
    def sound_parts(self) -> "TextParts":
        """Refuses two ways of saying the same, shares as files, and such as leave no training."""
        for name in PARTS[1:]:
            refuse_share(name, getattr(self, name))
            if getattr(self, name) and getattr(self, f"{name}_fraction") is not None:
                raise ValueError(f"{name} and {name}_fraction are both given; give only one.")
        if sum(self.shares) >= 1:
            raise ValueError(
                f"validation_fraction={self.shares[0]} and test_fraction={self.shares[1]} leave no "
                "training rows; together they must be below 1."
            )
        return self

    @property
    def shares(self) -> tuple[float, float]:
        """Shares of validation and test in the rows of data; 0 where a part has its own file."""
        validation, test = (
            0.0 if getattr(self, name) else _or_usual(getattr(self, f"{name}_fraction"))
            for name in PARTS[1:]
        )
        return validation, test


def split_texts(
    data: LabelledTexts,
    parts: TextParts,
    read: Callable[[str], LabelledTexts],
    seed: int,
    train_fraction: float = 1.0,
    seen: Seen | None = None,
) -> Splits:
    """As `split`, with the parts that have files of their own taken from there.

    A given part stays whole: rows of `data` that equal one of its rows, or nearly so, are left out
    and counted; so are given validation rows that equal test rows.

    Args:
        data: the rows to train on, and to draw the other parts from.
        parts: which part comes from where.
        read: reads such a file.
        seed: of the draw.
        train_fraction: share of the training rows to keep.
        seen: as in `split`.

    Raises:
        UserError: as `split` and `read` do, and for classes in a part that `data` lacks.
    """
    given = {name: read(getattr(parts, name)) for name in PARTS[1:] if getattr(parts, name)}
    if not given:
        return split(data, seed, *parts.shares, train_fraction=train_fraction, seen=seen)
    given = {name: part.matching(data.classes, data.source) for name, part in given.items()}
    rows = _joined(data, given)
    origin = np.repeat([0, *(PARTS.index(name) for name in given)], _sizes(data, given))
    duplicates = find_duplicates(rows, seen=seen)
    kept, left_out = _kept(origin, duplicates.groups)
    rows = replace(rows, notes=rows.notes | left_out)
    rng = np.random.default_rng(seed)
    part_of = np.where(kept, origin, -1)
    free = np.flatnonzero(kept & (origin == 0))
    _check_classes(rows, free)
    part_of[free] = drawn(rows.take(free), duplicates.groups[free], *parts.shares, rng)
    train, *others = (np.flatnonzero(part_of == number) for number in range(len(PARTS)))
    found = [thinned(train, rows, train_fraction, rng), *others]
    files = {name: given.get(name, data) for name in PARTS}
    digests = " ".join(part.fingerprint for part in (data, *given.values()))
    return Splits(
        *map(rows.take, found),
        *found,
        duplicates,
        rows,
        sources={
            name: {"source": part.source, "fingerprint": part.fingerprint}
            for name, part in files.items()
        },
        fingerprint=sha256(f"{' '.join(given)} {digests}".encode()).hexdigest(),
    )


def _or_usual(share: float | None) -> float:
    return SHARE if share is None else share


def _sizes(data: LabelledTexts, given: dict[str, LabelledTexts]) -> list[int]:
    return [len(data), *map(len, given.values())]


def _joined(data: LabelledTexts, given: dict[str, LabelledTexts]) -> LabelledTexts:
    """The rows of all files, one after the other."""
    parts = [data, *given.values()]
    notes: dict[str, Any] = {}
    for part in parts:
        for what, count in part.notes.items():
            notes[what] = notes.get(what, 0) + count
    return replace(
        data,
        texts=np.concatenate([part.texts for part in parts]),
        labels=np.concatenate([part.labels for part in parts]),
        source=", ".join([data.source, *(f"{name}: {p.source}" for name, p in given.items())]),
        notes=notes,
        dates=None,
    )


def _kept(origin: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, dict[str, int]]:
    """Which rows stay, (n,) bool, and how many of each kind were left out.

    Args:
        origin: (n,) the part that each row was given for; 0 is the file that parts are drawn from.
        groups: (n,) numbers of equal or nearly equal rows.
    """
    kept = np.ones(len(origin), bool)
    notes = {}
    for later in (2, 1):  # a test row outweighs all others, a validation row those of training
        known = np.isin(groups, groups[kept & (origin == later)])
        for earlier in range(later):
            lost = kept & known & (origin == earlier)
            kept &= ~lost
            if lost.any():
                what = f"{PARTS[earlier]} rows left out as equal or nearly equal to {PARTS[later]}"
                notes[f"{what} rows"] = int(lost.sum())
    return kept, notes


def _check_classes(rows: LabelledTexts, free: np.ndarray) -> None:
    counts = np.bincount(rows.labels[free], minlength=len(rows.classes))
    if not counts.all():
        raise UserError(
            f"No row of the class {rows.classes[int(counts.argmin())]!r} is left to train on: "
            "all equal rows of the given validation or test part, or nearly so.",
            "Add different rows, or leave the class out.",
        )
