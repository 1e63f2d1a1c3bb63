"""One class of several, from the logits to the figures of the answers. NumPy alone."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerastc.errors import UserError
from kerastc.outputs.classes.metrics import classification_metrics
from kerastc.outputs.classes.predictions import (
    Kept,
    Predictions,
    read_predictions,
    write_predictions,
)
from kerastc.outputs.output import Output, Outputs
from kerastc.scores.class_scores import class_scores
from kerastc.scores.figures import Figure
from kerastc.scores.softmax import softmax

LOGITS = "logits"


class Classes(Output):
    """Truth is (n,) int, indices of the labels; answers are probabilities, (n, classes) float64."""

    main = Figure("accuracy", of_rows=True, adjective="accurate")
    figures = (
        main,
        Figure("macro_f1", label="macro F1"),
        Figure("loss", higher=False, share=False, mean=True),
    )
    answer = "class"

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        return {LOGITS: (len(self.labels),)}

    def answers(self, outputs: Outputs, rows: Sequence[Any] = ()) -> np.ndarray:
        return softmax(outputs[LOGITS])

    def metrics(self, truth: np.ndarray, answers: np.ndarray) -> dict[str, Any]:
        """See `classification_metrics`."""
        return classification_metrics(truth, answers, self.labels)

    def worth(self, truth: np.ndarray, answers: np.ndarray) -> dict[str, Any]:
        metrics = self.metrics(truth, answers)
        intervals = metrics["intervals"]
        return {
            "rows": metrics["rows"],
            "loss": metrics["loss"],
            "accuracy": metrics["accuracy"],
            "accuracy_interval": intervals["accuracy"],
            "macro_f1": metrics["macro_f1"],
            "macro_f1_interval": intervals["macro_f1"],
        }

    def counts(self, figure: str, predictions: Predictions | Kept) -> np.ndarray:
        """For accuracy (right, 1), for loss (nats, 1), for macro F1 three counts per class.

        These are rows predicted right, of the class, and predicted as it: (n, 3 classes), sparse.
        """
        truth, predicted = predictions.truth, predictions.predicted
        if figure == "macro_f1":
            return self._class_counts(truth, predicted)
        values = predictions.losses if figure == "loss" else (predicted == truth).astype(float)
        return np.stack([values, np.ones(len(values))], axis=1)

    def _class_counts(self, truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
        """(n, 3 classes) sparse; a prediction of -1 is none of the classes."""
        from scipy.sparse import csr_array

        classes = len(self.labels)
        right, guessed = np.flatnonzero(truth == predicted), np.flatnonzero(predicted >= 0)
        rows = np.concatenate([right, np.arange(len(truth)), guessed])
        columns = [truth[right], classes + truth, 2 * classes + predicted[guessed]]
        cells = rows, np.concatenate(columns)
        return csr_array((np.ones(len(rows)), cells), (len(truth), 3 * classes))

    def of_counts(self, figure: str, sums: np.ndarray) -> np.ndarray:
        if figure == "macro_f1":
            return class_scores(*np.split(sums, 3, axis=-1))["macro_f1"]
        return sums[..., 0] / sums[..., 1]

    def row_kinds(self, figure: str, predictions: Predictions | Kept) -> np.ndarray:
        if figure == "macro_f1":
            return predictions.truth * len(self.labels) + predictions.predicted
        return super().row_kinds(figure, predictions)

    def extremes(
        self, figure: str, predictions: Predictions | Kept
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """For accuracy one row; for macro F1 one per class, wrong by another that occurs."""
        if figure == "accuracy":
            return np.array([[1.0, 1.0]]), np.array([[0.0, 1.0]])
        if figure == "loss":
            return None
        classes = np.unique(predictions.truth)
        wrong = np.roll(classes, 1)
        if len(classes) == 1:  # another class, if there is one
            wrong = np.array([-1 if len(self.labels) == 1 else int(classes[0] == 0)])
        return self._class_counts(classes, classes), self._class_counts(classes, wrong)

    def kept(self, truth: np.ndarray, answers: np.ndarray) -> dict[str, np.ndarray]:
        """Some six bytes per row: its class, the predicted one, its loss."""
        said = Predictions(None, truth, answers, self.labels)
        smallest = np.min_scalar_type(len(self.labels))
        return {
            "labels": truth.astype(smallest),
            "predicted": said.predicted.astype(smallest),
            "losses": said.losses.astype(np.float32),
        }

    def of_kept(self, arrays: Mapping[str, np.ndarray]) -> Kept:
        return Kept.read(arrays)

    def of_stored(self, arrays: Mapping[str, np.ndarray], rows: int) -> np.ndarray:
        found = super().of_stored(arrays, rows)
        if found.shape != (rows, len(self.labels)):
            raise ValueError(f"its answers are {found.shape}, not of {len(self.labels)} classes")
        return found

    def same(self, answers: np.ndarray, others: np.ndarray) -> float:
        return float((answers.argmax(axis=1) == others.argmax(axis=1)).mean())

    def json_rows(
        self, examples: Sequence[Mapping[str, Any]], answers: np.ndarray
    ) -> list[dict[str, Any]]:
        """The class of each example, and the probability of every class."""
        return [
            {
                "predicted": self.labels[int(row.argmax())],
                "probabilities": {
                    name: round(float(p), 6) for name, p in zip(self.labels, row, strict=True)
                },
            }
            for row in answers
        ]

    def table(
        self, examples: Sequence[Mapping[str, Any]], answers: np.ndarray
    ) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """Up to three classes, the most probable first."""
        rows = []
        for row in answers:
            first, *others = (-row).argsort()[:3]
            then = ", ".join(f"{self.labels[i]} {row[i]:.3f}" for i in others)
            rows.append((self.labels[first], f"{row[first]:.3f}", then))
        return ("predicted", "probability", "then"), rows

    def write_predictions(
        self,
        path: Path,
        columns: Sequence[str],
        examples: Sequence[Any],
        truth: np.ndarray,
        answers: np.ndarray,
    ) -> None:
        write_predictions(path, examples, truth, answers, self.labels, columns)

    def read_predictions(self, path: Path) -> Predictions:
        predictions = read_predictions(path)
        if predictions.classes != self.labels:
            raise UserError(
                f"{path} is of the classes {', '.join(predictions.classes)}, the run of "
                f"{', '.join(self.labels)}.",
                "Remove the file, and evaluate the run again.",
            )
        return predictions


OUTPUT = Classes
