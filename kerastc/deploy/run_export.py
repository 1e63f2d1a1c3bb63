"""A run on its way out: what the exports of texts and of images have in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import keras
import numpy as np

from kerastc.deploy.signature import Tensor
from kerastc.run import Run
from kerastc.training.predicting import predict_batch

if TYPE_CHECKING:
    from kerastc.predictor import ImagePredictor, Predictor

ROWS = 256  # real examples, for parity and for calibration
BATCH = 32  # where the export takes any

Arrays = dict[str, np.ndarray]  # by the name of the input, (rows, ...) each


class RunExport(ABC):
    """A run's model, and real rows for it.

    Args:
        run: with model.keras, preprocessing.json and labels.txt.
        batch: rows a call; None is any.
        predictor: of the run.

    Attributes:
        kind: one of `kerastc.kinds.KINDS`.
        model: from the inputs by name to logits, in float32 whatever it was trained in.
        classes: names in the order of the logits.
        settings: the run's preprocessing.json.
        tokenizer, lengths: as in `Signature`.
    """

    kind: ClassVar[str]
    tokenizer: ClassVar[str] = ""
    lengths: tuple[int, ...] = ()

    def __init__(
        self, run: Run, batch: int | None, predictor: "Predictor | ImagePredictor"
    ) -> None:
        self.run = run
        self.batch = batch
        self.classes = predictor.classes
        self.model = _in_float32(predictor.model)
        self.settings: dict[str, Any] = run.read_json("preprocessing.json")

    @property
    @abstractmethod
    def inputs(self) -> tuple[Tensor, ...]:
        """What the exported model takes."""

    @property
    def shorter(self) -> dict[str, tuple[Tensor, ...]]:
        """What the model takes in the further signatures of its file, by their names."""
        return {}

    def notes(self) -> tuple[str, ...]:
        """What the model does not see of the rows that its file is compared on."""
        return ()

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """What it gives."""
        return (Tensor("logits", (self.batch, len(self.classes)), "float32"),)

    @cached_property
    def light_model(self) -> keras.Model:
        """The same function in fewer operations, where its architecture allows that."""
        return self.model

    @property
    @abstractmethod
    def rows(self) -> Arrays:
        """Real examples as the model takes them: validation rows of the run."""

    @abstractmethod
    def given(self) -> dict[str, Any]:
        """The same as a user has them, by input name: what a SavedModel with a `graph` takes."""

    @abstractmethod
    def calibration(self, rows: Sequence[np.ndarray]) -> Arrays:
        """Rows of a caller's own as the model takes them.

        Raises:
            UserError: for a row that is no input of the model, by its number.
        """

    @abstractmethod
    def graph(self) -> tuple[Any, tuple[str, ...]]:
        """From what a user has to the inputs, as TensorFlow operations, and notes for the user.

        It is a `tf.Module` whose `input` is the specification of what it takes; None where there is
        no such graph.
        """

    def copy_tokenizer(self, folder: Path) -> None:
        """Puts the tokenizer where the signature says it is, where there is one."""
        raise NotImplementedError

    def logits(self, call: Callable[[Arrays], np.ndarray], batch: int | None = None) -> np.ndarray:
        """What a model says of the rows, (n, classes) float32.

        Args:
            call: the model: arrays by input name to logits.
            batch: rows a call; that of the export by default.
        """
        size, rows = batch or self.batch or BATCH, len(next(iter(self.rows.values())))
        found = []
        for begin in range(0, rows, size):
            # A model of fixed batch takes no less; the last row fills it up.
            places = np.arange(begin, begin + size).clip(max=rows - 1)
            found.append(call({name: array[places] for name, array in self.rows.items()}))
        return np.concatenate(found)[:rows]

    def by_length(self, call: Callable[[Arrays], np.ndarray]) -> Callable[[Arrays], np.ndarray]:
        """A model that gets no more padding than it must: where there are several lengths."""
        return call

    def expected(self) -> np.ndarray:
        """What the Keras model says of the rows, (n, classes) float32."""
        return self.logits(lambda rows: predict_batch(self.model, rows), BATCH)


def spread(count: int, most: int = ROWS) -> np.ndarray:
    """The places of at most so many rows, spread evenly over all."""
    return np.unique(np.linspace(0, count - 1, most).astype(int))


def _in_float32(model: keras.Model) -> keras.Model:
    """The model for devices that know no bfloat16: weights are in float32 in any case."""
    for layer in model._flatten_layers():
        if layer.compute_dtype != "float32":
            layer.dtype_policy = "float32"
    return model
