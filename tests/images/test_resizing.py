"""Smaller images, against Pillow."""

import numpy as np
import pytest
from PIL import Image

from kerastc.images.resizing import shrunk


def images(rows=2, shape=(32, 30, 3)):
    return np.random.default_rng(0).uniform(0, 255, (rows, *shape)).astype("float32")


@pytest.mark.parametrize(("height", "width"), [(16, 15), (20, 24), (28, 30), (1, 1)])
def test_they_are_pillows(height, width):
    found = shrunk(images(), height, width)
    assert found.shape == (2, height, width, 3) and found.dtype == np.float32
    for image, small in zip(images(), found, strict=True):
        for channel in range(3):
            plane = Image.fromarray(image[..., channel])
            expected = np.asarray(plane.resize((width, height), Image.Resampling.BILINEAR))
            np.testing.assert_allclose(small[..., channel], expected, atol=1e-3)


def test_images_of_that_size_stay_as_they_are():
    whole = images()
    assert shrunk(whole, 32, 30) is whole
