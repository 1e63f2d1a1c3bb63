"""Masked language models: their logits are those of `transformers`, their table is the encoder's.

The folders `published/*_words` hold random models as `transformers` 5.24 saved them; words.npz has
rows, places, and the logits that it computed there.
"""

from pathlib import Path

import keras
import numpy as np
import pytest

from kerastc.models import load_encoder
from kerastc.models.factors import with_narrow_table
from kerastc.models.loading import load_model
from kerastc.models.masked_model import (
    NEVER,
    WordHead,
    head_weights,
    masked_model,
    with_all_tokens,
    with_head,
)
from kerastc.models.parts import encoder_layer
from kerastc.models.published_words import language_model
from kerastc.models.smaller import fewer_layers

pytestmark = pytest.mark.backend
PUBLISHED = Path(__file__).parent / "published"
KINDS = ["bert", "distilbert", "roberta", "albert"]


def logits_of(model, rows):
    wanted = {tensor.name for tensor in model.inputs}
    given = {name: array for name, array in rows.items() if name in wanted}
    return keras.ops.convert_to_numpy(model(given))


@pytest.fixture(scope="module")
def rows():
    with np.load(PUBLISHED / "words.npz") as arrays:
        found = {name: arrays[name] for name in arrays.files}
    return found | {"segment_ids": np.zeros_like(found["token_ids"])}


@pytest.mark.parametrize("kind", KINDS)
def test_a_published_head_gives_the_logits_of_transformers(kind, rows, tmp_path):
    encoder = load_encoder(str(PUBLISHED / f"{kind}_words"), pairs=True)
    model, own = language_model(encoder, seed=0)
    assert own
    found = logits_of(model, rows)
    assert found.shape == rows[kind].shape
    np.testing.assert_allclose(found, rows[kind], atol=1e-4)  # of up to 10
    model.save(tmp_path / "model.keras")
    np.testing.assert_allclose(logits_of(load_model(tmp_path / "model.keras"), rows), found)


@pytest.mark.parametrize("activation", ["gelu", "gelu_tanh", "relu"])
def test_the_head_of_a_saved_model_is_had_again(activation, rows, tmp_path):
    encoder = load_encoder(str(PUBLISHED / "bert_words"), pairs=True)
    head = WordHead.new(encoder.layer, 3, activation, 1e-6)
    model = masked_model(encoder.layer, head, encoder.segments)
    head.bias.set_weights([np.linspace(-1, 1, 30)])
    model.save(tmp_path / "model.keras")
    weights = head_weights(load_model(tmp_path / "model.keras"))
    assert (weights.activation, weights.epsilon) == (activation, 1e-6)
    again = with_head(encoder.layer, weights, encoder.segments)
    np.testing.assert_allclose(logits_of(again, rows), logits_of(model, rows), atol=1e-6)
    assert head_weights(encoder.model()) is None


def test_a_factorised_table_is_the_product_of_its_factors(rows):
    """A table of rank 3: with three columns and a matrix, the model says the same."""
    encoder = load_encoder(str(PUBLISHED / "bert_words"), pairs=True)
    model, _ = language_model(encoder, seed=0)
    random = np.random.default_rng(0)
    table = random.normal(size=(30, 3)) @ random.normal(size=(3, 8))
    encoder.layer.tokens.embeddings.assign(table)
    before = logits_of(model, rows)
    narrow = with_narrow_table(fewer_layers(model, [0]), 3, np.arange(30) + 1.0)
    assert encoder_layer(narrow).table().shape == (30, 3)
    assert model.count_params() - narrow.count_params() == 30 * 8 - (30 * 3 + 3 * 8)
    np.testing.assert_allclose(logits_of(narrow, rows), before, atol=1e-3)  # of up to 20


def test_a_factorised_table_is_best_for_the_tokens_that_are_read(rows):
    """No other table of rank 3 has a smaller error, token by token as often as it is read."""
    model, _ = language_model(load_encoder(str(PUBLISHED / "bert_words"), pairs=True), seed=0)
    table, counts = encoder_layer(model).table(), np.geomspace(1, 1000, 30)
    tokens = encoder_layer(with_narrow_table(fewer_layers(model, [0]), 3, counts)).tokens
    left, right = tokens.get_weights()

    def error(found):
        return (counts[:, None] * np.square(found.astype(float) - table)).sum()

    scaled = np.sqrt(counts)[:, None] * table
    least = np.square(np.linalg.svd(scaled, compute_uv=False)[3:].astype(float)).sum()
    assert error(left @ right) == pytest.approx(least, rel=1e-2)  # but for the ridge


