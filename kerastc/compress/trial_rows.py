"""What the file of a trial said of each validation row: validation.npz, some six bytes a row.

With it chains are compared in pairs, on the same rows; texts and images are not kept again.
"""

import numpy as np

from kerastc.errors import UserError
from kerastc.forms import BROKEN
from kerastc.outputs.classes.predictions import Predictions
from kerastc.run import Run
from kerastc.scores.pairs import Judged, row_losses
from kerastc.scores.softmax import softmax
from kerastc.training.arrays import read_arrays

FILE = "validation.npz"


def write_rows(run: Run, labels: np.ndarray, logits: np.ndarray) -> None:
    """Writes the file of a trial.

    Args:
        run: the trial's folder.
        labels: (n,) int, the rows' classes.
        logits: (n, classes) float, what its file said of them.
    """
    probabilities = softmax(logits)
    losses = row_losses(Predictions(labels, labels, probabilities, ()))
    smallest = np.min_scalar_type(logits.shape[1])
    with run.writing(FILE) as path:
        np.savez_compressed(
            path,
            labels=labels.astype(smallest),
            predicted=logits.argmax(axis=1).astype(smallest),
            losses=losses.astype(np.float32),
        )


def read_rows(run: Run) -> Judged | None:
    """Reads it; None where there is none.

    Raises:
        UserError: where it is damaged.
    """
    path = run.path(FILE)
    if not path.is_file():
        return None
    try:
        arrays = read_arrays(path)
        labels, predicted, losses = (arrays[name] for name in ("labels", "predicted", "losses"))
        if any(part.dtype.kind != "u" for part in (labels, predicted)) or losses.dtype.kind != "f":
            raise ValueError("its numbers are of another type")
        if labels.ndim != 1 or not labels.shape == predicted.shape == losses.shape:
            raise ValueError("its arrays are not of the same rows")
        if not np.isfinite(losses).all():
            raise ValueError("its losses are not all numbers")
    except BROKEN as error:
        raise UserError(
            f"{path} cannot be read as what a trial said of its rows: {error}",
            f"Remove it; the search then makes it anew: rm {path}",
        ) from None
    return Judged(labels.astype(np.int64), predicted.astype(np.int64), losses.astype(float))
