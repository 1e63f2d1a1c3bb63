"""A common shape for all images of a source, and memory for them."""

from collections.abc import Collection

import numpy as np

from kerastc.errors import UserError

USUAL_SIDE = 32  # pixels, for images of different sizes, as in CIFAR
LARGEST = 2**33  # bytes of images held in memory at once


def common_size(
    sizes: Collection[tuple[int, int]], asked: tuple[int, int] | None
) -> tuple[int, int]:
    """The height and width to which images of these sizes are resized."""
    if asked is not None:
        return asked
    return next(iter(sizes)) if len(set(sizes)) == 1 else (USUAL_SIDE, USUAL_SIDE)


def resized(images: np.ndarray, size: tuple[int, int] | None) -> np.ndarray:
    """Images, (n, height, width, channels) uint8, in another size; None leaves them as they are."""
    if size is None or images.shape[1:3] == size:
        return images
    from PIL import Image

    smaller = np.empty((len(images), *size, images.shape[-1]), np.uint8)
    for place, image in zip(smaller, images, strict=True):
        pixels = image[..., 0] if image.shape[-1] == 1 else image
        scaled = Image.fromarray(pixels).resize(size[::-1], Image.Resampling.BICUBIC)
        place[:] = np.asarray(scaled).reshape(place.shape)
    return smaller


def room_for(count: int, shape: tuple[int, int, int], place: object) -> np.ndarray:
    """An array for `count` images of a shape, (count, height, width, channels) uint8.

    Raises:
        UserError: it would take more than 8 GiB.
    """
    needed = count * int(np.prod(shape))
    if needed > LARGEST:
        height, width, _ = shape
        raise UserError(
            f"{place}: {count:,} images of {width} x {height} pixels would take "
            f"{needed / 2**30:.0f} GiB of memory.",
            f"Ask for smaller ones, such as image_size={USUAL_SIDE}.",
        )
    return np.empty((count, *shape), np.uint8)
