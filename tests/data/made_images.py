"""Small sources of random images."""

import numpy as np

from kerastc.data.images.images import LabelledImages, row_names
from kerastc.data.images.sources import ImageSource


def part(counts: list[int], word: str, seed: int) -> LabelledImages:
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(len(counts), dtype=np.int32), counts))
    images = rng.integers(0, 256, (len(labels), 3, 3, 1), dtype=np.uint8)
    classes = tuple(f"class {i}" for i in range(len(counts)))
    return LabelledImages(
        images, labels, classes, "a test", names=row_names(word, range(len(labels)))
    )


def source(counts: list[int], test: list[int] | None = None, seed: int = 0) -> ImageSource:
    if test is None:
        return ImageSource(part(counts, "image", seed))
    return ImageSource(part(counts, "train", seed), part(test, "test", seed + 1))
