"""Flip, shift and cutout against NumPy and plain loops."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kerastc.images.placing import cut_out, flipped, shifted


def test_only_the_chosen_are_mirrored(images):
    before = images.copy()
    chosen = np.array([True, False, True, True, False, False])
    found = flipped(images, chosen)
    for image, result, mirror in zip(images, found, chosen, strict=True):
        np.testing.assert_array_equal(result, np.fliplr(image) if mirror else image)
    np.testing.assert_array_equal(images, before)  # the source stays


def test_a_shift_brings_in_the_reflection(images):
    n, h, w, _ = images.shape
    random = np.random.default_rng(0)
    down = random.integers(-(h - 1), h, n)
    right = random.integers(-(w - 1), w, n)
    found = shifted(images, down, right)
    for image, result, y, x in zip(images, found, down, right, strict=True):
        padded = np.pad(image, ((h, h), (w, w), (0, 0)), mode="reflect")
        expected = padded[h - y : 2 * h - y, w - x : 2 * w - x]
        np.testing.assert_array_equal(result, expected)


@settings(max_examples=60)
@given(st.data())
def test_cutout_paints_a_square_and_nothing_else(data):
    h, w, side = (data.draw(st.integers(1, 9)) for _ in range(3))
    row, column = data.draw(st.integers(0, h - 1)), data.draw(st.integers(0, w - 1))
    image = np.full((1, h, w, 3), 200, np.uint8)
    image[..., 1] = 3
    expected = image[0].copy()
    top, left = row - side // 2, column - side // 2
    expected[max(top, 0) : top + side, max(left, 0) : left + side] = 127
    found = cut_out(image, np.array([row]), np.array([column]), side)[0]
    np.testing.assert_array_equal(found, expected)
