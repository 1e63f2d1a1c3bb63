"""Images saved anew or resized are found again, and no others are."""

import io

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits, load_sample_image

from kerastc.data.images.images import LabelledImages, row_names
from kerastc.data.images.near_images import NOTE, means, near_copies
from kerastc.data.images.sources import ImageSource
from kerastc.data.images.splits import split_images


def crops(count: int) -> list[Image.Image]:
    """Squares of a photograph that do not overlap."""
    photograph = Image.fromarray(load_sample_image("flower.jpg"))
    places = [(x, y) for y in range(0, 360, 60) for x in range(0, 600, 60)][:count]
    return [photograph.crop((x, y, x + 60, y + 60)) for x, y in places]


def prepared(pictures: list[Image.Image]) -> np.ndarray:
    return np.stack([np.asarray(picture.resize((32, 32), 3)) for picture in pictures])


def saved_anew(picture: Image.Image) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=75)
    return Image.open(file)


CHANGES = {"saved": saved_anew, "resized": lambda picture: picture.resize((42, 42), 3)}


@pytest.mark.parametrize("change", CHANGES)
def test_a_copy_that_was_changed_by_the_way_is_found(change):
    images = prepared(crops(60))
    contrast = images.std(axis=(1, 2, 3)) > 8  # the sky behind the flower is one colour
    copies = prepared([CHANGES[change](picture) for picture in crops(60)])
    assert not (copies == images).all(axis=(1, 2, 3))[contrast].any()
    found = np.isin(np.flatnonzero(contrast), near_copies(copies, images))
    assert contrast.sum() > 20 and found.mean() > 0.95


def test_other_images_are_none():
    digits = load_digits().images[..., None].astype(np.uint8) * 15
    assert not len(near_copies(digits[:400], digits[400:]))
    noise = np.random.default_rng(0).integers(0, 256, (300, 3, 2, 1), dtype=np.uint8)
    assert not len(near_copies(noise[:100], noise[100:]))
    plain = np.full((2, 9, 9, 3), [[[[7, 7, 7]]], [[[8, 8, 8]]]], np.uint8)
    assert not len(near_copies(plain[:1], plain[1:]))  # told as images of one colour
    dim = np.random.default_rng(0).integers(0, 9, (2, 32, 32, 1), dtype=np.uint8)
    assert not len(near_copies(dim[:1], dim[1:]))  # near in every pixel, of other things
    assert not len(near_copies(noise[:0], noise)) and not len(near_copies(noise, noise[:0]))


@pytest.mark.parametrize("size", [(8, 8), (32, 20), (5, 11)])
def test_means_are_those_of_blocks(size):
    images = np.random.default_rng(1).integers(0, 256, (3, *size, 3), dtype=np.uint8)
    edges = [np.arange(min(8, side) + 1) * side // min(8, side) for side in size]
    blocks = [
        images[:, a:b, c:d].mean(axis=(1, 2, 3), dtype=float)
        for a, b in zip(edges[0], edges[0][1:], strict=False)
        for c, d in zip(edges[1], edges[1][1:], strict=False)
    ]
    expected = np.stack(blocks, axis=1)
    expected -= expected.mean(axis=1, keepdims=True)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(means(images), expected, atol=1e-5)


def test_copies_across_parts_are_counted():
    pictures = [crop for crop in crops(60) if np.asarray(crop).std() > 20]
    images, copies = prepared(pictures), prepared([saved_anew(p) for p in pictures[:5]])

    def part(word, pixels):
        labels = np.arange(len(pixels), dtype=np.int32) % 2
        names = row_names(word, range(len(pixels)))
        return LabelledImages(pixels, labels, ("a", "b"), "photographs", names=names)

    apart = split_images(ImageSource(part("train", images[6:]), part("test", images[:6])), 0)
    mixed = split_images(ImageSource(part("train", images), part("test", copies)), 0, validation=2)
    assert NOTE not in apart.notes and mixed.notes[NOTE] >= 4
