"""Turns a KerasHub encoder into a `CompactEncoder` that gives the same vectors."""

import keras
import numpy as np

from kerastc.errors import UserError
from kerastc.models.compact_encoder import CompactEncoder
from kerastc.models.pooling import FirstToken, MeanPooling  # noqa: F401  (registers them)
from kerastc.models.text_encoder import TextEncoder, token_inputs
from kerastc.models.transformer_block import TransformerBlock

KINDS = ("BertBackbone", "DistilBertBackbone", "RobertaBackbone", "XLMRobertaBackbone")
ELECTRA = "ElectraBackbone"


def compact(model: keras.Model) -> keras.Model:
    """A `text_classifier` whose encoder is a `CompactEncoder`, with the same logits.

    A model that has one already comes back as it is.

    Raises:
        UserError: for an architecture that is no plain BERT: ALBERT, DeBERTa, or an ELECTRA whose
            embeddings are narrower than its layers.
    """
    encoder = model.get_layer("encoder")
    if isinstance(encoder, CompactEncoder):
        return model
    return with_encoder(model, compact_encoder(encoder))


def with_encoder(model: keras.Model, encoder: keras.layers.Layer) -> keras.Model:
    """The classifier with another encoder of the same width; pooling and head are shared."""
    inputs = token_inputs()
    x = model.get_layer("pooling")(encoder(inputs), inputs["padding_mask"])
    for layer in head_layers(model):
        x = layer(x)
    return keras.Model(inputs, x, name=model.name)


def head_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """What stands behind the pooling, in order."""
    names = [layer.name for layer in model.layers]
    return model.layers[names.index("pooling") + 1 :]


def compact_encoder(encoder: TextEncoder) -> CompactEncoder:
    """The parts of a KerasHub backbone, their weights copied, in a `CompactEncoder`."""
    backbone = encoder.backbone
    kind = type(backbone).__name__
    narrow = kind == ELECTRA and backbone.embedding_dim != backbone.hidden_dim
    if kind not in (*KINDS, ELECTRA) or narrow:
        raise UserError(
            f"The layers of {kind} cannot be compressed one by one.",
            "prune, distill (into a smaller BERT) and quantize work for it. All steps work for "
            f"{', '.join(name.removesuffix('Backbone') for name in KINDS)}.",
        )
    table, positions = _embeddings(backbone)
    policy = backbone.dtype_policy
    first = backbone.transformer_layers[0]
    made = CompactEncoder(
        keras.layers.Embedding(*table.shape, dtype=policy, name="tokens"),
        keras.layers.Embedding(*positions.shape, dtype=policy, name="positions"),
        [_block(layer, i) for i, layer in enumerate(backbone.transformer_layers)],
        backbone.dropout,
        first.layer_norm_epsilon,
        name="encoder",
        dtype=policy,
    )
    made.build({"token_ids": (None, None), "padding_mask": (None, None)})
    made.tokens.set_weights([table])
    made.positions.set_weights([positions])
    made.norm.set_weights(backbone.get_layer("embeddings_layer_norm").get_weights())
    for block, layer in zip(made.blocks, backbone.transformer_layers, strict=True):
        _copy(layer, block)
    return made


def _embeddings(backbone: keras.Model) -> tuple[np.ndarray, np.ndarray]:
    """The tables of tokens and of places; the vector of segment 0 joins each place."""
    table = keras.ops.convert_to_numpy(backbone.token_embedding.embeddings)
    names = [layer.name for layer in backbone.layers]
    if "position_embedding" in names:
        positions = backbone.position_embedding.get_weights()[0]
    else:
        embeddings = getattr(backbone, "embeddings", None)
        positions = embeddings.position_embedding.get_weights()[0]
    if "segment_embedding" in names:
        positions = positions + backbone.segment_embedding.get_weights()[0][:1]
    return table, positions


def _block(layer, index: int) -> TransformerBlock:
    """An unfilled block of the same sizes as a KerasHub `TransformerEncoder`."""
    attention = layer._self_attention_layer
    width = attention.num_heads * attention.key_dim
    hidden = layer._feedforward_output_dense.units
    policy = layer.dtype_policy
    sizes = {"query": width, "key": width, "value": width, "projection": hidden}
    sizes |= {"inner": layer.intermediate_dim, "outer": hidden}
    parts = {name: keras.layers.Dense(n, dtype=policy, name=name) for name, n in sizes.items()}
    approximate = "approximate" in getattr(layer.activation, "__name__", "")
    return TransformerBlock(
        **parts,
        heads=attention.num_heads,
        activation="gelu_tanh" if approximate else layer.activation.__name__,
        dropout=layer.dropout,
        epsilon=layer.layer_norm_epsilon,
        name=f"block_{index}",
        dtype=policy,
    )


def _copy(layer, block: TransformerBlock) -> None:
    """Copies weights; KerasHub's attention kernels are (inputs, heads, width of a head)."""
    attention = layer._self_attention_layer
    for name, source in (
        ("query", "_query_dense"),
        ("key", "_key_dense"),
        ("value", "_value_dense"),
    ):
        kernel, bias = getattr(attention, source).get_weights()
        getattr(block, name).set_weights([kernel.reshape(len(kernel), -1), bias.reshape(-1)])
    kernel, bias = attention._output_dense.get_weights()
    block.projection.set_weights([kernel.reshape(-1, kernel.shape[-1]), bias])
    block.inner.set_weights(layer._feedforward_intermediate_dense.get_weights())
    block.outer.set_weights(layer._feedforward_output_dense.get_weights())
    block.attention_norm.set_weights(layer._self_attention_layer_norm.get_weights())
    block.feed_forward_norm.set_weights(layer._feedforward_layer_norm.get_weights())
