"""The plots of a classifier's page, with text alternatives."""

from collections.abc import Iterator

import numpy as np

from kerastc.outputs.classes.class_plots import class_proportions, per_class_curves
from kerastc.outputs.classes.metrics import confusion_matrix
from kerastc.outputs.classes.prediction_plots import accuracy_by_length, confusion, reliability
from kerastc.outputs.classes.predictions import Predictions
from kerastc.report.drawing.captioned import Plot
from kerastc.report.drawing.style import MANY
from kerastc.report.record import RunRecord
from kerastc.scores.calibration import expected_calibration_error


def class_run_plots(record: RunRecord) -> Iterator[Plot]:
    """The plots for which the run has files."""
    history, units = record.history, record.units
    per_class = [f"val_{k}[{c}]" for k in ("precision", "recall", "f1") for c in record.labels]
    many = len(record.labels) > MANY
    if per_class and set(per_class) <= set(history.columns):
        yield Plot(
            "per_class",
            per_class_curves(history, record.labels, record.best_epoch),
            "Validation precision, recall and F1 of each class by epoch; the dotted line marks "
            "the kept weights."
            + " Named: the highest and the lowest F1; in grey: the others."
            * many,
            f"Three line plots for {len(record.labels)} classes. The table of classes below has "
            "the final figures.",
        )
    if record.predictions is not None:
        yield from _prediction_plots(record.predictions, record)
    counts = part_counts(record)
    if counts:
        yield Plot(
            "class_proportions",
            class_proportions(counts, record.labels),
            f"Share of each class in each part; at the bars, {units}.",
            "Bars of the class shares; the table next to them has the counts.",
        )
    if balanced := balanced_counts(record):
        yield Plot(
            "balancing",
            class_proportions(balanced, record.labels, "Training rows, balanced"),
            f"Share of each class in training, before and after balancing by "
            f"{record.data['balancing']['how']}; at the bars, {units}.",
            "Bars of the class shares; the table next to them has the counts.",
        )


def balanced_counts(record: RunRecord) -> dict[str, list[int]]:
    """Training rows per class before and after balancing, if data.json has them."""
    balancing = record.data.get("balancing") or {}
    return {when: balancing[when] for when in ("before", "after") if when in balancing}


def part_counts(record: RunRecord) -> dict[str, list[int]]:
    """Rows per class in each part for which data.json has them."""
    parts = record.data.get("splits") or {}
    found = {name: part.get("counts") for name, part in parts.items() if isinstance(part, dict)}
    return {name: c for name, c in found.items() if c and len(c) == len(record.labels)}


def _prediction_plots(predictions: Predictions, record: RunRecord) -> Iterator[Plot]:
    part, units = record.part, record.units
    labels, predicted = predictions.labels, predictions.predicted
    right = predicted == labels
    yield Plot(
        "confusion",
        confusion(labels, predicted, predictions.classes),
        f"The {part} {units} of each true class (row) by predicted class (column).",
        f"{right.sum()} of {len(labels)} {units} lie on the diagonal. {_worst_pair(predictions)}",
    )
    error = expected_calibration_error(labels, predictions.probabilities)
    yield Plot(
        "reliability",
        reliability(labels, predictions.probabilities, units),
        f"How often the model is right ({part}) when it claims a probability, in ten bins. Below "
        "the dashed line it is too sure of itself. The calibration error is the bins' mean "
        f"distance from that line, weighted by their {units}.",
        f"The mean confidence is {predictions.probabilities.max(axis=1).mean():.3f}, the accuracy "
        f"{right.mean():.3f}, the expected calibration error {error:.3f}.",
    )
    lengths = record.input_page.lengths(predictions.examples)
    if lengths is not None:
        yield Plot(
            "accuracy_by_length",
            accuracy_by_length(lengths, right, record.task.unit, units),
            f"Accuracy ({part}) of {units} grouped by their characters, with 95 % Wilson "
            "intervals.",
            f"The {units} have {lengths.min()} to {lengths.max()} characters.",
        )


def _worst_pair(predictions: Predictions) -> str:
    matrix = confusion_matrix(predictions.labels, predictions.predicted, len(predictions.classes))
    np.fill_diagonal(matrix, 0)
    if not matrix.any():
        return "There is no error."
    true, guess = np.unravel_index(matrix.argmax(), matrix.shape)
    return (
        f"The most frequent error: {matrix[true, guess]} of {predictions.classes[true]} taken for "
        f"{predictions.classes[guess]}."
    )
