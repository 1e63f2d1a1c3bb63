"""Downscaling of whole batches of images."""

from functools import cache

import numpy as np


def shrunk(images: np.ndarray, height: int, width: int) -> np.ndarray:
    """Downscales images without aliasing.

    Linear interpolation with a triangle filter as wide as the step between pixels of the result, as
    in Pillow's BILINEAR and `jax.image.resize`. It is a product with a matrix from each side.

    Args:
        images: (n, rows, columns, channels) float32.
        height, width: wanted, at most rows and columns.

    Returns:
        (n, height, width, channels) float32; the images themselves if they have that size.
    """
    rows, columns = images.shape[1:3]
    if (height, width) == (rows, columns):
        return images
    # Image by image: the calling thread computes such small products itself. The threads that a
    # large one wakes would spin for a while on cores that training needs.
    lines = _triangles(rows, height) @ images.reshape(len(images), rows, -1)
    return _triangles(columns, width) @ lines.reshape(len(images), height, columns, -1)


@cache
def _triangles(old: int, new: int) -> np.ndarray:
    """The weight of each old pixel of a line in each new one, (new, old)."""
    step = old / new
    centres = (np.arange(new) + 0.5) * step
    distance = np.abs(np.arange(old) + 0.5 - centres[:, None]) / step
    share = np.maximum(1 - distance, 0)
    return (share / share.sum(axis=1, keepdims=True)).astype("float32")
