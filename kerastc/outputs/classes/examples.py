"""Which examples a page shows of a model: the errors it was sure of, and what it was unsure of."""

from dataclasses import dataclass

import numpy as np

from kerastc.outputs.classes.predictions import Predictions

SHOWN = 20  # examples of each of the two


@dataclass(frozen=True)
class Example:
    """A row of the predictions: its class, what the model said, how sure it was."""

    row: int
    label: str
    predicted: str
    confidence: float
    second: str
    second_probability: float
    label_probability: float


def confident_errors(predictions: Predictions, limit: int = SHOWN) -> list[Example]:
    """The wrongly classified examples, the most probable wrong class first.

    What leads this list is often not the model's error but the label's.
    """
    rows = _confident_errors(predictions.labels, predictions.probabilities, limit)
    return [_example(predictions, row) for row in rows]


def uncertain_examples(predictions: Predictions, limit: int = SHOWN) -> list[Example]:
    """The examples whose two most probable classes lie nearest together, nearest first."""
    return [_example(predictions, row) for row in _uncertain(predictions.probabilities, limit)]


def shown_rows(labels: np.ndarray, probabilities: np.ndarray) -> list[int]:
    """The rows that a page shows."""
    shown = (_confident_errors(labels, probabilities, SHOWN), _uncertain(probabilities, SHOWN))
    return np.concatenate(shown).tolist()


def _confident_errors(labels: np.ndarray, probabilities: np.ndarray, limit: int) -> np.ndarray:
    confidence = probabilities.max(axis=1)
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    return wrong[np.argsort(-confidence[wrong], kind="stable")][:limit]


def _uncertain(probabilities: np.ndarray, limit: int) -> np.ndarray:
    highest = np.sort(probabilities, axis=1)
    return np.argsort(highest[:, -1] - highest[:, -2], kind="stable")[:limit]


def _example(predictions: Predictions, row: int) -> Example:
    probabilities = predictions.probabilities[row]
    first = int(predictions.predicted[row])
    others = probabilities.copy()
    others[first] = -1.0
    second = int(others.argmax())
    return Example(
        row=int(row),
        label=predictions.classes[predictions.labels[row]],
        predicted=predictions.classes[first],
        confidence=float(probabilities[first]),
        second=predictions.classes[second],
        second_probability=float(probabilities[second]),
        label_probability=float(probabilities[predictions.labels[row]]),
    )
