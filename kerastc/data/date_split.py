"""Parts by date: train on the past, validate on the days that follow, test on the newest."""

from dataclasses import dataclass

import numpy as np

from kerastc.data.texts.duplicates import Duplicates, Seen, find_duplicates
from kerastc.data.texts.texts import LabelledTexts
from kerastc.errors import UserError

NAMES = ("training", "validation", "test")
NO_PART = -1


@dataclass(frozen=True)
class DateParts:
    """The result of `parts_by_date`.

    Args:
        part_of: (n,) int64; 0 for training, 1 for validation, 2 for test, -1 for none of them.
        borders: (parts, 2) int64; first and last day of each part, yyyymmdd.
        duplicates: what was found in all rows.
        notes: rows in no part, by reason.
    """

    part_of: np.ndarray
    borders: np.ndarray
    duplicates: Duplicates
    notes: dict[str, int]


def parts_by_date(
    data: LabelledTexts, validation: float, test: float, seen: Seen | None = None
) -> DateParts:
    """Divides the rows at two midnights, each as close to its share of the dated rows as possible.

    Without a test part (`test` is 0) at one midnight.

    A text that occurs again after a border, exactly or nearly, stays in the earlier part only;
    otherwise the model would have seen what it is tested on. The later copies are in no part, and
    are counted; so are rows without a date (0).

    Args:
        data: the rows, with dates.
        validation, test: shares of the dated rows, later copies included.
        seen: maps texts to what the model sees of each, which may make different texts equal.

    Raises:
        UserError: the data have no dates or fewer days than parts, or a class would be missing from
            a part.
    """
    if data.dates is None:
        raise UserError(
            f"{data.source} has no dates, and a split by date needs one in each row.",
            "Name the column with dates, or split by text.",
        )
    days, day, counts = np.unique(data.dates, return_inverse=True, return_counts=True)
    if len(days) and days[0] == 0:  # no date: a day before all others, of no rows
        counts[0] = 0
        days, day, counts = days[1:], day - 1, counts[1:]
    names = NAMES if test else NAMES[:2]
    if len(days) < len(names):
        raise UserError(
            f"The rows of {data.source} are from {len(days)} different days: a split by date needs "
            f"at least one day for each of {', '.join(names[:-1])} and {names[-1]}.",
            "Add rows from other days, or split by text.",
        )
    ends = _last_days(np.cumsum(counts), validation, test)
    part_of = np.searchsorted(ends, day)
    part_of[day < 0] = NO_PART
    duplicates = find_duplicates(data, seen=seen)
    later = _later_copies(part_of, duplicates.groups)
    part_of[later] = NO_PART
    starts = np.array([0, *(ends + 1)])
    borders = np.stack([days[starts], days[[*ends, -1]]], axis=1).astype(np.int64)
    _check_classes(data, part_of, borders)
    notes = {
        "rows without a date": int((day < 0).sum()),
        "later copies of earlier texts left out": int(later.sum()),
    }
    return DateParts(part_of, borders, duplicates, notes)


def _last_days(rows_until: np.ndarray, validation: float, test: float) -> np.ndarray:
    """The last day of each part but the last, as indices into the rows until each day.

    Every part gets at least one day.
    """
    total = rows_until[-1]
    if not test:
        return np.abs(rows_until[:-1] - total * (1 - validation)).argmin(keepdims=True)
    distance = np.abs(rows_until[1:-1] - total * (1 - test))
    last_of_validation = 1 + int(distance.argmin())
    distance = np.abs(rows_until[:last_of_validation] - total * (1 - test - validation))
    return np.array([int(distance.argmin()), last_of_validation])


def _later_copies(part_of: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Which rows have a text from an earlier part, (n,) bool."""
    dated = part_of != NO_PART
    earliest = np.full(groups.max() + 1, len(NAMES))
    np.minimum.at(earliest, groups[dated], part_of[dated])
    return dated & (part_of > earliest[groups])


def _check_classes(data: LabelledTexts, part_of: np.ndarray, borders: np.ndarray) -> None:
    present = np.zeros((len(data.classes), len(borders)), bool)
    dated = part_of != NO_PART
    present[data.labels[dated], part_of[dated]] = True
    for label, part in np.argwhere(~present)[:1]:
        first, last = borders[part]
        raise UserError(
            f"The class {data.classes[label]!r} has no row from {first} to {last}, the days of "
            f"the {NAMES[part]} part, that is not a copy of an earlier text.",
            "Choose larger shares, join the class with another, leave it out, or split by text.",
        )
