"""Validation and test texts that come in files of their own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pydantic

from kerastc.data.assigning import thinned
from kerastc.data.folds import Folds, draw_folds
from kerastc.data.part_words import COUNT_OR_PATH, Portion, PortionOrNone, refuse_share
from kerastc.data.splits import PARTS, Splits
from kerastc.data.tables.table_folder import part_location
from kerastc.data.texts.duplicates import Duplicates, Find, Seen, find_duplicates
from kerastc.data.texts.text_splits import drawn, split
from kerastc.data.texts.texts import LabelledTexts
from kerastc.errors import UserError
from kerastc.settings import Location

# A number of texts to draw from data, or the file with them.
Part = Annotated[int | Location, COUNT_OR_PATH]


class TextParts(pydantic.BaseModel):
    """Where the validation and test rows come from; a recipe's settings extend it."""

    usual_shares: ClassVar[tuple[float, float]] = (0.15, 0.15)  # of validation and test

    validation: Part = ""  # a file of its own, columns as in data, or how many; empty: a share
    test: Part = ""  # as validation
    validation_fraction: Portion = None  # of data; none: 0.15. Instead of validation
    test_fraction: PortionOrNone = None  # of data; none: 0.15; 0: no test part. Instead of test
    known_rows: Literal["drop", "keep"] = "drop"  # of data, (nearly) equal to rows of a part's file

    @pydantic.model_validator(mode="after")
    def sound_parts(self) -> "TextParts":
        """Refuses two settings for one part, shares as files, and shares that leave no rows."""
        for name in PARTS[1:]:
            value, share = getattr(self, name), f"{name}_fraction"
            refuse_share(name, value)
            if value != "" and getattr(self, share) is not None:
                raise ValueError(f"{name} and {share} are both given; give only one.")
            if isinstance(value, int) and value < 1:
                raise ValueError(f"{name}={value}: at least 1 is needed.")
        shares = {f"{name}_fraction": self._fraction(name) for name in PARTS[1:]}
        if sum(shares.values()) >= 1:
            told = " and ".join(f"{name}={share:g}" for name, share in shares.items())
            raise ValueError(f"{told} leave no training rows; together they must be below 1.")
        return self

    def shares(self, data: LabelledTexts) -> tuple[float, float]:
        """Shares of validation and test in the rows of data; 0 if a part has its own file.

        Raises:
            UserError: the numbers asked for leave no training rows.
        """
        counts = {
            name: value for name in PARTS[1:] if isinstance(value := getattr(self, name), int)
        }
        shares = [
            counts[name] / len(data) if name in counts else self._fraction(name)
            for name in PARTS[1:]
        ]
        if counts and sum(shares) >= 1:
            told = " and ".join(f"{name}={count}" for name, count in counts.items())
            raise UserError(
                f"{told}: {data.source} has {len(data):,} rows, and none is left to train on.",
                "Ask for fewer.",
            )
        return shares[0], shares[1]

    def completed(self, data: LabelledTexts) -> "TextParts":
        """The same, with parts found in the folder of the data where none are given."""
        own = {
            name: place
            for name, place in data.parts.items()
            if getattr(self, name) == "" and getattr(self, f"{name}_fraction") is None
        }
        return self.model_copy(update=own) if own else self

    @property
    def files(self) -> dict[str, str]:
        """The parts that have files of their own."""
        named = {name: getattr(self, name) for name in PARTS[1:]}
        return {name: value for name, value in named.items() if value and isinstance(value, str)}

    def _fraction(self, part: str) -> float:
        """The share of a part, 0 if it is given as a file or a number."""
        if getattr(self, part) != "":
            return 0.0
        share = getattr(self, f"{part}_fraction")
        return self.usual_shares[PARTS.index(part) - 1] if share is None else share


class FoldedTextParts(TextParts, Folds):
    """The same for a recipe that can cross-validate few rows."""

    def _fraction(self, part: str) -> float:
        return 0.0 if self.folds and part == "test" else super()._fraction(part)


