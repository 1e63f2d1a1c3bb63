"""What a page shows when there are many classes: extremes, and confused pairs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerastc.outputs.classes.metrics import confusion_matrix
from kerastc.outputs.classes.predictions import Predictions

MANY_CLASSES = 26  # a longer table is collapsed, and a larger matrix has no figures
_EXTREMES = 8  # classes with the lowest F1, and with the highest
_PAIRS = 20


@dataclass(frozen=True)
class Pair:
    """Two classes that are confused with each other.

    Args:
        first, second: the classes, the one with the more frequent error first.
        forth, back: rows of the first taken for the second, and of the second for the first.
        share: of all rows of both classes, the confused ones.
    """

    first: str
    second: str
    forth: int
    back: int
    share: float


def confused_pairs(predictions: Predictions, limit: int = _PAIRS) -> list[Pair]:
    """The pairs of classes with the most errors in both directions together, most first."""
    classes = predictions.classes
    matrix = confusion_matrix(predictions.labels, predictions.predicted, len(classes))
    support = matrix.sum(axis=1)
    both = np.triu(matrix + matrix.T, 1)
    pairs = []
    for cell in np.argsort(-both, axis=None, kind="stable")[:limit]:
        first, second = np.unravel_index(cell, both.shape)
        if not both[first, second]:
            break
        if matrix[second, first] > matrix[first, second]:
            first, second = second, first
        forth, back = int(matrix[first, second]), int(matrix[second, first])
        share = (forth + back) / (support[first] + support[second])
        pairs.append(Pair(classes[first], classes[second], forth, back, float(share)))
    return pairs


def class_rows(per_class: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The classes with their figures: in their order or, if too many, the highest F1 first."""
    rows = list(per_class.items())
    if len(rows) <= MANY_CLASSES:
        return rows
    return sorted(rows, key=lambda row: -row[1]["f1"])


def extremes(rows: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """If there are too many classes, the first and the last by F1."""
    if len(rows) <= MANY_CLASSES:
        return []
    return [*rows[:_EXTREMES], *rows[-_EXTREMES:]]
