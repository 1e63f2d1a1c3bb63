"""RandAugment: which operation does what, how strongly, and how often."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps
from scipy import ndimage

from kerastc.images.randaugment import OPERATIONS, operate, rand_augment


def affine(matrix, offset):
    """A transform about the centre by scipy: (y, x) of the result to (y, x) of the source."""
    matrix = np.array(matrix, float)
    centre = np.array([15.5, 15.5])

    def change(image: np.ndarray) -> np.ndarray:
        shift = np.array(offset) + centre - matrix @ centre
        channels = [
            ndimage.affine_transform(channel, matrix, shift, order=1, mode="mirror")
            for channel in np.moveaxis(image.astype(float), -1, 0)
        ]
        return np.stack(channels, axis=-1)

    return change


def pillow(change):
    return lambda image: np.asarray(change(Image.fromarray(image)))


COS, SIN = np.cos(np.deg2rad(30)), np.sin(np.deg2rad(30))
# Each at the strength of 1, from the table of FixMatch's appendix D.
STRONGEST = {
    "autocontrast": pillow(ImageOps.autocontrast),
    "brightness": pillow(lambda image: ImageEnhance.Brightness(image).enhance(0.95)),
    "colour": pillow(lambda image: ImageEnhance.Color(image).enhance(0.95)),
    "contrast": pillow(lambda image: ImageEnhance.Contrast(image).enhance(0.95)),
    "equalize": pillow(ImageOps.equalize),
    "identity": lambda image: image,
    "posterize": pillow(lambda image: ImageOps.posterize(image, 8)),
    "rotate": affine([[COS, SIN], [-SIN, COS]], [0, 0]),
    "sharpness": pillow(lambda image: ImageEnhance.Sharpness(image).enhance(0.95)),
    "shear x": affine([[1, 0], [0.3, 1]], [0, 0]),
    "shear y": affine([[1, 0.3], [0, 1]], [0, 0]),
    "solarize": pillow(lambda image: ImageOps.solarize(image, 256)),
    "translate x": affine(np.eye(2), [0, 9.6]),
    "translate y": affine(np.eye(2), [9.6, 0]),
}
WEAKEST = {
    "brightness": pillow(lambda image: ImageEnhance.Brightness(image).enhance(0.05)),
    "posterize": pillow(lambda image: ImageOps.posterize(image, 4)),
    "rotate": affine([[COS, -SIN], [SIN, COS]], [0, 0]),
    "solarize": pillow(ImageOps.invert),
    "translate x": affine(np.eye(2), [0, -9.6]),
}


def test_the_operations_are_those_of_the_paper():
    assert list(OPERATIONS) == list(STRONGEST)


@pytest.mark.parametrize(
    "name, strength, expected",
    [(name, 1, change) for name, change in STRONGEST.items()]
    + [(name, 0, change) for name, change in WEAKEST.items()],
)
def test_an_operation_at_its_bound(smooth, name, strength, expected):
    operations = np.full(len(smooth), list(OPERATIONS).index(name))
    found = operate(smooth, operations, np.full(len(smooth), strength, np.float32))
    for image, result in zip(smooth, found, strict=True):
        assert np.abs(result - expected(image).astype(float)).max() <= 2


def test_four_to_eight_bits_are_left_alike_often(smooth):
    posterize = np.full(1000, list(OPERATIONS).index("posterize"))
    strengths = np.linspace(0, 1, 1000)
    found = operate(np.repeat(smooth[:1], 1000, axis=0), posterize, strengths)
    counts = np.unique(found.reshape(1000, -1), axis=0, return_counts=True)[1]
    assert sorted(counts) == [200] * 5


def test_each_image_gets_its_own(smooth):
    before = smooth.copy()
    operations, strengths = np.array([0, 1, 4, 7, 9, 11]), np.linspace(0, 1, 6)
    found = operate(smooth, operations, strengths)
    alone = [operate(smooth[[i]], operations[[i]], strengths[[i]])[0] for i in range(6)]
    np.testing.assert_array_equal(found, alone)
    np.testing.assert_array_equal(smooth, before)


def test_all_operations_are_drawn_alike_often(smooth):
    images = np.repeat(smooth[:1], 2800, axis=0)
    found = rand_augment(images, 1, np.random.default_rng(0))
    unchanged = (found == images).all(axis=(1, 2, 3)).mean()
    # Identity, and a fifth of posterize (8 bits); brightness and the like hardly ever.
    assert unchanged == pytest.approx((1 + 1 / 5) / len(OPERATIONS), abs=0.03)


def test_more_operations_change_more(smooth):
    images = np.repeat(smooth[:1], 500, axis=0)
    kept = [
        (rand_augment(images, count, np.random.default_rng(0)) == images).all(axis=(1, 2, 3)).mean()
        for count in (0, 1, 3)
    ]
    assert kept[0] == 1 and kept[0] > kept[1] > kept[2]
