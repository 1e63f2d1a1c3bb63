"""A run's weights in the layout of Hugging Face's BERT, for the peers that run PyTorch."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from safetensors.numpy import save_file

from kerastc.errors import UserError
from kerastc.models import compact
from kerastc.models.compact_encoder import CompactEncoder
from kerastc.models.pooling import MeanPooling

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
ACTIVATIONS = {"gelu": "gelu", "gelu_tanh": "gelu_pytorch_tanh", "relu": "relu"}
# Of a `TransformerBlock`, and of `transformers.models.bert.modeling_bert.BertLayer`.
DENSE = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "projection": "attention.output.dense",
    "inner": "intermediate.dense",
    "outer": "output.dense",
}
NORMS = {"attention_norm": "attention.output.LayerNorm", "feed_forward_norm": "output.LayerNorm"}


def write(model: keras.Model, folder: Path) -> None:
    """Writes model.safetensors and config.json, which `benchmarks.torch_bert.read` reads.

    Args:
        model: a `sequence_classifier` over a plain BERT, with mean pooling.
        folder: is made.

    Raises:
        UserError: where BertModel cannot express the model.
    """
    model = compact(model)
    encoder = model.get_layer("encoder")
    _check(encoder, model.get_layer("pooling"))
    folder.mkdir(parents=True, exist_ok=True)
    save_file({n: np.ascontiguousarray(a) for n, a in _tensors(model)}, folder / WEIGHTS)
    config = bert_config(encoder) | {"classes": model.output_shape[-1]}
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n")


def bert_config(encoder: CompactEncoder) -> dict[str, Any]:
    """The arguments of `transformers.BertConfig` that give an encoder of the same function."""
    block = encoder.blocks[0]
    return {
        "vocab_size": encoder.tokens.input_dim,
        "hidden_size": encoder.width,
        "num_hidden_layers": len(encoder.blocks),
        "num_attention_heads": block.heads,
        "intermediate_size": block.inner.units,
        "hidden_act": ACTIVATIONS[block.activation],
        "max_position_embeddings": encoder.max_length,
        "type_vocab_size": 1,
        "layer_norm_eps": block.epsilon,
    }


def _tensors(model: keras.Model) -> Iterator[tuple[str, np.ndarray]]:
    """Every weight by its name in `benchmarks.torch_bert.Classifier`."""
    encoder = model.get_layer("encoder")
    yield "encoder.embeddings.word_embeddings.weight", encoder.tokens.get_weights()[0]
    yield "encoder.embeddings.position_embeddings.weight", encoder.positions.get_weights()[0]
    # The vector of segment 0 is part of the positions already.
    segment = np.zeros((1, encoder.width), np.float32)
    yield "encoder.embeddings.token_type_embeddings.weight", segment
    yield from _norm("encoder.embeddings.LayerNorm", encoder.norm)
    for i, block in enumerate(encoder.blocks):
        for ours, theirs in DENSE.items():
            yield from _dense(f"encoder.encoder.layer.{i}.{theirs}", getattr(block, ours))
        for ours, theirs in NORMS.items():
            yield from _norm(f"encoder.encoder.layer.{i}.{theirs}", getattr(block, ours))
    for name in ("pre_classifier", "classifier"):
        yield from _dense(name, model.get_layer(name))


def _dense(name: str, layer: keras.layers.Dense) -> Iterator[tuple[str, np.ndarray]]:
    kernel, bias = layer.get_weights()
    yield f"{name}.weight", kernel.T  # PyTorch's are (outputs, inputs)
    yield f"{name}.bias", bias


def _norm(name: str, layer: keras.layers.Layer) -> Iterator[tuple[str, np.ndarray]]:
    gamma, beta = layer.get_weights()
    yield f"{name}.weight", gamma
    yield f"{name}.bias", beta


def _check(encoder: CompactEncoder, pooling: keras.layers.Layer) -> None:
    """Makes sure that each part has its counterpart in BertModel."""
    sizes = {
        (block.heads, block.query.units, block.inner.units, block.activation, block.epsilon)
        for block in encoder.blocks
    }
    dense = [getattr(block, name) for block in encoder.blocks for name in DENSE]
    plain = all(type(layer) is keras.layers.Dense for layer in dense)
    width = encoder.blocks[0].query.units
    if not plain or type(encoder.tokens) is not keras.layers.Embedding or len(sizes) != 1:
        raise UserError(
            "The peers run BERT as it is published; this run was compressed.",
            "Give the original run first, and the compressed ones behind it.",
        )
    if width != encoder.width or type(pooling) is not MeanPooling:
        raise UserError("The peers have mean pooling, and heads that are together as wide as BERT.")
