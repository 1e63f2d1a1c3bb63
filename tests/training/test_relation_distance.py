"""Relations of tokens: their distance and its gradient, against the closed form."""

import keras
import numpy as np
import pytest

from kerastc.training.relation_distance import ATTENTION, EACH, relation_distance

pytestmark = pytest.mark.backend
NAMES = ("query", "key", "value")


class Apart(keras.Model):
    """Queries, keys and values as weights, whose distance to others is a loss."""

    def __init__(self, own, others, mask, heads, pairs):
        super().__init__()
        self.own = {
            name: self.add_weight(array.shape, name=name, initializer="zeros")
            for name, array in own.items()
        }
        for name, array in own.items():
            self.own[name].assign(array)
        self.others, self.mask, self.heads, self.pairs = others, mask, heads, pairs

    def call(self, inputs, training=None):
        own = {name: keras.ops.convert_to_tensor(weight) for name, weight in self.own.items()}
        loss = relation_distance(own, self.others, self.mask, self.heads, self.pairs)
        self.add_loss(loss)
        return inputs * 0


def by_hand(own, others, mask, heads, pairs):
    """The distance and its gradients, text by text and head by head, without padding.

    The gradient of KL(T || S) by the scores behind S is S - T.
    """
    loss, gradients = 0.0, {name: np.zeros(array.shape) for name, array in own.items()}
    weight = 1 / (heads * mask.sum())
    for pair in pairs:
        for row, head in np.ndindex(len(mask), heads):
            real = mask[row].astype(bool)
            (mine, cut), (theirs, _) = (part_of(side, row, head, heads) for side in (own, others))
            one, other = (mine[name][real] for name in pair)
            scale = one.shape[-1] ** -0.5
            found = shares(one @ other.T * scale)
            said = [theirs[name][real] for name in pair]
            said = shares(said[0] @ said[1].T * said[0].shape[-1] ** -0.5)
            loss += weight * (said * np.log(said / found)).sum()
            slope = (found - said) * weight * scale
            for name, moved in zip(pair, (slope @ other, slope.T @ one), strict=True):
                gradients[name][row][np.ix_(real, np.arange(own[name].shape[-1])[cut])] += moved
    return loss, gradients


def part_of(side, row, head, heads):
    """A head's part of the vectors of a text, and where it is."""
    width = side["query"].shape[-1] // heads
    cut = slice(head * width, (head + 1) * width)
    return {name: array[row][:, cut].astype(float) for name, array in side.items()}, cut


def shares(scores):
    found = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return found / found.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("pairs", [ATTENTION, EACH], ids=["MiniLM", "MiniLMv2"])
def test_it_is_the_divergence_of_the_real_tokens(pairs):
    """With other widths, and heads that are neither's own; padding has no part in it."""
    random = np.random.default_rng(0)
    own = {name: random.normal(size=(3, 5, 8)).astype("float32") for name in NAMES}
    others = {name: random.normal(size=(3, 5, 12)).astype("float32") for name in NAMES}
    mask = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [1, 1, 1, 1, 0]], "int32")
    expected, gradients = by_hand(own, others, mask, 4, pairs)
    assert expected > 0.05
    found = relation_distance(own, others, mask, 4, pairs)
    assert float(found) == pytest.approx(expected, rel=1e-5)
    model = Apart(own, others, mask, 4, pairs)
    model.compile(keras.optimizers.SGD(1.0), "mse", jit_compile=False)
    model.train_on_batch(np.zeros((3, 1), "float32"), np.zeros((3, 1), "float32"))
    for name, weight in model.own.items():
        moved = own[name] - keras.ops.convert_to_numpy(weight)
        np.testing.assert_allclose(moved, gradients[name], atol=1e-6, err_msg=name)


def test_equal_relations_are_no_distance_apart():
    """They are the same by any rotation of the space that values are in."""
    random = np.random.default_rng(1)
    own = {name: random.normal(size=(2, 4, 6)).astype("float32") for name in NAMES}
    turn = np.linalg.qr(random.normal(size=(6, 6)))[0].astype("float32")
    others = {name: array @ turn for name, array in own.items()}
    mask = np.ones((2, 4), "int32")
    found = relation_distance(own, others, mask, 1, EACH)
    assert float(found) == pytest.approx(0, abs=1e-5)
