"""The steps of every task's training, from batches to a usable run."""

import resource
from collections.abc import Sequence
from typing import Any

import keras

from kerastc.outputs.output import Answers
from kerastc.run import Run
from kerastc.tasks import TASKS
from kerastc.training.batching import Batches
from kerastc.training.config import TrainingConfig
from kerastc.training.finalists import Choice
from kerastc.training.fit import fit
from kerastc.training.predicting import predict


class TaskTraining:
    """A training of a model; its task defines the answers and their scores.

    Args:
        config: hyperparameters; `config.task` names the task.
        labels: the names of labels.txt.
        run: gets the results of the training.

    Attributes:
        head: of the task's output, for targets and models.
    """

    def __init__(self, config: TrainingConfig, labels: Sequence[str], run: Run):
        task = TASKS[config.task]
        self.head = task.output_part("head")
        self.output = task.output(labels, config.decoding)
        self.config = config
        self.run = run

    def fit(
        self, model: keras.Model, train: Batches, validation: Batches, **options: Any
    ) -> tuple[Choice, dict[str, float]]:
        """Fits a model by the loss of its output; see `kerastc.training.fit.fit`."""
        loss, judge = self.head.loss(self.config), self.head.judge(self.output)
        return fit(model, train, validation, loss, judge, self.config, self.run, **options)

    def decoded(self, outputs: Any, batches: Batches | None = None) -> Answers:
        """The answers from a model's outputs, as `predict` returns them.

        Args:
            outputs: of each row.
            batches: of the same rows, where answers need more than the outputs.
        """
        [name] = self.output.shapes
        if batches is None or batches.sizes is None:
            return self.output.answers({name: outputs})
        found = self.output.cut({name: outputs}, batches.sizes)
        return self.output.answers(found, batches.inputs)

    def decide(self, truth: Any, answers: Answers) -> Answers:
        """Chooses what decoding depends on, if it does, by the answers to validation rows.

        Returns:
            the same answers, decoded so.
        """
        self.output = self.output.deciding(truth, answers)
        return self.output.decided(answers)

    def asked(self, model: keras.Model, batches: Batches | None, told: str) -> Answers:
        """A model's answers to batches, in the order of the data; no rows if there are none.

        Args:
            model: with the weights that are kept.
            batches: None if a part has no rows.
            told: the title of the progress bar.
        """
        if batches is None:
            return self.output.answers(self.output.merged([]))
        return self.decoded(predict(model, batches, told), batches)


def save(model: keras.Model, preprocessing: dict[str, Any], run: Run) -> None:
    """Writes model.keras and preprocessing.json; the optimizer stays in checkpoints/."""
    single = len(model.inputs) == 1
    ends = (model.input, model.output) if single else (model.inputs, model.outputs)
    with run.writing("model.keras") as path:
        keras.Model(*ends, name=model.name).save(path)
    run.write_json("preprocessing.json", preprocessing)


def costs(model: keras.Model) -> dict[str, int]:
    """The parameters of a model, and the peak memory of this process, in bytes."""
    return {
        "parameters": model.count_params(),
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
