"""Per-class figures from counts that are kept while the model runs."""

import keras
import numpy as np
from keras import ops

from kerastc.scores.class_scores import PER_CLASS, class_scores


@keras.saving.register_keras_serializable("kerastc")
class CountedAccuracy(keras.metrics.Metric):
    """Accuracy, with the counts of each class behind it.

    They are whole numbers: float32 would stop counting at 2^24 rows.

    Args:
        classes: how many there are.
    """

    def __init__(self, classes, name="accuracy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.classes = classes
        self.right, self.support, self.predicted = (
            self.add_variable((classes,), "zeros", dtype="int32", name=name)
            for name in ("right", "support", "predicted")
        )

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Counts labels against (batch, classes) logits; weights are ignored.

        The labels are the first columns of the targets, (batch, classes or more); a row without
        one, all zeros, does not count.
        """
        labels = ops.cast(y_true[:, : self.classes], "float32")
        counts = ops.cast(ops.max(labels, axis=-1, keepdims=True) > 0, "int32")
        truth = counts * ops.one_hot(ops.argmax(labels, axis=-1), self.classes, dtype="int32")
        guess = counts * ops.one_hot(ops.argmax(y_pred, axis=-1), self.classes, dtype="int32")
        for variable, rows in (
            (self.right, truth * guess),
            (self.support, truth),
            (self.predicted, guess),
        ):
            variable.assign_add(ops.cast(ops.sum(rows, axis=0), "int32"))

    def result(self):
        rows = ops.cast(ops.sum(self.support), "float32")
        return ops.cast(ops.sum(self.right), "float32") / ops.maximum(rows, 1.0)

    def counted(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows of each class that were right, that there were, that were predicted: (classes,)."""
        variables = (self.right, self.support, self.predicted)
        return tuple(ops.convert_to_numpy(value).astype("int64") for value in variables)

    def get_config(self):
        return {**super().get_config(), "classes": self.classes}


def class_figures(
    right: np.ndarray, support: np.ndarray, predicted: np.ndarray, classes: tuple[str, ...]
) -> dict[str, float]:
    """Macro and per-class precision, recall and F1 of counts, (classes,) each, by column name."""
    scores = class_scores(right, support, predicted)
    figures = {f"macro_{name}": float(scores[f"macro_{name}"]) for name in PER_CLASS}
    for name in PER_CLASS:
        figures |= {f"{name}[{c}]": float(v) for c, v in zip(classes, scores[name], strict=True)}
    return figures
