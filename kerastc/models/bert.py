"""BERT, RoBERTa and DistilBERT in Hugging Face's layout, with the published hidden states.

For single texts BERT without its pooler is DistilBERT with the embedding of segment 0 added to
every position, which saves the look-up of segments. If the model takes segments, its token table is
large, or BERT is of a kind that `DistilBertBackbone` cannot reproduce, a `CompactEncoder` is used.
KerasHub's own `BertBackbone` uses the tanh approximation of GELU although most published models use
the exact one, an error of up to 3e-3 in the output; both of ours agree with the published model to
rounding.

RoBERTa is BERT of one segment, whose positions begin behind the id of padding. KerasHub's converter
leaves its segment out, which is not zero in a model trained with `transformers`.

References: Devlin et al. 2018, BERT: Pre-training of Deep Bidirectional Transformers; Liu et al.
2019, RoBERTa; Sanh et al. 2019, DistilBERT.
"""

from collections.abc import Mapping
from typing import Any

import keras_hub
import numpy as np

from kerastc.models.block_parts import parts_of
from kerastc.models.converted import NAME, Tensor, activation_of, embeddings, fill, filled
from kerastc.models.sequence_encoder import SequenceEncoder
from kerastc.models.text_encoder import TextEncoder

# Rows of a token table from which KerasHub's backbone is not used: it draws a random table first,
# which for 250,037 rows takes 4 s and 1.2 GB.
LARGE = 100_000
POSITIONS = "embeddings.position_embeddings.weight"
SEGMENTS = "embeddings.token_type_embeddings.weight"
PARTS = {  # of a `TransformerBlock`
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "projection": "attention.output.dense",
    "attention_norm": "attention.output.LayerNorm",
    "inner": "intermediate.dense",
    "outer": "output.dense",
    "feed_forward_norm": "output.LayerNorm",
}
# DistilBERT's names of the same.
DISTIL_PARTS = {
    "attention.self.query": "attention.q_lin",
    "attention.self.key": "attention.k_lin",
    "attention.self.value": "attention.v_lin",
    "attention.output.dense": "attention.out_lin",
    "attention.output.LayerNorm": "sa_layer_norm",
    "intermediate.dense": "ffn.lin1",
    "output.dense": "ffn.lin2",
    "output.LayerNorm": "output_layer_norm",
}
DISTIL_FIELDS = {
    "hidden_size": "dim",
    "intermediate_size": "hidden_dim",
    "num_attention_heads": "n_heads",
    "num_hidden_layers": "n_layers",
    "hidden_act": "activation",
    "hidden_dropout_prob": "dropout",
}


def bert(tensor: Tensor, config: Mapping[str, Any], segments: bool = False) -> SequenceEncoder:
    """The encoder of a BERT.

    Args:
        tensor: its weights.
        config: the fields of its config.json.
        segments: whether it takes segments; else all tokens belong to the first text.

    Raises:
        UserError: its architecture has an unknown part.
        KeyError, ValueError: a tensor is missing or of another shape.
    """
    plain = activation_of(config) == "gelu" and config.get("layer_norm_eps", 1e-12) == 1e-12
    if plain and not segments and config["vocab_size"] < LARGE:
        return _distil(tensor, config)
    blocks = [f"encoder.layer.{i}" for i in range(config["num_hidden_layers"])]
    return filled(tensor, config, segments, blocks, PARTS)


def roberta(tensor: Tensor, config: Mapping[str, Any], segments: bool = False) -> SequenceEncoder:
    """The encoder of a RoBERTa or XLM-RoBERTa; arguments and errors as in `bert`."""
    unused = config.get("pad_token_id", 1) + 1

    def own(name: str) -> np.ndarray:
        return tensor(name)[unused:] if name == POSITIONS else tensor(name)

    return bert(own, config, segments)


def distilbert(tensor: Tensor, config: Mapping[str, Any], segments: bool) -> SequenceEncoder:
    """The encoder of a DistilBERT, which has no segments; else as in `bert`."""

    def own(name: str) -> np.ndarray:
        if name == SEGMENTS:
            return np.zeros((1, config["dim"]), np.float32)
        for theirs, distil in DISTIL_PARTS.items():
            if name.startswith("encoder.") and f".{theirs}." in name:
                before, kind = name.split(f".{theirs}.")
                return tensor(f"{before.replace('encoder', 'transformer', 1)}.{distil}.{kind}")
        return tensor(name)

    fields = {name: config[theirs] for name, theirs in DISTIL_FIELDS.items() if theirs in config}
    return bert(own, {**config, **fields})


def _distil(tensor: Tensor, config: Mapping[str, Any]) -> TextEncoder:
    """BERT for single texts, with the exact GELU."""
    tables = embeddings(tensor, segments=False)
    backbone = keras_hub.models.DistilBertBackbone(
        vocabulary_size=len(tables["tokens"]),
        num_layers=config["num_hidden_layers"],
        num_heads=config["num_attention_heads"],
        hidden_dim=config["hidden_size"],
        intermediate_dim=config["intermediate_size"],
        dropout=config.get("hidden_dropout_prob", 0.1),
        max_sequence_length=len(tables["positions"]),
    )
    layer = backbone.embeddings
    layer.token_embedding.embeddings.assign(tables["tokens"])
    layer.position_embedding.position_embeddings.assign(tables["positions"])
    fill(tensor, backbone.embeddings_layer_norm, "embeddings.LayerNorm")
    for i, layer in enumerate(backbone.transformer_layers):
        for name, part in parts_of(layer).items():
            fill(tensor, part, f"encoder.layer.{i}.{PARTS[name]}")
    return TextEncoder(backbone, name=NAME)
