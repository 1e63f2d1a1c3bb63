"""Parts that are computed again for the gradient: it is that of the parts as they were."""

import keras
import numpy as np
import pytest
from keras import ops

from kerastc.models.recomputed import recomputed, repeatable
from kerastc.models.transformer_block import NEGLIGIBLE, TransformerBlock


@pytest.fixture
def tf():
    if keras.backend.backend() != "tensorflow":
        pytest.skip("only TensorFlow computes again")
    return pytest.importorskip("tensorflow")


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def test_it_keeps_the_inputs_alone(tf):
    calls = []

    def function(x, y):
        calls.append(1)
        return tf.nn.softmax(x @ y)

    x, y = tf.constant(drawn(5, 7)), tf.constant(drawn(7, 3))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x, y])
        plain, ours = (tf.reduce_sum(f(x, y) ** 2) for f in (function, lazily(function)))
    assert len(calls) == 2
    for one, other in zip(tape.gradient(plain, [x, y]), tape.gradient(ours, [x, y]), strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(calls) == 3


def lazily(function):
    return lambda *inputs: recomputed(function, *inputs)


def test_dropout_drops_the_same_again(tf):
    layer = keras.layers.Dropout(0.5, seed=3)
    expected = keras.layers.Dropout(0.5, seed=3)(ops.ones((4, 50)), training=True)
    dropped = repeatable(layer, True)
    for _ in range(2):
        np.testing.assert_array_equal(dropped(ops.ones((4, 50))), expected)
    assert not np.array_equal(repeatable(layer, True)(ops.ones((4, 50))), expected)
    np.testing.assert_array_equal(repeatable(layer, False)(ops.ones((4, 50))), 1)


def plain_attention(block, x, mask, weights_dropout):
    """The formula of Vaswani et al. 2017, equation 1, differentiated as it stands."""
    heads, width = block.heads, block.query.units // block.heads

    def split(layer):
        return ops.transpose(ops.reshape(layer(x), (*x.shape[:2], heads, width)), (0, 2, 1, 3))

    scores = ops.einsum("bhid,bhjd->bhij", split(block.query), split(block.key)) / width**0.5
    weights = ops.softmax(scores + (1 - mask[:, None, None, :]) * NEGLIGIBLE)
    weights = weights_dropout(weights, training=True)
    gathered = ops.einsum("bhij,bhjd->bihd", weights, split(block.value))
    return ops.reshape(gathered, (*x.shape[:2], heads * width))


def test_a_block_learns_from_the_gradient_of_its_formula(tf):
    block = TransformerBlock.of_sizes(12, 24, 3, dropout=0.4)
    x, mask = tf.constant(drawn(2, 5, 12)), np.float32([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    block(x, mask)
    dropout = keras.layers.Dropout(0.4, seed=0)
    variables = [
        weight
        for layer in (block.query, block.key, block.value, block.inner)
        for weight in layer.trainable_variables
    ]

    @tf.function
    def gradients(attend):
        with tf.GradientTape() as tape:
            inner = block.inner(attend())
            loss = tf.reduce_sum(block.activate(inner) ** 2)
        return tape.gradient(loss, variables)

    ours = gradients(lambda: block.attend(x, mask, training=True))
    expected = gradients(lambda: plain_attention(block, x, mask, dropout))
    assert any(np.abs(one).max() > 0 for one in ours)
    for one, other in zip(ours, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
