"""What a classifier's probabilities are worth: metrics, intervals, calibration, and their file.

Everything is computed in NumPy from labels (n,) and probabilities (n, classes), so that any run
can be measured again from its `predictions/*.csv` without a model or a backend. Devices measure
exported models by the same lines, and so nothing but NumPy is imported here.
"""

import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kerastc.errors import UserError

CALIBRATION_BINS = 10  # of equal width over the confidence, 0 to 1
INTERVAL = 0.95
_MACRO = ("macro_precision", "macro_recall", "macro_f1")
_PER_CLASS = ("precision", "recall", "f1")
_Z = 1.959963984540054  # the normal quantile of a two-sided 95 % interval


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
        A dict of plain numbers, ready for JSON: `rows`, `loss` (mean cross-entropy in nats, cut
        at 1e-7 as Keras does), `accuracy`, `macro_*`, `per_class`, `ece` and `intervals`.

    Raises:
        UserError: there are no rows, or some probabilities are not numbers.
        ValueError: shapes or labels that do not fit each other.
    """
    labels, probabilities = _checked(labels, probabilities, len(classes))
    rows = len(labels)
    predicted = probabilities.argmax(axis=1)
    matrix = confusion_matrix(labels, predicted, len(classes))
    scores = _scores(np.diagonal(matrix), matrix.sum(axis=1), matrix.sum(axis=0))
    chosen = probabilities[np.arange(rows), labels]
    metrics = {
        "rows": rows,
        "loss": float(-np.log(np.clip(chosen, 1e-7, 1.0)).mean()),
        "accuracy": float(scores["accuracy"]),
        **{name: float(scores[name]) for name in _MACRO},
        "per_class": {
            name: {
                **{key: float(scores[key][i]) for key in _PER_CLASS},
                "support": int(matrix[i].sum()),
            }
            for i, name in enumerate(classes)
        },
        "ece": expected_calibration_error(labels, probabilities),
    }
    if intervals_seed is not None:
        metrics["intervals"] = _bootstrap_intervals(matrix, classes, intervals_seed, samples)
    return metrics


def _checked(
    labels: np.ndarray, probabilities: np.ndarray, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    labels = np.asarray(labels, dtype=np.int64)
    probabilities = np.asarray(probabilities, dtype=np.float64)
    if labels.ndim != 1 or probabilities.shape != (len(labels), classes):
        raise ValueError(
            f"labels {labels.shape} and probabilities {probabilities.shape} do not fit "
            f"{classes} classes: (n,) and (n, {classes}) are wanted"
        )
    if not len(labels):
        raise UserError("There are no rows to measure.", "Give a part with at least one text.")
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(f"labels must lie in 0..{classes - 1}, not {labels.min()}..{labels.max()}")
    broken = int((~np.isfinite(probabilities)).any(axis=1).sum())
    if broken:
        raise UserError(
            f"The model gives no number as probability for {broken} of {len(labels)} texts: "
            "its training diverged.",
            "Lower the learning rate, or clip the gradients.",
        )
    return labels, probabilities


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Rows of each true class (first axis) by predicted class (second), (classes, classes) int."""
    cells = np.asarray(labels) * classes + np.asarray(predicted)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def _scores(right: np.ndarray, support: np.ndarray, predicted: np.ndarray) -> dict[str, np.ndarray]:
    """Figures from counts of right, true and predicted rows, each (..., classes)."""

    def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
        return above / np.maximum(below, 1)  # `above` is 0 wherever `below` is

    per_class = {
        "precision": ratio(right, predicted),
        "recall": ratio(right, support),
        "f1": ratio(2 * right, support + predicted),
    }
    occurring = (support + predicted > 0).sum(axis=-1)
    macro = {f"macro_{key}": per_class[key].sum(axis=-1) / occurring for key in _PER_CLASS}
    return {"accuracy": right.sum(axis=-1) / support.sum(axis=-1), **macro, **per_class}


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
    scores = _scores(
        draws @ ((true == guessed)[:, None] & (true[:, None] == names)),
        draws @ (true[:, None] == names),
        draws @ (guessed[:, None] == names),
    )
    edges = ((1 - INTERVAL) / 2, (1 + INTERVAL) / 2)
    bounds = {key: np.quantile(values, edges, axis=0) for key, values in scores.items()}
    return {
        **{key: bounds[key].tolist() for key in ("accuracy", *_MACRO)},
        "per_class": {
            name: {key: bounds[key][:, i].tolist() for key in _PER_CLASS}
            for i, name in enumerate(classes)
        },
    }


@dataclass(frozen=True)
class ReliabilityBins:
    """Rows by the probability of their predicted class; empty bins hold NaN.

    Args:
        edges: (bins + 1,) borders; a bin holds the confidences above its lower border.
        counts: (bins,) rows.
        confidence: (bins,) mean probability of the predicted class.
        accuracy: (bins,) share of right predictions.
    """

    edges: np.ndarray
    counts: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray


