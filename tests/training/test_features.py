import keras
import numpy as np
import pytest

from kerastc.npz_files import read_arrays
from kerastc.text.encoded import Encoded
from kerastc.training.features import FeatureCache, batch_rows
from kerastc.training.predicting import predict_batch

pytestmark = pytest.mark.backend


def pad(tokens, length):
    ids = np.zeros((len(tokens), length), "int32")
    for row, one in enumerate(tokens):
        ids[row, : len(one)] = one.ids
    return ids


def encoder():
    keras.utils.set_random_seed(0)
    ids = keras.Input((None,), dtype="int32")
    vectors = keras.layers.Embedding(100, 6, mask_zero=True)(ids)
    return keras.Model(ids, keras.layers.GlobalAveragePooling1D()(vectors))


class Counting(keras.Model):
    """Counts the texts that the encoder really reads."""

    def __init__(self, model, stop_after=None):
        super().__init__(model.input, model.output)
        self.read = 0
        self.stop_after = stop_after

    def predict_on_batch(self, inputs):
        if self.stop_after is not None and self.read >= self.stop_after:
            raise KeyboardInterrupt
        self.read += len(np.unique(inputs, axis=0))  # the last batch is filled up with its own
        assert len(inputs) == batch_rows(inputs.shape[1])
        return super().predict_on_batch(inputs)


def tokens(count, seed=0):
    random = np.random.default_rng(seed)
    return [random.integers(1, 100, random.integers(1, 40)).astype("int32") for _ in range(count)]


def test_features_are_those_of_the_encoder(tmp_path):
    model, texts = encoder(), tokens(50)
    found = FeatureCache(tmp_path, ["w"]).features(model, texts, pad, 64)
    for ids, row in zip(texts, found, strict=True):
        expected = keras.ops.convert_to_numpy(model(ids[None]))[0]
        np.testing.assert_allclose(row, expected, atol=1e-6)


def test_a_text_is_encoded_once_for_all_runs(tmp_path):
    model, texts = Counting(encoder()), tokens(40)
    cache = FeatureCache(tmp_path, ["w"])
    first = cache.features(model, texts + texts[:10], pad, 64)
    assert model.read == 40
    again = FeatureCache(tmp_path, ["w"]).features(model, texts[::-1] + tokens(5, seed=1), pad, 64)
    assert model.read == 45
    np.testing.assert_array_equal(again[:40], first[:40][::-1])


def test_other_weights_share_nothing(tmp_path):
    model = Counting(encoder())
    FeatureCache(tmp_path, ["w"]).features(model, tokens(8), pad, 64)
    FeatureCache(tmp_path, ["other"]).features(model, tokens(8), pad, 64)
    assert model.read == 16


def test_a_killed_computation_goes_on_to_the_same_bits(tmp_path):
    model, texts = encoder(), tokens(1200)
    whole = FeatureCache(tmp_path / "a", ["w"]).features(model, texts, pad, 64)
    killed = Counting(model, stop_after=900)
    with pytest.raises(KeyboardInterrupt):
        FeatureCache(tmp_path / "b", ["w"]).features(killed, texts, pad, 64)
    rest = Counting(model)
    found = FeatureCache(tmp_path / "b", ["w"]).features(rest, texts, pad, 64)
    np.testing.assert_array_equal(found, whole)
    assert rest.read < 1200


def test_a_broken_shard_is_computed_again(tmp_path):
    model, texts = encoder(), tokens(20)
    cache = FeatureCache(tmp_path, ["w"])
    first = cache.features(model, texts, pad, 64)
    for shard in cache.folder.glob("*.npz"):
        shard.write_bytes(shard.read_bytes()[:60])
    np.testing.assert_array_equal(cache.features(model, texts, pad, 64), first)


def test_a_shard_of_another_width_is_computed_again(tmp_path):
    model, texts = encoder(), tokens(20)
    cache = FeatureCache(tmp_path, ["w"])
    first = cache.features(model, texts, pad, 64)
    for shard in cache.folder.glob("*.npz"):
        arrays = read_arrays(shard)
        np.savez(shard, names=arrays["names"], features=arrays["features"][:, :-1])
    np.testing.assert_array_equal(cache.features(model, texts, pad, 64), first)


def attention():
    """Rounds as an encoder does: products of whole batches, softmax over the padded length."""
    keras.utils.set_random_seed(0)
    ids = keras.Input((None,), dtype="int32")
    vectors = keras.layers.Embedding(100, 24, mask_zero=True)(ids)
    mixed = keras.layers.MultiHeadAttention(4, 6)(vectors, vectors)
    mixed = keras.layers.Dense(24, "gelu")(keras.layers.LayerNormalization()(mixed))
    return keras.Model(ids, keras.layers.GlobalAveragePooling1D()(mixed))


def place_matters(model, texts) -> bool:
    """Whether the last bit depends on a row's place in its batch, as it does without AVX-512: the
    matrix products of some processors round the last rows in another order."""
    for text in Encoded.of(texts):
        length = -(-len(text.ids) // 8) * 8
        copies = pad([text] * batch_rows(length), length)
        features = predict_batch(model, copies, open_axes=2)
        if (features != features[0]).any():
            return True
    return False


def test_the_bits_of_a_text_do_not_depend_on_what_the_cache_held(tmp_path):
    model, texts = attention(), tokens(90)
    few = {"rtol": 1e-5, "atol": 1e-7} if place_matters(model, texts) else {"rtol": 0}
    whole = FeatureCache(tmp_path / "a", ["w"]).features(model, texts, pad, 64)
    cache = FeatureCache(tmp_path / "b", ["w"])
    cache.features(model, [*texts[3:5], *tokens(5, seed=1)], pad, 64)
    cache.features(model, texts[60:][::-1], pad, 64)
    np.testing.assert_allclose(cache.features(model, texts, pad, 64), whole, **few)
    for row in range(0, 90, 15):
        alone = FeatureCache(tmp_path / f"{row}", ["w"]).features(model, [texts[row]], pad, 64)
        np.testing.assert_allclose(alone[0], whole[row], **few)


def test_short_texts_are_read_by_more_rows_at_a_time():
    rows = [batch_rows(length) for length in range(1, 513)]
    assert rows == sorted(rows, reverse=True)
    assert (rows[15], rows[31], rows[63], rows[511]) == (32, 16, 8, 8)


def test_a_model_of_few_tokens_gets_no_longer_rows(tmp_path):
    seen = []
    model = encoder()

    def recorded(rows, length):
        seen.append(length)
        return pad(rows, length)

    FeatureCache(tmp_path, ["w"]).features(model, tokens(60), recorded, 39)
    assert max(seen) == 39


def test_shards_without_a_wanted_text_are_not_read_whole(tmp_path, monkeypatch):
    model = encoder()
    cache = FeatureCache(tmp_path, ["w"])
    for seed in range(3):
        cache.features(model, tokens(4, seed), pad, 64)
    read = []

    def recorded(path, prefix=""):
        read.append(prefix)
        return read_arrays(path, prefix)

    monkeypatch.setattr("kerastc.training.feature_shards.read_arrays", recorded)
    cache.features(model, tokens(4, 1), pad, 64)
    assert read.count("features") == 1
