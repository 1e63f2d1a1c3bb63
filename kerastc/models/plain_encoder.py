"""An encoder as other libraries can have it: plain kernels, and blocks that are all of one size.

What compression made smaller is rewritten exactly: factors are multiplied out, and what was removed
is filled up with zeros, so that it is as large again and computes the same.
"""

import keras
import numpy as np

from kerastc.errors import UserError
from kerastc.models.compact_encoder import CompactEncoder, with_values
from kerastc.models.low_rank import FactorisedEmbedding, kernel
from kerastc.models.transformer_block import PARTS, TransformerBlock


def plain(encoder: CompactEncoder) -> CompactEncoder:
    """The same function with `Dense` layers, an `Embedding`, and blocks of one size.

    Args:
        encoder: returned as it is where it is plain already; the result may share its layers.

    Raises:
        UserError: its heads together are wider than its vectors, or its blocks differ in what no
            rewriting changes.
    """
    _check(encoder)
    heads, head_width = _grid(encoder)
    neurons = max(block.inner.units for block in encoder.blocks)
    sizes = (heads, heads * head_width, neurons)
    if _is_plain(encoder, sizes):
        return encoder
    expansion = encoder.expansion
    made = CompactEncoder(
        **{name: _table(table) for name, table in encoder.tables.items()},
        expansion=None if expansion is None else _dense(expansion, kernel(expansion)),
        order=encoder.order,
        blocks=[_block(block, encoder.width, heads, neurons) for block in encoder.blocks],
        dropout=encoder.dropout,
        epsilon=encoder.epsilon,
        name=encoder.name,
    )
    made.build(None)
    made.norm.set_weights(encoder.norm.get_weights())
    return made


def _check(encoder: CompactEncoder) -> None:
    activations = {block.activation for block in encoder.blocks}
    epsilons = {encoder.epsilon, *(block.epsilon for block in encoder.blocks)}
    for what, found in (("activation", activations), ("epsilon", epsilons)):
        if len(found) > 1:
            raise UserError(
                f"The encoder has more than one {what}: {', '.join(map(str, sorted(found)))}."
            )


def _grid(encoder: CompactEncoder) -> tuple[int, int]:
    """How many heads of what width hold those of every block and are as wide as the vectors."""
    most = max(block.heads for block in encoder.blocks)
    widest = max(block.query.units // block.heads for block in encoder.blocks)
    for head_width in range(widest, encoder.width // most + 1):
        if encoder.width % head_width == 0:
            return encoder.width // head_width, head_width
    raise UserError(
        f"The encoder's {most} heads of width {widest} are wider than its vectors of "
        f"{encoder.width}, or do not divide them.",
        "Hugging Face and KerasHub have no such encoder: take --format litert or onnx.",
    )


def _is_plain(encoder: CompactEncoder, sizes: tuple[int, int, int]) -> bool:
    layers = [getattr(block, name) for block in encoder.blocks for name in PARTS]
    layers += [] if encoder.expansion is None else [encoder.expansion]
    return (
        all(type(table) is keras.layers.Embedding for table in encoder.tables.values())
        and all(type(layer) is keras.layers.Dense for layer in layers)
        and {(b.heads, b.query.units, b.inner.units) for b in encoder.blocks} == {sizes}
    )


def _table(table: keras.layers.Layer) -> keras.layers.Embedding:
    if not isinstance(table, FactorisedEmbedding):
        return table
    rows, widening = table.get_weights()
    made = keras.layers.Embedding(table.input_dim, table.output_dim, name=table.name)
    return with_values(made, rows @ widening)


def _block(block: TransformerBlock, width: int, heads: int, neurons: int) -> TransformerBlock:
    """The block with more heads and neurons, of which those that are new do nothing."""
    made = TransformerBlock.of_sizes(
        width,
        neurons,
        heads,
        activation=block.activation,
        dropout=block.dropout,
        epsilon=block.epsilon,
        name=block.name,
    )
    made.build((None, None, width))
    own, wanted = block.query.units // block.heads, width // heads
    for name in ("query", "key", "value"):
        matrix, bias = _weights(getattr(block, name))
        if name == "query":  # the scores are divided by the root of a head's width
            matrix, bias = (array * (wanted / own) ** 0.5 for array in (matrix, bias))
        matrix, bias = (
            _filled(array.reshape(-1, block.heads, own), (None, heads, wanted))
            for array in (matrix, bias)
        )
        getattr(made, name).set_weights([matrix.reshape(-1, width), bias.reshape(width)])
    matrix, bias = _weights(block.projection)
    matrix = _filled(matrix.reshape(block.heads, own, width), (heads, wanted, None))
    made.projection.set_weights([matrix.reshape(width, width), bias])
    matrix, bias = _weights(block.inner)
    made.inner.set_weights([_filled(matrix, (None, neurons)), _filled(bias, (neurons,))])
    matrix, bias = _weights(block.outer)
    made.outer.set_weights([_filled(matrix, (neurons, None)), bias])
    for name in ("attention_norm", "feed_forward_norm"):
        getattr(made, name).set_weights(getattr(block, name).get_weights())
    return made


def _weights(layer: keras.layers.Layer) -> tuple[np.ndarray, np.ndarray]:
    return kernel(layer), layer.get_weights()[-1]


def _dense(layer: keras.layers.Layer, matrix: np.ndarray) -> keras.layers.Dense:
    if type(layer) is keras.layers.Dense:
        return layer
    made = keras.layers.Dense(layer.units, name=layer.name)
    made.build((None, len(matrix)))
    made.set_weights([matrix, layer.get_weights()[-1]])
    return made


def _filled(array: np.ndarray, shape: tuple[int | None, ...]) -> np.ndarray:
    """Zeros behind each axis up to its wanted size; None leaves an axis."""
    missing = [0 if n is None else n - m for n, m in zip(shape, array.shape, strict=True)]
    return np.pad(array, [(0, count) for count in missing])
