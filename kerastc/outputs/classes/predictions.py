"""The file of a classifier's answers for each row: predictions/PART.csv."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kerastc.errors import UserError
from kerastc.outputs.csv_rows import csv_rows

LARGEST = 1.01  # highest probability that is accepted; low precision may round one up
SMALLEST = 1e-7  # where Keras cuts the cross-entropy, too


@dataclass(frozen=True)
class Predictions:
    """A model's answer for each example.

    Args:
        examples: (n,) object, the texts, or the names of the images; (n, columns) if several.
        labels: (n,) int, indices into `classes`.
        probabilities: (n, classes) float.
        classes: the class names.
        columns: of the examples, as `Input.columns` has them.
    """

    examples: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray
    classes: tuple[str, ...]
    columns: tuple[str, ...] = ("text",)

    @property
    def texts(self) -> np.ndarray:
        """The examples, under the name used by code for texts."""
        return self.examples

    @property
    def truth(self) -> np.ndarray:
        """The labels, under the name common to all outputs."""
        return self.labels

    @property
    def answers(self) -> np.ndarray:
        """The probabilities, under the name common to all outputs."""
        return self.probabilities

    @property
    def predicted(self) -> np.ndarray:
        """The most probable class of each example, (n,) int."""
        return self.probabilities.argmax(axis=1)

    @property
    def losses(self) -> np.ndarray:
        """Cross-entropy of each row in nats, (n,) float."""
        chosen = self.probabilities[np.arange(len(self.labels)), self.labels]
        return -np.log(np.clip(chosen, SMALLEST, 1.0))


@dataclass(frozen=True)
class Kept:
    """The part of predictions that figures need.

    Args:
        truth, predicted: (n,) int, indices of classes.
        losses: (n,) float, cross-entropy in nats.
        examples: (n,) object; None if all rows differ.
    """

    truth: np.ndarray
    predicted: np.ndarray
    losses: np.ndarray
    examples: np.ndarray | None = None

    @classmethod
    def read(cls, arrays: Mapping[str, np.ndarray]) -> "Kept":
        """From the arrays of an .npz.

        Raises:
            ValueError, KeyError: the arrays are wrong.
        """
        truth, predicted, losses = (arrays[name] for name in ("labels", "predicted", "losses"))
        if any(part.dtype.kind != "u" for part in (truth, predicted)) or losses.dtype.kind != "f":
            raise ValueError("its numbers have the wrong type")
        if truth.ndim != 1 or not truth.shape == predicted.shape == losses.shape:
            raise ValueError("its arrays have different numbers of rows")
        if not np.isfinite(losses).all():
            raise ValueError("not all of its losses are numbers")
        return cls(truth.astype(np.int64), predicted.astype(np.int64), losses.astype(float))


def write_predictions(
    path: Path,
    examples: Sequence[str],
    labels: np.ndarray,
    probabilities: np.ndarray,
    classes: Sequence[str],
    columns: Sequence[str] = ("text",),
) -> None:
    """Writes `text,label,predicted,p[CLASS],…`, classes by name.

    Args:
        path: the CSV file.
        examples: n texts, or names of images; for several columns, (n, columns).
        labels: (n,) int, indices into `classes`.
        probabilities: (n, classes) float.
        classes: the class names.
        columns: of the examples, as `Input.columns` has them.
    """
    names = list(classes)
    probabilities = np.asarray(probabilities)
    rows = zip(
        examples, np.asarray(labels), probabilities.argmax(axis=1), probabilities, strict=True
    )
    with path.open("w", encoding="utf-8", newline="") as file:
        # CRLF (RFC 4180) makes the writer quote a text that holds either of the two characters.
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([*columns, "label", "predicted", *(f"p[{name}]" for name in names)])
        for example, label, predicted, row in rows:
            cells = [example] if len(columns) == 1 else example
            writer.writerow([*cells, names[label], names[predicted], *row])


def read_predictions(path: Path) -> Predictions:
    """Reads a file written by `write_predictions`.

    Raises:
        UserError: the file is missing or invalid.
    """
    hint = "Evaluate the run again to rewrite the file."
    try:
        header, *rows = csv_rows(path)
        if any(len(row) != len(header) for row in rows):
            raise ValueError("its rows differ in length")
        if not rows:
            raise ValueError("it has a header and no rows")
    except (OSError, ValueError, csv.Error) as error:
        raise UserError(f"{path} cannot be read as predictions: {error}", hint) from error
    found = [i for i, name in enumerate(header) if name.startswith("p[") and name.endswith("]")]
    classes = tuple(header[i][2:-1] for i in found)
    label = header.index("label") if "label" in header else 0
    if not found or not label:
        raise UserError(
            f"{path} has the columns {', '.join(header)}; those of the examples, label and "
            "p[CLASS] are wanted.",
            hint,
        )
    index = {name: i for i, name in enumerate(classes)}
    unknown = sorted({row[label] for row in rows} - set(classes))
    if unknown:
        raise UserError(
            f"{path} has the label {unknown[0]!r}, but no column p[{unknown[0]}].", hint
        )
    try:
        values = np.array([[float(row[i]) for i in found] for row in rows])
        if not ((values >= 0) & (values <= LARGEST)).all():  # NaN is neither
            raise ValueError("its probabilities are not between 0 and 1")
    except ValueError as error:
        raise UserError(f"{path} cannot be read as predictions: {error}", hint) from error
    return Predictions(
        np.array([row[0] if label == 1 else row[:label] for row in rows], dtype=object),
        np.array([index[row[label]] for row in rows], dtype=np.int64),
        values,
        classes,
        tuple(header[:label]),
    )
