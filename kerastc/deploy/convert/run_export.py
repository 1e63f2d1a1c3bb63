"""A run to export: its model, and real rows for it."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import keras
import numpy as np

from kerastc.deploy.kept_examples import examples_of, spread
from kerastc.deploy.signature import of_length, shortest
from kerastc.errors import UserError
from kerastc.outputs.output import Outputs
from kerastc.predictor import predictor_of
from kerastc.run import Run
from kerastc.tasks import task_of
from kerastc.tensor import Tensor
from kerastc.training.keras_session import by_name
from kerastc.training.predicting import predict_batch

ROWS = 256  # real examples, for parity and for calibration
BATCH = 32  # if the export takes any

Arrays = dict[str, np.ndarray]  # by the name of the input, each (rows, ...)
Call = Callable[[Arrays], Mapping[str, np.ndarray]]  # to the outputs by name, each (rows, ...)


class RunExport:
    """A run's model, and real rows for it.

    Args:
        run: with model.keras, preprocessing.json, labels.txt and its input's files.
        batch: rows per call; None is any.
        lengths: tokens per row, ascending, one model each; empty is any number.

    Attributes:
        task, input, output: of the run.
        model: from the inputs by name to the outputs, always in float32.
        settings: the run's preprocessing.json.
        length: the largest of the lengths; None is any.

    Raises:
        UserError: a part is missing, or a length is not one that the model takes.
    """

    def __init__(self, run: Run, batch: int | None, lengths: Sequence[int] = ()):
        self.run = run
        self.batch = batch
        self.lengths = tuple(lengths)
        self.length = max(lengths, default=None)
        self.task = task_of(run)
        self.settings: dict[str, Any] = run.read_json("preprocessing.json")
        predictor = predictor_of(run)
        self.input, self.output = predictor.input, predictor.output
        self.model = self._named(in_float32(predictor.session.model))
        self.room = self.task.input_part("export")
        most = self.room.most_tokens(self.model)
        if self.length and most and self.length > most:
            raise UserError(
                f"length={self.length} is more than the encoder takes.",
                f"It takes up to {most} tokens.",
            )
        for length in self.lengths:
            self.input.check_length(length)

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """The exported model's inputs."""
        return self.input.tensors(self.batch, self.length)

    @property
    def shorter(self) -> dict[str, tuple[Tensor, ...]]:
        """The model's inputs in the further signatures of its file, by their names."""
        return {of_length(n): self.input.tensors(self.batch, n) for n in self.lengths[:-1]}

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """Its outputs."""
        return self.output.tensors(self.batch, self.length)

    @cached_property
    def light_model(self) -> keras.Model:
        """The same function in fewer operations, if its architecture allows it."""
        return self.room.light(self.model)

    @cached_property
    def examples(self) -> Sequence[Any]:
        """Validation rows of the run or its nearest ancestor, spread evenly.

        Raises:
            UserError: none of them has any.
        """
        found = examples_of(self.run, "validation", self.task, self.output)
        if found is None:
            path = self.run.path("predictions", self.input.kept or "validation.csv")
            raise UserError(
                f"{path} is missing: an export is compared with the Keras model on its "
                f"{self.task.units}.",
                self.run.how_to_go_on,
            )
        return found[spread(len(found), ROWS)]

    @cached_property
    def rows(self) -> Sequence[Any]:
        """The model's input rows for them."""
        return self.input.rows(self.examples, self.length)

    @cached_property
    def arrays(self) -> Arrays:
        """The rows by input name, each (n, ...)."""
        return self.input.arrays(self.rows, self.length)

    def calibration(self, rows: Sequence[np.ndarray]) -> Arrays:
        """A caller's own rows in the form that the model takes.

        Raises:
            UserError: a row does not fit the model, by its number.
        """
        return self.input.arrays(self.room.checked(self.input, rows, self.length), self.length)

    def notes(self) -> tuple[str, ...]:
        """Which part of the compared rows the model does not see."""
        unseen = self.input.unseen(self.examples, self.length)
        units = self.task.units
        lines = () if unseen is None else unseen.lines()
        return tuple(f"Of the {units} that it was compared on: {line}" for line in lines)

    def given(self) -> dict[str, Any]:
        """The examples by input name, in the form of a SavedModel with a `graph`."""
        return self.room.given(self.examples)

    def graph(self) -> tuple[Any, tuple[str, ...]]:
        """From a user's examples to the inputs, as TensorFlow operations, and notes for the user.

        A `tf.Module` whose `input` specifies what it takes; None if there is no such graph.
        """
        return self.room.graph(self.input, self.length)

    def found(self, call: Call, batch: int | None = None, short: bool = False) -> Outputs:
        """A model's outputs for the rows.

        Args:
            call: the model.
            batch: rows per call; by default that of the export.
            short: whether each call gets the least padding, if there are several lengths.
        """
        size, count, parts = batch or self.batch or BATCH, len(self.rows), []
        sizes = self.input.sizes(self.rows)
        for begin in range(0, count, size):
            # A model with a fixed batch takes no fewer; the last row fills it up.
            places = np.arange(begin, begin + size).clip(max=count - 1)
            arrays = {name: array[places] for name, array in self.arrays.items()}
            of = None if sizes is None else [sizes[place] for place in places]
            if short and len(self.lengths) > 1:
                length = shortest(self.lengths, max(of))
                arrays = {name: array[:, :length] for name, array in arrays.items()}
            parts.append(self.output.cut(call(arrays), of))
        return self.output.taken(self.output.merged(parts), range(count))

    def expected(self) -> Outputs:
        """The Keras model's outputs for the rows."""
        return self.found(
            lambda arrays: by_name(predict_batch(self.model, arrays), self.output), BATCH
        )

    def _named(self, model: keras.Model) -> keras.Model:
        """The model with inputs by name, which a single input may lack."""
        if len(model.inputs) > 1:
            return model
        [only] = self.input.tensors(None)
        return keras.Model({only.name: model.input}, model.output)


def in_float32(model: keras.Model) -> keras.Model:
    """The model for devices without bfloat16: weights are always in float32."""
    for layer in model._flatten_layers():
        if layer.compute_dtype != "float32":
            layer.dtype_policy = "float32"
    return model
