"""A language model that is trained piece by piece, its state carried."""

from itertools import pairwise

import keras
import numpy as np
import pytest
from keras import ops

from kerastc.inputs.causal.batches import BEGINS
from kerastc.models.awd_lstm import AwdLstm
from kerastc.models.causal_model import causal_model
from kerastc.outputs.vocabulary.losses import PlaceCrossEntropy
from kerastc.training.carrying import Carrying

pytestmark = pytest.mark.backend
TOKENS, ROWS, LENGTH = 9, 3, 5


def model(activation=0.0):
    encoder = AwdLstm(TOKENS, 4, 6, 2, activation=activation, seed=0, name="encoder")
    found = Carrying(causal_model(encoder, seed=0), ROWS, judged=2)
    rate = keras.optimizers.SGD(0.0)
    found.compile(rate, PlaceCrossEntropy(), jit_compile=keras.backend.backend() == "jax")
    return found


def batch(ids, begins=0):
    places = np.tile(np.arange(ids.shape[1], dtype="int32"), (len(ids), 1))
    fresh = np.full(len(ids), begins, "int32")
    return {"token_ids": ids, "masked_positions": places, BEGINS: fresh}


@pytest.fixture
def ids():
    return np.random.default_rng(0).integers(0, TOKENS, (ROWS, 2 * LENGTH + 1)).astype("int32")


def of_core(model, ids, targets):
    """The loss of a text that is read as a whole, of its last places, and the state."""
    state = np.zeros((len(ids), model.core.output["state"].shape[-1]), "float32")
    given = {k: v for k, v in batch(ids).items() if k != BEGINS} | {"state": state}
    found = model.core(given)
    logits = found["logits"][:, -targets.shape[1] :]
    loss = float(ops.convert_to_numpy(PlaceCrossEntropy()(targets, logits)))
    return loss, ops.convert_to_numpy(found["state"])


def test_a_batch_goes_on_where_the_one_before_ended(ids):
    trained = model()
    first, second = ids[:, :LENGTH], ids[:, LENGTH:-1]
    trained.train_on_batch(batch(first, begins=1), ids[:, 1 : LENGTH + 1])
    loss = trained.train_on_batch(batch(second), ids[:, LENGTH + 1 :])
    expected, state = of_core(trained, ids[:, :-1], ids[:, LENGTH + 1 :])
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(ops.convert_to_numpy(trained.trained), state, atol=1e-6)
    alone, _ = of_core(trained, second, ids[:, LENGTH + 1 :])
    loss = trained.train_on_batch(batch(second, begins=1), ids[:, LENGTH + 1 :])
    assert float(loss) == pytest.approx(alone, rel=1e-5) and alone != pytest.approx(expected)


def test_pieces_may_have_any_length(ids):
    """On TensorFlow only the graph of the first knows its length."""
    trained = model()
    cuts, total = [0, 4, 7, 10], 0.0
    for begin, end in pairwise(cuts):
        given = batch(ids[:, begin:end], begins=begin == 0)
        total += (end - begin) * float(trained.train_on_batch(given, ids[:, begin + 1 : end + 1]))
    assert total / 10 == pytest.approx(of_core(trained, ids[:, :-1], ids[:, 1:])[0], rel=1e-5)


def test_an_evaluation_has_a_state_of_its_own(ids):
    trained = model()
    trained.train_on_batch(batch(ids[:, :LENGTH], begins=1), ids[:, 1 : LENGTH + 1])
    before = ops.convert_to_numpy(trained.trained)
    two, targets = ids[:2, :-1], ids[:2, LENGTH + 1 :]
    trained.test_on_batch(batch(two[:, :LENGTH], begins=1), ids[:2, 1 : LENGTH + 1])
    found = trained.test_on_batch(batch(two[:, LENGTH:]), targets)
    assert float(found) == pytest.approx(of_core(trained, two, targets)[0], rel=1e-5)
    np.testing.assert_array_equal(ops.convert_to_numpy(trained.trained), before)


def test_penalties_are_in_the_loss_of_training_alone(ids):
    plain, penalised = model(), model(activation=100.0)
    penalised.set_weights(plain.get_weights())
    given = batch(ids[:, :-1], begins=1), ids[:, 1:]
    encoder = plain.core.get_layer("encoder")
    expected = 100.0 * np.square(ops.convert_to_numpy(encoder(ids[:, :-1])[0])).mean()
    both = (float(one.train_on_batch(*given)) for one in (penalised, plain))
    assert next(both) - next(both) == pytest.approx(expected, rel=1e-3)
    given = batch(ids[:2, :-1], begins=1), ids[:2, 1:]
    assert float(penalised.test_on_batch(*given)) == pytest.approx(
        float(plain.test_on_batch(*given)), rel=1e-5
    )
