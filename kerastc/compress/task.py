"""A run as compression sees it: its data, what turns them into inputs, its teacher."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import keras
import numpy as np

from kerastc.files import writing
from kerastc.npz_files import is_finite_of, read_arrays
from kerastc.run import Run
from kerastc.tasks import task_of as named_task_of
from kerastc.training.batching import Batches
from kerastc.training.config import TrainingConfig
from kerastc.training.teacher import Teaching

if TYPE_CHECKING:
    from kerastc.data.splits import Splits


class Task(ABC):
    """What turns the rows of a run into the inputs of its model, on the way through the steps.

    Args:
        parent: the run that is compressed.
        original: the first run of the line: the teacher.
        config: of the original.
        splits: the data of both.

    Attributes:
        kind: `kerastc.tasks.Task.unit`.
        full_rank: a regular expression: places that low-rank leaves as they are.
        preprocessing: of the model as it is at present; a step may replace it.
    """

    kind: ClassVar[str]
    full_rank: ClassVar[str] = ""

    def __init__(self, parent: Run, original: Run, config: TrainingConfig, splits: "Splits"):
        self.parent = parent
        self.original = original
        self.config = config
        self.splits = splits
        self.preprocessing: dict[str, Any]
        self.read_preprocessing(parent)

    def read_preprocessing(self, run: Run) -> None:
        """Takes what belongs to a model from a run, or from the folder of a step."""
        self.preprocessing = run.read_json("preprocessing.json")

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts that a model is judged on, the one that counts last.

        Where the run was cross-validated, its model has learned from all rows but validation's.
        """
        return ("validation",) if self.splits.folds else ("validation", "test")

    @abstractmethod
    def save(self, model: keras.Model, run: Run) -> None:
        """Writes model.keras and what belongs to it."""

    @staticmethod
    def compact(model: keras.Model) -> keras.Model:
        """The model in the form whose parts can be replaced; its logits stay."""
        return model

    @abstractmethod
    def given(self, part: str) -> Sequence:
        """What a user would give of "validation" or "test": texts, or images."""

    @abstractmethod
    def names(self, part: str) -> np.ndarray:
        """What predictions/PART.csv calls the rows, (n,) object."""

    @abstractmethod
    def batches(self, part: str) -> Batches:
        """The rows of "train", "validation" or "test" in order, as they are."""

    def calibration(self, rows: int, seed: int) -> Batches:
        """So many training rows, drawn at random."""
        return self.batches("train").sample(rows, seed)

    @abstractmethod
    def training_batches(self, teaching: Teaching, config: TrainingConfig) -> Batches:
        """The rows that a step learns from.

        Args:
            teaching: of the step.
            config: of this training.

        Returns:
            batches whose targets have the teacher's logits beside them.

        Raises:
            UserError: where what `teaching.unlabelled` names has no rows.
        """

    @property
    @abstractmethod
    def learning_rate(self) -> float:
        """The peak of a step that trains, where it names none."""

    @property
    @abstractmethod
    def figures(self) -> dict[str, Any]:
        """What the metrics of a compressed run say of its data, beside what all runs say."""

    def teacher_logits(self, examples: Sequence) -> np.ndarray:
        """The original's logits, (examples, classes) float32; kept in the cache for every child."""
        digest = hashlib.sha256(self.original.path("model.keras").read_bytes())
        for part in self._bytes(examples):
            digest.update(part)
        path = self.parent.cache / "teachers" / f"{digest.hexdigest()[:32]}.npz"
        shape = len(examples), len(self.splits.train.classes)
        try:
            logits = read_arrays(path)["logits"]
        except (ValueError, KeyError):  # absent, or damaged
            logits = None
        if not is_finite_of(logits, shape):
            logits = self._logits(examples).astype("float32")
            with writing(path) as temporary:
                np.savez(temporary, logits=logits)
        return logits

    def no_logits(self, rows: int) -> np.ndarray:
        """(rows, classes) zeros, which are no array in memory."""
        return np.broadcast_to(np.float32(0), (rows, len(self.splits.train.classes)))

    @abstractmethod
    def _bytes(self, examples: Sequence) -> Iterable[bytes]:
        """What tells examples from others."""

    @abstractmethod
    def _logits(self, examples: Sequence) -> np.ndarray:
        """What the original says of them, (examples, classes)."""


def task_of(parent: Run, original: Run, config: TrainingConfig, splits: "Splits") -> Task:
    """The task of a run; arguments as in `Task`.

    Raises:
        UserError: where it is a run of no known kind.
    """
    from kerastc.compress.image_task import ImageTask
    from kerastc.compress.text_task import TextTask

    kinds = {task.kind: task for task in (TextTask, ImageTask)}
    return kinds[named_task_of(parent).unit](parent, original, config, splits)
