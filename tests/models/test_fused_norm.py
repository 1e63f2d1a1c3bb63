"""The fused batch normalisation computes what Keras's own does."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy as numpy

from kerastc.models.fused_norm import FusedBatchNormalization

pytestmark = pytest.mark.backend


def images(rows=6, side=5, seed=0):
    return np.random.default_rng(seed).normal(2, 3, (rows, side, side, 4)).astype("float32")


def layers(**settings):
    """One of each kind, with the same weights."""
    random = np.random.default_rng(1)
    both = [kind(momentum=0.8, **settings) for kind in (
        FusedBatchNormalization, keras.layers.BatchNormalization)]  # fmt: skip
    for layer in both:
        layer.build((None, None, None, 4))
    values = [random.uniform(0.5, 1.5, w.shape) for w in both[0].get_weights()]
    for layer in both:
        layer.set_weights(values)
    return both


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("rows", [6, 1])
def test_outputs_and_moving_statistics_are_keras_own(training, rows):
    fused, plain = layers()
    inputs = images(rows)
    found, expected = fused(inputs, training=training), plain(inputs, training=training)
    np.testing.assert_allclose(numpy(found), numpy(expected), atol=1e-5)
    for mine, other in zip(fused.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-5)


def test_one_pixel_has_no_variance():
    fused, plain = layers()
    found, expected = (layer(images(1, 1), training=True) for layer in (fused, plain))
    np.testing.assert_allclose(numpy(found), numpy(expected), atol=1e-5)
    variances = (numpy(layer.moving_variance) for layer in (fused, plain))
    np.testing.assert_allclose(*variances, rtol=1e-5)


def test_frozen_it_uses_what_it_knows_and_learns_nothing():
    fused, plain = layers()
    fused.trainable = plain.trainable = False
    before = fused.get_weights()
    found = fused(images(), training=True)
    expected = plain(images(), training=True)
    np.testing.assert_allclose(numpy(found), numpy(expected), atol=1e-5)
    for mine, old in zip(fused.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, old)


def test_a_training_step_moves_the_weights_alike():
    targets = np.random.default_rng(2).normal(size=(6, 5, 5, 4)).astype("float32")
    found = []
    for layer in layers():
        model = keras.Sequential([keras.Input((5, 5, 4)), layer])
        model.compile(keras.optimizers.SGD(0.1), "mse")
        for step in range(3):
            model.train_on_batch(images(seed=step), targets)
        found.append(model.get_weights())
    for mine, other in zip(*found, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4)


def test_bfloat16_stays_near_float32():
    fused, plain = layers(dtype="mixed_bfloat16")
    inputs = keras.ops.cast(images(), "bfloat16")
    found = fused(inputs, training=True)
    assert keras.backend.standardize_dtype(found.dtype) == "bfloat16"
    values = (keras.ops.cast(x, "float32") for x in (found, plain(inputs, training=True)))
    np.testing.assert_allclose(*map(numpy, values), atol=0.05)
    assert keras.backend.standardize_dtype(fused.moving_mean.dtype) == "float32"


@pytest.mark.parametrize("settings", [{"center": False}, {"scale": False}])
def test_what_the_operation_cannot_do_is_left_to_keras(settings):
    fused, plain = layers(**settings)
    found, expected = (layer(images(), training=True) for layer in (fused, plain))
    np.testing.assert_allclose(numpy(found), numpy(expected), atol=1e-5)


def test_vectors_are_left_to_keras():
    fused, plain = FusedBatchNormalization(), keras.layers.BatchNormalization()
    rows = images()[:, 0, 0]
    found, expected = (layer(rows, training=True) for layer in (fused, plain))
    np.testing.assert_allclose(numpy(found), numpy(expected), atol=1e-5)


def test_a_model_with_it_is_read_again(tmp_path):
    model = keras.Sequential([keras.Input((5, 5, 4)), FusedBatchNormalization(momentum=0.7)])
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert isinstance(again.layers[0], FusedBatchNormalization) and again.layers[0].momentum == 0.7
