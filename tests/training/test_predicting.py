"""Predicting: the model's own outputs, in the order of the data, from one graph."""

import keras
import numpy as np
import pytest
from keras import ops

from kerastc.inputs.text.batches import TextBatches
from kerastc.training.batching import Batches
from kerastc.training.predicting import predict

TEXTS = [np.arange(1, count + 1) for count in (3, 9, 5, 30, 17, 2, 12)]


def pad(rows, length):
    ids = np.zeros((len(rows), length), "int32")
    for row, found in zip(ids, rows, strict=True):
        row[: len(found)] = found.ids
    return {"token_ids": ids}


@pytest.fixture
def model():
    """Sums the tokens of a text and multiplies them; not compiled, as a model that was loaded."""
    ids = keras.Input((None,), dtype="int32", name="token_ids")
    sums = ops.sum(ops.cast(ids, "float32"), axis=1, keepdims=True)
    return keras.Model({"token_ids": ids}, keras.layers.Dense(2)(sums))


def batches():
    return TextBatches(TEXTS, pad, np.zeros((len(TEXTS), 0), "float32"), 2)


@pytest.mark.backend
def test_row_i_is_of_text_i(model):
    sums = np.array([[sum(text)] for text in TEXTS])
    expected = sums * ops.convert_to_numpy(model.layers[-1].kernel)
    np.testing.assert_allclose(predict(model, batches(), ""), expected, rtol=1e-5)
    images = np.arange(40.0, dtype="float32").reshape(10, 4)
    network = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    found = predict(network, Batches(images, np.zeros((10, 0)), 4), "")
    kernel = ops.convert_to_numpy(network.layers[-1].kernel)
    np.testing.assert_allclose(found, images @ kernel, rtol=1e-4, atol=1e-4)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="of TensorFlow's graphs")
def test_one_graph_that_xla_need_not_compile_is_of_all_lengths(model):
    # Keras by itself: three graphs, and XLA where a model is not compiled.
    for _ in range(2):
        predict(model, batches(), "")
    assert len({part[0]["token_ids"].shape for part in map(batches().__getitem__, range(4))}) > 2
    assert model.predict_function.experimental_get_tracing_count() == 1
    assert not model.jit_compile
    model.compile("sgd", "mse", jit_compile=False)  # Keras forgets its graphs
    predict(model, batches(), "")
    assert model.predict_function.experimental_get_tracing_count() == 1


@pytest.mark.backend
def test_outputs_of_each_token_come_a_row_each():
    ids = keras.Input((None,), dtype="int32", name="token_ids")
    doubled = ops.cast(ops.expand_dims(ids, -1), "float32") * np.array([1.0, 2.0], "float32")
    found = predict(keras.Model({"token_ids": ids}, doubled), batches(), "")
    assert isinstance(found, list)
    for text, outputs in zip(TEXTS, found, strict=True):
        np.testing.assert_array_equal(outputs[: len(text)], text[:, None] * [1, 2])
