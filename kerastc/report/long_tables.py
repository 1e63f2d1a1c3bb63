"""What is shown of a long table of figures: the rows of the highest F1, and of the lowest."""

from collections.abc import Mapping, Sequence
from typing import Any

LONG = 26  # rows; a longer table is collapsed
_EXTREMES = 8  # rows with the lowest F1, and with the highest


def by_f1(rows: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The rows, by name, with their figures: as given or, if too many, the highest F1 first."""
    found = list(rows.items())
    return found if len(found) <= LONG else sorted(found, key=lambda row: -row[1]["f1"])


def extremes(rows: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """If there are too many rows, the first and the last."""
    return [] if len(rows) <= LONG else [*rows[:_EXTREMES], *rows[-_EXTREMES:]]
