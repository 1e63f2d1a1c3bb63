import keras
import numpy as np
import pytest

from kerastc.models import image_classifier, maps_of
from kerastc.models.decoder import PATCHES, HiddenPatches, decoder, pixels, scaled

pytestmark = pytest.mark.backend


def images(shape, count=4) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, *shape), dtype=np.uint8)


@pytest.mark.parametrize("architecture", ["residual", "cnn"])
@pytest.mark.parametrize("shape", [(8, 8, 1), (9, 13, 3), (32, 32, 3)])
def test_the_decoder_gives_images_of_the_encoders_size(architecture, shape):
    maps = maps_of(image_classifier(shape, 3, architecture, width=0.1))
    code = maps(images(shape).astype("float32"))
    assert decoder(maps)(code).shape == (4, *shape)


def test_the_decoder_passes_the_sizes_and_widths_of_the_encoder_backwards():
    maps = maps_of(image_classifier((32, 32, 3), 3, width=0.5))
    convolutions = [layer for layer in decoder(maps).layers if layer.name.endswith("_conv")]
    assert [layer.output.shape[1:] for layer in convolutions] == [
        (8, 8, 64),
        (16, 16, 32),
        (32, 32, 16),
    ]


def test_the_first_weights_come_from_the_seed_alone():
    maps = maps_of(image_classifier((8, 8, 1), 3, width=0.1))
    one, same, other = (decoder(maps, seed).get_weights()[0] for seed in (1, 1, 2))
    assert np.array_equal(one, same) and not np.array_equal(one, other)


def test_scaled_pixels_come_back_as_they_were():
    model = image_classifier((8, 8, 3), 3, width=0.1, statistics=([99, 120, 7], [60, 3, 77]))
    given = images((8, 8, 3))
    there = keras.ops.convert_to_numpy(scaled(model, given.astype("float32")))
    assert np.array_equal(pixels(model, there), given)


def test_pixels_out_of_range_are_cut_off():
    model = image_classifier((8, 8, 1), 3, width=0.1)
    assert np.unique(pixels(model, np.array([[-99.0], [99.0]]))).tolist() == [0, 255]


@pytest.mark.parametrize("shape", [(32, 32, 3), (9, 13, 1)])
def test_a_share_of_the_patches_is_hidden_behind_the_mean_colour(shape):
    given = images(shape, 64).astype("float32")
    found = keras.ops.convert_to_numpy(HiddenPatches(0.25, seed=3)(given))
    mean = np.broadcast_to(given.mean(axis=(1, 2), keepdims=True), given.shape)
    changed = (found != given).any(axis=-1)
    np.testing.assert_allclose(found[changed], mean[changed], rtol=1e-5)
    # Patches are hidden whole; a pixel of the very mean would be rare.
    side = -(-shape[0] // PATCHES), -(-shape[1] // PATCHES)
    corner = changed[:, : side[0], : side[1]]
    assert np.array_equal(corner.all(axis=(1, 2)), corner.any(axis=(1, 2)))
    assert changed.mean() == pytest.approx(0.25, abs=0.03)


def test_nothing_is_hidden_without_a_share():
    given = images((8, 8, 1)).astype("float32")
    assert np.array_equal(keras.ops.convert_to_numpy(HiddenPatches(0.0)(given)), given)
