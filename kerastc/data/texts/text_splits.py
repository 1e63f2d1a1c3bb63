"""Draws training, validation and test texts by class, each text in one part only."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from math import ceil
from typing import Literal

import numpy as np

from kerastc.data.assigning import assigned, by_class, thinned
from kerastc.data.date_split import parts_by_date
from kerastc.data.rounding import rounded_shares
from kerastc.data.splits import PARTS, Splits
from kerastc.data.texts.duplicates import Find, Seen, find_duplicates
from kerastc.data.texts.texts import LabelledTexts
from kerastc.errors import UserError

OWN_FILES = "that differ, or give the parts as files: validation=FILE test=FILE."


def split(
    data: LabelledTexts,
    seed: int,
    validation: float = 0.15,
    test: float = 0.15,
    train_fraction: float = 1.0,
    by: Literal["text", "date"] = "text",
    seen: Seen | None = None,
    find: Find = find_duplicates,
) -> Splits:
    """Draws the parts; rows that `find` puts together are never in two of them.

    By text, they are drawn by class: a class has within one row of its share of validation and test
    rows, and within two of training rows; more only where groups of duplicates do not fit.
    By date, the test rows are the newest: see `parts_by_date`.

    Args:
        data: the rows.
        seed: for the draw.
        validation, test: shares of all rows; training gets the others. If `test` is 0, there is no
            test part.
        train_fraction: share of the training rows to keep, by class. Larger shares contain the
            smaller ones, and validation and test rows do not depend on it.
        by: text or date.
        seen: maps texts to what the model sees of each, such as `FineTuningConfig.seen`: rows
            that look the same to the model are duplicates, too.
        find: finds duplicates, in a split by text.

    Raises:
        UserError: shares out of range; no rows; a class with too few rows or different texts;
            dates that are missing or too few.
    """
    _check_shares(validation, test, train_fraction)
    if by not in ("text", "date"):
        raise UserError(f"by={by} is not allowed: a split is by text or by date.")
    if not len(data):
        raise UserError(f"There are no rows to split in {data.source}.")
    rng = np.random.default_rng(seed)
    if by == "date":
        found = parts_by_date(data, validation, test, seen)
        data = replace(data, notes=data.notes | found.notes)
        part_of, duplicates = found.part_of, found.duplicates
        dates = dict(zip(PARTS, found.borders.tolist(), strict=False))
    else:
        dates = {}
        duplicates = find(data, seen=seen)
        part_of = drawn(data, duplicates.together, validation, test, rng)
    train, *others = (np.flatnonzero(part_of == i) for i in range(len(PARTS)))
    rows = [thinned(train, data, train_fraction, rng), *others]
    return Splits(*map(data.take, rows), *rows, duplicates, data, dates)


def drawn(
    data: LabelledTexts,
    groups: np.ndarray,
    validation: float,
    test: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """The number of each row's part, (n,), drawn by class; a part whose share is 0 gets no rows.

    Args:
        data: the rows.
        groups: (n,) numbers that equal or nearly equal rows share, which stay together.
        validation, test: shares of the rows.
        rng: for the draw.

    Raises:
        UserError: a class has too few rows, or too few different texts.
    """
    _check_counts(data, validation, test)
    groups = np.unique(groups, return_inverse=True)[1]
    targets = _targets(data.strata_counts(), validation, test)
    part_of = assigned(data.strata, groups, targets, rng)
    _check_parts(data, groups, part_of, (1 - validation - test, validation, test))
    return part_of


def sample_per_class(
    data: LabelledTexts, counts: int | Mapping[str, int], seed: int
) -> LabelledTexts:
    """Draws a number of rows from each class; they keep the order of `data`.

    Args:
        data: the rows.
        counts: one number for all classes, or numbers by class name; classes not named are left
            out.
        seed: for the draw.

    Raises:
        UserError: a name is not a class, or a class has fewer rows.
    """
    if isinstance(counts, int):
        counts = dict.fromkeys(data.classes, counts)
    there = dict(zip(data.classes, data.class_counts().tolist(), strict=True))
    for name, wanted in counts.items():
        if name not in there:
            near = get_close_matches(name, data.classes, n=1)
            raise UserError(
                f"There is no class {name!r} in {data.source}.",
                f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(data.classes)}.",
            )
        if not 0 < wanted <= there[name]:
            raise UserError(
                f"{wanted:,} rows of the class {name!r} cannot be drawn: "
                f"{data.source} has {there[name]:,}.",
                f"Ask for 1 to {there[name]:,}.",
            )
    rng = np.random.default_rng(seed)
    drawn = [
        rng.permutation(np.flatnonzero(data.labels == index))[: counts[name]]
        for index, name in enumerate(data.classes)
        if name in counts
    ]
    sample = data.take(np.sort(np.concatenate(drawn)))
    names = [data.classes[label] for label in sample.labels]
    kept = [name for name in data.classes if name in counts]
    return LabelledTexts.of(
        sample.examples, names, data.source, data.notes, kept, sample.dates, sample.reading
    )


def _check_shares(validation: float, test: float, train_fraction: float) -> None:
    if not 0 < validation < 1:
        raise UserError(f"validation={validation} must lie between 0 and 1.")
    if not 0 <= test < 1:
        raise UserError(f"test={test} must be at least 0 and below 1.")
    if validation + test >= 1:
        raise UserError(
            f"validation={validation} and test={test} leave no training rows.",
            "Together they must be below 1.",
        )
    if not 0 < train_fraction <= 1:
        raise UserError(f"train_fraction={train_fraction} must be above 0 and at most 1.")


def _check_counts(data: LabelledTexts, validation: float, test: float) -> None:
    shares = [share for share in (validation, test, 1 - validation - test) if share]
    least = ceil(1 / min(shares) - 1e-9)
    if not data.strata_are_classes and len(data) < least:
        raise UserError(
            f"Too few {data.rows_named(0)} to split in {data.source}: {len(data)}; it takes "
            f"{least}.",
            f"Add {data.rows_named(0)} {OWN_FILES}",
        )
    few = [
        f"{name!r} has {count}"
        for name, count in zip(data.strata_names, data.strata_counts(), strict=True)
        if count < least
    ]
    if few:
        more = f" and {len(few) - 10} more" if len(few) > 10 else ""
        raise UserError(
            f"Too few rows to split in {len(few)} of {len(data.strata_names)} classes of "
            f"{data.source}: {', '.join(few[:10])}{more}. Each needs {least}.",
            "Join small classes, leave them out, or add rows.",
        )


def _targets(counts: np.ndarray, validation: float, test: float) -> np.ndarray:
    """Rows of each part and class, (3, classes), with all sums as close to the shares as can be."""
    tests = rounded_shares(counts * test, round(counts.sum() * test), counts * test)
    # A class that got more than its share of test rows is later to get a validation row.
    wish = counts * (validation + test) - tests
    validations = rounded_shares(counts * validation, round(counts.sum() * validation), wish)
    return np.stack([counts - validations - tests, validations, tests])


def _check_parts(
    data: LabelledTexts, groups: np.ndarray, part_of: np.ndarray, shares: Sequence[float]
) -> None:
    wanted = [part for part, share in enumerate(shares) if share]
    names = data.strata_names
    for name, rows in zip(names, by_class(data.strata, len(names)), strict=True):
        missing = [PARTS[part] for part in wanted if part not in part_of[rows]]
        if missing:
            different = f"but only {len(np.unique(groups[rows]))} different texts"
            why = f"stay together, and none is left for {' and '.join(missing)}."
            if data.strata_are_classes:
                raise UserError(
                    f"The class {name!r} has {len(rows)} rows {different}: {data.together} {why}",
                    "Add different texts, join the class with another, or leave it out.",
                )
            raise UserError(
                f"There are {len(rows)} {name} {different} in {data.source}: {data.together} {why}",
                f"Add {name} {OWN_FILES}",
            )
