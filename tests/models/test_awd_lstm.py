"""AWD-LSTM: its layers are Keras's LSTMs; and the masks of the paper."""

import keras
import numpy as np
import pytest
from keras import ops
from tiny_awd_lstm import (
    DEPTH,
    HIDDEN,
    LENGTH,
    ROWS,
    TOKENS,
    WIDTH,
    array,
    encoder,
    language_model,
    token_ids,
    zeros,
)

from kerastc.models.awd_lstm import AwdLstm, WeightDropLSTM
from kerastc.models.loading import load_model

pytestmark = pytest.mark.backend


@pytest.fixture
def ids():
    return token_ids()


def test_values_and_gradients_are_those_of_layers_of_keras(ids):
    own, ids = encoder(), ids[:, :LENGTH]
    read = keras.Input((LENGTH,), dtype="int32")
    mine = keras.Model(read, own(read)[0])
    layers = [keras.layers.LSTM(units, return_sequences=True) for units in own.units]
    theirs = keras.Sequential([read, keras.layers.Embedding(TOKENS, WIDTH), *layers])
    theirs.set_weights([array(weight) for weight in own.trainable_weights])
    np.testing.assert_allclose(mine.predict(ids), theirs.predict(ids), atol=1e-6)
    wanted = np.random.default_rng(2).normal(size=(ROWS, LENGTH, WIDTH))
    for model in (mine, theirs):
        model.compile(keras.optimizers.SGD(1.0), "mse", jit_compile=False)
        model.train_on_batch(ids, wanted)
    for weight, other in zip(own.trainable_weights, theirs.trainable_weights, strict=True):
        np.testing.assert_allclose(array(weight), array(other), atol=1e-6, err_msg=weight.path)


def test_dropout_between_layers_is_one_for_all_places():
    [first, between, *_, last] = encoder(
        input_dropout=0.6, hidden_dropout=0.3, output_dropout=0.4
    ).dropouts
    for dropout, rate in ((first, 0.6), (between, 0.3), (last, 0.4)):
        found = array(dropout(np.ones((5, 50, 40), "float32"), training=True))
        assert (found == found[0]).all() and not (found[:, 0] == found[:, 1]).all()
        assert set(np.unique(found)) == {0, np.float32(1 / (1 - rate))}
        deviation = np.sqrt(rate * (1 - rate) / found[0].size)
        assert (found[0] == 0).mean() == pytest.approx(rate, abs=4 * deviation)


def test_embedding_dropout_is_of_whole_words():
    own = AwdLstm(2000, WIDTH, HIDDEN, 1, embedding_dropout=0.3, seed=0)
    own.build()
    ids = np.tile(np.arange(2000, dtype="int32"), (2, 2))
    found, table = array(own.embedded(ids, training=True)), array(own.tokens.embeddings)
    whole = (found.reshape(2, 2000, 2, WIDTH) / table[:, None])[..., 0]
    assert (whole == whole[:1, :, :1]).all()  # wherever it occurs
    expected = np.where(whole[0, :, :1] > 0, table / np.float32(0.7), 0)
    np.testing.assert_allclose(found[:2000, 0], expected, rtol=1e-5)
    deviation = np.sqrt(0.3 * 0.7 / 2000)
    assert (whole[0, :, 0] == 0).mean() == pytest.approx(0.3, abs=4 * deviation)
    np.testing.assert_array_equal(array(own.embedded(ids))[:2000, 0], table)


def test_recurrent_weights_are_dropped_one_by_one_for_all_rows_and_steps():
    """From a one-hot hidden state and no cell state a gate is a single recurrent weight."""
    layer = WeightDropLSTM(40, rate=0.5, seed=0)
    layer.build((None, None, 1))
    layer.set_weights([np.zeros((1, 160)), np.ones((40, 160)), np.zeros(160)])
    hidden, cell = np.tile(np.eye(40, dtype="float32"), (2, 1)), np.zeros((80, 40), "float32")
    nothing = np.zeros((1, 80, 1), "float32")
    found = array(layer(nothing, hidden, cell, training=True)[2])
    np.testing.assert_array_equal(found[:40], found[40:])
    doubled, half = np.tanh(2) / (1 + np.exp(-2)), np.tanh(2) / 2  # input gate kept, or not
    values = [(np.abs(found[:40] - value) < 1e-6).mean() for value in (0, doubled, half)]
    np.testing.assert_allclose(values, [0.5, 0.25, 0.25], atol=4 * 0.5 / 40)
    assert not np.array_equal(found, array(layer(nothing, hidden, cell, training=True)[2]))
    # Two steps at once are two of one step each with one mask; and kernels have no dropout.
    alone = array(layer(nothing, hidden, cell)[2])
    np.testing.assert_allclose(alone, np.tanh(1) / (1 + np.exp(-1)), rtol=1e-6)


def test_one_mask_holds_for_all_steps():
    """A weight that is dropped is dropped at each step: two steps of an integrator."""
    layer = WeightDropLSTM(1, rate=0.5, seed=0)
    layer.build((None, None, 1))
    kernel, bias = np.zeros((1, 4)), np.array([9.0, 9.0, 1.0, 9.0])  # all gates are open
    layer.set_weights([kernel, np.array([[0.0, 0.0, 1.0, 0.0]]), bias])
    start, steps = np.zeros((1, 1), "float32"), np.zeros((3, 1, 1), "float32")
    open_ = 1 / (1 + np.exp(-9))

    def by_hand(weight):
        hidden = cell = 0.0
        for _ in range(3):
            cell = open_ * cell + open_ * np.tanh(1 + weight * hidden)
            hidden = open_ * np.tanh(cell)
        return cell

    found = {float(array(layer(steps, start, start, training=True)[2])[0, 0]) for _ in range(30)}
    expected = [by_hand(0.0), by_hand(2.0)]
    np.testing.assert_allclose(sorted(found), expected, rtol=1e-5)


def test_a_saved_model_is_the_same(ids, tmp_path):
    own = encoder(weight_dropout=0.5, input_dropout=0.1, embedding_dropout=0.1, change=1.0)
    model = language_model(own)
    model.save(tmp_path / "model.keras")
    again = load_model(tmp_path / "model.keras")
    for one, other in zip(model([ids, zeros()]), again([ids, zeros()]), strict=True):
        np.testing.assert_array_equal(array(one), array(other))
    assert again.get_layer("encoder").get_config() == own.get_config()


def test_it_computes_in_bfloat16(ids):
    own = encoder()
    half = AwdLstm(TOKENS, WIDTH, HIDDEN, DEPTH, dtype="mixed_bfloat16")
    half.build()
    half.set_weights(own.get_weights())
    vectors, _ = half(ids, training=True)
    assert keras.backend.standardize_dtype(vectors.dtype) == "bfloat16"
    found = array(ops.cast(vectors, "float32"))
    np.testing.assert_allclose(found, array(own(ids)[0]), atol=0.02)
