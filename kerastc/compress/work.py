"""What a compression step works on."""

from dataclasses import dataclass
from functools import cached_property

import keras
import numpy as np

from kerastc.compress.task import Task
from kerastc.run import Run
from kerastc.scores.softmax import softmax
from kerastc.training.predicting import predict


@dataclass
class Work:
    """A model on its way through the steps.

    Args:
        task: the data of the run, and what turns them into the model's inputs.
        model: what a step reads, and replaces where its shapes change.
        run: the folder of the present step: checkpoints and history of what it trains.
    """

    task: Task
    model: keras.Model
    run: Run

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The class names."""
        return self.task.splits.train.classes

    def probabilities(self, part: str) -> np.ndarray:
        """(rows, classes) float64 of a part of the data, in its order."""
        return softmax(predict(self.model, self.task.batches(part), f"Predicting {part}"))
