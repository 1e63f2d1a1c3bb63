"""One class of several, from the logits to what the answers are worth. NumPy alone."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerastc.outputs.classes.metrics import classification_metrics
from kerastc.outputs.classes.predictions import Predictions, read_predictions, write_predictions
from kerastc.outputs.output import Figure, Output, Outputs
from kerastc.scores.class_scores import class_scores
from kerastc.scores.softmax import softmax

LOGITS = "logits"
SMALLEST = 1e-7  # probability; where Keras cuts the cross-entropy, too


class Classes(Output):
    """Truth is (n,) int, indices of the labels; answers are probabilities, (n, classes) float64."""

    main = Figure("accuracy")
    figures = (Figure("accuracy"), Figure("macro_f1"), Figure("loss", higher=False))
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

    def counts(self, figure: str, predictions: Predictions) -> np.ndarray:
        """Of accuracy [right, 1], of loss [nats, 1], of macro F1 the three counts of each class.

        These are [right, true, predicted], (n, 3 classes), the classes of each count side by side.
        """
        rows, labels = np.arange(len(predictions.labels)), predictions.labels
        if figure == "loss":
            chosen = predictions.probabilities[rows, labels]
            values = -np.log(np.clip(chosen, SMALLEST, 1.0))
        else:
            values = (predictions.predicted == labels).astype(np.float64)
        if figure != "macro_f1":
            return np.stack([values, np.ones(len(rows))], axis=1)
        found = np.zeros((len(rows), 3, len(self.labels)))
        found[rows, 0, labels] = values
        found[rows, 1, labels] = 1
        found[rows, 2, predictions.predicted] = 1
        return found.reshape(len(rows), -1)

    def of_counts(self, figure: str, sums: np.ndarray) -> np.ndarray:
        if figure == "macro_f1":
            return class_scores(*np.split(sums, 3, axis=-1))["macro_f1"]
        return sums[..., 0] / np.maximum(sums[..., 1], 1)

    def same(self, answers: np.ndarray, others: np.ndarray) -> float:
        return float((answers.argmax(axis=1) == others.argmax(axis=1)).mean())

    def json_rows(
        self, examples: Sequence[Mapping[str, Any]], answers: np.ndarray
    ) -> list[dict[str, Any]]:
        """The class of each, and the probability of every class."""
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
        """Up to three classes in the order of their probability."""
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
        return read_predictions(path)


OUTPUT = Classes
