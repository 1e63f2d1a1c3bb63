"""Targets of outputs that say something of each token: without labels, and with a teacher."""

from collections.abc import Sequence

import numpy as np


def no_labels(count: int) -> np.ndarray:
    """The labels of so many examples that have none, (count,) object."""
    return np.full(count, None, dtype=object)


def with_teacher(targets: np.ndarray, logits: Sequence[np.ndarray]) -> np.ndarray:
    """Targets with a teacher's logits behind each, (batch, length, 1 + units) float32.

    Args:
        targets: (batch, length) int.
        logits: for each row (at most length, units), zeros for tokens of which it says nothing.
    """
    found = np.zeros((*targets.shape, 1 + logits[0].shape[1]), np.float32)
    found[:, :, 0] = targets
    for row, of in zip(found, logits, strict=True):
        row[: len(of), 1:] = of
    return found
