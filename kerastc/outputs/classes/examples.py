"""Which examples a page shows: the model's confident errors, and what it was unsure of."""

from dataclasses import dataclass

import numpy as np

from kerastc.outputs.classes.predictions import Predictions

SHOWN = 20  # examples in each of the two lists


@dataclass(frozen=True)
class Example:
    """A row of the predictions: its class, the model's answer, and its confidence."""

    row: int
    label: str
    predicted: str
    confidence: float
    second: str
    second_probability: float
    label_probability: float


def confident_errors(predictions: Predictions, limit: int = SHOWN) -> list[Example]:
    """The wrongly classified examples, the most probable wrong class first.

    The first ones are often errors of the label, not of the model.
    """
    rows = _confident_errors(predictions.labels, predictions.probabilities, limit)
    return [_example(predictions, row) for row in rows]


def uncertain_examples(predictions: Predictions, limit: int = SHOWN) -> list[Example]:
    """The examples whose two most probable classes are closest, closest first."""
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
