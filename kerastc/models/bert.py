"""BERT weights in Hugging Face layout as an equal KerasHub DistilBERT.

For single texts BERT without its pooler is DistilBERT with the embedding of segment 0 added to
every position. KerasHub's own `BertBackbone` takes the tanh approximation of GELU where the
published models take the exact one, an error of up to 3e-3 in the output; `DistilBertBackbone`
takes the exact one and so agrees with the published model to rounding (1e-5).
"""

from collections.abc import Mapping
from pathlib import Path

import keras_hub
import numpy as np
from safetensors import safe_open


def is_exact(config: Mapping) -> bool:
    """Whether a Hugging Face `config.json` describes a BERT that DistilBERT can equal."""
    return (
        config["model_type"] == "bert"
        and config.get("hidden_act") == "gelu"
        and config.get("position_embedding_type", "absolute") == "absolute"
        and config.get("layer_norm_eps", 1e-12) == 1e-12
    )


def read_bert(weights: Path, config: Mapping) -> keras_hub.models.DistilBertBackbone:
    """Builds the encoder from a `model.safetensors` file and the fields of its `config.json`.

    Raises:
        KeyError, ValueError: a tensor is missing or of another shape.
        safetensors.SafetensorError: the file is damaged.
    """
    backbone = keras_hub.models.DistilBertBackbone(
        vocabulary_size=config["vocab_size"],
        num_layers=config["num_hidden_layers"],
        num_heads=config["num_attention_heads"],
        hidden_dim=config["hidden_size"],
        intermediate_dim=config["intermediate_size"],
        dropout=config.get("hidden_dropout_prob", 0.1),
        max_sequence_length=config["max_position_embeddings"],
    )
    with safe_open(weights, "np") as file:
        names = {_plain(name): name for name in file.keys()}  # noqa: SIM118 (not a mapping)
        _assign(backbone, lambda name: file.get_tensor(names[name]))
    return backbone


def _plain(name: str) -> str:
    """A tensor's name without the task's prefix and with today's names of norms."""
    name = name.removeprefix("bert.")
    return name.replace("LayerNorm.gamma", "LayerNorm.weight").replace(
        "LayerNorm.beta", "LayerNorm.bias"
    )


def _assign(backbone, tensor) -> None:
    """Copies every weight; `tensor(name)` gives a Hugging Face array, dense kernels (out, in)."""

    def dense(layer, name):
        kernel = tensor(f"{name}.weight").T
        layer.kernel.assign(np.reshape(kernel, layer.kernel.shape))
        layer.bias.assign(np.reshape(tensor(f"{name}.bias"), layer.bias.shape))

    def norm(layer, name):
        layer.gamma.assign(tensor(f"{name}.weight"))
        layer.beta.assign(tensor(f"{name}.bias"))

    embeddings = backbone.embeddings
    segment = tensor("embeddings.token_type_embeddings.weight")[0]
    embeddings.token_embedding.embeddings.assign(tensor("embeddings.word_embeddings.weight"))
    embeddings.position_embedding.position_embeddings.assign(
        tensor("embeddings.position_embeddings.weight") + segment
    )
    norm(backbone.embeddings_layer_norm, "embeddings.LayerNorm")
    for i, layer in enumerate(backbone.transformer_layers):
        block, attention = f"encoder.layer.{i}", layer._self_attention_layer
        dense(attention.query_dense, f"{block}.attention.self.query")
        dense(attention.key_dense, f"{block}.attention.self.key")
        dense(attention.value_dense, f"{block}.attention.self.value")
        dense(attention.output_dense, f"{block}.attention.output.dense")
        norm(layer._self_attention_layer_norm, f"{block}.attention.output.LayerNorm")
        dense(layer._feedforward_intermediate_dense, f"{block}.intermediate.dense")
        dense(layer._feedforward_output_dense, f"{block}.output.dense")
        norm(layer._feedforward_layer_norm, f"{block}.output.LayerNorm")
