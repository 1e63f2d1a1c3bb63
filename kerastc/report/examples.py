"""Which examples a page shows of a model: the errors it was sure of, and what it was unsure of."""

from dataclasses import dataclass

import numpy as np

from kerastc.formatting import shown_text
from kerastc.outputs.classes.predictions import Predictions

SHOWN = 20  # examples of each of the two


@dataclass(frozen=True)
class Example:
    """A text or an image: what it is, what the model said, how sure it was.

    Args:
        row: its place in the predictions.
        shown: the text, cut for a table, or the name of the image.
    """

    row: int
    shown: str
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
    confidence = predictions.probabilities.max(axis=1)
    wrong = np.flatnonzero(predictions.predicted != predictions.labels)
    order = wrong[np.argsort(-confidence[wrong], kind="stable")]
    return [_example(predictions, row) for row in order[:limit]]


def uncertain_examples(predictions: Predictions, limit: int = SHOWN) -> list[Example]:
    """The examples whose two most probable classes lie nearest together, nearest first."""
    highest = np.sort(predictions.probabilities, axis=1)
    order = np.argsort(highest[:, -1] - highest[:, -2], kind="stable")
    return [_example(predictions, row) for row in order[:limit]]


def shown_rows(predictions: Predictions) -> list[int]:
    """The rows that a page shows."""
    shown = [*confident_errors(predictions), *uncertain_examples(predictions)]
    return [example.row for example in shown]


def _example(predictions: Predictions, row: int) -> Example:
    probabilities = predictions.probabilities[row]
    first = int(predictions.predicted[row])
    others = probabilities.copy()
    others[first] = -1.0
    second = int(others.argmax())
    return Example(
        row=int(row),
        shown=shown_text(predictions.examples[row]),
        label=predictions.classes[predictions.labels[row]],
        predicted=predictions.classes[first],
        confidence=float(probabilities[first]),
        second=predictions.classes[second],
        second_probability=float(probabilities[second]),
        label_probability=float(probabilities[predictions.labels[row]]),
    )
