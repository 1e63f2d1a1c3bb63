"""The pairs of classes that are confused with each other."""

from dataclasses import dataclass

import numpy as np

from kerastc.outputs.classes.metrics import confusion_matrix
from kerastc.outputs.classes.predictions import Predictions

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
