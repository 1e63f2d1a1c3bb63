import time

import numpy as np

from kerastc.data.images.duplicates import describe_duplicates, equal_groups


def test_equal_images_share_a_number_across_arrays_and_others_do_not():
    rng = np.random.default_rng(0)
    first = rng.integers(0, 256, (30, 4, 4, 3), dtype=np.uint8)
    first[7] = first[2]
    first[9] = first[2]
    first[9, 3, 3, 2] ^= 1  # one bit of one pixel
    second = np.concatenate([first[5:6], first[20:10:-2]])
    groups = equal_groups(first, second)
    pixels = [tuple(image.ravel()) for image in np.concatenate([first, second])]
    numbers = np.concatenate(groups)
    equal = np.array([[a == b for a in pixels] for b in pixels])
    np.testing.assert_array_equal(numbers[:, None] == numbers, equal)
    assert numbers[:8].tolist() == [0, 1, 2, 3, 4, 5, 6, 2]


def test_no_images_have_no_numbers():
    none, one = equal_groups(np.zeros((0, 2, 2, 1), np.uint8), np.zeros((1, 2, 2, 1), np.uint8))
    assert (none.shape, one.tolist()) == ((0,), [0])


def test_as_many_images_as_cifar_has_take_no_more_than_two_seconds():
    images = np.random.default_rng(0).integers(0, 256, (55_000, 3072), dtype=np.uint8)
    start = time.process_time()
    equal_groups(images.reshape(-1, 32, 32, 3))
    assert time.process_time() - start < 2


def test_groups_are_counted_and_shown_with_their_classes():
    names = np.array([f"image {i}" for i in range(6)], dtype=object)
    labels = np.array([0, 1, 0, 1, 2, 2])
    found = describe_duplicates(
        np.array([5, 3, 5, 5, 8, 8]), labels, names, ("a", "b", "c"), exact=9, left_out=4
    )
    assert found.as_dict() == {
        "exact": 9,
        "left_out": 4,
        "conflicting": 3,
        "examples": [
            {"images": ["image 0", "image 2"], "classes": ["a", "b"]},
            {"images": ["image 4", "image 5"], "classes": ["c"]},
        ],
    }
