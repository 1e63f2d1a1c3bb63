"""A run as the compression steps see it: its data, its model's input, its teacher."""

from collections.abc import Mapping
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from kerastc.compress.steps.taught import Taught
from kerastc.compress.steps.teacher import Teacher
from kerastc.inputs.compression import CompressedInput
from kerastc.outputs.output import Answers, Output
from kerastc.run import Run
from kerastc.tasks import task_of
from kerastc.training.batching import Batches
from kerastc.training.config import TrainingConfig
from kerastc.training.predicting import predict
from kerastc.training.task_training import save
from kerastc.training.teacher import Teaching

if TYPE_CHECKING:
    from kerastc.data.splits import Splits


class Subject:
    """What stays the same for all steps, unlike the model: a run's task and data.

    Args:
        parent: the run that is compressed.
        original: the first run of the line, the teacher.
        config: of the original.
        splits: the data of both.

    Attributes:
        task: of the run.
        input: of the present model.
        output: of the model.
        head: the output in training; see `kerastc.outputs.classes.head`.
        teacher: of every training.
    """

    def __init__(self, parent: Run, original: Run, config: TrainingConfig, splits: "Splits"):
        self.splits = splits
        self.task = task_of(parent)
        self.input: CompressedInput = self.task.input_part("compression").INPUT(parent, config)
        self.output: Output = self._output(self.input.preprocessing.get("decoding"))
        self.head: ModuleType = self.task.output_part("head")
        self.teacher = Teacher(original, parent.cache, self.output, self.input.content)

    @property
    def config(self) -> TrainingConfig:
        """The original's settings, adapted to the present model."""
        return self.input.config

    @property
    def learning_rate(self) -> float:
        """The default peak learning rate of a step that trains."""
        return self.input.learning_rate or self.config.learning_rate

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts that a model is judged on; the last one counts.

        There may be no test rows; the model of a cross-validated run has learned from all rows but
        validation's.
        """
        return ("validation", "test") if len(self.splits.test) else ("validation",)

    def _output(self, decoding: Mapping[str, Any] | None) -> Output:
        return self.task.output(self.splits.train.classes, decoding)

    def decide(self, model: keras.Model) -> None:
        """Chooses for a model anew what decoding depends on, if it depends on anything."""
        if not self.output.decoding:
            return
        answers = self.answers(model, "validation")
        self.output = self.output.deciding(self.splits.validation.labels, answers)
        decoding = {"decoding": self.output.decoding}
        self.input.preprocessing = self.input.preprocessing | decoding

    def save(self, model: keras.Model, run: Run) -> None:
        """Writes model.keras and its files."""
        self.input.write(run)
        save(model, self.input.preprocessing, run)

    def loss(self, reduction: str = "sum_over_batch_size") -> keras.losses.Loss:
        """The loss of targets and outputs, from the labels alone."""
        plain = self.config.model_copy(update={"label_smoothing": 0.0})
        loss = self.head.loss(plain)
        loss.reduction = reduction
        return loss

    def batches(self, part: str) -> Batches:
        """The rows of "train", "validation" or "test", in order, unaugmented."""
        rows = getattr(self.splits, part)
        return self.input.batches(rows.examples, partial(self.head.targets_of, rows.labels))

    def answers(self, model: keras.Model, part: str) -> Answers:
        """A model's answers for a part of the data, in its order."""
        batches = self.batches(part)
        outputs = predict(model, batches, f"Predicting {part}")
        [name] = self.output.shapes
        return self.output.answers({name: outputs}, batches.inputs)

    def calibration(self, rows: int, seed: int) -> Batches:
        """Training rows drawn at random."""
        return self.batches("train").sample(rows, seed)

    def unlabelled(self, teaching: Teaching) -> np.ndarray:
        """The further examples that a step learns from, (n, ...), without labels.

        Raises:
            UserError: `teaching.unlabelled` has no rows.
        """
        return self.input.unlabelled(self.splits, teaching)

    def training_batches(
        self, teaching: Teaching, config: TrainingConfig, more: np.ndarray
    ) -> Taught:
        """The rows that a step learns from, with labels and the teacher's outputs.

        Args:
            teaching: what is learned.
            config: for this training.
            more: of `unlabelled`.
        """
        train = self.splits.train
        examples = self.input.joined(train.examples, more)
        labels = np.concatenate([train.labels, self.head.no_labels(len(more))])
        batches = self.input.training_batches(
            examples, partial(self.head.targets_of, labels), config, teaching
        )
        if not teaching.soft:
            said = self.teacher.nothing
        elif self.input.taught_apart(examples, config):
            said = self.teacher.of_rows(examples, batches.inputs)
        else:
            said = self.teacher.of_batch
        return Taught(batches, said, self.head.with_teacher)
