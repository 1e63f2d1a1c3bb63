"""Targets that take a number a row in memory, and become one-hot a batch at a time."""

import numpy as np


class OneHot:
    """Labels that look like their (n, classes) float32 one-hot targets.

    Args:
        labels: (n,) int.
        classes: how many there are.
    """

    def __init__(self, labels: np.ndarray, classes: int):
        self.labels = np.asarray(labels)
        self.shape = (len(self.labels), classes)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows) -> np.ndarray:
        """The targets of some rows, (rows, classes) float32."""
        labels = self.labels[rows]
        targets = np.zeros((len(labels), self.shape[1]), "float32")
        targets[np.arange(len(labels)), labels] = 1
        return targets

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return self[:] if dtype is None else self[:].astype(dtype)

    def argmax(self, axis: int = 1) -> np.ndarray:
        """The labels, (n,)."""
        return self.labels
