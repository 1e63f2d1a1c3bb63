"""Finds the best evaluation, and whether to wait for a better one: functions of the history.

The rows are the only state, so that a resumed training and a child run, which may have another
patience, decide as if they had seen every evaluation.
"""

from collections.abc import Mapping, Sequence

import keras
import numpy as np

from kerastc.errors import UserError
from kerastc.outputs.output import Figure
from kerastc.training.config import EarlyStopping

Rows = Sequence[Mapping[str, float]]


def ranked(rows: Rows, by: Figure) -> list[int]:
    """The indices of the rows by one of their columns, best first; on a tie the earlier."""
    values = np.array([_score(row, by) for row in rows])
    return np.argsort(-values, kind="stable").tolist()


def waited(rows: Rows, by: Figure, min_delta: float = 0.0) -> int:
    """Evaluations since the last gain: the last that passed the one before it by `min_delta`."""
    reference, last_gain = -np.inf, 0
    for index, row in enumerate(rows):
        score = _score(row, by)
        if index == 0 or score - min_delta > reference:
            reference, last_gain = score, index
    return len(rows) - 1 - last_gain


def exhausted(rows: Rows, by: Figure, config: EarlyStopping) -> bool:
    """Whether patience is exhausted; a patience of 0 never is."""
    patience = config.patience
    return bool(patience and rows and waited(rows, by, config.min_delta) >= patience)


class Stopping(keras.callbacks.Callback):
    """Reports when patience is exhausted; ends a training whose loss is not a number.

    Args:
        rows: the history, to which each evaluation has already been added.
        by: the monitored column.
        config: patience and least gain.
        since: the step from which evaluations count: a child run's patience starts there.
    """

    def __init__(self, rows: Rows, by: Figure, config: EarlyStopping, since: int = 0):
        super().__init__()
        self.rows = rows
        self.by = by
        self.config = config
        self.since = since

    @property
    def stopped(self) -> bool:
        """Whether the training should stop, given the current history."""
        rows = [row for row in self.rows if row["step"] >= self.since]
        return exhausted(rows, self.by, self.config)

    def on_epoch_end(self, epoch, logs=None):
        row = self.rows[-1]
        if not np.isfinite(row["loss"]):
            raise UserError(
                f"The loss before step {row['step']} is {row['loss']}: training diverged.",
                "Lower learning_rate, add warmup_fraction=0.1, or use precision=float32.",
            )


def _score(row: Mapping[str, float], by: Figure) -> float:
    """More is better; NaN is worst."""
    score = row[by.name] if by.higher else -row[by.name]
    return score if np.isfinite(score) else -np.inf
