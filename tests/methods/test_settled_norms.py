"""Batch norms that take their statistics from images as they are, against NumPy."""

import keras
import numpy as np
import pytest
from keras import ops

from kerastc.methods.features import settle_norms
from kerastc.models import encoder_of, image_classifier


@pytest.mark.backend
def test_norms_settle_on_images_as_they_are():
    encoder = encoder_of(image_classifier((8, 8, 3), 4, width=0.25))
    images = np.random.default_rng(0).integers(100, 140, (200, 8, 8, 3), "uint8")
    before = {layer.name: layer.momentum for layer in norms_of(encoder)}
    usual = np.asarray(encoder.predict(images, verbose=0))
    settle_norms(encoder, images)
    # Of one batch, the statistics are the batch's own: both ways of computing agree.
    settled = encoder.predict(images, batch_size=200, verbose=0)
    trained = ops.convert_to_numpy(encoder(images.astype("float32"), training=True))
    np.testing.assert_allclose(settled, trained, rtol=1e-3, atol=1e-3)
    assert np.abs(settled - usual).max() > 0.1
    assert {layer.name: layer.momentum for layer in norms_of(encoder)} == before


@pytest.mark.backend
def test_norms_settle_on_the_mean_of_batches():
    encoder = encoder_of(image_classifier((8, 8, 1), 4, width=0.25))
    images = np.random.default_rng(0).integers(0, 255, (600, 8, 8, 1), "uint8")
    first = norms_of(encoder)[0]
    settle_norms(encoder, images, seed=3)
    before = keras.Model(encoder.input, first.input)
    rows = np.array_split(np.random.default_rng(3).permutation(600), 3)
    maps = [before.predict(images[part], verbose=0) for part in rows]
    for found, expected in (
        (first.moving_mean, np.mean([part.mean(axis=(0, 1, 2)) for part in maps], axis=0)),
        (first.moving_variance, np.mean([part.var(axis=(0, 1, 2)) for part in maps], axis=0)),
    ):
        np.testing.assert_allclose(ops.convert_to_numpy(found), expected, rtol=1e-3, atol=1e-4)


def norms_of(model):
    return [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
