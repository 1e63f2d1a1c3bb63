"""The layers around an encoder that reads documents in windows, against NumPy."""

import keras
import numpy as np
import pytest

from kerastc.models import encoder_layer, load_encoder, sequence_classifier, split_at_features
from kerastc.models.loading import load_model
from kerastc.models.windows import DivideIntoWindows, WindowPooling
from kerastc.text.documents import Windowing

RANDOM = np.random.default_rng(0)
FEATURES = RANDOM.normal(size=(2, 3, 4)).astype("float32")
MASK = np.array([[1, 1, 1, 1, 1, 0], [1, 1, 1, 0, 0, 0]], "int32")  # 3 and 2 windows of 2 tokens
TEXTS = ["cat " * 30, "the dog", "the sun and a mat " * 3]


def pooled(kind: str, layer=None) -> np.ndarray:
    layer = layer or WindowPooling(kind)
    return keras.ops.convert_to_numpy(layer(FEATURES.reshape(6, 4), MASK))


@pytest.mark.backend
def test_windows_without_a_token_are_left_out():
    first, second = FEATURES[0], FEATURES[1, :2]
    for kind, function in (("mean", np.mean), ("max", np.max), ("attention", np.mean)):
        expected = np.stack([function(first, axis=0), function(second, axis=0)])
        np.testing.assert_allclose(pooled(kind), expected, rtol=1e-5, atol=1e-6)


def test_attention_weighs_windows_as_yang_and_others_do():
    layer = WindowPooling("attention")
    pooled("attention", layer)
    matrix, bias, query = (RANDOM.normal(size=w.shape).astype("float32") for w in layer.weights)
    layer.set_weights([matrix, bias, query])
    expected = []
    for rows in (FEATURES[0], FEATURES[1, :2]):
        scores = np.exp(np.tanh(rows @ matrix + bias) @ query)
        expected.append(scores @ rows / scores.sum())
    np.testing.assert_allclose(pooled("attention", layer), expected, rtol=1e-4, atol=1e-5)


def test_rows_are_divided_into_the_fewest_windows():
    divide = DivideIntoWindows(4)
    for length, shape in ((3, (2, 3)), (4, (2, 4)), (6, (4, 3)), (9, (6, 3)), (12, (6, 4))):
        mask = np.ones((2, length), "int32")
        mask[1, length - 3 :] = 0
        found = divide({"token_ids": np.arange(2 * length).reshape(2, -1), "padding_mask": mask})
        assert tuple(found["token_ids"].shape) == shape
        assert keras.ops.convert_to_numpy(found["padding_mask"])[:, 0].all()


@pytest.mark.backend
@pytest.mark.parametrize("windows", ["mean", "attention"])
def test_a_model_reads_each_window_as_a_text_of_its_own(tiny, tmp_path, windows):
    encoder = load_encoder(str(tiny("Bert")))
    model = sequence_classifier(encoder, 3, window=16, windows=windows, dropout=0.0)
    windowing = Windowing(16)
    rows = windowing.encode(encoder.tokenizer, TEXTS, 160)
    inputs = windowing.pad(encoder.tokenizer, rows)
    logits = model.predict_on_batch(inputs)
    features, head = split_at_features(model)
    parts = windowing.split(rows)
    vectors = features.predict_on_batch(encoder.pad(parts))
    counts = np.bincount(parts.texts)
    there = np.arange(counts.max()) < counts[:, None]
    given = np.zeros((*there.shape, vectors.shape[1]), "float32")
    given[there] = vectors
    found = head.predict_on_batch({"features": given, "padding_mask": there.astype("int32")})
    np.testing.assert_allclose(found, logits, atol=1e-5)
    one = windowing.pad(encoder.tokenizer, rows[:1])  # the longest alone, padded less
    np.testing.assert_allclose(model.predict_on_batch(one)[0], logits[0], atol=1e-5)
    model.save(tmp_path / "model.keras")
    read = load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(read.predict_on_batch(inputs), logits, atol=1e-6)
    assert encoder_layer(read).width == encoder.width
