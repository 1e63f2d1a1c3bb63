"""What happens at an evaluation: the row of figures and the bar."""

import time

import keras
import numpy as np

from kerastc.training.batching import Stretches
from kerastc.training.metrics import CountedAccuracy, class_figures

SPEEDS = ("examples_per_second", "val_examples_per_second")  # of training, of evaluation
BASE_COLUMNS = ("loss", "accuracy", "macro_precision", "macro_recall", "macro_f1")


class EvaluationLog(keras.callbacks.Callback):
    """Adds a row of figures to the history at the end of each stretch of batches.

    Comes first among the callbacks: the others read the rows.

    Args:
        stretches: the training data; Keras takes each stretch for an epoch.
        metric: the compiled metric, which counts by class.
        classes: the class names.
    """

    def __init__(self, stretches: Stretches, metric: CountedAccuracy, classes: tuple[str, ...]):
        super().__init__()
        self.stretches = stretches
        self.metric = metric
        self.classes = classes
        self.rows: list[dict[str, float]] = []

    def columns(self) -> list[str]:
        """The figures of a row that early stopping can watch."""
        by_class = [f"{f}[{c}]" for f in ("precision", "recall", "f1") for c in self.classes]
        figures = [*BASE_COLUMNS, *by_class]
        return [*figures, *(f"val_{name}" for name in figures)]

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_test_begin(self, logs=None):
        # Validation starts: the metric still holds the counts of the training part.
        self.trained = time.perf_counter()
        self.training_counts = self.metric.counted()

    def on_epoch_end(self, epoch, logs=None):
        now = time.perf_counter()
        step = self.stretches.end
        training = {"loss": logs["loss"], "accuracy": logs["accuracy"]}
        training |= class_figures(*self.training_counts, self.classes)
        training |= {name: logs[name] for name in getattr(self.model, "terms", ())}
        counts = self.metric.counted()
        validation = {"loss": logs["val_loss"], "accuracy": logs["val_accuracy"]}
        validation |= class_figures(*counts, self.classes)
        figures = training | {f"val_{name}": value for name, value in validation.items()}
        row = {
            "step": step,
            "epoch": epochs_of(step, len(self.stretches.batches)),
            "learning_rate": last_rate(self.model.optimizer),
            "seconds": round(now - self.began, 3),
            "examples_per_second": round(self.stretches.rows / (self.trained - self.began), 1),
            "val_examples_per_second": round(float(counts[1].sum()) / (now - self.trained), 1),
        }
        self.rows.append(row | {name: float(value) for name, value in figures.items()})


class Bar(keras.callbacks.Callback):
    """Moves a progress bar a batch at a time and shows the last evaluation's figures beside it."""

    def __init__(self, advance, rows):
        super().__init__()
        self.advance = advance
        self.rows = rows

    def on_train_batch_end(self, batch, logs=None):
        self.advance(1)

    def on_epoch_end(self, epoch, logs=None):
        row = self.rows[-1]
        shown = ("val_loss", "val_accuracy") if "val_loss" in row else ("loss",)
        figures = ", ".join(f"{name} {row[name]:.4f}" for name in shown)
        self.advance(0, note=f"epoch {row['epoch']:g}: {figures}")


def epochs_of(step: int, steps_per_epoch: int) -> float:
    """How many epochs so many steps are; an int where they are whole."""
    return step // steps_per_epoch if not step % steps_per_epoch else step / steps_per_epoch


def last_rate(optimizer: keras.optimizers.Optimizer) -> float:
    """The learning rate of the latest update."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    step = keras.ops.maximum(inner._iterations - 1, 0)  # the count of batches; no public name
    return float(inner._learning_rate(step))


def mean_speed(rows: list[dict[str, float]], column: str) -> float:
    """The mean of a column of examples a second."""
    return round(float(np.mean([row[column] for row in rows])), 1)
