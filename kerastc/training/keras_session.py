"""A Keras model as a session, like those of exported files."""

from collections.abc import Mapping

import keras
import numpy as np

from kerastc.inputs.input import Input, Rows
from kerastc.models.causal_model import STATE
from kerastc.outputs.output import Output, Outputs
from kerastc.progress import progress
from kerastc.tasks import Task
from kerastc.training.predicting import predict_batch

BATCH = 32


class KerasSession:
    """See `kerastc.predictor.Session`.

    Batches with a `carry` are told a batch's outputs before the next one is asked for.

    Args:
        model: from the arrays of the input to the outputs.
        task: of the model.
        input, output: as this model has them.
    """

    length = None

    def __init__(self, model: keras.Model, task: Task, input: Input, output: Output):
        self.model = model
        self.task = task
        self.input = input
        self.output = output

    def outputs(self, rows: Rows) -> Outputs:
        """The model's output for each of the rows; rows of similar length are run together."""
        batches = self.task.input_part("batches").batches(self.input, rows, BATCH)
        order, sizes, done, parts = batches.rows(), self.input.sizes(rows), 0, []
        with progress("Predicting", len(order)) as advance:
            for index in range(len(batches)):
                inputs, targets = batches[index][:2]
                found = predict_batch(self.model, inputs, batches.open_axes)
                if hasattr(batches, "carry"):
                    batches.carry(found)
                named = self.output.reduced(by_name(found, self.output), targets)
                count = len(next(iter(named.values())))
                of = None if sizes is None else [sizes[row] for row in order[done : done + count]]
                parts.append(self.output.cut(named, of))
                done += count
                advance(count)
        return self.output.taken(self.output.merged(parts), np.argsort(order))


def by_name(found: object, output: Output) -> Mapping[str, np.ndarray]:
    """A model's outputs by name; a single output need not be named."""
    return found if isinstance(found, Mapping) else {next(iter(output.shapes)): found}


def shapes(model: keras.Model, output: Output) -> dict[str, tuple]:
    """The shapes, (batch, ...), of a model's outputs, by name; a state is no answer."""
    if isinstance(model.output, Mapping):
        named = {name: tuple(tensor.shape) for name, tensor in model.output.items()}
        return {name: shape for name, shape in named.items() if name != STATE}
    given = model.output_shape
    return {} if isinstance(given, list) else dict(by_name(given, output))
