"""How a training is judged: what is counted while it runs, and by what its weights are ranked."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastc.outputs.output import Figure

if TYPE_CHECKING:
    import keras

ON_VALIDATION = "val_"  # before the names of validation's figures, as Keras has it


class Judge(ABC):
    """Says what the outputs of one training are worth; the loop itself knows no task.

    Attributes:
        main: what ranks evaluations where early stopping names no other figure.
        figures: those of a part of an evaluation, in the order of the history's columns: the
            loss, the metrics, then what `counted` adds.
        metrics: what the model is compiled with.
    """

    main: Figure
    figures: tuple[Figure, ...]
    metrics: Sequence["keras.metrics.Metric"]

    @abstractmethod
    def counted(self) -> dict[str, float]:
        """Figures, beside those of the logs, of the rows that the metrics hold at present."""

    @abstractmethod
    def final(self, outputs: Any, targets: np.ndarray) -> dict[str, float]:
        """The `figures` of a model's outputs for all rows of a part.

        Args:
            outputs: a row for each of the data, as `kerastc.training.predicting.predict` gives.
            targets: integers, as in the batches.
        """

    def of_logs(self, logs: Mapping[str, float], part: str = "") -> dict[str, float]:
        """The loss and the metrics in Keras's logs; `part` stands before their names there."""
        names = ("loss", *(metric.name for metric in self.metrics))
        return {name: logs[part + name] for name in names}

    @property
    def columns(self) -> dict[str, Figure]:
        """The figures of a row of the history by the names of its columns."""
        found = [
            Figure(part + figure.name, figure.higher)
            for part in ("", ON_VALIDATION)
            for figure in self.figures
        ]
        return {figure.name: figure for figure in found}
