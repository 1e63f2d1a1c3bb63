"""ALBERT in Hugging Face's layout, with the published hidden states.

Narrow embeddings with a dense layer behind them, and a block whose weights all layers share. A
model may have several such groups, of several blocks each.

Reference: Lan et al. 2019, ALBERT: A Lite BERT for Self-supervised Learning of Language
Representations, section 3.1.
"""

from collections.abc import Mapping
from typing import Any

from kerastc.errors import UserError
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
EXPANSION = "encoder.embedding_hidden_mapping_in"  # the layer behind narrow embeddings


def albert(tensor: Tensor, config: Mapping[str, Any], segments: bool = False) -> CompactEncoder:
    """The encoder of an ALBERT; arguments and errors as in `kerastc.models.bert.bert`."""
    groups, inner = config.get("num_hidden_groups", 1), config.get("inner_group_num", 1)
    given = (tensor, {**DEFAULTS, **config}, segments, blocks(groups, inner), PARTS, EXPANSION)
    return filled(*given, order(config["num_hidden_layers"], groups, inner))


def blocks(groups: int, inner: int) -> list[str]:
    """What the names of each block's weights begin with, in groups of so many blocks."""
    return [
        f"encoder.albert_layer_groups.{group}.albert_layers.{place}"
        for group in range(groups)
        for place in range(inner)
    ]


def order(layers: int, groups: int, inner: int) -> list[int]:
    """The indices of the blocks in the order in which they run: a group for each layer."""
    group_of = [layer * groups // layers for layer in range(layers)]
    return [group * inner + place for group in group_of for place in range(inner)]


def groups_of(encoder: CompactEncoder) -> tuple[int, int]:
    """How many groups of how many blocks run in the same order as an encoder's.

    Raises:
        UserError: it has another order than any ALBERT.
    """
    count = len(encoder.blocks)
    own = list(encoder.order or range(count))
    for inner in range(1, count + 1):
        groups, layers = count // inner, len(own) // inner
        if groups * inner == count and order(layers, groups, inner) == own:
            return groups, inner
    raise UserError(f"The encoder's blocks run in the order {own}, which no ALBERT's do.")
