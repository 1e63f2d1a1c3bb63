"""How a training is judged: what is counted while it runs, and what ranks its weights."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from kerastc.outputs.output import Figure

if TYPE_CHECKING:
    import keras

ON_VALIDATION = "val_"  # prefix of validation figures, as in Keras


class Judge(ABC):
    """Judges the outputs of one training; the loop itself is independent of the task.

    Attributes:
        main: ranks evaluations unless early stopping names another figure.
        figures: of a part of an evaluation, in the order of the history's columns: the loss, the
            metrics, then those added by `counted`.
        metrics: with which the model is compiled.
        whole: whether an evaluation is judged as at the end, by `final`, since a figure is not of
            rows but of several together; the metrics then count training rows alone.
    """

    whole: ClassVar[bool] = False
    main: Figure
    figures: tuple[Figure, ...]
    metrics: Sequence["keras.metrics.Metric"]

    @abstractmethod
    def counted(self) -> dict[str, float]:
        """Figures, besides those in the logs, of the rows counted by the metrics so far."""

    @abstractmethod
    def final(
        self, outputs: Any, targets: np.ndarray, rows: Sequence[Any] = ()
    ) -> dict[str, float]:
        """The `figures` of a model's outputs for all rows of a part.

        Args:
            outputs: of each row, as from `kerastc.training.predicting.predict`.
            targets: integers, as in the batches.
            rows: the model's input rows, for outputs of their parts; not needed for classes.
        """

    def reduced(self, outputs: Any, targets: np.ndarray) -> Any:
        """What `final` needs of the outputs of a batch; see `Output.reduced`."""
        return outputs

    def of_logs(self, logs: Mapping[str, float], part: str = "") -> dict[str, float]:
        """The loss and the metrics in Keras's logs, where `part` is their prefix."""
        names = ("loss", *(metric.name for metric in self.metrics))
        return {name: logs[part + name] for name in names}

    @property
    def columns(self) -> dict[str, Figure]:
        """The figures of a row of the history, by column name."""
        found = [
            Figure(part + figure.name, figure.higher)
            for part in ("", ON_VALIDATION)
            for figure in self.figures
        ]
        return {figure.name: figure for figure in found}
