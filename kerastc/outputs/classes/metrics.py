"""Measures a classifier's probabilities: metrics, intervals, calibration.

Everything is computed in NumPy from labels (n,) and probabilities (n, classes), so that any run
can be measured again from its `predictions/*.csv` without a model or a backend. Devices measure
exported models with the same code, so nothing heavier than NumPy is imported here.
"""

from collections.abc import Sequence

import numpy as np

from kerastc.errors import UserError
from kerastc.scores.bootstrap import EDGES
from kerastc.scores.calibration import expected_calibration_error
from kerastc.scores.class_scores import MACRO, PER_CLASS, class_scores

TOP = 5  # guesses in the top-5 accuracy


def classification_metrics(
    labels: np.ndarray,
    probabilities: np.ndarray,
    classes: Sequence[str],
    intervals_seed: int | None = 0,
    samples: int = 1000,
) -> dict:
    """Loss, accuracy, macro and per-class figures, calibration error and 95 % intervals.

    The conventions are scikit-learn's: an undefined ratio is 0, and macro figures average over
    the classes that occur among labels or predictions. The intervals are percentiles of the same
    figures over `samples` bootstrap resamples of the rows (Efron and Tibshirani 1993, ch. 13).

    Args:
        labels: (n,) int, indices into `classes`.
        probabilities: (n, classes) float, rows that sum to one.
        classes: the class names.
        intervals_seed: seed of the bootstrap; None leaves the intervals out.
        samples: bootstrap resamples.

    Returns:
        A dict of plain numbers, ready for JSON: `rows`, `loss` (mean cross-entropy in nats, clipped
        at 1e-7 as in Keras), `accuracy`, `macro_*`, `per_class`, `ece` and `intervals`; for more
        than five classes `top_5_accuracy`, too.

    Raises:
        UserError: there are no rows, or some probabilities are not numbers.
        ValueError: shapes or labels do not fit each other.
    """
    labels, probabilities = _checked(labels, probabilities, len(classes))
    rows = len(labels)
    predicted = probabilities.argmax(axis=1)
    matrix = confusion_matrix(labels, predicted, len(classes))
    scores = class_scores(np.diagonal(matrix), matrix.sum(axis=1), matrix.sum(axis=0))
    chosen = probabilities[np.arange(rows), labels]
    metrics = {
        "rows": rows,
        "loss": float(-np.log(np.clip(chosen, 1e-7, 1.0)).mean()),
        "accuracy": float(scores["accuracy"]),
        **{name: float(scores[name]) for name in MACRO},
        "per_class": {
            name: {
                **{key: float(scores[key][i]) for key in PER_CLASS},
                "support": int(matrix[i].sum()),
            }
            for i, name in enumerate(classes)
        },
        "ece": expected_calibration_error(labels, probabilities),
    }
    if intervals_seed is not None:
        metrics["intervals"] = _bootstrap_intervals(matrix, classes, intervals_seed, samples)
    if len(classes) > TOP:
        share = float(among_top(labels, probabilities).mean())
        metrics["top_5_accuracy"] = share
        if intervals_seed is not None:
            # The number of right rows in a resample is binomial.
            hits = np.random.default_rng(intervals_seed).binomial(rows, share, size=samples)
            metrics["intervals"]["top_5_accuracy"] = np.quantile(hits / rows, EDGES).tolist()
    return metrics


def _checked(
    labels: np.ndarray, probabilities: np.ndarray, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    labels = np.asarray(labels, dtype=np.int64)
    probabilities = np.asarray(probabilities, dtype=np.float64)
    if labels.ndim != 1 or probabilities.shape != (len(labels), classes):
        raise ValueError(
            f"labels {labels.shape} and probabilities {probabilities.shape} do not fit "
            f"{classes} classes: (n,) and (n, {classes}) are needed"
        )
    if not len(labels):
        raise UserError("There are no rows to measure.", "Give a part with at least one row.")
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(f"labels must lie in 0..{classes - 1}, not {labels.min()}..{labels.max()}")
    broken = int((~np.isfinite(probabilities)).any(axis=1).sum())
    if broken:
        raise UserError(
            f"The model gives no number as probability for {broken} of {len(labels)} rows: "
            "its training diverged.",
            "Lower the learning rate, or clip the gradients.",
        )
    return labels, probabilities


def among_top(labels: np.ndarray, probabilities: np.ndarray, guesses: int = TOP) -> np.ndarray:
    """Whether the label is among the most probable classes of each row, (n,) bool.

    Of equal probabilities the earlier class goes first, as in `argmax`.

    Args:
        labels: (n,) int.
        probabilities: (n, classes) float.
        guesses: how many classes count.
    """
    chosen = probabilities[np.arange(len(labels)), labels][:, None]
    earlier = np.arange(probabilities.shape[1]) < np.asarray(labels)[:, None]
    ahead = (probabilities > chosen) | ((probabilities == chosen) & earlier)
    return ahead.sum(axis=1) < guesses


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Rows of each true class (first axis) by predicted class (second), (classes, classes) int."""
    cells = np.asarray(labels) * classes + np.asarray(predicted)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def _bootstrap_intervals(
    matrix: np.ndarray, classes: Sequence[str], seed: int, samples: int
) -> dict:
    """Percentile intervals; a resample of the rows is a multinomial draw of the matrix's cells."""
    true, guessed = np.nonzero(matrix)
    counts = matrix[true, guessed]
    draws = np.random.default_rng(seed).multinomial(
        counts.sum(), counts / counts.sum(), size=samples
    )
    names = np.arange(len(classes))
    draws = draws.astype(np.float64)  # whole numbers, but floats multiply faster
    scores = class_scores(
        draws @ ((true == guessed)[:, None] & (true[:, None] == names)).astype(np.float64),
        draws @ (true[:, None] == names).astype(np.float64),
        draws @ (guessed[:, None] == names).astype(np.float64),
    )
    bounds = {key: np.quantile(values, EDGES, axis=0) for key, values in scores.items()}
    return {
        **{key: bounds[key].tolist() for key in ("accuracy", *MACRO)},
        "per_class": {
            name: {key: bounds[key][:, i].tolist() for key in PER_CLASS}
            for i, name in enumerate(classes)
        },
    }
