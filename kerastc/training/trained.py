"""What a training leaves for the report."""

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
        choice: how the weights were chosen, where there was a choice.
        baseline: what a bag of words makes of the same texts.
        flipped: of images, the mean of the test probabilities of image and mirror image.
        augmented: by words for a policy, images as they are and behind each how training saw it,
            (rows, 1 + times, height, width, channels) uint8.
        method: what a method tells of itself, as JSON.
        folds: where the rows were cross-validated, figures of each fold's training; `test` has
            what their models said of all rows then, and all else is of the training after them.
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
