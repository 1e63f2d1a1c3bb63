"""A run as the steps of compression see it: its data, what its model is shown, its teacher."""

from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING

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
    """What is the same for all steps but the model: the task of a run, with its data.

    Args:
        parent: the run that is compressed.
        original: the first run of the line: the teacher.
        config: of the original.
        splits: the data of both.

    Attributes:
        task: of the run.
        input: what the model is shown, as it is at present.
        output: what it answers.
        head: what training knows of the output; see `kerastc.outputs.classes.head`.
        teacher: of every training.
    """

    def __init__(self, parent: Run, original: Run, config: TrainingConfig, splits: "Splits"):
        self.splits = splits
        self.task = task_of(parent)
        self.input: CompressedInput = self.task.input_part("compression").INPUT(parent, config)
        self.output: Output = self.task.output(splits.train.classes)
        self.head: ModuleType = self.task.output_part("head")
        self.teacher = Teacher(original, parent.cache, self.output, self.input.content)

    @property
    def config(self) -> TrainingConfig:
        """The settings of the original, as they are for the present model."""
        return self.input.config

    @property
    def learning_rate(self) -> float:
        """The peak of a step that trains, where it names none."""
        return self.input.learning_rate or self.config.learning_rate

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts that a model is judged on, the one that counts last.

        Where the run was cross-validated, its model has learned from all rows but validation's.
        """
        return ("validation",) if self.splits.folds else ("validation", "test")

    def save(self, model: keras.Model, run: Run) -> None:
        """Writes model.keras and what belongs to it."""
        self.input.write(run)
        save(model, self.input.preprocessing, run)

    def loss(self, reduction: str = "sum_over_batch_size") -> keras.losses.Loss:
        """Of targets and outputs, by the labels alone."""
        plain = self.config.model_copy(update={"label_smoothing": 0.0})
        loss = self.head.loss(plain)
        loss.reduction = reduction
        return loss

    def batches(self, part: str) -> Batches:
        """The rows of "train", "validation" or "test" in order, as they are."""
        rows = getattr(self.splits, part)
        return self.input.batches(rows.examples, partial(self.head.targets_of, rows.labels))

    def answers(self, model: keras.Model, part: str) -> Answers:
        """What a model says of a part of the data, in its order."""
        batches = self.batches(part)
        outputs = predict(model, batches, f"Predicting {part}")
        [name] = self.output.shapes
        return self.output.answers({name: outputs}, batches.inputs)

    def calibration(self, rows: int, seed: int) -> Batches:
        """So many training rows, drawn at random."""
        return self.batches("train").sample(rows, seed)

    def training_batches(self, teaching: Teaching, config: TrainingConfig) -> Taught:
        """The rows that a step learns from, with the teacher's outputs beside the labels.

        Args:
            teaching: what is learned, from which rows.
            config: of this training.

        Raises:
            UserError: where what `teaching.unlabelled` names has no rows.
        """
        train, more = self.splits.train, self.input.unlabelled(self.splits, teaching)
        examples = np.concatenate([train.examples, more])
        labels = np.concatenate([train.labels, self.head.no_labels(len(more))])
        batches = self.input.training_batches(
            examples, partial(self.head.targets_of, labels), config, teaching
        )
        if not teaching.soft:
            said = self.teacher.nothing
        elif self.input.taught_apart(examples, config):
            said = self.teacher.of_rows(examples)
        else:
            said = self.teacher.of_batch
        return Taught(batches, said, self.head.with_teacher)
