"""Features of images: those of the network, whatever the cache held, and without decoding again."""

import keras
import numpy as np
import pytest
from PIL import Image

from kerastc.data import read_photos
from kerastc.training.image_features import ROWS, ImageFeatures, names_of, weights_digest

pytestmark = pytest.mark.backend
SHAPE = (32, 32, 3)


@pytest.fixture
def model() -> keras.Model:
    keras.utils.set_random_seed(0)
    images = keras.Input(SHAPE, name="images")
    x = keras.layers.Conv2D(4, 3, strides=2, activation="relu")(images)
    return keras.Model(images, keras.layers.GlobalAveragePooling2D()(x))


def pixels(rows: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (rows, *SHAPE), dtype=np.uint8)


def test_they_are_the_networks(model, tmp_path):
    images = pixels(ROWS + 5)
    found = ImageFeatures(tmp_path, ["w"]).features(model, images)
    wanted = model.predict_on_batch(images.astype("float32"))
    np.testing.assert_allclose(found, wanted, rtol=1e-4)


def test_an_image_has_the_same_whatever_the_cache_held(model, tmp_path):
    images = pixels(40)
    whole = ImageFeatures(tmp_path / "a", ["w"]).features(model, images)
    cache = ImageFeatures(tmp_path / "b", ["w"])
    cache.features(model, images[::7])
    np.testing.assert_array_equal(cache.features(model, images), whole)


def test_equal_images_are_computed_once_and_another_network_has_its_own(model, tmp_path):
    images = np.concatenate([pixels(3), pixels(3)])
    cache = ImageFeatures(tmp_path, ["w"])
    found = cache.features(model, images)
    np.testing.assert_array_equal(found[:3], found[3:])
    [shard] = cache.folder.glob("*.npz")
    assert len(np.load(shard)["features"]) == 3
    other = keras.models.clone_model(model)
    assert weights_digest(other) != weights_digest(model)
    ImageFeatures(tmp_path, ["other"]).features(other, images)
    assert len(list(tmp_path.glob("features/*/*.npz"))) == 2


def test_files_whose_features_are_known_are_not_decoded(model, tmp_path):
    for number, image in enumerate(pixels(6)):
        path = tmp_path / "photos" / ("cat", "dog")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    stored = read_photos(tmp_path / "photos", SHAPE).train.examples
    assert names_of(stored) == names_of(stored[:])
    cache = ImageFeatures(tmp_path / "cache", ["w"])
    found = cache.features(model, stored)
    for path in tmp_path.glob("photos/*/*"):
        path.unlink()
    np.testing.assert_array_equal(cache.features(model, stored), found)
