"""Runs a model over batches and returns its outputs in the order of the data."""

from collections.abc import Callable

import keras
import numpy as np

from kerastc.processes.place import here
from kerastc.progress import progress
from kerastc.training.batching import Batches, open_specs
from kerastc.training.placing import gathered, own_rows

Reduced = Callable[[np.ndarray, np.ndarray], np.ndarray]


def all_of_it(outputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Keeps a batch's outputs as they are."""
    return outputs


def predict(
    model: keras.Model, batches: Batches, description: str, reduced: Reduced = all_of_it
) -> np.ndarray | list[np.ndarray]:
    """As `outputs_of`, with a progress bar."""
    with progress(description, total=len(batches.taken)) as advance:
        return outputs_of(model, batches, advance, reduced)


def outputs_of(
    model: keras.Model,
    batches: Batches,
    advance: Callable[[int], None] = lambda rows: None,
    reduced: Reduced = all_of_it,
) -> np.ndarray | list[np.ndarray]:
    """The model's outputs for n rows, (n, ...) float32, in the order of the data.

    For outputs per token a list: n arrays, (length, ...) float32, with the padding of their
    batches.

    Args:
        model: that is asked.
        batches: of all rows, or of some.
        advance: told how many more rows are done.
        reduced: what is kept of a batch's outputs; see `kerastc.outputs.judge.Judge.reduced`.
    """
    places = np.argsort(np.argsort(batches.rows()))
    outputs = None if len(places) else np.empty((0, *model.output_shape[1:]), "float32")
    done = 0
    for index in range(len(batches)):
        inputs, targets = batches[index][:2]
        own = targets[here().own(len(targets))]
        part = reduced(predict_own(model, inputs, batches.open_axes), own)
        part = gathered(part, len(targets))
        if outputs is None:
            by_token = batches.open_axes > 1 and part.ndim > 2
            shape = (len(places), *part.shape[1:])
            outputs = [None] * len(places) if by_token else np.empty(shape, dtype="float32")
        own = places[done : done + len(part)]
        if isinstance(outputs, list):
            for place, output in zip(own, part, strict=True):
                outputs[place] = output
        else:
            outputs[own] = part
        done += len(part)
        advance(len(part))
    return outputs


def predict_batch(model: keras.Model, inputs, open_axes: int = 1) -> np.ndarray | dict:
    """The model's outputs of one batch, (rows, ...) float32; by name if they have names.

    Args:
        model: keeps the traced graph, for later batches.
        inputs: an array or a structure of them.
        open_axes: how many first axes may vary in length between batches.
    """
    rows = len(keras.tree.flatten(inputs)[0])
    return gathered(predict_own(model, inputs, open_axes), rows)


def predict_own(model: keras.Model, inputs, open_axes: int = 1) -> np.ndarray | dict:
    """As `predict_batch`, of the rows that this process computes: all, if it is alone."""
    if not here().alone:
        inputs = own_rows(inputs)
    if keras.backend.backend() == "tensorflow" and model.predict_function is None:
        _trace(model, inputs, open_axes)
    found = model.predict_on_batch(inputs)
    return keras.tree.map_structure(lambda array: np.asarray(array, "float32"), found)


def _trace(model: keras.Model, inputs, open_axes: int) -> None:
    """Builds TensorFlow's graph once for all lengths.

    Keras would trace it for the first shape, for the second and for all others, and have XLA
    compile it for each shape where the model is not compiled, as after loading.
    """
    model.jit_compile = False
    model.make_predict_function()
    model.predict_function.get_concrete_function([(open_specs(inputs, open_axes),)])
