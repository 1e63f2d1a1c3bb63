"""The results of a training, for the report."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from kerastc.training.baseline import Baseline
    from kerastc.training.finalists import Choice


@dataclass(frozen=True)
class Trained:
    """Predictions and figures of the chosen weights.

    Args:
        validation, test: (rows, classes) float64 probabilities.
        figures: epochs, seconds, parameters, memory.
        choice: how the weights were chosen, if there was a choice.
        baseline: the predictions of a bag of words for the same texts.
        flipped: for images, the mean test probabilities of image and mirror image.
        augmented: by the name of a policy, images, each followed by its augmented versions,
            (rows, 1 + times, height, width, channels) uint8.
        method: figures of a method, as JSON.
        folds: if the rows were cross-validated, figures of each fold's training; `test` then has
            their models' predictions for all rows; all else is from the training after them.
    """

    validation: np.ndarray
    test: np.ndarray
    figures: dict[str, float]
    choice: "Choice | None" = None
    baseline: "Baseline | None" = None
    flipped: np.ndarray | None = None
    augmented: dict[str, np.ndarray] = field(default_factory=dict)
    method: dict[str, Any] = field(default_factory=dict)
    folds: tuple[dict[str, Any], ...] = ()
