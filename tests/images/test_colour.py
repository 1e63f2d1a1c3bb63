"""Colour jitter, saturation, hue and grey against Pillow and the standard library's colorsys."""

import colorsys

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from kerastc.images.colour import greyed, jittered, saturation

STILL = np.array([1.0, 1.0, 1.0, 0.0])


@pytest.mark.parametrize("place, name", [(0, "Brightness"), (1, "Contrast"), (2, "Color")])
def test_each_jitter_is_an_enhancement_of_pillow(smooth, place, name):
    factors = np.tile(STILL, (6, 1))
    factors[:, place] = [0, 0.3, 0.7, 1, 1.3, 1.9]
    found = jittered(smooth, factors, np.tile(np.arange(4), (6, 1)))
    for image, factor, result in zip(smooth, factors[:, place], found, strict=True):
        expected = getattr(ImageEnhance, name)(Image.fromarray(image)).enhance(factor)
        assert np.abs(result.astype(int) - np.asarray(expected)).max() <= 2


def test_saturation_alone_is_the_same(smooth):
    factors = np.linspace(0, 1.9, 6)
    for image, factor, result in zip(smooth, factors, saturation(smooth, factors), strict=True):
        expected = ImageEnhance.Color(Image.fromarray(image)).enhance(factor)
        assert np.abs(result.astype(int) - np.asarray(expected)).max() <= 1


def test_hue_is_that_of_colorsys():
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (6, 4, 5, 3), dtype=np.uint8)
    images[0, 0, :3] = [[0, 0, 0], [255, 255, 255], [90, 90, 90]]  # no hue to turn
    turns = np.array([-0.5, -0.2, -0.01, 0, 0.1, 0.5])
    factors = np.tile(STILL, (6, 1))
    factors[:, 3] = turns
    found = jittered(images, factors, np.tile([3, 0, 1, 2], (6, 1)))
    for image, turn, result in zip(images, turns, found, strict=True):
        for pixel, got in zip(image.reshape(-1, 3), result.reshape(-1, 3), strict=True):
            hue, *rest = colorsys.rgb_to_hsv(*pixel / 255)
            expected = np.array(colorsys.hsv_to_rgb((hue + turn) % 1, *rest)) * 255
            assert np.abs(got - expected).max() <= 0.51


def test_the_order_decides_for_each_image(smooth):
    factors = np.tile([1.8, 0.2, 1.0, 0.0], (6, 1))
    orders = np.array([[0, 1, 2, 3], [1, 0, 2, 3]] * 3)
    found = jittered(smooth, factors, orders)
    alone = [jittered(smooth[[i]], factors[[i]], orders[[i]])[0] for i in range(6)]
    np.testing.assert_array_equal(found, alone)
    swapped = jittered(smooth, factors, orders[::-1])
    assert (np.abs(found.astype(int) - swapped) > 10).any(axis=(1, 2, 3)).all()


def test_grey_is_pillows_luma(smooth):
    chosen = np.array([True, False] * 3)
    for image, grey, result in zip(smooth, chosen, greyed(smooth, chosen), strict=True):
        expected = Image.fromarray(image).convert("L").convert("RGB") if grey else image
        np.testing.assert_array_equal(result, np.asarray(expected))


def test_one_channel_has_no_colour():
    image = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 1), dtype=np.uint8)
    np.testing.assert_array_equal(greyed(image, np.array([True, True])), image)
    np.testing.assert_array_equal(saturation(image, np.zeros(2)), image)
    factors = np.array([[1, 1, 0, 0.3]] * 2)  # all but saturation and hue stand still
    np.testing.assert_array_equal(jittered(image, factors, np.tile(np.arange(4), (2, 1))), image)
