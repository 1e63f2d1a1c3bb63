"""Accuracy, precision, recall and F1 from counts: one definition for training and report.

NumPy alone, since devices measure exported models with this code, too.
"""

import numpy as np

PER_CLASS = ("precision", "recall", "f1")
MACRO = tuple(f"macro_{name}" for name in PER_CLASS)


def class_scores(
    right: np.ndarray, support: np.ndarray, predicted: np.ndarray
) -> dict[str, np.ndarray]:
    """The figures of counted rows, with scikit-learn's conventions.

    A ratio without cases is 0 (zero_division=0); macro figures average over the classes that occur
    among labels or predictions.

    Args:
        right: (..., classes) rows of a class that were predicted as such.
        support: (..., classes) rows of it.
        predicted: (..., classes) rows predicted as it.

    Returns:
        `accuracy` and `macro_*`, (...); `precision`, `recall` and `f1`, (..., classes).
    """

    def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
        return above / np.maximum(below, 1)  # `above` is 0 wherever `below` is

    per_class = {
        "precision": ratio(right, predicted),
        "recall": ratio(right, support),
        "f1": ratio(2 * right, support + predicted),
    }
    occurring = (support + predicted > 0).sum(axis=-1)
    macro = {f"macro_{key}": ratio(per_class[key].sum(axis=-1), occurring) for key in PER_CLASS}
    return {"accuracy": ratio(right.sum(axis=-1), support.sum(axis=-1)), **macro, **per_class}