@pytest.mark.parametrize("kind", ["DistilBert", "Bert", "published"])
def test_the_table_is_the_encoders_before_and_after_an_update(kind, tiny_encoder, tiny_bert):
    """For KerasHub's layers and for ours: the products are with the table that is looked up."""
    folders = {"DistilBert": tiny_encoder, "Bert": tiny_bert, "published": PUBLISHED / "bert"}
    encoder = load_encoder(str(folders[kind]), pairs=True)
    model, own = language_model(encoder, seed=0)
    assert not own
    table, weights = encoder.layer.table(), model.count_params()
    tokens, width = table.shape
    assert weights == encoder.layer.count_params() + width * width + 3 * width + tokens
    rows = encoder.tokenizer.pad([np.array([5, 6, 7, 8])], segments=encoder.segments)
    rows["masked_positions"] = np.array([[2, 1]], "int32")
    states = keras.ops.convert_to_numpy(
        encoder.model()({k: rows[k] for k in encoder.model().input})
    )
    head = WordHead.of(model)
    model.compile(keras.optimizers.SGD(0.5), "mse", jit_compile=False)
    before = model.predict_on_batch(rows)
    hidden = keras.ops.convert_to_numpy(head.norm(head.dense(states[:, [2, 1]])))
    np.testing.assert_allclose(before, hidden @ table.T, atol=1e-5)  # a new bias is zero
    model.train_on_batch(rows, np.ones_like(before))
    moved = encoder.layer.table()
    assert np.abs(moved - table).max(axis=1).min() > 0  # of each token, by its product
    states = keras.ops.convert_to_numpy(
        encoder.model()({k: rows[k] for k in encoder.model().input})
    )
    hidden = keras.ops.convert_to_numpy(head.norm(head.dense(states[:, [2, 1]])))
    bias = keras.ops.convert_to_numpy(head.bias.bias)
    np.testing.assert_allclose(model.predict_on_batch(rows), hidden @ moved.T + bias, atol=1e-5)


def test_a_model_of_some_tokens_says_the_same_with_all_and_never_the_others(rows):
    """With a table cut to a corpus: the shares of its tokens stay, the others have none."""
    whole = load_encoder(str(PUBLISHED / "bert_words"), pairs=True)
    full, _ = language_model(whole, seed=0)
    cut = load_encoder(str(PUBLISHED / "bert_words"), pairs=True).restricted(range(5, 15))
    model, own = language_model(cut, seed=0)
    kept = cut.cut.kept
    assert own and len(kept) < 30
    number = np.zeros(30, "int32")
    number[kept] = np.arange(len(kept))
    given = rows | {"token_ids": kept[rows["token_ids"] % len(kept)].astype("int32")}
    own_ids = given | {"token_ids": number[given["token_ids"]]}
    found = logits_of(model, own_ids)
    np.testing.assert_allclose(found, logits_of(full, given)[..., kept], atol=2e-5)
    layer = cut.layer.with_table(cut.cut.filled(cut.layer.table()))
    again = logits_of(with_all_tokens(model, layer, kept), given)
    np.testing.assert_allclose(again[..., kept], found, atol=2e-5)
    others = np.setdiff1d(np.arange(30), kept)
    assert (again[..., others] < NEVER / 2).all()


def test_a_row_of_the_encoder_without_segments_reads_them_as_zeros(tiny_bert, rows):
    encoder = load_encoder(str(PUBLISHED / "bert_words"), pairs=True).layer
    given = {name: rows[name] for name in ("token_ids", "padding_mask", "segment_ids")}
    states = keras.ops.convert_to_numpy(encoder(given))
    del given["segment_ids"]
    np.testing.assert_allclose(keras.ops.convert_to_numpy(encoder(given)), states, atol=1e-6)


def test_computing_in_bfloat16_gives_float32_logits(tiny_bert):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        encoder = load_encoder(str(tiny_bert), pairs=True)
        model = masked_model(encoder.layer, WordHead.new(encoder.layer, 0), encoder.segments, 0)
        ids = np.array([[5, 6, 7]], "int32")
        rows = {"token_ids": ids, "padding_mask": np.ones_like(ids), "segment_ids": 0 * ids}
        found = model(rows | {"masked_positions": ids[:, :1] * 0 + 1})
        assert keras.backend.standardize_dtype(found.dtype) == "float32"
        assert WordHead.of(model).dense.compute_dtype == "bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize(
    ("kind", "activation", "epsilon"),
    [
        ("Bert", "gelu_tanh", 1e-12),
        ("DistilBert", "gelu", 1e-12),
        ("Roberta", "gelu", 1e-5),
    ],
)
def test_a_new_head_has_the_activation_and_the_epsilon_of_its_encoder(
    kind, activation, epsilon, tiny, tmp_path
):
    """As BERT's has, whose config has one of each; a saved one still tells them."""
    encoder = load_encoder(str(tiny(kind)), pairs=True)
    model, _ = language_model(encoder, seed=0)
    model.save(tmp_path / "model.keras")
    for head in map(head_weights, (model, load_model(tmp_path / "model.keras"))):
        assert (head.activation, head.epsilon) == (activation, epsilon)
