"""The batch's gather against scipy.ndimage and Pillow, and against whole-pixel moves."""

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from kerastc.images import affine
from kerastc.images.placing import flipped, shifted


def by_scipy(image: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Every channel by `affine_transform`, about the centre."""
    matrix = matrix.astype(float)
    centre = (np.array(image.shape[:2]) - 1) / 2
    offset = matrix[:2, 2] + centre - matrix[:2, :2] @ centre
    return np.stack(
        [
            ndimage.affine_transform(channel, matrix[:2, :2], offset, order=1, mode="mirror")
            for channel in np.moveaxis(image.astype(float), -1, 0)
        ],
        axis=-1,
    )


def drawn_maps(count: int, random: np.random.Generator) -> np.ndarray:
    """Everything at once, and far over the borders."""
    turn = affine.rotation(random.uniform(-180, 180, count))
    resize = affine.scaling(*random.uniform(0.3, 2.5, (2, count)))
    slant = affine.shear(*random.uniform(-0.5, 0.5, (2, count)))
    return affine.translation(*random.uniform(-20, 20, (2, count))) @ turn @ resize @ slant


def test_all_maps_agree_with_scipy(images):
    if 1 in images.shape[1:3]:
        pytest.skip("scipy repeats a border of one pixel in another way")
    maps = drawn_maps(len(images), np.random.default_rng(1))
    found = affine.warped(images, maps)
    for image, matrix, result in zip(images, maps, found, strict=True):
        away = np.abs(result - by_scipy(image, matrix))
        assert away.max() <= 2  # weights of 8 bits, and two roundings
        assert away.mean() < 0.5


def test_whole_pixels_and_flips_are_exact(images):
    n = len(images)
    np.testing.assert_array_equal(
        affine.warped(images, affine.scaling(np.ones(n), np.ones(n))), images
    )
    mirror = affine.scaling(np.ones(n), -np.ones(n))
    np.testing.assert_array_equal(affine.warped(images, mirror), flipped(images, np.ones(n, bool)))
    h, w = images.shape[1:3]
    down, right = np.arange(n) % h, -np.arange(n) % w
    moved = affine.warped(images, affine.translation(-down, -right))
    np.testing.assert_array_equal(moved, shifted(images, down, right))


@pytest.mark.parametrize("degrees", [-30, 12, 90])
def test_rotation_turns_as_pillow_does(smooth, degrees):
    found = affine.warped(smooth[:1], affine.rotation(np.array([degrees])))[0]
    turned = Image.fromarray(smooth[0]).rotate(degrees, Image.Resampling.BILINEAR)
    inside = np.hypot(*(np.mgrid[:32, :32] - 15.5)) < 14  # outside Pillow fills with black
    away = np.abs(found.astype(int) - np.asarray(turned))[inside]
    assert away.max() <= 3


def test_a_crop_reads_its_box_as_pillow_does(smooth):
    box = (4, 6, 20, 18)  # left, top, right, bottom
    expected = Image.fromarray(smooth[0]).resize((32, 32), Image.Resampling.BILINEAR, box)
    down, across = np.array([(6 + 18) / 2 - 16]), np.array([(4 + 20) / 2 - 16])
    maps = affine.translation(down, across) @ affine.scaling(np.array([12 / 32]), np.array([0.5]))
    found = affine.warped(smooth[:1], maps)[0]
    # Pillow reads nothing outside of the box, so its outermost pixels are not comparable.
    away = np.abs(found.astype(int) - np.asarray(expected))[2:-2, 2:-2]
    assert away.max() <= 3


def test_shear_slants_rows_and_columns():
    vertical = np.zeros((1, 9, 9, 1), np.uint8)
    vertical[0, :, 4] = 255
    slanted = affine.warped(vertical, affine.shear(np.zeros(1), np.full(1, 0.5)))[0, ..., 0]
    assert slanted[[0, 2, 4, 6, 8], [6, 5, 4, 3, 2]].min() == 255
    assert slanted.sum() == 5 * 255 + 4 * (128 + 128)  # between two pixels, both are half
    other = affine.warped(vertical.swapaxes(1, 2), affine.shear(np.full(1, 0.5), np.zeros(1)))
    np.testing.assert_array_equal(other[0, ..., 0], slanted.T)
