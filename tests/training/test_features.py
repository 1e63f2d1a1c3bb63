import keras
import numpy as np
import pytest

from kerastc.training.features import FeatureCache

pytestmark = pytest.mark.backend


def pad(tokens, length):
    ids = np.zeros((len(tokens), length), "int32")
    for row, one in enumerate(tokens):
        ids[row, : len(one)] = one
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
        self.read += len(inputs)
        return super().predict_on_batch(inputs)


def tokens(count, seed=0):
    random = np.random.default_rng(seed)
    return [random.integers(1, 100, random.integers(1, 40)).astype("int32") for _ in range(count)]


def test_features_are_those_of_the_encoder(tmp_path):
    model, texts = encoder(), tokens(50)
    found = FeatureCache(tmp_path, ["w"]).features(model, texts, pad)
    for ids, row in zip(texts, found, strict=True):
        expected = keras.ops.convert_to_numpy(model(ids[None]))[0]
        np.testing.assert_allclose(row, expected, atol=1e-6)


def test_a_text_is_encoded_once_for_all_runs(tmp_path):
    model, texts = Counting(encoder()), tokens(40)
    cache = FeatureCache(tmp_path, ["w"])
    first = cache.features(model, texts + texts[:10], pad)
    assert model.read == 40
    again = FeatureCache(tmp_path, ["w"]).features(model, texts[::-1] + tokens(5, seed=1), pad)
    assert model.read == 45
    np.testing.assert_array_equal(again[:40], first[:40][::-1])


def test_other_weights_share_nothing(tmp_path):
    model = Counting(encoder())
    FeatureCache(tmp_path, ["w"]).features(model, tokens(8), pad)
    FeatureCache(tmp_path, ["other"]).features(model, tokens(8), pad)
    assert model.read == 16


def test_a_killed_computation_goes_on_to_the_same_bits(tmp_path):
    model, texts = encoder(), tokens(100)
    whole = FeatureCache(tmp_path / "a", ["w"]).features(model, texts, pad, batch_size=2)
    killed = Counting(model, stop_after=70)
    with pytest.raises(KeyboardInterrupt):
        FeatureCache(tmp_path / "b", ["w"]).features(killed, texts, pad, batch_size=2)
    rest = Counting(model)
    found = FeatureCache(tmp_path / "b", ["w"]).features(rest, texts, pad, batch_size=2)
    np.testing.assert_array_equal(found, whole)
    assert rest.read < 100


def test_a_broken_shard_is_computed_again(tmp_path):
    model, texts = encoder(), tokens(20)
    cache = FeatureCache(tmp_path, ["w"])
    first = cache.features(model, texts, pad)
    for shard in cache.folder.glob("*.npz"):
        shard.write_bytes(shard.read_bytes()[:60])
    np.testing.assert_array_equal(cache.features(model, texts, pad), first)
