"""The units that structured pruning can remove: neurons and heads of a block, channels."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

import keras
import numpy as np

from kerastc.compress.steps.slicing import with_channels, with_inputs, with_outputs
from kerastc.models.layer_paths import put
from kerastc.models.low_rank import kernel
from kerastc.models.transformer_block import TransformerBlock


@dataclass(frozen=True)
class Reader:
    """A layer that reads the units; its inputs are (before, units, after), flattened.

    Args:
        layer: dense or convolution.
        before: positions that were flattened together with the channels.
        after: adjacent inputs per unit: the width of a head.
        sources: for channels, the convolutions or norms that last wrote or scaled them on the way
            to this layer; they are added.
    """

    layer: keras.layers.Layer
    before: int = 1
    after: int = 1
    sources: Sequence[keras.layers.Layer] = ()

    def shape(self, units: int) -> tuple[int, int, int, int, int]:
        """The first kernel's shape as (positions of a filter, before, units, after, outputs)."""
        return (-1, self.before, units, self.after, kernel(self.layer).shape[-1])

    def inputs(self, kept: np.ndarray, units: int) -> np.ndarray:
        """The layer's inputs that belong to the units `kept`."""
        all_inputs = np.arange(self.before * units * self.after)
        return all_inputs.reshape(self.before, units, self.after)[:, kept].reshape(-1)

    def norms(self, units: int) -> np.ndarray:
        """The Euclidean norm of the weights that read each unit, (units,)."""
        return _norm(kernel(self.layer).reshape(self.shape(units)), (0, 1, 3, 4))


@dataclass(frozen=True)
class Units(ABC):
    """Units that some layers write and others read.

    Args:
        path: for users: "encoder/block_0/heads", "conv_1", "stem+conv_3".
        count: how many there are.
        readers: the layers that read them.
    """

    path: str
    count: int
    readers: Sequence[Reader] = field(repr=False)

    @abstractmethod
    def written(self, reader: Reader) -> np.ndarray:
        """The Euclidean norm of the weights that make each unit for a reader, (units,)."""

    def norms(self) -> np.ndarray:
        """The norm over the readers of the writing times the reading weights, (units,).

        Zero only if a unit has no effect, given an activation that maps zero to zero.
        """
        products = (self.written(reader) * reader.norms(self.count) for reader in self.readers)
        return np.sqrt(sum(product**2 for product in products))


@dataclass(frozen=True)
class Neurons(Units):
    """The neurons between the two feed-forward layers of a block."""

    block: TransformerBlock = field(repr=False)

    @classmethod
    def of(cls, block: TransformerBlock, prefix: str) -> "Neurons":
        """The units of a block of the encoder named `prefix`."""
        path = f"{prefix}/{block.name}/neurons"
        return cls(path, block.inner.units, [Reader(block.outer)], block)

    def written(self, reader: Reader) -> np.ndarray:
        return _norm(_columns(self.block.inner), 0)

    def keep(self, kept: np.ndarray) -> None:
        """Removes the others from the block."""
        outer = with_inputs(self.block.outer, kept)
        put(self.block, "inner", with_outputs(self.block.inner, kept))
        put(self.block, "outer", outer)


@dataclass(frozen=True)
class Heads(Units):
    """The attention heads of a block; their width does not change."""

    block: TransformerBlock = field(repr=False)

    @classmethod
    def of(cls, block: TransformerBlock, prefix: str) -> "Heads":
        """The units of a block of the encoder named `prefix`."""
        path = f"{prefix}/{block.name}/heads"
        width = block.value.units // block.heads
        return cls(path, block.heads, [Reader(block.projection, after=width)], block)

    def written(self, reader: Reader) -> np.ndarray:
        columns = _columns(self.block.value)
        return _norm(columns.reshape(len(columns), self.count, -1), (0, 2))

    def keep(self, kept: np.ndarray) -> None:
        """Removes the others from the block."""
        (reader,) = self.readers
        places = reader.inputs(kept, self.count)
        new = {"projection": with_inputs(self.block.projection, places)}
        for name in ("query", "key", "value"):
            new[name] = with_outputs(getattr(self.block, name), places)
        for name, layer in new.items():
            put(self.block, name, layer)
        self.block.heads = len(kept)


@dataclass(frozen=True)
class Channels(Units):
    """The filters of a convolution, through normalisations to the layers that read them.

    Several convolutions write the channels of a residual stream.
    """

    writers: Sequence[keras.layers.Layer] = field(repr=False)
    batch_norms: Sequence[keras.layers.BatchNormalization] = field(repr=False)

    def written(self, reader: Reader) -> np.ndarray:
        return np.sqrt(sum(self._size(source) ** 2 for source in reader.sources))

    def _size(self, source: keras.layers.Layer) -> np.ndarray:
        if not isinstance(source, keras.layers.BatchNormalization):
            return _norm(_columns(source), 0)
        # After a normalisation the size of its scale counts, not that of the filter.
        ones = np.ones(source.moving_mean.shape, "float32")
        parts = [source.gamma if source.scale else ones, source.beta if source.center else 0 * ones]
        parts = np.stack([keras.ops.convert_to_numpy(part) for part in parts])
        return _norm(parts.reshape(2, -1, self.count), (0, 1))

    def keep(self, kept: np.ndarray, made: dict[str, keras.layers.Layer]) -> None:
        """Adds to `made`, by name, the layers without the others, based on those already there."""
        for writer in self.writers:
            made[writer.name] = with_outputs(made.get(writer.name, writer), kept)
        for norm in self.batch_norms:
            places = Reader(norm, norm.moving_mean.shape[0] // self.count)
            made[norm.name] = with_channels(norm, places.inputs(kept, self.count))
        for reader in self.readers:
            layer = made.get(reader.layer.name, reader.layer)
            made[layer.name] = with_inputs(layer, reader.inputs(kept, self.count))


def _columns(layer: keras.layers.Layer) -> np.ndarray:
    """The kernel as (inputs + 1, outputs), with the bias as the last row."""
    weights = kernel(layer)
    weights = weights.reshape(-1, weights.shape[-1])
    if not layer.use_bias:
        return weights
    return np.vstack([weights, keras.ops.convert_to_numpy(layer.bias).astype("float32")])


def _norm(array: np.ndarray, axes) -> np.ndarray:
    return np.sqrt((array.astype("float64") ** 2).sum(axis=axes))
