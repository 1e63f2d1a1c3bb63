"""Encoders filled with weights in Hugging Face's layout: what all architectures share."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from kerastc.errors import UserError
from kerastc.models.compact_encoder import CompactEncoder, with_values
from kerastc.models.transformer_block import TransformerBlock

# Hugging Face's names for activations, and those of a `TransformerBlock`.
ACTIVATIONS = {
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "relu": "relu",
}
NAME = "encoder"
TOKENS = "embeddings.word_embeddings.weight"  # the name of the token table
Tensor = Callable[[str], np.ndarray]  # by Hugging Face's name; dense kernels are (out, in)


def activation_of(config: Mapping[str, Any]) -> str:
    """The activation that a config.json names, by our name.

    Raises:
        UserError: it or the kind of positions is not known.
    """
    activation, kind = config.get("hidden_act", "gelu"), config.get("position_embedding_type")
    if activation not in ACTIVATIONS or kind not in (None, "absolute"):
        raise UserError(
            f"{config.get('model_type', 'bert')} with hidden_act={activation!r} and "
            f"position_embedding_type={kind!r} is not known.",
            f"Allowed: {', '.join(ACTIVATIONS)}; absolute.",
        )
    return ACTIVATIONS[activation]


def embeddings(tensor: Tensor, segments: bool) -> dict[str, np.ndarray]:
    """The tables; without segments, that of segment 0 is added to the positions."""
    tables = {
        "tokens": tensor(TOKENS),
        "positions": tensor("embeddings.position_embeddings.weight"),
    }
    of_segments = tensor("embeddings.token_type_embeddings.weight")
    if segments:
        return tables | {"segments": of_segments}
    return tables | {"positions": tables["positions"] + of_segments[0]}


def filled(
    tensor: Tensor,
    config: Mapping[str, Any],
    segments: bool,
    blocks: Sequence[str],
    parts: Mapping[str, str],
    expansion: str = "",
    order: Sequence[int] | None = None,
) -> CompactEncoder:
    """An encoder with the weights of a model.

    Args:
        tensor: the weights.
        config: the fields of config.json, by BERT's names.
        segments: whether it takes segments.
        blocks: what the names of each block's weights begin with, bottom up.
        parts: what follows, for each part of a `TransformerBlock`.
        expansion: the name of the layer between embeddings and blocks; empty if there is none.
        order: in which the blocks run, as in `CompactEncoder`.
    """
    tables = embeddings(tensor, segments)
    dropout = config.get("hidden_dropout_prob", 0.1)
    epsilon = config.get("layer_norm_eps", 1e-12)
    sizes = [config[f"{n}_size"] for n in ("hidden", "intermediate")]
    made = [
        TransformerBlock.of_sizes(
            *sizes,
            config["num_attention_heads"],
            activation=activation_of(config),
            dropout=dropout,
            epsilon=epsilon,
            name=f"block_{i}",
        )
        for i in range(len(blocks))
    ]
    layers = {
        name: with_values(keras.layers.Embedding(*table.shape, name=name), table)
        for name, table in tables.items()
    }
    if expansion:
        layers["expansion"] = keras.layers.Dense(config["hidden_size"], name="expansion")
    encoder = CompactEncoder(
        **layers, blocks=made, order=order, dropout=dropout, epsilon=epsilon, name=NAME
    )
    encoder.build(None)
    fill(tensor, encoder.norm, "embeddings.LayerNorm")
    if expansion:
        fill(tensor, encoder.expansion, expansion)
    for prefix, block in zip(blocks, made, strict=True):
        for part, name in parts.items():
            fill(tensor, getattr(block, part), f"{prefix}.{name}")
    return encoder


def fill(tensor: Tensor, layer: keras.layers.Layer, name: str) -> None:
    """Copies weight and bias of a dense layer or a normalisation."""
    pair = tensor(f"{name}.weight").T, tensor(f"{name}.bias")
    for variable, array in zip(layer.weights, pair, strict=True):
        variable.assign(np.reshape(array, variable.shape))
