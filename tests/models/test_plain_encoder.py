"""A compressed encoder, rewritten with plain kernels and blocks of one size, gives the same."""

import keras
import numpy as np
import pytest
from keras import ops

from kerastc.errors import UserError
from kerastc.models.compact_encoder import CompactEncoder
from kerastc.models.low_rank import FactorisedEmbedding, LowRankDense
from kerastc.models.plain_encoder import plain
from kerastc.models.transformer_block import PARTS, TransformerBlock

pytestmark = pytest.mark.backend
WIDTH, TOKENS = 12, 20


def block(heads: int, head_width: int, neurons: int, activation: str = "gelu", rank: int = 0):
    """A block of such sizes, all layers of low rank if there is one."""
    units = dict.fromkeys(PARTS, heads * head_width) | {"inner": neurons}
    units |= dict.fromkeys(("projection", "outer"), WIDTH)

    def dense(name: str, units: int) -> keras.layers.Layer:
        return (
            LowRankDense(units, rank, name=name) if rank else keras.layers.Dense(units, name=name)
        )

    parts = {name: dense(name, count) for name, count in units.items()}
    return TransformerBlock(**parts, heads=heads, activation=activation)


def encoder(*blocks, tokens=None, **given) -> CompactEncoder:
    """An encoder of random weights, norms and biases too."""
    made = CompactEncoder(
        tokens=tokens or keras.layers.Embedding(TOKENS, WIDTH),
        positions=keras.layers.Embedding(16, WIDTH),
        blocks=blocks,
        **given,
    )
    made.build(None)
    random = np.random.default_rng(0)
    for weight in made.weights:
        if "seed" not in weight.path:
            weight.assign(random.normal(0.2, 0.5, weight.shape))
    return made


def states(layer: CompactEncoder) -> np.ndarray:
    random = np.random.default_rng(1)
    mask = (np.arange(9) < np.array([[9], [5], [1]])).astype("int32")
    ids = random.integers(0, TOKENS, (3, 9)).astype("int32")
    return ops.convert_to_numpy(layer({"token_ids": ids, "padding_mask": mask}))


def sizes(layer: CompactEncoder) -> set[tuple]:
    return {(one.heads, one.query.units, one.inner.units) for one in layer.blocks}


CASES = {  # blocks, and the sizes that all of them get
    "neurons": ([(3, 4, 5), (3, 4, 8)], (3, 12, 8)),
    "heads": ([(1, 4, 8), (2, 4, 8)], (3, 12, 8)),
    "both": ([(2, 3, 1), (4, 3, 9)], (4, 12, 9)),
    "a width that does not divide the vectors": ([(2, 5, 8), (1, 5, 8)], (2, 12, 8)),
    "heads of two widths": ([(2, 2, 8), (3, 4, 8)], (3, 12, 8)),
}


@pytest.mark.parametrize("activation", ["gelu", "relu"])
@pytest.mark.parametrize("case", CASES)
def test_removed_heads_and_neurons_are_filled_up(case, activation):
    blocks, wanted = CASES[case]
    smaller = encoder(*(block(*one, activation) for one in blocks))
    found = plain(smaller)
    assert sizes(found) == {wanted} and len(found.blocks) == 2
    np.testing.assert_allclose(states(found), states(smaller), atol=2e-5)


def test_factors_are_multiplied_out():
    tokens = FactorisedEmbedding(TOKENS, 3, WIDTH)
    smaller = encoder(block(3, 4, 8, rank=2), block(2, 4, 8, rank=5), tokens=tokens)
    found = plain(smaller)
    layers = [getattr(one, name) for one in found.blocks for name in PARTS]
    assert {type(layer) for layer in layers} == {keras.layers.Dense}
    assert type(found.tokens) is keras.layers.Embedding
    np.testing.assert_allclose(states(found), states(smaller), atol=2e-4)  # of up to 8


def test_narrow_embeddings_and_shared_blocks_stay():
    expansion = LowRankDense(WIDTH, 2, name="expansion")
    smaller = CompactEncoder(
        tokens=keras.layers.Embedding(TOKENS, 4),
        positions=keras.layers.Embedding(16, 4),
        segments=keras.layers.Embedding(2, 4),
        expansion=expansion,
        blocks=[block(2, 4, 8)],
        order=[0, 0, 0],
    )
    smaller.build(None)
    found = plain(smaller)
    assert type(found.expansion) is keras.layers.Dense and found.order == (0, 0, 0)
    np.testing.assert_allclose(states(found), states(smaller), atol=1e-5)


def test_a_plain_encoder_is_returned_as_it_is():
    given = encoder(block(3, 4, 8), block(3, 4, 8))
    assert plain(given) is given


def test_what_no_rewriting_changes_is_refused():
    with pytest.raises(UserError, match="4 heads of width 4 are wider than its vectors of 12"):
        plain(encoder(block(4, 4, 8)))
    with pytest.raises(UserError, match="more than one activation: gelu, relu"):
        plain(encoder(block(3, 4, 8), block(3, 4, 8, "relu")))
    with pytest.raises(UserError, match="more than one epsilon: 1e-12, 1e-05"):
        plain(encoder(block(3, 4, 8), epsilon=1e-5))
