"""Turns a KerasHub encoder into a `CompactEncoder` that gives the same vectors."""

from collections.abc import Callable

import keras
import numpy as np

from kerastc.errors import UserError
from kerastc.models.block_parts import activation_of, epsilon_of, parts_of
from kerastc.models.compact_encoder import CompactEncoder
from kerastc.models.parts import encoder_layer
from kerastc.models.sequence_encoder import SequenceEncoder, reads_segments
from kerastc.models.text_encoder import TextEncoder
from kerastc.models.transformer_block import TransformerBlock


def compact(model: keras.Model) -> keras.Model:
    """A text model whose encoder is a `CompactEncoder`, with the same logits, all of it trained.

    A model that already has one, or has no text encoder, is returned unchanged.

    Raises:
        UserError: for an architecture whose positions are relative: DeBERTa.
    """
    encoder = encoder_layer(model)
    if isinstance(encoder, CompactEncoder):
        encoder.tune("all")
    if not isinstance(encoder, TextEncoder):
        return model
    return with_encoder(model, compact_encoder(encoder, reads_segments(model)))


def with_encoder(model: keras.Model, encoder: SequenceEncoder) -> keras.Model:
    """The model with another encoder of the same width; all later layers are shared."""
    old = encoder_layer(model)
    # Of a compiled model, clone_model would compile the copy, too.
    plain = keras.Model(model.input, model.output, name=model.name)
    return keras.models.clone_model(
        plain, clone_function=lambda layer: encoder if layer is old else layer
    )


def with_table(model: keras.Model, changed: Callable[[np.ndarray], np.ndarray]) -> keras.Model:
    """The model with another token table, (tokens, width), made from its own."""
    encoder = encoder_layer(model)
    return with_encoder(model, encoder.with_table(changed(encoder.table())))


def compact_encoder(encoder: TextEncoder, segments: bool = False) -> CompactEncoder:
    """The parts of a KerasHub backbone, their weights copied, in a `CompactEncoder`.

    Args:
        segments: whether it takes segments; else that of segment 0 is added to each position.

    Raises:
        UserError: as in `compact`.
    """
    backbone = encoder.backbone
    if encoder.positions is None:
        raise UserError(
            f"The layers of {type(backbone).__name__} cannot be compressed one by one.",
            "prune, distill (into a smaller BERT) and quantize work for it. All steps work for "
            "Albert, Bert, DistilBert, Electra, Roberta, XLMRoberta.",
        )
    arrays = _embeddings(encoder, segments)
    policy = backbone.dtype_policy
    tables = {
        name: keras.layers.Embedding(*array.shape, dtype=policy, name=name)
        for name, array in arrays.items()
    }
    if encoder.expansion is not None:
        units = encoder.expansion.units
        tables["expansion"] = keras.layers.Dense(units, dtype=policy, name="expansion")
    made = CompactEncoder(
        **tables,
        blocks=[_block(layer, i) for i, layer in enumerate(encoder.blocks)],
        order=encoder.order,
        dropout=backbone.dropout,
        epsilon=epsilon_of(encoder.blocks[0]),
        name=encoder.name,
        dtype=policy,
    )
    made.build(None)
    for name, table in made.tables.items():
        table.set_weights([arrays[name]])
    made.norm.set_weights(backbone.embeddings_layer_norm.get_weights())
    if encoder.expansion is not None:
        made.expansion.set_weights(encoder.expansion.get_weights())
    for block, layer in zip(made.blocks, encoder.blocks, strict=True):
        copy_block(layer, block)
    return made


def _embeddings(encoder: TextEncoder, segments: bool) -> dict[str, np.ndarray]:
    """The tables of tokens, positions and, if requested and present, segments."""
    arrays = {
        "tokens": keras.ops.convert_to_numpy(encoder.tokens.embeddings),
        "positions": encoder.positions.get_weights()[0],
    }
    if encoder.segments is not None:
        of_segments = encoder.segments.get_weights()[0]
        if segments:
            return arrays | {"segments": of_segments}
        arrays["positions"] = arrays["positions"] + of_segments[:1]
    return arrays


def _block(layer, index: int) -> TransformerBlock:
    """An unfilled block of the same sizes as a KerasHub `TransformerEncoder`."""
    return TransformerBlock.of_sizes(
        layer._feedforward_output_dense.units,
        layer.intermediate_dim,
        layer._self_attention_layer.num_heads,
        activation=activation_of(layer),
        dropout=layer.dropout,
        epsilon=epsilon_of(layer),
        name=f"block_{index}",
        dtype=layer.dtype_policy,
    )


def copy_block(source: keras.layers.Layer, target: keras.layers.Layer) -> None:
    """Copies the weights of a block of ours or of KerasHub's to one of either."""
    pairs = zip(parts_of(source).values(), parts_of(target).values(), strict=True)
    for old, new in pairs:
        arrays = zip(new.weights, old.get_weights(), strict=True)
        new.set_weights([array.reshape(weight.shape) for weight, array in arrays])
