"""Measures the inputs of a model's layers on real rows, once, before a step decides."""

from collections.abc import Sequence
from contextlib import ExitStack, contextmanager

import keras
import numpy as np

from kerastc.models.layer_paths import ReplaceableLayer
from kerastc.progress import progress
from kerastc.training.batching import Batches


def second_moments(
    model: keras.Model, found: Sequence[ReplaceableLayer], batches: Batches
) -> dict[str, np.ndarray]:
    """C = E[x x^T] of the inputs x of each layer, without padding.

    Args:
        model: run on the batches in inference mode, outside any compiled function.
        found: layers that take (..., m) floats; for a token table the moments are those of one-hot
            vectors, so the shares of the tokens are returned instead of a matrix.
        batches: training rows.

    Returns:
        by path: (m, m) float64, or (rows of the table,) float64 shares.
    """
    sums = {one.path: _Sum(one.layer) for one in found}
    with ExitStack() as stack:
        mask = _Mask()
        for one in found:
            stack.enter_context(_watched(one.layer, sums[one.path], mask))
        with progress("Calibrating", total=len(batches)) as advance:
            for index in range(len(batches)):
                inputs = batches[index][0]
                mask.array = inputs.get("padding_mask") if isinstance(inputs, dict) else None
                model(inputs, training=False)
                advance(1)
    return {path: total.mean() for path, total in sums.items()}


class _Mask:
    """The padding mask of the current batch, (batch, length) or None."""

    array: np.ndarray | None = None


class _Sum:
    """Adds up outer products, or counts of ids, of a layer's input rows."""

    def __init__(self, layer: keras.layers.Layer):
        table = hasattr(layer, "embeddings")
        self.ids = layer.input_dim if table else 0
        self.total: np.ndarray | float = 0.0
        self.rows = 0

    def add(self, inputs: np.ndarray, mask: np.ndarray | None) -> None:
        axes = inputs.ndim - (0 if self.ids else 1)
        rows = inputs.reshape(-1, *inputs.shape[axes:])
        # A document's tokens are divided into windows, and stay in their order.
        if mask is not None and len(rows) == mask.size:
            rows = rows[mask.reshape(-1).astype(bool)]
        if self.ids:
            self.total = self.total + np.bincount(rows, minlength=self.ids)
        else:
            rows = rows.astype("float64")
            self.total = self.total + rows.T @ rows
        self.rows += len(rows)

    def mean(self) -> np.ndarray:
        return np.asarray(self.total) / max(self.rows, 1)


@contextmanager
def _watched(layer: keras.layers.Layer, total: _Sum, mask: _Mask):
    """Adds the layer's inputs to the sum while the block runs."""
    call = layer.call

    def watched(inputs, *args, **kwargs):
        total.add(keras.ops.convert_to_numpy(inputs), mask.array)
        return call(inputs, *args, **kwargs)

    object.__setattr__(layer, "call", watched)
    try:
        yield
    finally:
        object.__delattr__(layer, "call")
