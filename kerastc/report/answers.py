"""What a model says of texts: rows for programs, and a table for people."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerastc.table import show_table

SHOWN = 60  # characters of a text


def prediction_rows(
    texts: Sequence[str], probabilities: np.ndarray, classes: Sequence[str]
) -> list[dict[str, Any]]:
    """A dict a text: text, predicted class, probability of every class."""
    return [
        {
            "text": text,
            "predicted": classes[int(row.argmax())],
            "probabilities": {
                name: round(float(p), 6) for name, p in zip(classes, row, strict=True)
            },
        }
        for text, row in zip(texts, probabilities, strict=True)
    ]


def prediction_table(
    texts: Sequence[str], probabilities: np.ndarray, classes: Sequence[str]
) -> None:
    """A row a text with its classes in the order of their probability."""
    rows = []
    for text, row in zip(texts, probabilities, strict=True):
        first, *others = (-row).argsort()[:3]
        then = ", ".join(f"{classes[i]} {row[i]:.3f}" for i in others)
        short = text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
        rows.append((short, classes[first], f"{row[first]:.3f}", then))
    show_table(("text", "predicted", "probability", "then"), rows, figures=False)
