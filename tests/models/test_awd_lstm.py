"""AWD-LSTM: the same as PyTorch's layers with the same weights; and the masks of the paper."""

import keras
import numpy as np
import pytest
import torch
from keras import ops

from kerastc.models.awd_lstm import AwdLstm, WeightDropLSTM
from kerastc.models.loading import load_model
from kerastc.outputs.vocabulary.losses import PlaceCrossEntropy

pytestmark = pytest.mark.backend
TOKENS, WIDTH, HIDDEN, DEPTH = 11, 6, 8, 3
ROWS, LENGTH = 4, 7


def array(tensor) -> np.ndarray:
    return ops.convert_to_numpy(tensor)


def encoder(**options) -> AwdLstm:
    found = AwdLstm(TOKENS, WIDTH, HIDDEN, DEPTH, seed=3, name="encoder", **options)
    found.build()
    for weight in found.trainable_weights:  # biases, too, are not zero
        weight.assign(weight + 0.1 * np.random.default_rng(1).normal(size=weight.shape))
    return found


def language_model(encoder: AwdLstm) -> keras.Model:
    ids = keras.Input((None,), dtype="int32", name="ids")
    state = keras.Input((encoder.state_size,), name="state")
    vectors, after = encoder(ids, state)
    return keras.Model([ids, state], [encoder(vectors, reverse=True), after])


class InTorch(torch.nn.Module):
    """The same network of PyTorch's own layers."""

    def __init__(self, encoder: AwdLstm):
        super().__init__()
        self.table = torch.nn.Parameter(torch.tensor(array(encoder.tokens.embeddings)))
        self.layers = torch.nn.ModuleList()
        for block in encoder.blocks:
            kernel, recurrent, bias = map(array, block.weights[:3])
            layer = torch.nn.LSTM(kernel.shape[0], block.units)
            with torch.no_grad():
                layer.weight_ih_l0.copy_(torch.tensor(kernel.T))
                layer.weight_hh_l0.copy_(torch.tensor(recurrent.T))
                layer.bias_ih_l0.copy_(torch.tensor(bias))
                layer.bias_hh_l0.zero_()
            self.layers.append(layer)

    def forward(self, ids, state):
        vectors, after = self.table[torch.tensor(ids.T).long()], []
        parts = np.split(state, np.cumsum(np.repeat([HIDDEN, HIDDEN, WIDTH], 2))[:-1], axis=1)
        parts = [torch.tensor(part)[None] for part in parts]
        for number, layer in enumerate(self.layers):
            vectors, ended = layer(vectors, tuple(parts[2 * number : 2 * number + 2]))
            after += [part[0].detach().numpy() for part in ended]
        return vectors.transpose(0, 1), np.concatenate(after, axis=1)

    def gradients(self) -> list[np.ndarray]:
        """In the order of Keras's weights."""
        found = [self.table.grad]
        for layer in self.layers:
            found += [layer.weight_ih_l0.grad.T, layer.weight_hh_l0.grad.T, layer.bias_ih_l0.grad]
        return [gradient.numpy() for gradient in found]


@pytest.fixture
def ids():
    return np.random.default_rng(0).integers(0, TOKENS, (ROWS, 2 * LENGTH + 1)).astype("int32")


def zeros():
    return np.zeros((ROWS, 2 * (HIDDEN + HIDDEN + WIDTH)), "float32")


def test_perplexity_is_that_of_pytorch_and_so_is_the_state(ids):
    own = encoder()
    model, theirs = language_model(own), InTorch(own)
    mine, other = zeros(), zeros()
    for begin in (0, LENGTH):  # two pieces, the second from the state after the first
        read, wanted = ids[:, begin : begin + LENGTH], ids[:, begin + 1 : begin + LENGTH + 1]
        logits, mine = keras.tree.map_structure(array, model([read, mine]))
        vectors, other = theirs(read, other)
        expected = (vectors @ theirs.table.T).detach()
        np.testing.assert_allclose(logits, expected.numpy(), atol=2e-6)
        np.testing.assert_allclose(mine, other, atol=2e-6)
        loss = torch.nn.functional.cross_entropy(
            expected.reshape(-1, TOKENS), torch.tensor(wanted).long().reshape(-1)
        )
        perplexity = np.exp(array(PlaceCrossEntropy()(wanted, logits)))
        assert perplexity == pytest.approx(float(torch.exp(loss)), rel=1e-5)


@pytest.mark.parametrize(("activation", "change"), [(0.0, 0.0), (2.0, 1.0)])
def test_gradients_are_those_of_pytorch(ids, activation, change):
    """Of the cross-entropy, and of what large and changing activations cost."""
    own = encoder(activation=activation, change=change)
    model, theirs = language_model(own), InTorch(own)
    read, wanted = ids[:, :LENGTH], ids[:, 1 : LENGTH + 1]
    _, state = theirs(read[:, ::-1].copy(), zeros())  # a state that is not zero
    vectors, _ = theirs(read, state)
    loss = torch.nn.functional.cross_entropy(
        (vectors @ theirs.table.T).reshape(-1, TOKENS), torch.tensor(wanted).long().reshape(-1)
    )
    loss = loss + activation * vectors.pow(2).mean()
    loss = loss + change * (vectors[:, 1:] - vectors[:, :-1]).pow(2).mean()
    loss.backward()
    before = [array(weight) for weight in own.trainable_weights]
    inside = keras.Model(model.inputs, model.outputs[0])
    inputs = [keras.Input(tensor.shape[1:], dtype=tensor.dtype) for tensor in model.inputs]
    logits = keras.Model(inputs, inside(inputs))
    logits.compile(keras.optimizers.SGD(1.0), PlaceCrossEntropy(), jit_compile=False)
    told = logits.train_on_batch([read, state], wanted)
    assert float(told) == pytest.approx(float(loss.detach()), rel=1e-5)
    for weight, old, gradient in zip(
        own.trainable_weights, before, theirs.gradients(), strict=True
    ):
        np.testing.assert_allclose(old - array(weight), gradient, atol=3e-6, err_msg=weight.path)


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
