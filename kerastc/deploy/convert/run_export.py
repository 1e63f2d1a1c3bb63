"""A run on its way out: its model, and real rows for it."""

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
BATCH = 32  # where the export takes any

Arrays = dict[str, np.ndarray]  # by the name of the input, (rows, ...) each
Call = Callable[[Arrays], Mapping[str, np.ndarray]]  # to the outputs by name, (rows, ...) each


class RunExport:
    """A run's model, and real rows for it.

    Args:
        run: with model.keras, preprocessing.json and labels.txt, and what its input needs.
        batch: rows a call; None is any.
        lengths: tokens a row, ascending, of one model each; none is any number.

    Attributes:
        task, input, output: of the run.
        model: from the inputs by name to the outputs, in float32 whatever it was trained in.
        settings: the run's preprocessing.json.
        length: the largest of the lengths; None is any.

    Raises:
        UserError: where a part is missing, or a length is more than the model takes.
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
        self.model = self._named(_in_float32(predictor.session.model))
        self.room = self.task.input_part("export")
        most = self.room.most_tokens(self.model)
        if self.length and most and self.length > most:
            raise UserError(
                f"length={self.length} is more than the encoder takes.",
                f"It takes up to {most} tokens.",
            )

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """What the exported model takes."""
        return self.input.tensors(self.batch, self.length)

    @property
    def shorter(self) -> dict[str, tuple[Tensor, ...]]:
        """What the model takes in the further signatures of its file, by their names."""
        return {of_length(n): self.input.tensors(self.batch, n) for n in self.lengths[:-1]}

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """What it gives."""
        return self.output.tensors(self.batch, self.length)

    @cached_property
    def light_model(self) -> keras.Model:
        """The same function in fewer operations, where its architecture allows that."""
        return self.room.light(self.model)

    @cached_property
    def examples(self) -> Sequence[Any]:
        """Real ones: validation rows of the run or its nearest ancestor, spread evenly.

        Raises:
            UserError: where none of them has any.
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
        """What the input makes of them."""
        return self.input.rows(self.examples, self.length)

    @cached_property
    def arrays(self) -> Arrays:
        """The rows by input name, (n, ...) each."""
        return self.input.arrays(self.rows, self.length)

    def calibration(self, rows: Sequence[np.ndarray]) -> Arrays:
        """Rows of a caller's own as the model takes them.

        Raises:
            UserError: for a row that is no input of the model, by its number.
        """
        return self.input.arrays(self.room.checked(self.input, rows, self.length), self.length)

    def notes(self) -> tuple[str, ...]:
        """What the model does not see of the rows that its file is compared on."""
        unseen = self.input.unseen(self.examples, self.length)
        units = self.task.units
        lines = () if unseen is None else unseen.lines()
        return tuple(f"Of the {units} that it was compared on: {line}" for line in lines)

    def given(self) -> dict[str, Any]:
        """The examples by input name, as a SavedModel with a `graph` takes them."""
        return self.room.given(self.examples)

    def graph(self) -> tuple[Any, tuple[str, ...]]:
        """From what a user has to the inputs, as TensorFlow operations, and notes for the user.

        It is a `tf.Module` whose `input` is the specification of what it takes; None where there is
        no such graph.
        """
        return self.room.graph(self.input, self.length)

    def found(self, call: Call, batch: int | None = None, short: bool = False) -> Outputs:
        """What a model gives for the rows.

        Args:
            call: the model.
            batch: rows a call; that of the export by default.
            short: whether each call gets no more padding than it must, where there are several
                lengths.
        """
        size, count, parts = batch or self.batch or BATCH, len(self.rows), []
        sizes = self.input.sizes(self.rows)
        for begin in range(0, count, size):
            # A model of fixed batch takes no less; the last row fills it up.
            places = np.arange(begin, begin + size).clip(max=count - 1)
            arrays = {name: array[places] for name, array in self.arrays.items()}
            of = None if sizes is None else [sizes[place] for place in places]
            if short and len(self.lengths) > 1:
                length = shortest(self.lengths, max(of))
                arrays = {name: array[:, :length] for name, array in arrays.items()}
            parts.append(self.output.cut(call(arrays), of))
        return self.output.taken(self.output.merged(parts), range(count))

    def expected(self) -> Outputs:
        """What the Keras model gives for the rows."""
        return self.found(
            lambda arrays: by_name(predict_batch(self.model, arrays), self.output), BATCH
        )

    def _named(self, model: keras.Model) -> keras.Model:
        """The model with inputs by name, which one of a single input may not have."""
        if len(model.inputs) > 1:
            return model
        [only] = self.input.tensors(None)
        return keras.Model({only.name: model.input}, model.output)


def _in_float32(model: keras.Model) -> keras.Model:
    """The model for devices that know no bfloat16: weights are in float32 in any case."""
    for layer in model._flatten_layers():
        if layer.compute_dtype != "float32":
            layer.dtype_policy = "float32"
    return model