def split_texts(
    data: LabelledTexts,
    parts: TextParts,
    read: Callable[[str], LabelledTexts],
    seed: int,
    train_fraction: float = 1.0,
    seen: Seen | None = None,
    by: Literal["text", "date"] = "text",
    find: Find = find_duplicates,
) -> Splits:
    """As `split`, but parts that have files of their own are taken from there.

    Parts in the same folder as `data` are taken if none are given or drawn.

    A given part stays whole: rows of `data` that equal one of its rows, or nearly so, are counted
    and, unless `parts` keeps them, left out; so are given validation rows that equal test rows.

    Args:
        data: the rows to train on, and to draw the other parts from.
        parts: where each part comes from.
        read: reads a part's file.
        seed: for the draw.
        train_fraction: share of the training rows to keep.
        seen, by, find: as in `split`.

    Raises:
        UserError: as in `split` and `read`; for a part with classes that `data` lacks; and for a
            split by date together with a file.
    """
    if isinstance(parts, FoldedTextParts) and parts.folds:
        return _in_folds(data, parts, seed, train_fraction, find(data, seen=seen))
    parts = parts if by == "date" else parts.completed(data)
    given = {}
    for name, file in parts.files.items():
        with _own_part_told(name, data.parts.get(name) == file):
            given[name] = read(part_location(file, name))
    if not given:
        return split(data, seed, *parts.shares(data), train_fraction, by, seen, find)
    if by == "date":
        words = " ".join(f"{name}={file}" for name, file in parts.files.items())
        raise UserError(
            f"A split by date takes validation and test from the days of {data.source}; "
            f"{words} cannot be given with it.",
            "Leave out one of the two.",
        )
    given = {name: part.matching(data.classes, data.source) for name, part in given.items()}
    rows = _joined(data, given)
    origin = np.repeat([0, *(PARTS.index(name) for name in given)], _sizes(data, given))
    duplicates = find(rows, seen=seen)
    kept, known = _kept(origin, duplicates.groups, parts.known_rows == "keep")
    rows = replace(rows, notes=rows.notes | known)
    rng = np.random.default_rng(seed)
    part_of = np.where(kept, origin, -1)
    free = np.flatnonzero(kept & (origin == 0))
    _check_classes(rows, free)
    rest = rows.take(free)
    part_of[free] = drawn(rest, duplicates.together[free], *parts.shares(rest), rng)
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


def with_known_counted(splits: Splits, what: str) -> Splits:
    """The splits, with notes on how many judging rows have something together with training rows.

    Args:
        splits: their duplicates say what is together.
        what: what these rows are, behind the name of their part.
    """
    together = splits.duplicates.together
    trained_on = together[splits.train_rows]
    notes = {
        f"{part} {what}": int(np.isin(together[getattr(splits, f"{part}_rows")], trained_on).sum())
        for part in PARTS[1:]
    }
    found = {told: count for told, count in notes.items() if count}
    return replace(splits, notes=splits.notes | found) if found else splits


@contextmanager
def _own_part_told(name: str, lies_by: bool) -> Iterator[None]:
    """Adds to an error how to do without a part that the user did not name."""
    try:
        yield
    except UserError as error:
        if lies_by:
            error.hint += f"\nOr draw rows of data instead: {name}_fraction=0.15"
        raise


def _in_folds(
    data: LabelledTexts,
    parts: FoldedTextParts,
    seed: int,
    train_fraction: float,
    duplicates: Duplicates,
) -> Splits:
    """The rows of `data` in folds; the parts are those of the training after the folds."""
    for part, place in data.parts.items():
        raise UserError(
            f"{data.source} has {part} rows of its own ({place}); with folds={parts.folds} each "
            "row with a label is tested once.",
            "Leave folds out, or give only the file of the training rows.",
        )
    folds, last = draw_folds(
        data, duplicates.together, parts.folds, seed, parts.validation_fraction, train_fraction
    )
    return Splits.of_folds(data, duplicates, folds, last)


def _sizes(data: LabelledTexts, given: dict[str, LabelledTexts]) -> list[int]:
    return [len(data), *map(len, given.values())]


def _joined(data: LabelledTexts, given: dict[str, LabelledTexts]) -> LabelledTexts:
    """The rows of all files, one after the other."""
    parts = [data, *given.values()]
    notes: dict[str, Any] = {}
    for part in parts:
        for what, count in part.notes.items():
            notes[what] = notes.get(what, 0) + count
    columns = {name: [getattr(part, name) for part in parts] for name in data.per_row}
    return replace(
        data,
        source=", ".join([data.source, *(f"{name}: {p.source}" for name, p in given.items())]),
        notes=notes,
        **{
            name: np.concatenate(found) if all(of is not None for of in found) else None
            for name, found in columns.items()
        },
    )


def _kept(
    origin: np.ndarray, groups: np.ndarray, all_stay: bool = False
) -> tuple[np.ndarray, dict[str, int]]:
    """Which rows stay, (n,) bool, and how many are in a later part, too.

    Args:
        origin: (n,) the part each row was given for; 0 is the file that parts are drawn from.
        groups: (n,) numbers that equal or nearly equal rows share.
        all_stay: whether rows are counted alone.
    """
    said = "" if all_stay else "left out as "
    kept = np.ones(len(origin), bool)
    notes = {}
    for later in (2, 1):  # test rows outweigh all others, validation rows those of training
        known = np.isin(groups, groups[kept & (origin == later)])
        for earlier in range(later):
            lost = kept & known & (origin == earlier)
            if not all_stay:
                kept &= ~lost
            if lost.any():
                what = f"{PARTS[earlier]} rows {said}equal or nearly equal to {PARTS[later]}"
                notes[f"{what} rows"] = int(lost.sum())
    return kept, notes


def _check_classes(rows: LabelledTexts, free: np.ndarray) -> None:
    counts = np.bincount(rows.strata[free], minlength=len(rows.strata_names))
    if not counts.all():
        raise UserError(
            f"None of the {rows.rows_named(int(counts.argmin()))} is left to train on: all equal "
            "rows of the given validation or test part, or nearly so.",
            "Add different ones" + (", or leave the class out." if len(counts) > 1 else "."),
        )
