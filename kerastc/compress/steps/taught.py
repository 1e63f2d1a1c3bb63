"""Batches with a teacher's answers next to the labels."""

from collections.abc import Callable
from typing import Any

import numpy as np

from kerastc.training.batching import Around, Batches

# A teacher's answers for a batch, from its row numbers, inputs and targets.
Said = Callable[[np.ndarray, Any, np.ndarray], Any]


class Taught(Around):
    """Batches whose targets come with a teacher's outputs.

    Args:
        batches: for training.
        said: the teacher's answers for a batch.
        beside: joins the targets and outputs of a batch for the loss.

    Attributes:
        targets, open_axes, open_target_axes, epoch: as in `Batches`; the targets are the labels
            alone.
    """

    def __init__(
        self, batches: Batches, said: Said, beside: Callable[[np.ndarray, Any], np.ndarray]
    ):
        super().__init__(batches)
        self.said = said
        self.beside = beside
        self.targets = batches.targets

    def rows(self) -> np.ndarray:
        """The row numbers of this epoch, in batch order, (n,) int."""
        return self.batches.rows()

    def __getitem__(self, index: int):
        inputs, targets, *weights = self.batches[index]
        outputs = self.said(self.batches.batches[index], inputs, targets)
        return inputs, self.beside(targets, outputs), *weights
