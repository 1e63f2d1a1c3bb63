"""ALBERT in Hugging Face's layout, with the published hidden states.

Narrow embeddings with a dense layer behind them, and a block whose weights all layers share. A
model may have several such groups, of several blocks each.

Reference: Lan et al. 2019, ALBERT: A Lite BERT for Self-supervised Learning of Language
Representations, section 3.1.
"""

from collections.abc import Mapping
from typing import Any

from kerastc.models.compact_encoder import CompactEncoder
from kerastc.models.converted import Tensor, filled

PARTS = {  # of a `TransformerBlock`
    "query": "attention.query",
    "key": "attention.key",
    "value": "attention.value",
    "projection": "attention.dense",
    "attention_norm": "attention.LayerNorm",
    "inner": "ffn",
    "outer": "ffn_output",
    "feed_forward_norm": "full_layer_layer_norm",
}
# Of fields that a config.json leaves out.
DEFAULTS = {"hidden_act": "gelu_new", "hidden_dropout_prob": 0.0}


def albert(tensor: Tensor, config: Mapping[str, Any], segments: bool = False) -> CompactEncoder:
    """The encoder of an ALBERT; arguments and errors as in `kerastc.models.bert.bert`."""
    groups, inner = config.get("num_hidden_groups", 1), config.get("inner_group_num", 1)
    layers = config["num_hidden_layers"]
    blocks = [
        f"encoder.albert_layer_groups.{group}.albert_layers.{place}"
        for group in range(groups)
        for place in range(inner)
    ]
    group_of = [layer * groups // layers for layer in range(layers)]
    order = [group * inner + place for group in group_of for place in range(inner)]
    expansion = "encoder.embedding_hidden_mapping_in"
    return filled(tensor, {**DEFAULTS, **config}, segments, blocks, PARTS, expansion, order)
