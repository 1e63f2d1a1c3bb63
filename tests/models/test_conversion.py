"""Our encoder gives what KerasHub's gives, and saves blocks that differ."""

import keras
import numpy as np
import pytest

from kerastc.errors import UserError
from kerastc.models import compact, load_encoder, sequence_classifier
from kerastc.models.compact_encoder import CompactEncoder
from kerastc.models.low_rank import FactorisedEmbedding, LowRankConv2D, LowRankDense
from kerastc.models.smaller import fewer_layers

pytestmark = pytest.mark.backend
RANDOM = np.random.default_rng(0)


def classifier(tiny, kind: str, **options) -> keras.Model:
    model = sequence_classifier(load_encoder(str(tiny(kind))), 3, seed=1, **options)
    for weight in model.weights:  # norms and biases begin at ones and zeros: no test
        if len(weight.shape) == 1 and "seed" not in weight.path:
            weight.assign(RANDOM.normal(0.5, 0.3, weight.shape))
    return model


def rows(length: int = 9) -> dict[str, np.ndarray]:
    """Five rows; the last three are padded."""
    mask = np.ones((5, length), "int32")
    mask[2:, 4:] = 0
    return {"token_ids": RANDOM.integers(0, 20, (5, length)).astype("int32"), "padding_mask": mask}


KINDS = ["Bert", "DistilBert", "Roberta", "XLMRoberta", "Albert", "Electra"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_the_logits_are_those_of_keras_hub(tiny, kind, pooling):
    model, batch = classifier(tiny, kind, pooling=pooling), rows()
    expected = model.predict_on_batch(batch)
    np.testing.assert_allclose(compact(model).predict_on_batch(batch), expected, atol=2e-5)


def test_other_architectures_are_refused_by_name(tiny):
    with pytest.raises(UserError, match=r"DebertaV3.*cannot be compressed") as error:
        compact(classifier(tiny, "DebertaV3"))
    assert "distill" in error.value.hint


def test_a_model_of_pairs_keeps_its_segments(tiny, tmp_path):
    encoder = load_encoder(str(tiny("Bert")), pairs=True)
    assert encoder.segments
    model, batch = sequence_classifier(encoder, 3), rows()
    for dense in model.layers[-3], model.layers[-1]:  # for logits that tell texts apart
        dense.kernel.assign(30 * dense.kernel)
    encoder.layer.segments.embeddings.assign(30 * encoder.layer.segments.embeddings)
    batch["segment_ids"] = np.repeat([[0, 1]], 5, axis=0).repeat([4, 5], axis=1).astype("int32")
    expected = model.predict_on_batch(batch)
    smaller = compact(model)
    np.testing.assert_allclose(smaller.predict_on_batch(batch), expected, atol=2e-5)
    one_text = batch | {"segment_ids": 0 * batch["segment_ids"]}
    assert np.abs(smaller.predict_on_batch(one_text) - expected).max() > 0.01
    kept = fewer_layers(smaller, [0, 1, 2])
    kept.save(tmp_path / "pairs.keras")
    loaded = keras.saving.load_model(tmp_path / "pairs.keras", safe_mode=True)
    np.testing.assert_allclose(loaded.predict_on_batch(batch), expected, atol=2e-5)


def test_what_is_compact_stays(tiny):
    model = compact(classifier(tiny, "Bert"))
    assert compact(model) is model


def test_blocks_of_different_widths_and_ranks_are_saved(tiny, tmp_path):
    model, batch = compact(classifier(tiny, "Bert")), rows()
    encoder = model.get_layer("encoder")
    block = encoder.blocks[1]
    config = encoder.get_config()
    for name, layer in {
        "query": keras.layers.Dense(4, name="query"),
        "key": keras.layers.Dense(4, name="key"),
        "value": keras.layers.Dense(4, name="value"),
        "inner": LowRankDense(6, 2, name="inner"),
    }.items():
        config["blocks"][1]["config"][name] = keras.saving.serialize_keras_object(layer)
    config["blocks"][1]["config"]["heads"] = 1
    for name in ("projection", "outer"):
        dense = keras.layers.Dense(8, name=name)
        config["blocks"][1]["config"][name] = keras.saving.serialize_keras_object(dense)
    config["tokens"] = keras.saving.serialize_keras_object(FactorisedEmbedding(24, 3, 8))
    inputs = model.inputs if isinstance(model.inputs, dict) else model.input
    changed = CompactEncoder.from_config(config)
    mixed = keras.Model(inputs, changed(inputs))
    assert changed.blocks[1].query.units == 4 != block.query.units
    expected = mixed.predict_on_batch(batch)
    mixed.save(tmp_path / "mixed.keras")
    loaded = keras.saving.load_model(tmp_path / "mixed.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded.predict_on_batch(batch), expected)


def test_tune_chooses_blocks_from_the_top(tiny):
    encoder = compact(classifier(tiny, "Bert")).get_layer("encoder")
    encoder.tune("top_1")
    trained = {weight.path.split("/")[1] for weight in encoder.trainable_weights}
    assert trained == {"block_2"}
    encoder.tune("all")
    assert len(encoder.trainable_weights) == len(
        [w for w in encoder.weights if "seed" not in w.path]
    )
    with pytest.raises(UserError, match="top_1 to top_3"):
        encoder.tune("top_4")


def test_a_low_rank_dense_is_the_dense_of_its_product():
    layer = LowRankDense(5, 2, activation="relu")
    layer.build((None, 7))
    layer.bias.assign(RANDOM.normal(size=5))
    left, right, bias = map(np.asarray, layer.get_weights())
    x = RANDOM.normal(size=(3, 4, 7)).astype("float32")
    expected = np.maximum(x @ (left @ right) + bias, 0)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(x)), expected, atol=1e-5)
    assert layer.count_params() == 7 * 2 + 2 * 5 + 5


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_a_low_rank_convolution_of_full_rank_is_the_convolution(padding):
    dense = keras.layers.Conv2D(4, (3, 2), strides=2, padding=padding, activation="relu")
    x = RANDOM.normal(size=(2, 9, 8, 3)).astype("float32")
    expected = keras.ops.convert_to_numpy(dense(x))
    kernel, bias = dense.get_weights()
    left, values, right = np.linalg.svd(kernel.reshape(-1, 4), full_matrices=False)
    layer = LowRankConv2D.like(dense, 4)
    layer.build((None, None, None, 3))
    layer.set_weights([(left * values).reshape(3, 2, 3, 4), right.reshape(1, 1, 4, 4), bias])
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(x)), expected, atol=1e-5)
