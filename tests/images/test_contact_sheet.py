"""Where on the sheet each image stands."""

import numpy as np

from kerastc.images import contact_sheet


def test_images_stand_in_reading_order():
    images = np.random.default_rng(0).integers(0, 255, (5, 4, 6, 3), dtype=np.uint8)
    sheet = contact_sheet(images, columns=3, margin=2)
    assert sheet.shape == (2 * 6 + 2, 3 * 8 + 2, 3) and sheet.dtype == np.uint8
    seen = np.zeros(sheet.shape[:2], bool)
    for number, image in enumerate(images):
        row, column = divmod(number, 3)
        place = np.s_[2 + 6 * row : 6 + 6 * row, 2 + 8 * column : 8 + 8 * column]
        np.testing.assert_array_equal(sheet[place], image)
        seen[place] = True
    assert (sheet[~seen] == 255).all()


def test_one_grey_image_without_margin():
    image = np.arange(12, dtype=np.uint8).reshape(1, 3, 4, 1)
    np.testing.assert_array_equal(contact_sheet(image, columns=1, margin=0), image[0])
