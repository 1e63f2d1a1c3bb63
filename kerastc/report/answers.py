"""What a model says of texts or images: rows for programs, and a table for people."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastc.table import show_table

if TYPE_CHECKING:
    from kerastc.text.unseen import Unseen

SHOWN = 60  # characters of a text or name


def prediction_rows(
    examples: Sequence[str],
    probabilities: np.ndarray,
    classes: Sequence[str],
    kind: str = "text",
    unseen: "Unseen | None" = None,
) -> list[dict[str, Any]]:
    """A dict an example: text (or image), predicted class, probability of every class.

    Of texts also `cut`, whether the model sees only their beginning, and `unknown_tokens`.

    Args:
        examples: n texts, or names of images.
        probabilities: (n, classes) float.
        classes: the class names.
        kind: one of `kerastc.kinds.KINDS`; the key of the example.
        unseen: what the model does not see of the texts.
    """
    told = [{}] * len(examples) if unseen is None else unseen.of_each()
    return [
        {
            kind: example,
            "predicted": classes[int(row.argmax())],
            "probabilities": {
                name: round(float(p), 6) for name, p in zip(classes, row, strict=True)
            },
            **more,
        }
        for example, row, more in zip(examples, probabilities, told, strict=True)
    ]


def prediction_table(
    examples: Sequence[str], probabilities: np.ndarray, classes: Sequence[str], kind: str = "text"
) -> None:
    """A row an example with its classes in the order of their probability; see above."""
    rows = []
    for example, row in zip(examples, probabilities, strict=True):
        first, *others = (-row).argsort()[:3]
        then = ", ".join(f"{classes[i]} {row[i]:.3f}" for i in others)
        short = example if len(example) <= SHOWN else example[: SHOWN - 1] + "…"
        rows.append((short, classes[first], f"{row[first]:.3f}", then))
    show_table((kind, "predicted", "probability", "then"), rows, figures=False)
