"""Per-class figures from a confusion matrix that is counted while the model runs."""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("kerastc")
class ConfusionAccuracy(keras.metrics.Metric):
    """Accuracy, with the whole confusion matrix behind it.

    Args:
        classes: how many there are.
    """

    def __init__(self, classes, name="accuracy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.classes = classes
        self.confusion = self.add_variable((classes, classes), "zeros", name="confusion")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Counts labels against (batch, classes) logits; weights are ignored.

        The labels are the first columns of the targets, (batch, classes or more); a row without
        one, all zeros, does not count.
        """
        labels = ops.cast(y_true[:, : self.classes], "float32")
        truth = ops.one_hot(ops.argmax(labels, axis=-1), self.classes, dtype="float32")
        truth = truth * ops.cast(ops.max(labels, axis=-1, keepdims=True) > 0, "float32")
        guess = ops.one_hot(ops.argmax(y_pred, axis=-1), self.classes, dtype="float32")
        self.confusion.assign_add(ops.matmul(ops.transpose(truth), guess))

    def result(self):
        return ops.trace(self.confusion) / ops.maximum(ops.sum(self.confusion), 1.0)

    def get_config(self):
        return {**super().get_config(), "classes": self.classes}


def class_figures(confusion: np.ndarray, classes: tuple[str, ...]) -> dict[str, float]:
    """Macro and per-class precision, recall and F1 of a (classes, classes) count matrix.

    Rows are true classes. A ratio without cases counts as 0, as scikit-learn's zero_division=0.
    """
    hits = np.diag(confusion)
    precision = _ratio(hits, confusion.sum(axis=0))
    recall = _ratio(hits, confusion.sum(axis=1))
    f1 = _ratio(2 * hits, confusion.sum(axis=0) + confusion.sum(axis=1))
    by_name = {"precision": precision, "recall": recall, "f1": f1}
    figures = {f"macro_{name}": float(values.mean()) for name, values in by_name.items()}
    for name, values in by_name.items():
        figures |= {f"{name}[{c}]": float(v) for c, v in zip(classes, values, strict=True)}
    return figures


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.zeros(len(above)), where=below > 0)