def reliability_bins(
    labels: np.ndarray, probabilities: np.ndarray, bins: int = CALIBRATION_BINS
) -> ReliabilityBins:
    """Accuracy against confidence in bins of equal width (Guo et al. 2017, section 2).

    Args:
        labels: (n,) int.
        probabilities: (n, classes) float.
        bins: their number.
    """
    confidence = np.asarray(probabilities, dtype=np.float64).max(axis=1)
    right = np.asarray(probabilities).argmax(axis=1) == np.asarray(labels)
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    below = np.where(counts, counts, np.nan)
    return ReliabilityBins(
        edges,
        counts,
        np.bincount(place, confidence, bins) / below,
        np.bincount(place, right, bins) / below,
    )


def expected_calibration_error(
    labels: np.ndarray, probabilities: np.ndarray, bins: int = CALIBRATION_BINS
) -> float:
    """Mean distance of accuracy from confidence, weighted by the rows of each bin (Guo, eq. 3)."""
    table = reliability_bins(labels, probabilities, bins)
    gap = np.nan_to_num(np.abs(table.accuracy - table.confidence))
    return float((gap * table.counts).sum() / table.counts.sum())


def wilson_interval(right: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """95 % bounds of shares `right / rows` (Wilson 1927); sound for few rows, where plots need it.

    Args:
        right: (...) int, successes.
        rows: (...) int, trials, above zero.
    """
    right, rows = np.asarray(right, dtype=np.float64), np.asarray(rows, dtype=np.float64)
    share = right / rows
    centre = (share + _Z**2 / (2 * rows)) / (1 + _Z**2 / rows)
    half = _Z / (1 + _Z**2 / rows) * np.sqrt(share * (1 - share) / rows + (_Z / (2 * rows)) ** 2)
    # At shares of 0 and 1 a bound equals the share; rounding must not put it on the wrong side.
    return np.minimum(centre - half, share), np.maximum(centre + half, share)


@dataclass(frozen=True)
class Predictions:
    """What a model said of each text: texts (n,) object, labels (n,) int, probabilities (n, k)."""

    texts: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray
    classes: tuple[str, ...]

    @property
    def predicted(self) -> np.ndarray:
        """The most probable class of each text, (n,) int."""
        return self.probabilities.argmax(axis=1)


def write_predictions(
    path: Path,
    texts: Sequence[str],
    labels: np.ndarray,
    probabilities: np.ndarray,
    classes: Sequence[str],
) -> None:
    """Writes `text,label,predicted,p[CLASS],…`, classes by name.

    Args:
        path: the CSV file.
        texts: n texts.
        labels: (n,) int, indices into `classes`.
        probabilities: (n, classes) float.
        classes: the class names.
    """
    names = list(classes)
    probabilities = np.asarray(probabilities)
    rows = zip(texts, np.asarray(labels), probabilities.argmax(axis=1), probabilities, strict=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        # CRLF (RFC 4180) makes the writer quote a text that holds either of the two characters.
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(["text", "label", "predicted", *(f"p[{name}]" for name in names)])
        for text, label, predicted, row in rows:
            writer.writerow([text, names[label], names[predicted], *row])


def read_predictions(path: Path) -> Predictions:
    """Reads what `write_predictions` wrote.

    Raises:
        UserError: the file is missing, or is not such a table.
    """
    hint = "Evaluate the run again to write the file anew."
    try:
        header, *rows = _rows(path)
        if any(len(row) != len(header) for row in rows):
            raise ValueError("its rows differ in length")
    except (OSError, ValueError, csv.Error) as error:
        raise UserError(f"{path} cannot be read as predictions: {error}", hint) from error
    columns = [i for i, name in enumerate(header) if name.startswith("p[") and name.endswith("]")]
    classes = tuple(header[i][2:-1] for i in columns)
    if not columns or not {"text", "label"} <= set(header):
        raise UserError(
            f"{path} has the columns {', '.join(header)}; text, label and p[CLASS] are wanted.",
            hint,
        )
    text, label = header.index("text"), header.index("label")
    index = {name: i for i, name in enumerate(classes)}
    unknown = sorted({row[label] for row in rows} - set(classes))
    if unknown:
        raise UserError(
            f"{path} has the label {unknown[0]!r}, but no column p[{unknown[0]}].", hint
        )
    try:
        values = [[float(row[i]) for i in columns] for row in rows]
    except ValueError as error:
        raise UserError(f"{path} cannot be read as predictions: {error}", hint) from error
    return Predictions(
        np.array([row[text] for row in rows], dtype=object),
        np.array([index[row[label]] for row in rows], dtype=np.int64),
        np.array(values, dtype=np.float64).reshape(len(rows), len(classes)),
        classes,
    )


def _rows(path: Path) -> list[list[str]]:
    """The rows of a CSV file with texts of any length, the header first."""
    usual = csv.field_size_limit(sys.maxsize)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [row for row in csv.reader(file) if row]
    finally:
        csv.field_size_limit(usual)
