"""Callbacks at an evaluation: the row of figures and the bar."""

import time
from collections.abc import Sequence

import keras
import numpy as np

from kerastc.outputs.judge import ON_VALIDATION, Judge
from kerastc.processes.exchange import first
from kerastc.training.batching import Batches, Stretches
from kerastc.training.predicting import outputs_of

SPEEDS = ("examples_per_second", "val_examples_per_second")  # of training, of evaluation


class EvaluationLog(keras.callbacks.Callback):
    """Adds a row of figures to the history at the end of each stretch of batches.

    Must be the first callback: the others read the rows.

    Args:
        stretches: the training data; Keras treats each stretch as an epoch.
        judge: its metrics are compiled.
        validation: the rows of an evaluation.
    """

    def __init__(self, stretches: Stretches, judge: Judge, validation: Batches):
        super().__init__()
        self.stretches = stretches
        self.judge = judge
        self.validation = validation
        self.rows: list[dict[str, float]] = []

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_test_begin(self, logs=None):
        # Validation starts: the metrics still hold the counts of the training part.
        self.trained = time.perf_counter()
        self.counted = self.judge.counted()

    def _validated(self, logs) -> dict[str, float]:
        if not self.judge.whole:
            return self.judge.of_logs(logs, ON_VALIDATION) | self.judge.counted()
        self.on_test_begin()
        outputs, rows = outputs_of(self.model, self.validation), self.validation.taken
        targets, inputs = self.validation.targets, self.validation.inputs
        return self.judge.final(outputs, targets[rows], inputs[rows])

    def on_epoch_end(self, epoch, logs=None):
        validation = self._validated(logs)
        now = time.perf_counter()
        step = self.stretches.end
        training = self.judge.of_logs(logs) | self.counted
        training |= {name: logs[name] for name in getattr(self.model, "terms", ())}
        figures = training | {ON_VALIDATION + name: value for name, value in validation.items()}
        row = {
            "step": step,
            "epoch": epochs_of(step, len(self.stretches.batches)),
            "learning_rate": last_rate(self.model.optimizer),
            "seconds": round(now - self.began, 3),
            "examples_per_second": round(self.stretches.rows / (self.trained - self.began), 1),
            "val_examples_per_second": round(len(self.validation.taken) / (now - self.trained), 1),
        }
        row |= {name: float(value) for name, value in figures.items()}
        self.rows.append(first(lambda: row))  # of several processes one has the clock


class Bar(keras.callbacks.Callback):
    """Moves a progress bar batch by batch and shows the last evaluation's figures next to it.

    Args:
        advance: moves the bar.
        rows: the history.
        shown: columns of it.
    """

    def __init__(self, advance, rows: Sequence[dict[str, float]], shown: Sequence[str]):
        super().__init__()
        self.advance = advance
        self.rows = rows
        self.shown = shown

    def on_train_batch_end(self, batch, logs=None):
        self.advance(1)

    def on_epoch_end(self, epoch, logs=None):
        row = self.rows[-1]
        figures = ", ".join(f"{name} {row[name]:.4f}" for name in self.shown)
        self.advance(0, note=f"epoch {row['epoch']:g}: {figures}")


def epochs_of(step: int, steps_per_epoch: int) -> float:
    """Steps as epochs; an int if they are whole."""
    return step // steps_per_epoch if not step % steps_per_epoch else step / steps_per_epoch


def last_rate(optimizer: keras.optimizers.Optimizer) -> float:
    """The learning rate of the latest update."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    step = keras.ops.maximum(inner._iterations - 1, 0)  # the number of batches; no public name
    return float(inner._learning_rate(step))


def mean_speed(rows: list[dict[str, float]], column: str) -> float:
    """The mean of a column of examples per second."""
    return round(float(np.mean([row[column] for row in rows])), 1)
