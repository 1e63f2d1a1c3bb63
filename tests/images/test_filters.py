"""Blur against scipy.ndimage, sharpness against Pillow."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from scipy import ndimage

from kerastc.images.filters import blurred, sharpness


@pytest.mark.parametrize("radius", [1, 3])
def test_blur_is_the_gaussian_of_scipy(images, radius):
    if radius >= min(images.shape[1:3]):
        pytest.skip("the filter is larger than the image")
    deviations = np.array([0.1, 0.5, 0.8, 1, 1.5, 2])
    found = blurred(images, deviations, radius)
    for image, sigma, result in zip(images, deviations, found, strict=True):
        expected = ndimage.gaussian_filter(
            image.astype(float), (sigma, sigma, 0), mode="mirror", radius=(radius, radius, 0)
        )
        assert np.abs(result - expected).max() <= 0.51


def test_sharpness_is_pillows(images):
    factors = np.array([0, 0.05, 0.5, 1, 1.4, 1.9])
    found = sharpness(images, factors)
    for image, factor, result in zip(images, factors, found, strict=True):
        picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
        expected = np.asarray(ImageEnhance.Sharpness(picture).enhance(factor)).reshape(image.shape)
        assert np.abs(result.astype(int) - expected).max() <= 1  # Pillow cuts, we round


def test_an_image_too_small_to_smooth_stays():
    image = np.array([[[[3], [200]]]], np.uint8)
    np.testing.assert_array_equal(sharpness(image, np.zeros(1)), image)
