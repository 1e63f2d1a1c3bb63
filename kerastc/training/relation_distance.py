"""How far the relations between a student's tokens are from those between its teacher's.

A relation is a distribution over the tokens of a text, for each token and head: the softmax of
scaled products. Attention is that of queries with keys; those of values with values say how similar
what is gathered is. Neither has the width of the layer in it, so student and teacher may differ in
theirs.

References: Wang et al. 2020, MiniLM: Deep Self-Attention Distillation, eq. 5 to 7; Wang et al.
2021, MiniLMv2: Multi-Head Self-Attention Relation Distillation, eq. 2 and 3.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from keras import ops

from kerastc.models.recomputed import recomputed
from kerastc.models.transformer_block import NEGLIGIBLE, split

ATTENTION = (("query", "key"), ("value", "value"))  # MiniLM
EACH = (("query", "query"), ("key", "key"), ("value", "value"))  # MiniLMv2


def relation_distance(
    own: Mapping[str, Any],
    others: Mapping[str, Any],
    mask,
    heads: int,
    pairs: Sequence[tuple[str, str]],
):
    """The sum over `pairs` of KL(teacher || student), each a mean over heads and tokens.

    Args:
        own: the student's "query", "key" and "value", (batch, length, heads x width of a head).
        others: the teacher's, of any width; no gradient reaches them.
        mask: (batch, length), 0 of padding, which has no part in a relation.
        heads: into which both are divided.
        pairs: what is related: `ATTENTION` or `EACH`.

    Returns:
        a float32 scalar.
    """
    mask = ops.cast(mask, "float32")
    hidden = ((1 - mask) * NEGLIGIBLE)[:, None, None, :]
    rows = (mask / (heads * ops.sum(mask)))[:, None, :]

    def apart(mine, mine_too, theirs, theirs_too):
        said = ops.log_softmax(_products(theirs, theirs_too) + hidden)
        said = ops.stop_gradient(said)
        found = ops.log_softmax(_products(mine, mine_too) + hidden)
        return ops.sum(ops.sum(ops.exp(said) * (said - found), axis=-1) * rows)

    divided = [
        {name: split(ops.cast(part, "float32"), heads) for name, part in side.items()}
        for side in (own, others)
    ]
    # What is as large as heads x length x length is not kept for the gradient.
    return sum(
        recomputed(apart, *(side[name] for side in divided for name in pair)) for pair in pairs
    )


def _products(one, other):
    """Scaled products of all tokens of a text: (batch, heads, length, length)."""
    scale = one.shape[-1] ** -0.5
    return ops.matmul(one * scale, ops.transpose(other, (0, 1, 3, 2)))
