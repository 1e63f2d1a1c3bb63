"""BERT weights in Hugging Face layout, as an encoder that gives the published hidden states.

For single texts BERT without its pooler is DistilBERT with the embedding of segment 0 added to
every position, which saves the look-up of segments. If the model takes segments, or BERT is of a
kind that `DistilBertBackbone` cannot reproduce, a `CompactEncoder` is used. KerasHub's own
`BertBackbone` uses the tanh approximation of GELU although most published models use the exact one,
an error of up to 3e-3 in the output; both of ours agree with the published model to rounding.

Reference: Devlin et al. 2018, BERT: Pre-training of Deep Bidirectional Transformers.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import keras
import keras_hub
import numpy as np
from safetensors import safe_open

from kerastc.errors import UserError
from kerastc.models.compact_encoder import CompactEncoder
from kerastc.models.sequence_encoder import SequenceEncoder
from kerastc.models.text_encoder import TextEncoder
from kerastc.models.transformer_block import TransformerBlock

# Hugging Face's names for activations, and those of a `TransformerBlock`.
ACTIVATIONS = {
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "relu": "relu",
}
NAME = "encoder"
Tensors = Callable[[str], np.ndarray]  # by Hugging Face's name; dense kernels are (out, in)


def read_bert(
    weights: Sequence[Path], config: Mapping[str, Any], segments: bool = False
) -> SequenceEncoder:
    """Builds the encoder of a model.

    Args:
        weights: `model.safetensors`, or the files it is spread over.
        config: the fields of its `config.json`.
        segments: whether it takes segments; else all tokens belong to the first text.

    Raises:
        UserError: its architecture has an unknown part.
        KeyError, ValueError: a tensor is missing or of another shape.
        safetensors.SafetensorError: a file is damaged.
    """
    with ExitStack() as stack:
        files = [stack.enter_context(safe_open(path, "np")) for path in weights]
        where = {_plain(name): (file, name) for file in files for name in file.keys()}  # noqa: SIM118

        def tensor(name: str) -> np.ndarray:
            file, own = where[name]
            return file.get_tensor(own)

        return bert(tensor, config, segments)


def bert(tensor: Tensors, config: Mapping[str, Any], segments: bool = False) -> SequenceEncoder:
    """The encoder of these weights; further arguments and errors as in `read_bert`."""
    activation, kind = config.get("hidden_act", "gelu"), config.get("position_embedding_type")
    if activation not in ACTIVATIONS or kind not in (None, "absolute"):
        raise UserError(
            f"BERT with hidden_act={activation!r} and position_embedding_type={kind!r} is not "
            "known.",
            f"Allowed: {', '.join(ACTIVATIONS)}; absolute.",
        )
    if segments or activation != "gelu" or config.get("layer_norm_eps", 1e-12) != 1e-12:
        return _compact(tensor, config, segments)
    return _distil(tensor, config)


def _plain(name: str) -> str:
    """A tensor's name without the task's prefix and with current names for norms."""
    name = name.removeprefix("bert.")
    return name.replace("LayerNorm.gamma", "LayerNorm.weight").replace(
        "LayerNorm.beta", "LayerNorm.bias"
    )


def _tables(tensor: Tensors, segments: bool) -> dict[str, np.ndarray]:
    """The embeddings; without segments, that of segment 0 is added to the positions."""
    tables = {
        "tokens": tensor("embeddings.word_embeddings.weight"),
        "positions": tensor("embeddings.position_embeddings.weight"),
    }
    of_segments = tensor("embeddings.token_type_embeddings.weight")
    if segments:
        return tables | {"segments": of_segments}
    return tables | {"positions": tables["positions"] + of_segments[0]}


def _distil(tensor: Tensors, config: Mapping[str, Any]) -> TextEncoder:
    """BERT for single texts, with the exact GELU."""
    backbone = keras_hub.models.DistilBertBackbone(
        vocabulary_size=config["vocab_size"],
        num_layers=config["num_hidden_layers"],
        num_heads=config["num_attention_heads"],
        hidden_dim=config["hidden_size"],
        intermediate_dim=config["intermediate_size"],
        dropout=config.get("hidden_dropout_prob", 0.1),
        max_sequence_length=config["max_position_embeddings"],
    )
    tables = _tables(tensor, segments=False)
    embeddings = backbone.embeddings
    embeddings.token_embedding.embeddings.assign(tables["tokens"])
    embeddings.position_embedding.position_embeddings.assign(tables["positions"])
    _set(tensor, backbone.embeddings_layer_norm, "embeddings.LayerNorm")
    for i, layer in enumerate(backbone.transformer_layers):
        attention = layer._self_attention_layer
        parts = {
            "attention.self.query": attention.query_dense,
            "attention.self.key": attention.key_dense,
            "attention.self.value": attention.value_dense,
            "attention.output.dense": attention.output_dense,
            "attention.output.LayerNorm": layer._self_attention_layer_norm,
            "intermediate.dense": layer._feedforward_intermediate_dense,
            "output.dense": layer._feedforward_output_dense,
            "output.LayerNorm": layer._feedforward_layer_norm,
        }
        for name, part in parts.items():
            _set(tensor, part, f"encoder.layer.{i}.{name}")
    return TextEncoder(backbone, name=NAME)


def _compact(tensor: Tensors, config: Mapping[str, Any], segments: bool) -> CompactEncoder:
    """BERT of any kind, with or without segments."""
    tables = _tables(tensor, segments)
    dropout = config.get("hidden_dropout_prob", 0.1)
    epsilon = config.get("layer_norm_eps", 1e-12)
    blocks = [
        TransformerBlock.of_sizes(
            config["hidden_size"],
            config["intermediate_size"],
            config["num_attention_heads"],
            activation=ACTIVATIONS[config.get("hidden_act", "gelu")],
            dropout=dropout,
            epsilon=epsilon,
            name=f"block_{i}",
        )
        for i in range(config["num_hidden_layers"])
    ]
    layers = {
        name: keras.layers.Embedding(*table.shape, name=name) for name, table in tables.items()
    }
    encoder = CompactEncoder(**layers, blocks=blocks, dropout=dropout, epsilon=epsilon, name=NAME)
    encoder.build(None)
    for name, table in tables.items():
        layers[name].set_weights([table])
    _set(tensor, encoder.norm, "embeddings.LayerNorm")
    for i, block in enumerate(blocks):
        parts = {
            "attention.self.query": block.query,
            "attention.self.key": block.key,
            "attention.self.value": block.value,
            "attention.output.dense": block.projection,
            "attention.output.LayerNorm": block.attention_norm,
            "intermediate.dense": block.inner,
            "output.dense": block.outer,
            "output.LayerNorm": block.feed_forward_norm,
        }
        for name, part in parts.items():
            _set(tensor, part, f"encoder.layer.{i}.{name}")
    return encoder


def _set(tensor: Tensors, layer: keras.layers.Layer, name: str) -> None:
    """Copies weight and bias of a dense layer or a normalisation."""
    pair = tensor(f"{name}.weight").T, tensor(f"{name}.bias")
    for variable, array in zip(layer.weights, pair, strict=True):
        variable.assign(np.reshape(array, variable.shape))
