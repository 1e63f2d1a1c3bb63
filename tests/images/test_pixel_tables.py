"""Each table against Pillow's ImageOps and ImageEnhance."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from kerastc.images import tables


def by_pillow(images: np.ndarray, change) -> np.ndarray:
    """`change(picture, number)` of every image."""
    pictures = map(Image.fromarray, images[..., 0] if images.shape[-1] == 1 else images)
    changed = [np.asarray(change(picture, i)) for i, picture in enumerate(pictures)]
    return np.stack(changed).reshape(images.shape).astype(int)


FACTORS = np.array([0, 0.05, 0.5, 1, 1.4, 1.9])


@pytest.mark.parametrize("name", ["brightness", "contrast"])
def test_factors(images, name):
    enhance = getattr(ImageEnhance, name.capitalize())
    expected = by_pillow(images, lambda picture, i: enhance(picture).enhance(FACTORS[i]))
    found = getattr(tables, name)(images, FACTORS)
    away = found.astype(int) - expected
    assert away.min() >= -1  # contrast: Pillow's mean is of rounded greys
    assert away.max() <= 1  # Pillow cuts what is rounded here


def test_posterize(images):
    bits = np.array([1, 3, 4, 6, 7, 8])
    expected = by_pillow(images, lambda picture, i: ImageOps.posterize(picture, int(bits[i])))
    np.testing.assert_array_equal(tables.posterized(images, bits), expected)


def test_solarize(images):
    thresholds = np.array([0, 20, 60, 128, 255, 256])
    expected = by_pillow(images, lambda picture, i: ImageOps.solarize(picture, int(thresholds[i])))
    np.testing.assert_array_equal(tables.solarized(images, thresholds), expected)


def test_autocontrast(images):
    expected = by_pillow(images, lambda picture, _: ImageOps.autocontrast(picture))
    assert np.abs(tables.autocontrasted(images) - expected).max() <= 1  # 32 bits against 64


def test_equalize(images):
    expected = by_pillow(images, lambda picture, _: ImageOps.equalize(picture))
    np.testing.assert_array_equal(tables.equalized(images), expected)


def test_equalize_of_photographs(smooth):
    expected = by_pillow(smooth, lambda picture, _: ImageOps.equalize(picture))
    np.testing.assert_array_equal(tables.equalized(smooth), expected)


def test_mean_grey_is_that_of_all_pixels(images):
    weights = [0.299, 0.587, 0.114] if images.shape[-1] == 3 else [1]
    expected = (images @ np.array(weights)).mean(axis=(1, 2))
    np.testing.assert_allclose(tables.mean_grey(images), expected, rtol=1e-5)
