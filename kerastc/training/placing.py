"""Where the weights and the rows of a batch are while several processes train together.

To the loop and to Keras all is as in one process: weights and batches are whole, and each process
computes what it has of them (Xu et al. 2021, GSPMD). Loss, clipping, accumulation and metrics are
those of the whole batch, up to the order in which floats are added. Before and after, each process
has a model of its own.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import keras
import numpy as np

from kerastc.processes.agreement import agree
from kerastc.processes.place import here

ROWS, WEIGHTS = "batch", "model"  # axes of the mesh of devices
TABLE, KERNEL = "embeddings", "kernel"  # names of the weights that layout=model divides


@contextmanager
def shared(model: keras.Model, metrics: Iterable[keras.metrics.Metric] = ()) -> Iterator[None]:
    """The weights of a model are those of all processes in the block.

    Args:
        model: compiled, with an optimizer that is built.
        metrics: with which it is compiled.

    Raises:
        UserError: the weights differ.
    """
    if here().alone:
        yield
        return
    agree({"weights": _digest(model)})
    counts = [v for metric in (*model.metrics, *metrics) for v in metric.variables]
    every = {id(v): v for v in [*model.variables, *model.optimizer.variables, *counts]}
    for variable in every.values():
        _spread(variable)
    yield
    for variable in every.values():
        _collect(variable)


class Placed(keras.utils.PyDataset):
    """Batches, of which each process has its rows on its devices.

    Args:
        batches: of NumPy arrays, (rows, ...) each; rows of other processes may be anything.
    """

    def __init__(self, batches: keras.utils.PyDataset):
        super().__init__()
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int):
        return keras.tree.map_structure(_placed, self.batches[index])


def own_rows(batch: Any) -> Any:
    """This process's rows of the arrays of a batch."""
    return keras.tree.map_structure(lambda array: array[here().own(len(array))], batch)


def gathered(own: Any, rows: int) -> Any:
    """All rows of a batch, NumPy, of which each process has computed its own."""
    if not here().divides(rows):
        return own
    from jax.experimental import multihost_utils

    return keras.tree.map_structure(
        lambda array: np.asarray(multihost_utils.process_allgather(array, tiled=True)), own
    )


def value(variable: keras.Variable) -> np.ndarray:
    """A variable's value, for which all processes have to ask at once."""
    if here().alone or variable.value.is_fully_replicated:
        return variable.numpy()
    from jax.experimental import multihost_utils

    return np.asarray(multihost_utils.process_allgather(variable.value, tiled=True))


def _digest(model: keras.Model) -> str:
    found = hashlib.sha256()
    for variable in model.variables:
        found.update(np.ascontiguousarray(variable.numpy()).tobytes())
    return found.hexdigest()


def _spread(variable: keras.Variable) -> None:
    import jax

    values, layout = variable.numpy(), _layout(variable)
    # Keras knows no other way to move a variable; given so, `assign` keeps it there.
    variable._layout = layout
    whole = jax.make_array_from_process_local_data(layout.backend_layout, values, values.shape)
    variable.assign(whole)


def _collect(variable: keras.Variable) -> None:
    values = value(variable)
    variable._layout = None
    variable.assign(values)


def _placed(array: np.ndarray):
    import jax

    rows = len(array)
    axes = (ROWS,) if here().divides(rows) else ()
    layout = keras.distribution.TensorLayout(axes, _mesh()).backend_layout
    return jax.make_array_from_process_local_data(layout, array[here().own(rows)], array.shape)


def _layout(variable: keras.Variable) -> keras.distribution.TensorLayout:
    """A weight is whole in each process; with layout=model, a table or kernel is in parts.

    A table is divided by its tokens, so that logits are, too, and a kernel by its outputs
    (Shoeybi et al. 2019, Megatron-LM, section 3), where the number of parts allows it.
    """
    parts, axes = _mesh().shape[1], [None] * len(variable.shape)
    able = [axis for axis, size in enumerate(variable.shape) if parts > 1 and size % parts == 0]
    if able and variable.name in (TABLE, KERNEL):
        axes[able[0] if variable.name == TABLE else able[-1]] = WEIGHTS
    # A whole one as XLA names what it returns: for another name of it, XLA would compile again.
    return keras.distribution.TensorLayout(axes if any(axes) else (), _mesh())


@cache
def _mesh() -> keras.distribution.DeviceMesh:
    """All devices: an axis to divide rows by, and one for weights."""
    devices = keras.distribution.list_devices()
    shape = (len(devices), 1) if here().layout == "data" else (1, len(devices))
    return keras.distribution.DeviceMesh(shape, (ROWS, WEIGHTS), devices)
