"""AWD-LSTM: the same as PyTorch's layers with the same weights."""

import keras
import numpy as np
import pytest
from tiny_awd_lstm import (
    HIDDEN,
    LENGTH,
    TOKENS,
    WIDTH,
    AwdLstm,
    array,
    encoder,
    language_model,
    token_ids,
    zeros,
)

from kerastc.outputs.vocabulary.losses import PlaceCrossEntropy

pytestmark = pytest.mark.backend
torch = pytest.importorskip("torch")


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
    return token_ids()


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
