"""Cross-validation: every labelled row is held out once, equal rows together, drawn by class."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import pydantic
from pydantic import Field

from kerastc.data.assigning import assigned, thinned
from kerastc.data.labelled import Labelled
from kerastc.data.rounding import rounded_shares
from kerastc.errors import UserError

SHARE = 0.15  # of the rows that a fold leaves for training: its validation part
# Settings without meaning where every labelled row is held out once.
EXCLUDED = ("test", "test_fraction", "validation", "labelled", "unlabelled")


class Folds(pydantic.BaseModel):
    """Whether to cross-validate; a recipe's settings extend it."""

    folds: Annotated[int, Field(ge=2)] | None = None  # for few rows: each is tested in one of them

    @pydantic.model_validator(mode="after")
    def alone(self) -> "Folds":
        """Refuses settings for other parts next to folds."""
        for name in EXCLUDED if self.folds else ():
            value = getattr(self, name, None)
            if value not in (None, ""):
                told = f"folds={self.folds} and {name}={value} are both given. With folds "
                if name == "validation":
                    raise ValueError(
                        f"{told}validation rows are taken from the training rows of each; write "
                        "validation_fraction=SHARE, or leave folds out."
                    )
                raise ValueError(
                    f"{told}every labelled row of data is tested once; leave {name} out, or folds."
                )
        return self


@dataclass(frozen=True)
class Fold:
    """The rows of one training run.

    Args:
        train, validation, test: row numbers, ascending int64, all different.
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def draw_folds(
    data: Labelled,
    groups: np.ndarray,
    folds: int,
    seed: int,
    validation: float | None = None,
    train_fraction: float = 1.0,
) -> tuple[tuple[Fold, ...], Fold]:
    """Draws folds as scikit-learn's StratifiedKFold does, except that groups stay together.

    Each fold holds out a part of every class: without groups of several rows all folds have the
    same number of rows, to within one, and so has each class in them. The rows that a fold does not
    hold out are its training and validation parts; these share no group either.

    Args:
        data: the rows.
        groups: (n,) numbers that equal or nearly equal rows share.
        folds: how many.
        seed: for the draw.
        validation: share of the rows that are not held out; 0.15 by default.
        train_fraction: share of the training rows to keep, by class.

    Returns:
        the folds, and the rows of the training after them, which has no test rows: all but its
        validation part train.

    Raises:
        UserError: a class has too few different rows.
    """
    share = SHARE if validation is None else validation
    groups = np.unique(groups, return_inverse=True)[1]
    counts = data.strata_counts()
    _check_rarest(data, groups, folds)
    rng = np.random.default_rng(seed)
    fold_of = assigned(data.strata, groups, _dealt(counts, folds), rng)

    def training(number: int) -> Fold:
        """The rows of a fold, from 1, or of the last training, number 0."""
        held_out = fold_of == number - 1
        random = np.random.default_rng([seed, number])
        train, cut = _cut(data, groups, np.flatnonzero(~held_out), share, random, number)
        return Fold(thinned(train, data, train_fraction, random), cut, np.flatnonzero(held_out))

    return tuple(training(number) for number in range(1, folds + 1)), training(0)


def folds_record(data: Labelled, folds: Sequence[Fold]) -> dict[str, Any]:
    """The entry on folds in data.json.

    Returns:
        `of`: the fold of each row, from 1, in the order of the rows; `splits`: rows per part and
        class in each fold.
    """
    of = np.zeros(len(data.strata), int)
    splits = []
    for number, fold in enumerate(folds, 1):
        of[fold.test] = number
        splits.append({})
        for part in ("train", "validation", "test"):
            rows = getattr(fold, part)
            counts = np.bincount(data.strata[rows], minlength=len(data.strata_names))
            splits[-1][part] = {"rows": len(rows), "counts": counts.tolist()}
    return {"of": of.tolist(), "splits": splits}


def _different(data: Labelled, groups: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """How many different groups each class has among the given rows, (classes,)."""
    count = len(data.strata_names)
    pairs = np.unique(groups[rows].astype(np.int64) * count + data.strata[rows])
    return np.bincount(pairs % count, minlength=count)


def _check_rarest(data: Labelled, groups: np.ndarray, folds: int) -> None:
    different = _different(data, groups, np.arange(len(groups)))
    rarest = int(different.argmin())
    least, rows = int(different[rarest]), int(data.strata_counts()[rarest])
    if least >= folds:
        return
    name = data.strata_names[rarest]
    only = f" and only {least} different" if least < rows else ""
    fewer = f"Write folds={least}, add" if least > 1 else "Add"
    if not data.strata_are_classes:
        raise UserError(
            f"folds={folds} needs {folds} different {name}; {data.source} has {rows}{only}.",
            f"{fewer} more of them.".replace(", add", ", or add"),
        )
    raise UserError(
        f"folds={folds} needs {folds} different rows of each class; {name!r} of "
        f"{data.source} has {rows}{only}.",
        f"{fewer} rows, join the class with another, or leave it out.",
    )


def _dealt(counts: np.ndarray, folds: int) -> np.ndarray:
    """Rows of each fold and class, (folds, classes): dealt like cards, one class after another.

    Args:
        counts: (classes,) rows.
    """
    ends, fold = np.cumsum(counts), np.arange(folds)[:, None]
    return (ends - fold + folds - 1) // folds - (ends - counts - fold + folds - 1) // folds


def _cut(
    data: Labelled,
    groups: np.ndarray,
    rows: np.ndarray,
    share: float,
    rng: np.random.Generator,
    number: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Splits rows into training and validation, by class; some of each class stay in training."""
    counts = np.bincount(data.strata[rows], minlength=len(data.strata_names))
    total = max(round(share * len(rows)), 1)
    quotas = counts * (total / len(rows))
    wanted = np.minimum(rounded_shares(quotas, total, quotas), _different(data, groups, rows) - 1)
    compact = np.unique(groups[rows], return_inverse=True)[1]
    part_of = assigned(data.strata[rows], compact, np.stack([counts - wanted, wanted]), rng)
    train, validation = rows[part_of == 0], rows[part_of == 1]
    left = np.bincount(data.strata[train], minlength=len(data.strata_names))
    place = f"fold {number}" if number else "the training after the folds"
    if not len(validation):
        raise UserError(
            f"{data.source} has too few different rows: {place} has no validation row to choose a "
            "checkpoint by.",
            "Add rows, or write fewer folds or a larger validation_fraction.",
        )
    if not left.all():
        raise UserError(
            f"In {place} none of the {data.rows_named(int(left.argmin()))} of {data.source} is "
            f"left to train on: {data.together} stay together.",
            "Write fewer folds or a smaller validation_fraction, or add different rows.",
        )
    return train, validation
